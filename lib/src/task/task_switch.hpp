// What it is: how a task's body waits: where the next in line is a task too, the body goes straight over to it, without a
// return to the loop. When to use it: in what a body calls to wait, inlined into it (fiber/switch.hpp says why). When not:
// below a task, where suspend_coroutine() does for every kind of coroutine.
//
// It changes nothing that can be seen: the order is the queue's, and an iteration ends where it did, for only what was
// ready at its beginning is gone over to. What it saves is one of two switches, and most of what is mispredicted behind
// the other: two bodies that wait in the same place return through the same functions, as the processor expects.
#ifndef CEDE_SRC_TASK_TASK_SWITCH_HPP
#define CEDE_SRC_TASK_TASK_SWITCH_HPP

#include <cstddef>
#include <utility>

#include "base/prefetch.hpp"
#include "base/thread_state.hpp"
#include "cede/task/task_core.hpp"
#include "coroutine/frame_switch.hpp"
#include "loop/loop_impl.hpp"

namespace cede {
namespace detail {

struct TaskSwitch {
    // As suspend_coroutine().
    CEDE_ON_THE_PATH static void suspend(FutureCore* awaited) {
        TaskCore* const task = thread_state.task;
        TaskCore* const next = task != nullptr ? follower(*task, awaited == nullptr) : nullptr;
        if (next == nullptr) return FrameSwitch::suspend_current(awaited);
        EventLoop& loop = task->runs_on_;
        task->held_back_ = false;
        if (awaited == nullptr) {
            LoopImpl::take_turns(loop, *task);
        } else {
            task->begin_waiting(*awaited);
            LoopImpl::take_next(loop);
        }
        go_on_with(*next);
        FrameSwitch::hand_over(*task->frame_, awaited, *next->frame_, next->context_);
        FrameSwitch::raise_thrown(*task->frame_);
    }

    // Where a task's body begins, in place of Frame::enter(). A body that returns completes its task on its own stack, and goes
    // straight over to the task that is next, which as a rule has awaited it: that saves a switch and a return to the loop.
    static Fiber& enter(void* argument) {
        Frame& frame = *static_cast<Frame*>(argument);
        FrameSwitch::run(frame);
        TaskCore& task = *thread_state.stepped;
        TaskCore* const next = heir(task);
        if (next == nullptr) return *frame.fiber().resumer();
        LoopImpl::take_next(task.runs_on_);
        go_on_with(*next);
        return FrameSwitch::take_leave(frame, *next->frame_, next->context_, &TaskSwitch::clear_away, &task);
    }

private:
    // Whether what the loop would do for a task that has ended cannot fail. Whatever is out of the ordinary is left to
    // TaskCore::step(), done callbacks too, which a loop of the user's may refuse. In the child of a fork() no task is current.
    static bool ends_plainly(const TaskCore& task) noexcept {
        return thread_state.task == &task && !task.must_cancel_ && !task.has_done_callbacks() &&
               LoopImpl::is_plain(task.runs_on_);
    }
    // Completes the task, and gives the one to go over to, if the loop would step that next.
    static TaskCore* heir(TaskCore& task) noexcept {
        if (!task.in_pass_ || task.frame_->ending() != Ending::returned || !FrameSwitch::ended_alone(*task.frame_) ||
            !ends_plainly(task)) {
            return nullptr;
        }
        task.in_pass_ = false;  // an await in a destructor of what the body has captured goes nowhere
        FrameSwitch::drop_body(*task.frame_);
        if (!ends_plainly(task)) return nullptr;  // by such a destructor
        // Where nobody else knows it, it is about to be destroyed, with its result, and that is not for another's stack. The
        // loop has a reference, and who has awaited it gives one up.
        const int going = task.has_waiters() ? 2 : 1;
        task.finish();
        return task.has_more_references_than(going) ? next_step(task, false) : nullptr;
    }
    // On the heir's stack. Other threads may drop their handles meanwhile, and this one be the last: nothing is current then.
    static void clear_away(void* argument) {
        TaskCore& task = *static_cast<TaskCore*>(argument);
        FrameSwitch::end_of_body(*task.frame_);
        ThreadState& thread = thread_state;
        Frame* const frame = std::exchange(thread.frame, nullptr);
        TaskCore* const current = std::exchange(thread.task, nullptr);
        task.let_go();
        thread.frame = frame;
        thread.task = current;
    }
    CEDE_ON_THE_PATH static void go_on_with(TaskCore& next) noexcept {
        if (LoopImpl::in_crowd(next.runs_on_)) prefetch_after(next);
        next.in_pass_ = true;
        next.waiting_for_ = nullptr;
        thread_state.task = thread_state.stepped = &next;
    }

    // A step that comes soon finds its task and the top of its stack in the cache. The task is fetched two steps ahead, by an
    // address that is known without a look at it; so its stack can be asked for one step ahead without a wait for the task.
    CEDE_ON_THE_PATH static void prefetch_after(const TaskCore& next) noexcept {
        const Runnable* const soon = LoopImpl::next_in_pass(next.runs_on_);
        if (soon == nullptr) return;  // some of the pass were withdrawn
        if (const Runnable* const later = RunnableList::next(*soon)) prefetch_task(later, next);
        if (soon->is_step()) prefetch_stack(static_cast<const TaskCore&>(*soon));
    }
    // If it is one: as another lies in its block. Four lines, by where its members are.
    CEDE_ON_THE_PATH static void prefetch_task(const Runnable* later, const TaskCore& other) noexcept {
        const Runnable* const same = &other;
        const std::ptrdiff_t to_frame = reinterpret_cast<const char*>(other.frame_) - reinterpret_cast<const char*>(same);
        const char* const step = reinterpret_cast<const char*>(later);
        prefetch(step, 2);
        prefetch(step + to_frame + 64, 2);
    }
    // Five lines, by what an await leaves on it.
    CEDE_ON_THE_PATH static void prefetch_stack(const TaskCore& task) noexcept {
        prefetch(task.frame_->fiber().saved_context(), 5);
    }

    // The task that the loop would step next, if that is all that it would do.
    CEDE_ON_THE_PATH static TaskCore* follower(TaskCore& task, bool comes_back) noexcept {
        if (!task.in_pass_ || !FrameSwitch::may_hand_over(*task.frame_)) return nullptr;
        return next_step(task, comes_back);
    }
    CEDE_ON_THE_PATH static TaskCore* next_step(TaskCore& task, bool comes_back) noexcept {
        Runnable* const first = LoopImpl::next_to_run(task.runs_on_, comes_back);
        if (first == nullptr || !first->is_step()) return nullptr;
        TaskCore& next = static_cast<TaskCore&>(*first);
        const CoroutineState state = next.frame_->state();
        const bool plain = !next.must_cancel_ && !next.misuse_ &&
                           (state == CoroutineState::suspended || (state == CoroutineState::created && next.has_stack_now()));
        // The last one to know a result would destroy it, which is not for this body's stack.
        const bool destroys = next.waiting_for_ && next.waiting_for_->unique();
        return plain && !destroys ? &next : nullptr;
    }
};

}  // namespace detail
}  // namespace cede

#endif
