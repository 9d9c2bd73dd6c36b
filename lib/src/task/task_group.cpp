#include "cede/task/task_group.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <new>
#include <utility>
#include <vector>

#include "cede/base/exception_group.hpp"

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
        if (cancel_on_enter_) cancel();
    }

    void cancel() {
        if (!entered_) {
            cancel_on_enter_ = true;
        } else if (!aborting_ && !(exiting_ && unfinished_ == 0)) {
            abort_with_parent();
        }
    }

    void check_open() const {
        if (!entered_) throw RuntimeError("TaskGroup has not been entered: use task_group() or with()");
        if (exiting_ && unfinished_ == 0) throw RuntimeError("TaskGroup is finished");
        if (aborting_) throw RuntimeError("TaskGroup is shutting down");
    }

    void adopt(const AnyTask& task) {
        try {
            const std::size_t place = take_place(task);
            try {
                task.core()->add_done_callback(
                    [self = shared_from_this(), core = task.core(), place] {
                        self->task_done(AnyTask(Ref<FutureCore>(core)), place);
                    },
                    nullptr, parent_.core());
            } catch (...) {
                leave(place);
                throw;
            }
        } catch (...) {
            task.cancel();
            throw;
        }
        // Made by a task that failed the group in its eager step: it must not be left behind.
        if (aborting_ && !task.done()) task.cancel();
    }

    // True when nothing is left of `error`, a cancellation by the group itself.
    bool exit(const std::exception_ptr& error) {
        exiting_ = true;
        const ExceptionKind kind = error ? classify(error) : ExceptionKind::ordinary;
        std::exception_ptr cancellation = kind == ExceptionKind::cancelled ? error : nullptr;
        if (kind == ExceptionKind::interrupt && !interrupt_) interrupt_ = error;
        if (error && !aborting_) abort();
        // A coroutine that is being closed must not await; its tasks are cancelled, and go on to their ends alone.
        if (error && is_a<GeneratorExit>(error)) return false;
        std::exception_ptr while_waiting = wait_for_tasks(cancellation);
        // The group's own request must be taken back; when nobody else has cancelled, nothing is left of it.
        if (parent_cancel_requested_) {
            if (parent_.uncancel() == 0) {
                cancellation = nullptr;
            } else if (!cancellation) {
                cancellation = std::move(while_waiting);
            }
        }
        finish(error, kind, cancellation);
        return true;
    }

private:
    struct Member {
        AnyTask task;         // empty: the place is free
        std::uint64_t order;  // of its creation; of a free place, the number of the next free one
    };
    static constexpr std::size_t none = static_cast<std::size_t>(-1);

    std::size_t take_place(const AnyTask& task) {
        // Room for what each task, and the scope itself, may throw: task_done() has nobody to tell of its own failure.
        const std::size_t most_errors = errors_.size() + unfinished_ + 2;
        if (errors_.capacity() < most_errors) errors_.reserve(2 * most_errors);
        std::size_t place = first_free_;
        if (place == none) {
            place = members_.size();
            members_.push_back(Member());
        } else {
            first_free_ = static_cast<std::size_t>(members_[place].order);
        }
        members_[place] = Member{task, next_order_++};
        ++unfinished_;
        return place;
    }
    void leave(std::size_t place) noexcept {
        members_[place] = Member{AnyTask(), first_free_};
        first_free_ = place;
        --unfinished_;
    }

    // Returns the last cancellation that arrived meanwhile.
    std::exception_ptr wait_for_tasks(std::exception_ptr& cancellation) {
        std::exception_ptr last;
        while (unfinished_ > 0) {
            try {
                wait_a_while();
            } catch (const CancelledError&) {
                // The parent is cancelled from outside, perhaps again and again; the tasks are waited for all the same.
                last = std::current_exception();
                if (!aborting_) {
                    cancellation = last;
                    abort();
                }
            }
            completed_ = Future<void>(nullptr);
        }
        return last;
    }

    // Until the last task is done; or for a turn, when there is no memory to wait for that, since it must be waited for.
    void wait_a_while() {
        try {
            completed_ = Future<void>(get_running_loop());
        } catch (const std::bad_alloc&) {
        }
        if (completed_) return await(completed_);
        suspend_coroutine(nullptr);
    }

    void finish(const std::exception_ptr& error, ExceptionKind kind, const std::exception_ptr& cancellation) {
        const AnyTask parent = std::exchange(parent_, AnyTask());
        if (cancellation && errors_.empty() && !interrupt_) std::rethrow_exception(cancellation);
        if (error && kind != ExceptionKind::cancelled) errors_.push_back(error);
        if (interrupt_) {
            report_suppressed(parent.get_loop());
            std::rethrow_exception(interrupt_);
        }
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
        // In the order of their creation, not of their places, so that a program takes the same course every time. A copy,
        // for whatever the cancellations set off.
        std::vector<Member> tasks;
        try {
            tasks.reserve(unfinished_);
        } catch (const std::bad_alloc&) {  // then in the order of their places; none can join any more
            for (std::size_t i = 0; i < members_.size(); ++i) {
                if (const AnyTask task = members_[i].task) task.cancel();
            }
            return;
        }
        std::copy_if(members_.begin(), members_.end(), std::back_inserter(tasks),
                     [](const Member& each) { return static_cast<bool>(each.task); });
        std::sort(tasks.begin(), tasks.end(), [](const Member& a, const Member& b) { return a.order < b.order; });
        for (const Member& each : tasks) each.task.cancel();
    }

    void task_done(const AnyTask& task, std::size_t place) {
        leave(place);
        if (unfinished_ == 0 && completed_ && !completed_.done()) completed_.set_result();
        if (task.cancelled()) return;
        std::exception_ptr error = task.exception();
        if (!error) return;
        errors_.push_back(error);
        if (!interrupt_ && classify(error) == ExceptionKind::interrupt) interrupt_ = error;
        if (!parent_ || parent_.done()) return report_orphan(task, error);
        if (!aborting_) abort_with_parent();
    }

    void abort_with_parent() {
        abort();
        parent_cancel_requested_ = true;
        parent_.cancel();
    }

    // An interrupt leaves alone; what else has failed would be lost.
    void report_suppressed(EventLoop& loop) const {
        for (const std::exception_ptr& error : errors_) {
            if (error == interrupt_) continue;
            ExceptionContext context;
            context.message = "an exception of a TaskGroup was not thrown, because a KeyboardInterrupt or SystemExit leaves it";
            context.exception = error;
            loop.call_exception_handler(context);
        }
    }

    static void report_orphan(const AnyTask& task, const std::exception_ptr& error) {
        ExceptionContext context;
        context.message = "a task of a TaskGroup failed after its parent had ended";
        context.exception = error;
        context.task = task;
        task.get_loop().call_exception_handler(context);
    }

    bool entered_ = false;
    bool cancel_on_enter_ = false;
    bool exiting_ = false;
    bool aborting_ = false;
    bool parent_cancel_requested_ = false;
    AnyTask parent_;
    std::vector<Member> members_;
    std::size_t first_free_ = none;
    std::size_t unfinished_ = 0;
    std::uint64_t next_order_ = 0;
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

const TaskGroup& TaskGroup::enter() const {
    state_->enter();
    return *this;
}

bool TaskGroup::exit(const std::exception_ptr& error) const {
    return state_->exit(error);
}

void TaskGroup::cancel() const { state_->cancel(); }

void TaskGroup::check_open() const { state_->check_open(); }

void TaskGroup::adopt(const AnyTask& task) const { state_->adopt(task); }

}  // namespace cede
