#include "cede/coroutine/frame.hpp"

#include <stdexcept>
#include <utility>

#include "base/call_stack.hpp"
#include "base/thread_state.hpp"
#include "coroutine/frame_switch.hpp"
#include "cede/base/context.hpp"
#include "cede/base/exception_group.hpp"
#include "cede/base/exceptions.hpp"
#include "cede/base/reports.hpp"

namespace cede {
namespace detail {

void Frame::resume(std::exception_ptr thrown) {
    if (!thrown) return resume();
    if (state_ == CoroutineState::created) return end_unstarted(thrown);
    if (state_ != CoroutineState::suspended) throw_not_suspended();
    if (waits_while_unwinding()) {
        throw RuntimeError(std::string("the ") + noun() + " waits in a destructor that runs because an exception unwinds "
                           "its stack: raising another one there would end the process. Let it finish first");
    }
    error_ = std::move(thrown);
    enter_body();
}

void Frame::resume() {
    FrameSwitch::resume(*this, [this]() -> Frame& { return *this; });
}
void Frame::enter_body() {
    FrameSwitch::enter(*this, [this]() -> Frame& { return *this; });
}
void Frame::leave(void* yielded) { FrameSwitch::leave(*this, yielded); }

void Frame::throw_not_suspended() const {
    if (state_ == CoroutineState::running) throw std::invalid_argument(std::string(noun()) + " already executing");
    throw_reused();
}

void Frame::take_stack(Fiber& (*entry)(void*)) {
    fiber_.start(entry, this, stack_size_);
    leaf_ = &fiber_;
}

void Frame::end_unstarted(const std::exception_ptr& thrown) noexcept {
    run_and_classify(thrown);
    state_ = CoroutineState::closed;
    drop_body();
}

// Apart from run_and_classify(), so that everything with a destructor has gone before the switch that never returns.
Fiber& Frame::enter(void* frame) {
    Frame& self = *static_cast<Frame*>(frame);
    FrameSwitch::run(self);
    return *self.fiber_.resumer();
}

void Frame::run_and_classify(const std::exception_ptr& thrown) noexcept {
    try {
        if (thrown) std::rethrow_exception(thrown);
        run_body();
        ending_ = Ending::returned;
        return;
    } catch (const StopIterationBase&) {
        raised_instead("StopIteration");
    } catch (const StopAsyncIteration&) {
        if (kind_ == Kind::async_generator) return raised_instead("StopAsyncIteration");
        ending_ = Ending::raised;
        error_ = std::current_exception();
    } catch (const CancelledError&) {
        ending_ = Ending::cancelled;
        error_ = std::current_exception();
    } catch (const GeneratorExit&) {
        ending_ = Ending::generator_exit;
        error_ = std::current_exception();
    } catch (const KeyboardInterrupt&) {
        ending_ = Ending::interrupted;
        error_ = std::current_exception();
    } catch (const SystemExit&) {
        ending_ = Ending::interrupted;
        error_ = std::current_exception();
    } catch (...) {
        ending_ = Ending::raised;
        error_ = std::current_exception();
    }
}

// A driver would take it for the end.
void Frame::raised_instead(const char* what) noexcept {
    ending_ = Ending::raised;
    error_ = std::make_exception_ptr(RuntimeError(std::string(noun()) + " raised " + what, std::current_exception()));
}

bool Frame::pile_waits_while_unwinding() const noexcept {
    if (leaf_ == nullptr) return false;
    // An exception raised at the leaf passes through every fiber down to the frame's own.
    for (const Fiber* fiber = leaf_;; fiber = fiber->resumer()) {
        if (fiber->suspended_while_unwinding()) return true;
        if (fiber == &fiber_) break;
    }
    return delegate_ != nullptr && delegate_->waits_while_unwinding();
}

void Frame::throw_misplaced_yield() {
    throw RuntimeError("a generator's yield was used outside its body, or by a coroutine that the body drives: yield "
                       "from the body itself, or from a function or generator that it calls");
}

void Frame::end_of_body() noexcept {
    fiber_.release_stack();
    leaf_ = nullptr;
    drop_body();
}

void Frame::raise() { std::rethrow_exception(std::move(error_)); }

const std::type_info& Frame::body_type() const noexcept { return typeid(void); }

std::exception_ptr Frame::suspend_for(Frame& inner) {
    struct Scope {
        const Frame*& delegate;
        ~Scope() { delegate = nullptr; }
    } scope{delegate_};
    delegate_ = &inner;
    return suspend(inner.yielded());
}

void Frame::close() {
    switch (state_) {
        case CoroutineState::created:
            state_ = CoroutineState::closed;
            drop_body();
            return;
        case CoroutineState::closed: return;
        case CoroutineState::running: throw std::invalid_argument(std::string(noun()) + " already executing");
        case CoroutineState::suspended: break;
    }
    if (waits_while_unwinding()) {
        throw RuntimeError(std::string(noun()) + " ignored GeneratorExit: it awaits in a destructor that an exception runs");
    }
    closing_ = true;
    exit_ = exits_raised.fetch_add(1, std::memory_order_relaxed) + 1;
    resume(std::make_exception_ptr(GeneratorExit()));
    closing_ = false;
    if (state_ == CoroutineState::suspended) throw RuntimeError(std::string(noun()) + " ignored GeneratorExit");
    if (ending_ == Ending::returned) return;
    std::exception_ptr error = take_error();
    if (ending_ != Ending::generator_exit) std::rethrow_exception(std::move(error));
}

std::atomic<std::uint32_t> exits_raised{0};

void ExitWatch::check_frame() const {
    const Frame* const frame = thread_state.frame;
    // A later one than this began with: not one that came before, in whose handlers this is awaited.
    if (frame != nullptr && frame->closing_ && static_cast<std::int32_t>(frame->exit_ - before_) > 0) throw GeneratorExit();
}

void Frame::dispose() noexcept {
    // A body that goes on awaiting in its handlers gets a GeneratorExit for each, but not for ever.
    constexpr int attempts = 100;
    for (int i = 0; state_ == CoroutineState::suspended && i < attempts; ++i) {
        if (waits_while_unwinding()) break;
        try {
            close();
        } catch (...) {
            if (state_ == CoroutineState::closed || i == 0) {
                report_unraisable(std::current_exception(), "a suspended coroutine or generator was destroyed");
            }
        }
    }
    if (state_ == CoroutineState::suspended || state_ == CoroutineState::running) {
        warn("a coroutine or generator was destroyed that cannot be unwound: it is running, or waits in a destructor that "
             "an exception runs. Its stack is lost");
        fiber_.abandon_stack();
    }
}

void Frame::abandon() noexcept {
    fiber_.abandon_stack();
    leaf_ = nullptr;
    state_ = CoroutineState::closed;
    drop_body();
}

void suspend_coroutine(FutureCore* awaited) { FrameSwitch::suspend_current(awaited); }

void throw_outside_task() {
    throw RuntimeError(std::string("await outside a task: nothing here can cede control. Run this inside cede::run(), or as a "
                                   "task by create_task()") + note_of_fork());
}

void delegate_to(Frame& inner) {
    Frame* const outer = thread_state.frame;
    if (outer == nullptr) {
        throw RuntimeError(std::string("await outside a task: drive the coroutine with send(), or run this inside "
                                       "cede::run()") + note_of_fork());
    }
    if (inner.state() == CoroutineState::running || inner.awaited_) throw_already_awaited();
    struct Scope {
        Frame& inner;
        ~Scope() { inner.awaited_ = false; }
    } scope{inner};
    inner.awaited_ = true;
    std::exception_ptr thrown;
    for (;;) {
        inner.resume(std::move(thrown));
        if (inner.closed()) break;
        thrown = outer->suspend_for(inner);
        if (closes_inner(*outer, thrown)) {
            inner.close();
            std::rethrow_exception(std::move(thrown));
        }
    }
    if (inner.error()) std::rethrow_exception(inner.take_error());
}

bool closes_inner(const Frame& outer, const std::exception_ptr& thrown) noexcept {
    return thrown && (outer.closing() || is_a<GeneratorExit>(thrown));
}

void check_throwable(const std::exception_ptr& exception) {
    if (!exception) throw std::invalid_argument("throw_() needs an exception, not a null std::exception_ptr");
}

bool in_coroutine() noexcept { return thread_state.frame != nullptr; }

void report_never_awaited(const std::string* name, const char* type_name, Origin origin) noexcept {
    if (!thread_state.debug && !origin) return;
    try {
        std::string text = "coroutine '" + (name == nullptr ? readable(demangle(type_name)) : *name) +
                           "' was never awaited: await it, or make it a task by create_task()";
        if (origin) text += "; it was " + origin.str();
        warn(text);
    } catch (...) {
        warn("a coroutine was never awaited");
    }
}

void throw_reused() { throw RuntimeError("cannot reuse already awaited coroutine: call the function again for a new one"); }

void throw_ended_before() {
    throw InvalidStateError("yield from a generator that has ended before: its result went to whoever drove it to its end");
}

void throw_already_awaited() {
    throw RuntimeError("coroutine is being awaited already: make a task of it, by create_task(), for several to await");
}

void throw_already_executing() { throw std::invalid_argument("coroutine already executing"); }

void throw_escaped_stop_iteration(const char* noun) {
    throw RuntimeError(std::string(noun) + " raised StopIteration", std::current_exception());
}

}  // namespace detail
}  // namespace cede
