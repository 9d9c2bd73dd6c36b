// What it is: the keyword arguments of create_task, with fluent setters: `TaskOptions().name("db").eager(true)`.
#ifndef CEDE_TASK_TASK_OPTIONS_HPP
#define CEDE_TASK_TASK_OPTIONS_HPP

#include <cstddef>
#include <string>
#include <utility>

#include "absl/types/optional.h"

#include "cede/base/context.hpp"

namespace cede {

class TaskOptions {
public:
    // The task's name; "Task-N" when none is given.
    TaskOptions& name(std::string value) {
        name_ = std::move(value);
        return *this;
    }
    // Runs the task in this context itself, instead of in a copy of the current one.
    TaskOptions& context(Context value) {
        context_ = std::move(value);
        return *this;
    }
    // Runs the coroutine up to its first suspension before create_task returns, when the loop runs. Left unset, the loop's
    // task factory may decide.
    TaskOptions& eager(bool value) {
        eager_ = value;
        return *this;
    }
    // Bytes of stack; 0 for the default, 256 KiB of address space of which only what is touched costs memory.
    TaskOptions& stack_size(std::size_t bytes) {
        stack_size_ = bytes;
        return *this;
    }

    const std::string& name() const noexcept { return name_; }
    const absl::optional<Context>& context() const noexcept { return context_; }
    bool eager() const noexcept { return eager_.value_or(false); }
    const absl::optional<bool>& eager_if_set() const noexcept { return eager_; }
    std::size_t stack_size() const noexcept { return stack_size_; }

private:
    std::string name_;
    absl::optional<Context> context_;
    absl::optional<bool> eager_;
    std::size_t stack_size_ = 0;
};

}  // namespace cede

#endif
