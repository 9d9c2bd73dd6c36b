// What it is: what a generator and a coroutine have in common once they have started: a body that runs on a fiber of its
// own, is left at a yield, and is continued or thrown into by a driver. Compiled and type-erased; Generator<Y, S, R>,
// Coroutine<R> and Task<R> add the types.
// When to use it: to build another kind of coroutine inside the library. When not: in a program.
//
// A frame belongs to one thread. "Driver" is whoever resumes it; "body" is what runs on its stack.
#ifndef CEDE_COROUTINE_FRAME_HPP
#define CEDE_COROUTINE_FRAME_HPP

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <typeinfo>

#include "cede/base/coroutine_state.hpp"
#include "cede/base/fwd.hpp"
#include "cede/base/origin.hpp"
#include "cede/base/pool.hpp"
#include "cede/base/ref.hpp"
#include "cede/fiber/fiber.hpp"

namespace cede {

class NoSuspend;

namespace detail {

// How a body ended. The kinds that drivers treat differently are told apart where the exception is caught, because
// asking an exception_ptr for its type means rethrowing it, at a microsecond each.
enum class Ending : std::uint8_t { returned, raised, cancelled, generator_exit, interrupted };

// How often a GeneratorExit was raised by close(), in any thread.
extern std::atomic<std::uint32_t> exits_raised;

// close() ends a coroutine and all that it awaits, the innermost first: a GeneratorExit that one of them swallows is raised again
// in who awaits it. An await in place shares its stack with who awaits, so it looks whether one came while its body ran.
class ExitWatch {
public:
    // `watches`: false for a body that is known to let everything through.
    explicit ExitWatch(bool watches) noexcept
        : watches_(watches), before_(watches ? exits_raised.load(std::memory_order_relaxed) : 0) {}
    // Throws GeneratorExit when one did, in this coroutine.
    void check() const {
        if (watches_ && exits_raised.load(std::memory_order_relaxed) != before_) check_frame();
    }

private:
    void check_frame() const;

    const bool watches_;
    const std::uint32_t before_;
};

class Frame {
public:
    Frame(const Frame&) = delete;
    Frame& operator=(const Frame&) = delete;

    CoroutineState state() const noexcept { return state_; }
    bool closed() const noexcept { return state_ == CoroutineState::closed; }

    // Driver: runs the body to its next yield or its end. `thrown`, if any, is raised where the body waits; a body not
    // started is closed with it instead. Afterwards the state is suspended, and yielded() is what it gave, or closed,
    // and ending() tells how. Throws std::invalid_argument when the body is running, RuntimeError when `thrown` would be
    // raised in a destructor that runs during unwinding, std::bad_alloc when there is no stack (state unchanged).
    void resume(std::exception_ptr thrown);
    // The same with nothing to raise: what nearly every step of a task is.
    void resume();

    // Driver: takes the stack of a body that has not started, as resume() else does first, so that its fiber can be given an
    // owner. Throws std::bad_alloc. `entry`: what runs on it, with this frame; FrameSwitch has what it is made of.
    void take_stack(Fiber& (*entry)(void*) = &Frame::enter);

    // Driver: raises GeneratorExit where the body waits. Returns when the body has ended by it or returned; throws what
    // else it ended with, and RuntimeError when it yields again (it is then still suspended).
    void close();

    // Driver: the end of a frame's life, in any state; what goes wrong is reported as unraisable. Called by the
    // destructor of the most derived class, while the body still exists.
    void dispose() noexcept;

    // Driver: ends a suspended frame without unwinding it, where that cannot be; its stack is lost. Reported by the caller.
    void abandon() noexcept;

    // Body: gives `yielded` to the driver and waits. Returns the exception to raise here, or null. May be called on any
    // fiber that the body has resumed in turn: the whole pile of fibers waits. Throws RuntimeError below a NoSuspend, and
    // when a generator's yield is used outside its body, or by a coroutine that the body drives.
    std::exception_ptr suspend(void* yielded) {
        leave(yielded);
        return std::move(error_);
    }
    // The same, and raises it.
    void suspend_and_raise(void* yielded) {
        leave(yielded);
        if (error_) raise();
    }
    // The same with what `inner` yielded, which the body is delegating to: it waits wherever inner waits.
    std::exception_ptr suspend_for(Frame& inner);

    // Until set_sent(), which takes its place.
    void* yielded() const noexcept { return passed_; }
    Ending ending() const noexcept { return ending_; }
    const std::exception_ptr& error() const noexcept { return error_; }
    std::exception_ptr take_error() noexcept { return std::move(error_); }
    // close() is under way: a GeneratorExit is on its way through the body.
    bool closing() const noexcept { return closing_; }
    // The body waits below a destructor that runs during unwinding, where nothing may be raised: on the fiber it was left
    // on, on one between that and its own, or in the coroutine that it delegates to.
    bool waits_while_unwinding() const noexcept {
        if (leaf_ == &fiber_ && delegate_ == nullptr) return fiber_.suspended_while_unwinding();
        return pile_waits_while_unwinding();
    }

