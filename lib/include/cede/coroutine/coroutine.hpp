// What it is: a lazy computation that may cede control in its middle: what calling an `async def` function gives. It is
// written as a function that returns a lambda: `Coroutine<int> triple(int v) { return [=] { return v * 3; }; }`.
// When to use it: as the return type of anything that awaits and that a caller may want to run as a task, with a timeout
// or in a gather. When not: a plain function that awaits needs none of this; await works at any depth.
//
// A coroutine belongs to the thread that starts it. It is move-only. One that is neither awaited nor handed on does nothing,
// and the compiler warns of it.
#ifndef CEDE_COROUTINE_COROUTINE_HPP
#define CEDE_COROUTINE_COROUTINE_HPP

#include <exception>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "cede/base/any_future.hpp"
#include "cede/base/closure.hpp"
#include "cede/base/exceptions.hpp"
#include "cede/base/nodiscard.hpp"
#include "cede/base/origin.hpp"
#include "cede/base/result.hpp"
#include "cede/coroutine/frame.hpp"

namespace cede {

namespace detail {

// A frame whose body is a callable without parameters: of a coroutine driven by hand, or of a task.
template <class R>
class BodyFrame : public Frame {
public:
    explicit BodyFrame(Closure<R>&& body) noexcept : Frame(Kind::coroutine), body_(std::move(body)) {}
    ~BodyFrame() { dispose(); }

    Result<R>& result() noexcept { return result_; }
    const std::type_info& body_type() const noexcept final { return body_.type(); }

private:
    void run_body() final { result_.set_from(body_); }
    void drop_body() noexcept final { body_.reset(); }

    Closure<R> body_;
    Result<R> result_;
};

// What owns a started coroutine of any type, so that no unique_ptr is compiled for each.
class OwnedFrame : public Pooled {
public:
    virtual ~OwnedFrame() = default;
};

template <class R>
class StartedCoroutine final : public BodyFrame<R>, public OwnedFrame {
public:
    using BodyFrame<R>::BodyFrame;
};

template <class T>
struct IsCoroutine : std::false_type {};
template <class R>
struct IsCoroutine<Coroutine<R>> : std::true_type {};

// An await that runs a body on the caller's stack. The body may move the handle meanwhile, by growing the vector it is in,
// or destroy it, so the handle says where it is.
class RunsInPlace {
public:
    explicit RunsInPlace(RunsInPlace*& handle) noexcept : handle_(&handle) { handle = this; }
    RunsInPlace(const RunsInPlace&) = delete;
    RunsInPlace& operator=(const RunsInPlace&) = delete;
    ~RunsInPlace() {
        if (handle_ != nullptr) *handle_ = nullptr;
    }
    void moved_to(RunsInPlace*& handle) noexcept { handle_ = &handle; }
    void lost() noexcept { handle_ = nullptr; }

private:
    RunsInPlace** handle_;
};

// Not inlined but for the void that sleep() gives: gcc 12 would warn of members of the arguments that may be uninitialised.
template <class R, class Body>
__attribute__((noinline)) R run_watched(const Body& body, std::false_type) {
    const ExitWatch exits(!body.catches_nothing());
    R value = body();
    exits.check();
    return value;
}
template <class R, class Body>
CEDE_INLINE_AWAIT void run_watched(const Body& body, std::true_type) {
    const ExitWatch exits(!body.catches_nothing());
    body();
    exits.check();
}

template <class F, class R, class Result = decltype(std::declval<F&>()())>
using EnableIfBody = std::enable_if_t<!IsCoroutine<F>::value &&
                                      (std::is_void<R>::value || std::is_convertible<Result, R>::value)>;
template <class F, class R, class Result = decltype(std::declval<F&>()())>
using EnableIfNoBody = std::enable_if_t<!IsCoroutine<F>::value && !std::is_void<R>::value &&
                                        !std::is_convertible<Result, R>::value>;

}  // namespace detail

template <class R>
class CEDE_NODISCARD Coroutine {
    static_assert(!std::is_reference<R>::value, "a coroutine returns a value: return a pointer or std::reference_wrapper<T>");

public:
    using result_type = R;

