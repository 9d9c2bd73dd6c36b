#include "cede/task/task_group.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"

#include "cede/base/exceptions.hpp"

namespace cede {
namespace detail {

// Follows CPython's asyncio/taskgroups.py.
class TaskGroupState : public std::enable_shared_from_this<TaskGroupState> {
public:
    void enter() {
        if (entered_) throw RuntimeError("TaskGroup has already been entered: make a new one for each scope");
        parent_ = current_task();
        if (!parent_) throw RuntimeError("TaskGroup cannot determine the parent task: use it inside a task");
        entered_ = true;
    }

    void check_open() const {
        if (!entered_) throw RuntimeError("TaskGroup has not been entered: use task_group() or with()");
        if (exiting_ && tasks_.empty()) throw RuntimeError("TaskGroup is finished");
        if (aborting_) throw RuntimeError("TaskGroup is shutting down");
    }

    void adopt(const AnyTask& task) {
        tasks_.emplace(task, next_place_++);
        task.core()->add_done_callback(
            [self = shared_from_this(), core = task.core()] { self->task_done(AnyTask(Ref<FutureCore>(core))); }, nullptr,
            parent_.core());
        // Made by a task that failed the group in its eager step: it must not be left behind.
        if (aborting_ && !task.done()) task.cancel();
    }

    void exit(const std::exception_ptr& error) {
        exiting_ = true;
        const ExceptionKind kind = error ? classify(error) : ExceptionKind::ordinary;
        std::exception_ptr cancellation = kind == ExceptionKind::cancelled ? error : nullptr;
        if (kind == ExceptionKind::interrupt && !interrupt_) interrupt_ = error;
        if (error && !aborting_) abort();
        wait_for_tasks(cancellation);
        // The group's own request must be taken back; when nobody else has cancelled, nothing is left of it.
        if (parent_cancel_requested_ && parent_.uncancel() == 0) cancellation = nullptr;
        finish(error, kind, cancellation);
    }

private:
    void wait_for_tasks(std::exception_ptr& cancellation) {
        while (!tasks_.empty()) {
            completed_ = Future<void>(get_running_loop());
            try {
                await(completed_);
            } catch (const CancelledError&) {
                // The parent is cancelled from outside, perhaps again and again; the tasks are waited for all the same.
                if (!aborting_) {
                    cancellation = std::current_exception();
                    abort();
                }
            }
            completed_ = Future<void>(nullptr);
        }
    }

    void finish(const std::exception_ptr& error, ExceptionKind kind, const std::exception_ptr& cancellation) {
        const AnyTask parent = std::exchange(parent_, AnyTask());
        if (interrupt_) std::rethrow_exception(interrupt_);
        if (cancellation && errors_.empty()) std::rethrow_exception(cancellation);
        if (error && kind != ExceptionKind::cancelled) errors_.push_back(error);
        if (errors_.empty()) return;
        // The errors go before a cancellation from outside, which is then asked for anew: the next await raises it.
        if (parent.cancelling() > 0) {
            parent.uncancel();
            parent.cancel();
        }
        std::rethrow_exception(make_exception_group("unhandled errors in a TaskGroup", std::move(errors_)));
    }

    void abort() {
        aborting_ = true;
        // In the order of their creation, not of their addresses, so that a program takes the same course every time. A copy,
        // for whatever the cancellations set off.
        std::vector<std::pair<std::uint64_t, AnyTask>> tasks;
        for (const auto& each : tasks_) tasks.emplace_back(each.second, each.first);
        std::sort(tasks.begin(), tasks.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
        for (const auto& each : tasks) each.second.cancel();
    }

    void task_done(const AnyTask& task) {
        tasks_.erase(task);
        if (tasks_.empty() && completed_ && !completed_.done()) completed_.set_result();
        if (task.cancelled()) return;
        std::exception_ptr error = task.exception();
        if (!error) return;
        errors_.push_back(error);
        if (!interrupt_ && classify(error) == ExceptionKind::interrupt) interrupt_ = error;
        if (!parent_ || parent_.done()) return report_orphan(task, error);
        if (aborting_ || parent_cancel_requested_) return;
        abort();
        parent_cancel_requested_ = true;
        parent_.cancel();
    }

    static void report_orphan(const AnyTask& task, const std::exception_ptr& error) {
        ExceptionContext context;
        context.message = "a task of a TaskGroup failed after its parent had ended";
        context.exception = error;
        context.task = task;
        task.get_loop().call_exception_handler(context);
    }

    bool entered_ = false;
    bool exiting_ = false;
    bool aborting_ = false;
    bool parent_cancel_requested_ = false;
    AnyTask parent_;
    absl::flat_hash_map<AnyTask, std::uint64_t, std::hash<AnyFuture>> tasks_;  // and their places in the order of creation
    std::uint64_t next_place_ = 0;
    std::vector<std::exception_ptr> errors_;
    std::exception_ptr interrupt_;
    Future<void> completed_{nullptr};
};

}  // namespace detail

TaskGroup::TaskGroup() : state_(std::make_shared<detail::TaskGroupState>()) {}

TaskGroup& TaskGroup::enter() {
    state_->enter();
    return *this;
}

bool TaskGroup::exit(const std::exception_ptr& error) {
    state_->exit(error);
    return false;
}

void TaskGroup::check_open() const { state_->check_open(); }

void TaskGroup::adopt(const AnyTask& task) const { state_->adopt(task); }

}  // namespace cede
