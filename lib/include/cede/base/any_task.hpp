// What it is: a handle to a task of any result type. When to use it: for what current_task() and all_tasks() give. When
// not: to get at a result; that takes a Task<T>.
//
// Its methods are defined in the task room. Copy and destroy it on any thread, call its methods on the loop's.
#ifndef CEDE_BASE_ANY_TASK_HPP
#define CEDE_BASE_ANY_TASK_HPP

#include <iosfwd>
#include <string>
#include <utility>
#include <vector>

#include "cede/base/any_future.hpp"
#include "cede/base/context.hpp"

namespace cede {

class AnyTask : public AnyFuture {
public:
    AnyTask() noexcept = default;
    explicit AnyTask(detail::Ref<detail::FutureCore> core) noexcept : AnyFuture(std::move(core)) {}

    // All throw RuntimeError on an empty handle.

    // How many cancel() calls were not undone by uncancel().
    int cancelling() const;
    // Undoes one cancel(), and withdraws the request when it was the last; returns what cancelling() is then.
    int uncancel() const;
    std::string get_name() const;
    void set_name(std::string name) const;
    Context get_context() const;
};

}  // namespace cede

#endif