    // `body`: R(). Nothing runs yet, there is no stack, and up to 64 bytes of captures are kept without an allocation.
    template <class F, class = detail::EnableIfBody<std::decay_t<F>, R>>
    CEDE_INLINE_AWAIT Coroutine(F&& body) : body_(std::forward<F>(body)) {}
    // One that returns something else: does not compile, and says why. The price: among overloads for coroutines of several
    // types a lambda is ambiguous.
    template <class F, detail::EnableIfNoBody<std::decay_t<F>, R>* = nullptr>
    Coroutine(F&&) {
        static_assert(!std::is_same<F, F>::value,
                      "the lambda does not return what the Coroutine is to give: a `return` or an await() is missing, or the "
                      "type is another");
    }

    // Of something that converts to R.
    template <class U, class = std::enable_if_t<!std::is_same<U, R>::value && !std::is_void<U>::value &&
                                                !std::is_void<R>::value && std::is_convertible<U, R>::value>>
    Coroutine(Coroutine<U> other) : body_([other = std::move(other)]() mutable -> R { return await(other); }) {}

    Coroutine(Coroutine&& other) noexcept : Coroutine(other, 0) {}
    Coroutine& operator=(Coroutine&& other) noexcept {
        if (this != &other) {
            drop();
            body_ = std::move(other.body_);
            frame_ = std::move(other.frame_);
            name_ = std::move(other.name_);
            origin_ = other.origin_;
            state_ = std::exchange(other.state_, CoroutineState::closed);
            take_over(other);
        }
        return *this;
    }
    // One that has started and is suspended is closed, as by close(); what that throws is reported as unraisable.
    ~Coroutine() {
        if (frame_ != nullptr || body_ || in_place_ != nullptr || name_ != nullptr) drop();
    }

    // Driver by hand: runs to the next yield and returns the future awaited there, or an empty one for a bare yield
    // (`sleep(0)`). Throws StopIteration<R> when the body returns, what the body throws, RuntimeError when it has ended
    // before, std::invalid_argument when it is running, std::bad_alloc when there is no stack.
    AnyFuture send() { return drive(nullptr); }
    // The same, raising the exception where the body waits.
    template <class E>
    AnyFuture throw_(E exception) { return drive(std::make_exception_ptr(std::move(exception))); }
    AnyFuture throw_(std::exception_ptr exception) {
        detail::check_throwable(exception);
        return drive(std::move(exception));
    }

    // Raises GeneratorExit where the body waits. Throws RuntimeError when it awaits again, std::invalid_argument when it is
    // running, or what else it throws.
    void close() {
        if (frame_ != nullptr) return frame().close();
        if (in_place_ != nullptr) detail::throw_already_executing();
        if (state_ == CoroutineState::created) body_.reset();
        state_ = CoroutineState::closed;
    }

    CoroutineState state() const noexcept {
        if (frame_ != nullptr) return frame().state();
        return in_place_ != nullptr ? CoroutineState::running : state_;
    }
    // The future it awaits; empty unless it was started by hand and is suspended in an await.
    AnyFuture cr_await() const {
        if (state() != CoroutineState::suspended) return AnyFuture();
        return AnyFuture(detail::Ref<detail::FutureCore>(static_cast<detail::FutureCore*>(frame().yielded())));
    }

    // Names it for debug output.
    Coroutine& named(std::string name) & {
        name_ = name.empty() ? nullptr : std::unique_ptr<std::string>(new std::string(std::move(name)));
        return *this;
    }
    Coroutine&& named(std::string name) && { return std::move(named(std::move(name))); }
    std::string name() const { return name_ != nullptr ? *name_ : std::string(); }
    // Where it was created, the creating call last, if a loop in debug mode ran in this thread; else empty.
    std::vector<StackFrame> cr_origin() const { return origin_.frames(); }

    // For the rooms above. await_here(): runs it on the caller's own stack, or is delegated to when it has started.
    CEDE_INLINE_AWAIT R await_here();
    // Takes the body out, for a task's own frame; the coroutine is then used up. Throws as a second await does.
    detail::Closure<R> release_body();
    bool started() const noexcept { return frame_ != nullptr; }
    // Out of a list in braces, whose elements are const.
    Coroutine take_from_list() const noexcept { return Coroutine(*this, 0); }

private:
    Coroutine(const Coroutine& other, int) noexcept
        : origin_(other.origin_), state_(std::exchange(other.state_, CoroutineState::closed)), body_(std::move(other.body_)),
          frame_(std::move(other.frame_)), name_(std::move(other.name_)) {
        take_over(other);
    }