    // Driver: what a yield of the body returns when nothing is thrown; of the generator's own send type.
    void* sent() const noexcept { return passed_; }
    void set_sent(void* value) noexcept { passed_ = value; }

    Fiber& fiber() noexcept { return fiber_; }
    // The fiber that the body was left on: its own, or one further up the pile.
    const Fiber* leaf() const noexcept { return leaf_; }
    // What the body is; of void when that is not known.
    virtual const std::type_info& body_type() const noexcept;
    // The coroutine that was current when this one was last resumed.
    Frame* parent() const noexcept { return parent_; }

    void set_stack_size(std::size_t bytes) noexcept { stack_size_ = bytes; }

protected:
    enum class Kind : std::uint8_t { generator, async_generator, coroutine };

    explicit Frame(Kind kind) noexcept : kind_(kind), awaited_(false), closing_(false) {}
    ~Frame() = default;

    // Runs the body and keeps its result; on the frame's own stack.
    virtual void run_body() = 0;
    // Destroys the body with what it captured, when it has ended or will never start. A second call does nothing.
    virtual void drop_body() noexcept = 0;

private:
    friend void delegate_to(Frame& inner);
    friend class ExitWatch;
    friend struct FrameSwitch;

    static Fiber& enter(void* frame);
    // Runs the body, or ends it before its beginning with what was thrown in.
    void run_and_classify(const std::exception_ptr& thrown) noexcept;
    [[noreturn]] void throw_not_suspended() const;
    void enter_body();
    void leave(void* yielded);
    void end_of_body() noexcept;
    [[noreturn]] void raise();
    [[noreturn]] static void throw_misplaced_yield();
    bool pile_waits_while_unwinding() const noexcept;
    void end_unstarted(const std::exception_ptr& thrown) noexcept;
    void raised_instead(const char* what) noexcept;
    const char* noun() const noexcept {
        return kind_ == Kind::coroutine ? "coroutine" : kind_ == Kind::generator ? "generator" : "async generator";
    }

    const Frame* delegate_ = nullptr;  // while suspended in suspend_for()
    std::size_t stack_size_ = 0;
    // Of a task's block what each step needs is on two lines of the cache: from the middle of this on.
    Fiber fiber_;
    Fiber* leaf_ = nullptr;
    Frame* parent_ = nullptr;
    const NoSuspend* guards_ = nullptr;  // those that were there when it was last resumed
    Ref<ContextData>* base_ = nullptr;  // the driver's context at the last resume
    // While suspended inside Context::run(): the innermost one of the leaf, and what is current below it on the pile.
    ContextEntry* entered_ = nullptr;
    Ref<ContextData>* context_ = nullptr;
    void* passed_ = nullptr;    // by the last yield, and then what is sent for it
    std::exception_ptr error_;  // to raise at the next resume; of a closed one, what it ended with
    CoroutineState state_ = CoroutineState::created;
    const Kind kind_;
    Ending ending_ = Ending::returned;
    bool awaited_ : 1;  // a delegate_to() of this one is under way
    bool closing_ : 1;
    std::uint32_t exit_ = 0;  // while closing: which of exits_raised
};

// Body: cedes control from the current coroutine to its driver, giving it the future waited for (null: a bare yield).
// Throws what the driver raises, and RuntimeError outside every coroutine.
void suspend_coroutine(FutureCore* awaited);

// Throws std::invalid_argument for a null pointer, which throw_() cannot raise.
void check_throwable(const std::exception_ptr& exception);

// Body: `yield from` a coroutine that somebody else has started: drives it to its end, passing on what it waits for and
// what is thrown in. Throws what it ends with.
void delegate_to(Frame& inner);

// Whether an await can cede here.
bool in_coroutine() noexcept;

// In debug mode warns that a coroutine was dropped unawaited. Never throws.
void report_never_awaited(const std::string* name, const char* type_name, Origin origin) noexcept;

// Whether what was thrown into a delegating frame closes the inner one, instead of being raised in it: a GeneratorExit,
// whoever threw it.
bool closes_inner(const Frame& outer, const std::exception_ptr& thrown) noexcept;

[[noreturn]] void throw_reused();
[[noreturn]] void throw_ended_before();
[[noreturn]] void throw_already_awaited();
[[noreturn]] void throw_already_executing();
[[noreturn]] void throw_escaped_stop_iteration(const char* noun);

}  // namespace detail
}  // namespace cede

#endif
