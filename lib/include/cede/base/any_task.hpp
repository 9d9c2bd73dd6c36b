// What it is: a handle to a task of any result type. When to use it: for what current_task() and all_tasks() give. When
// not: to get at a result; that takes a Task<T>.
//
// Its methods are defined in the task room. Copy and destroy it on any thread, call its methods on the loop's.
#ifndef CEDE_BASE_ANY_TASK_HPP
#define CEDE_BASE_ANY_TASK_HPP

#include <cstddef>
#include <iosfwd>
#include <string>
#include <utility>
#include <vector>

#include "cede/base/any_future.hpp"
#include "cede/base/context.hpp"
#include "cede/base/coroutine_state.hpp"
#include "cede/base/stack_frame.hpp"

namespace cede {

// What can be said of the coroutine of a task from outside.
class CoroutineView {
public:
    CoroutineView() noexcept = default;
    explicit CoroutineView(detail::Ref<detail::FutureCore> task) noexcept : task_(std::move(task)) {}
    explicit operator bool() const noexcept { return static_cast<bool>(task_); }
    // Throws RuntimeError when empty.
    CoroutineState state() const;
    // The future it awaits; empty unless it is suspended in an await.
    AnyFuture cr_await() const;
    friend bool operator==(const CoroutineView& a, const CoroutineView& b) noexcept { return a.task_ == b.task_; }
    friend bool operator!=(const CoroutineView& a, const CoroutineView& b) noexcept { return a.task_ != b.task_; }

private:
    detail::Ref<detail::FutureCore> task_;
};

class AnyTask : public AnyFuture {
public:
    AnyTask() noexcept = default;
    explicit AnyTask(detail::Ref<detail::FutureCore> core) noexcept : AnyFuture(std::move(core)) {}

    // All throw RuntimeError on an empty handle.

    // As AnyFuture's; `f` may take the AnyTask too.
    template <class F>
    CallbackId add_done_callback(F f) const { return add_callback_as<AnyTask>(std::move(f), detail::snapshot_context()); }
    template <class F>
    CallbackId add_done_callback(F f, const Context& context) const {
        return add_callback_as<AnyTask>(std::move(f), context.data());
    }
    // How many cancel() calls were not undone by uncancel().
    int cancelling() const;
    // Undoes one cancel(), and withdraws the request when it was the last; returns what cancelling() is then.
    int uncancel() const;
    std::string get_name() const;
    void set_name(std::string name) const;
    Context get_context() const;
    // The frames of its stack, the innermost last, at most `limit` of the innermost ones (0: all): where it waits, or where
    // it is when it runs; empty before its first step and after its last.
    std::vector<StackFrame> get_stack(std::size_t limit = 0) const;
    // Writes them, one a line.
    void print_stack(std::ostream& out, std::size_t limit = 0) const;
    // The coroutine it runs; empty once a task has ended in its eager step.
    CoroutineView get_coro() const;
};

}  // namespace cede

#endif
