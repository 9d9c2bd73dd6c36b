// What it is: a scope that tasks belong to: leaving it waits for all of them, and the failure of one cancels the others:
// asyncio's TaskGroup. When to use it: whenever tasks are started that should not outlive the code that starts them. When
// not: for tasks that live on their own; create_task.
//
// Loop's thread, inside a task.
#ifndef CEDE_TASK_TASK_GROUP_HPP
#define CEDE_TASK_TASK_GROUP_HPP

#include <exception>
#include <memory>
#include <utility>

#include "cede/base/exception_group.hpp"
#include "cede/task/task.hpp"
#include "cede/task/with.hpp"

namespace cede {

namespace detail {
class TaskGroupState;
}

// The scope's handle: copying it refers to the same group. Use it once.
class TaskGroup {
public:
    TaskGroup();

    // Runs `x` (a coroutine or a callable) as a task of the group. Throws RuntimeError before the group is entered, when it
    // is over, and when it is shutting down after a failure; the coroutine is then closed.
    template <class X>
    Task<detail::AwaitedT<X>> create_task(X&& x, const TaskOptions& options = TaskOptions()) const {
        auto coroutine = detail::to_coroutine(std::forward<X>(x));
        try {
            check_open();
        } catch (...) {
            coroutine.close();
            throw;
        }
        auto task = get_running_loop().create_task(std::move(coroutine), options);
        adopt(task);
        return task;
    }

    // Ends the group early: cancels its tasks and the scope, which is then left without a CancelledError, with a default
    // result. Before the group is entered: as soon as it is. Harmless when repeated, and when the group is over.
    void cancel() const;

    // For `with`. exit() cedes until every task is done; throws an ExceptionGroup of what the tasks and the scope threw,
    // and a CancelledError when the parent was cancelled from outside.
    TaskGroup& enter();
    const TaskGroup& enter() const;
    bool exit(const std::exception_ptr& error) const;

private:
    void check_open() const;
    void adopt(const AnyTask& task) const;

    std::shared_ptr<detail::TaskGroupState> state_;
};

// Runs `f(TaskGroup&)`, then waits for the tasks of the group; returns what f returns.
template <class F>
auto task_group(F&& f) -> decltype(with(std::declval<TaskGroup&>(), f)) {
    TaskGroup group;
    return with(group, f);
}

}  // namespace cede

#endif
