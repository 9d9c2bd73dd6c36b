// What it is: the two halves of a frame's switch, the driver's and the body's. When to use it: on the path of an await
// (TaskCore::run, await_future), inlined into one function from the loop to the jump; fiber/switch.hpp says why. When not:
// elsewhere; Frame's members do the same.
#ifndef CEDE_SRC_COROUTINE_FRAME_SWITCH_HPP
#define CEDE_SRC_COROUTINE_FRAME_SWITCH_HPP

#include "base/thread_state.hpp"
#include "cede/base/context.hpp"
#include "cede/coroutine/frame.hpp"
#include "coroutine/suspended_below.hpp"
#include "fiber/switch.hpp"

namespace cede {
namespace detail {

[[noreturn]] void throw_outside_task();

struct FrameSwitch {
    // As Frame::resume().
    CEDE_ON_THE_PATH static void resume(Frame& frame) {
        if (frame.state_ != CoroutineState::suspended) {
            if (frame.state_ != CoroutineState::created) frame.throw_not_suspended();
            frame.begin();
        }
        enter(frame);
    }

    // Driver: continues the body, and comes back when it yields or ends.
    CEDE_ON_THE_PATH static void enter(Frame& frame) {
        ThreadState& thread = thread_state;
        Frame* const current = thread.frame;
        frame.parent_ = current;
        frame.guards_ = thread.no_suspend;
        if (frame.kind_ == Frame::Kind::coroutine) thread.frame = &frame;
        Fiber& driver = thread.fiber != nullptr ? *thread.fiber : Fiber::current();
        frame.fiber_.set_resumer(&driver);
        frame.state_ = CoroutineState::running;
        Ref<ContextData>* const slot = thread.context;
        ContextEntry* const entered = thread.entered;
        const bool slot_is_base = current != nullptr && slot == current->base_;
        // The body runs in the driver's context, and within what it has entered itself.
        frame.base_ = entered != nullptr ? &entered->slot() : slot;
        thread.context = frame.context_ != nullptr ? frame.context_ : frame.base_;
        thread.entered = frame.entered_;
        FiberSwitch::go(driver, *frame.leaf_);
        frame.context_ = thread.context != frame.base_ ? thread.context : nullptr;
        frame.entered_ = thread.entered;
        thread.entered = entered;
        // Somebody else may drive the current coroutine by now, if it was left while this generator's body awaited.
        thread.context = slot_is_base ? current->base_ : slot;
        thread.frame = current;
        if (frame.state_ == CoroutineState::closed) frame.end_of_body();
    }

    // Body: gives `yielded` to the driver, and comes back when it is continued.
    CEDE_ON_THE_PATH static void leave(Frame& frame, void* yielded) {
        ThreadState& thread = thread_state;
        // A coroutine in between would be left behind by its driver, which is below it on the pile that is suspended here.
        if (frame.kind_ == Frame::Kind::generator &&
            (frame.state_ != CoroutineState::running || thread.frame != frame.parent_)) {
            Frame::throw_misplaced_yield();
        }
        if (thread.no_suspend != frame.guards_) throw_suspended_below(*thread.no_suspend);
        frame.yielded_ = yielded;
        Fiber& here = *thread.fiber;
        frame.leaf_ = &here;
        frame.state_ = CoroutineState::suspended;
        FiberSwitch::go(here, *frame.fiber_.resumer());
    }

    // As suspend_coroutine().
    CEDE_ON_THE_PATH static void suspend_current(FutureCore* awaited) {
        Frame* const frame = thread_state.frame;
        if (frame == nullptr) throw_outside_task();
        leave(*frame, awaited);
        if (frame->thrown_) frame->raise();
    }
};

}  // namespace detail
}  // namespace cede

#endif
