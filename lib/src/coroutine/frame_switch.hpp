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
    // As Frame::resume(). `last` tells afterwards which body has come back: this one, or one that it has handed over to.
    template <class Last>
    CEDE_ON_THE_PATH static void resume(Frame& frame, Last last) {
        if (frame.state_ != CoroutineState::suspended) {
            if (frame.state_ != CoroutineState::created) frame.throw_not_suspended();
            if (frame.leaf_ == nullptr) frame.take_stack();
        }
        enter(frame, last);
    }

    // Driver: continues the body, and comes back when it yields or ends.
    template <class Last>
    CEDE_ON_THE_PATH static void enter(Frame& frame, Last last) {
        ThreadState& thread = thread_state;
        Frame* const current = thread.frame;
        frame.parent_ = current;
        frame.guards_ = thread.no_suspend;
        if (frame.kind_ == Frame::Kind::coroutine) thread.frame = &frame;
        Fiber& driver = thread.fiber != nullptr ? *thread.fiber : Fiber::current();
        Ref<ContextData>* const slot = thread.context;
        ContextEntry* const entered = thread.entered;
        const bool slot_is_base = current != nullptr && slot == current->base_;
        take_up(frame, driver, entered != nullptr ? &entered->slot() : slot);
        FiberSwitch::go(driver, *frame.leaf_);
        Frame& back = last();
        set_aside(back);
        thread.entered = entered;
        // Somebody else may drive the current coroutine by now, if it was left while this generator's body awaited. And whose slot
        // this was may be gone, if its body has handed over to the one that comes back.
        thread.context = slot_is_base ? current->base_ : &back == &frame ? slot : back.base_;
        thread.frame = current;
        if (back.state_ == CoroutineState::closed) back.end_of_body();
    }

    // Body: as leave(), but straight into `next`, which is suspended, and which comes back to the same driver in this
    // one's stead. `frame` is the current coroutine, on its own fiber, and neither has a parent. `context` is next's.
    CEDE_ON_THE_PATH static void hand_over(Frame& frame, void* yielded, Frame& next, Ref<ContextData>& context) {
        Fiber& here = frame.fiber_;
        frame.passed_ = yielded;
        frame.leaf_ = &here;
        frame.state_ = CoroutineState::suspended;
        set_aside(frame);
        next.parent_ = nullptr;
        next.guards_ = frame.guards_;
        thread_state.frame = &next;
        take_up(next, *here.resumer(), &context);
        FiberSwitch::go(here, *next.leaf_);
    }

    // On the frame's own stack, from its lowest function: runs the body to its end.
    static void run(Frame& frame) noexcept {
        frame.run_and_classify(nullptr);
        frame.state_ = CoroutineState::closed;
    }
    // The body has ended, on its own fiber, which can go straight over to another. Its driver is nobody's coroutine, and so is
    // what becomes of the body's captures from here on.
    static bool ended_alone(const Frame& frame) noexcept { return frame.parent_ == nullptr && may_hand_over(frame); }
    static void drop_body(Frame& frame) noexcept {
        thread_state.frame = nullptr;
        frame.drop_body();
    }
    // As hand_over(), for good: `next` is to be returned to by the fiber's entry. It gives the stack back, and calls `f`.
    static Fiber& take_leave(Frame& frame, Frame& next, Ref<ContextData>& context, void (*f)(void*), void* argument) noexcept {
        next.parent_ = nullptr;
        next.guards_ = frame.guards_;
        thread_state.frame = &next;
        take_up(next, *frame.fiber_.resumer(), &context);
        next.leaf_->take_over(frame.fiber_, f, argument);
        return *next.leaf_;
    }
    static void end_of_body(Frame& frame) noexcept { frame.end_of_body(); }

    // Body: gives `yielded` to the driver, and comes back when it is continued.
    CEDE_ON_THE_PATH static void leave(Frame& frame, void* yielded) {
        ThreadState& thread = thread_state;
        // A coroutine in between would be left behind by its driver, which is below it on the pile that is suspended here.
        if (frame.kind_ != Frame::Kind::coroutine &&
            (frame.state_ != CoroutineState::running || thread.frame != frame.parent_)) {
            Frame::throw_misplaced_yield();
        }
        if (thread.no_suspend != frame.guards_) throw_suspended_below(*thread.no_suspend);
        frame.passed_ = yielded;
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
        raise_thrown(*frame);
    }

    // Whether hand_over() may be called: nothing of the pile but the body itself is left by it. On its own fiber it is also the
    // current coroutine.
    CEDE_ON_THE_PATH static bool may_hand_over(const Frame& frame) noexcept {
        const ThreadState& thread = thread_state;
        return thread.fiber == &frame.fiber_ && thread.no_suspend == frame.guards_ &&
               FiberSwitch::exception_globals().uncaught == 0;
    }
    CEDE_ON_THE_PATH static void raise_thrown(Frame& frame) {
        if (frame.error_) frame.raise();
    }

private:
    // The body runs in the driver's context, and within what it has entered itself.
    CEDE_ON_THE_PATH static void take_up(Frame& frame, Fiber& driver, Ref<ContextData>* base) noexcept {
        ThreadState& thread = thread_state;
        frame.fiber_.set_resumer(&driver);
        frame.state_ = CoroutineState::running;
        frame.base_ = base;
        thread.context = frame.context_ != nullptr ? frame.context_ : base;
        thread.entered = frame.entered_;
    }
    CEDE_ON_THE_PATH static void set_aside(Frame& frame) noexcept {
        const ThreadState& thread = thread_state;
        frame.context_ = thread.context != frame.base_ ? thread.context : nullptr;
        frame.entered_ = thread.entered;
    }
};

}  // namespace detail
}  // namespace cede

#endif