    detail::StartedCoroutine<R>& frame() const noexcept { return static_cast<detail::StartedCoroutine<R>&>(*frame_); }
    AnyFuture drive(std::exception_ptr thrown);
    __attribute__((noinline)) void drop() noexcept {
        if (frame_ == nullptr && state_ == CoroutineState::created && body_) {
            detail::report_never_awaited(name_.get(), body_.type().name(), origin_);
        }
        frame_.reset();
        body_.reset();
        if (in_place_ != nullptr) std::exchange(in_place_, nullptr)->lost();
    }
    void take_over(const Coroutine& other) noexcept {
        in_place_ = std::exchange(other.in_place_, nullptr);
        if (in_place_ != nullptr) in_place_->moved_to(in_place_);
    }

    // First, for behind a call the compiler no longer knows what body there is, and calls it by its address. Where an await sees
    // how its coroutine is made, as that of sleep(), it runs the very body: 254 -> 234 instructions a yield, 22.6 -> 20.7 ns.
    detail::Origin origin_ = detail::Origin::here_in_debug_mode();
    // Mutable for take_from_list().
    mutable CoroutineState state_ = CoroutineState::created;  // while there is no frame: created or closed
    mutable detail::Closure<R> body_;
    mutable std::unique_ptr<detail::OwnedFrame> frame_;  // a StartedCoroutine<R>
    mutable std::unique_ptr<std::string> name_;  // null: the body's type is its name
    mutable detail::RunsInPlace* in_place_ = nullptr;
};

// Runs the coroutine in place: no allocation, no switch, and control is ceded only if its body cedes. Returns what the
// body returns and throws what it throws; RuntimeError when it was awaited before.
template <class R>
CEDE_INLINE_AWAIT R await(Coroutine<R>& coroutine) { return coroutine.await_here(); }
template <class R>
CEDE_INLINE_AWAIT R await(Coroutine<R>&& coroutine) { return coroutine.await_here(); }
template <class R>
R await(const Coroutine<R>& coroutine) {
    static_assert(!std::is_same<R, R>::value,
                  "a const Coroutine cannot run: it is used up by running. A lambda that has captured one must be mutable");
    return const_cast<Coroutine<R>&>(coroutine).await_here();
}

template <class R>
AnyFuture Coroutine<R>::drive(std::exception_ptr thrown) {
    if (frame_ == nullptr) {
        if (in_place_ != nullptr) detail::throw_already_executing();
        if (state_ == CoroutineState::closed) detail::throw_reused();
        frame_.reset(new detail::StartedCoroutine<R>(std::move(body_)));
        state_ = CoroutineState::closed;
    } else if (frame().closed()) {
        detail::throw_reused();
    }
    detail::StartedCoroutine<R>& frame = this->frame();  // the body may move this handle, by growing the vector it is in
    frame.resume(std::move(thrown));
    if (!frame.closed()) {
        return AnyFuture(detail::Ref<detail::FutureCore>(static_cast<detail::FutureCore*>(frame.yielded())));
    }
    if (frame.error()) std::rethrow_exception(frame.take_error());
    frame.result().throw_stop_iteration();
}

template <class R>
CEDE_INLINE_AWAIT R Coroutine<R>::await_here() {
    if (frame_ != nullptr) {
        detail::StartedCoroutine<R>& frame = this->frame();
        if (frame.closed()) detail::throw_reused();
        detail::delegate_to(frame);
        return frame.result().take();
    }
    if (in_place_ != nullptr) detail::throw_already_awaited();
    if (state_ == CoroutineState::closed) detail::throw_reused();
    state_ = CoroutineState::closed;
    typename detail::Closure<R>::Storage storage;
    const typename detail::Closure<R>::MovedOut body(body_, storage);
    const detail::RunsInPlace running(in_place_);
    try {
        return detail::run_watched<R>(body, std::is_void<R>());
    } catch (const StopIterationBase&) {
        detail::throw_escaped_stop_iteration("coroutine");
    }
}

template <class R>
detail::Closure<R> Coroutine<R>::release_body() {
    if (in_place_ != nullptr) detail::throw_already_awaited();
    if (state_ == CoroutineState::closed) detail::throw_reused();
    state_ = CoroutineState::closed;
    return std::move(body_);
}

}  // namespace cede

#endif
