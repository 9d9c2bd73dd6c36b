// What it is: a function that can be left in its middle, giving a value, and continued there: Python's generator, with
// send, throw, close and `yield from`, at any call depth below the body.
// When to use it: to write a producer, a parser or a walk over a structure as straight code. When not: to wait for
// something; a Coroutine does that (an await inside a generator's body cedes for the task that iterates it).
//
// A generator belongs to the thread that first resumes it. Nothing here cedes to an event loop.
#ifndef CEDE_COROUTINE_GENERATOR_HPP
#define CEDE_COROUTINE_GENERATOR_HPP

#include <cstddef>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/types/optional.h"
#include "absl/types/variant.h"

#include "cede/base/closure.hpp"
#include "cede/base/exceptions.hpp"
#include "cede/base/result.hpp"
#include "cede/coroutine/frame.hpp"

namespace cede {

template <class Y, class S = void, class R = void>
class Generator;
template <class Y, class S = void>
class Yield;

namespace detail {

template <class Y, class S, class R>
class GeneratorFrame final : public Frame, public Pooled {
public:
    using Body = absl::AnyInvocable<R(Yield<Y, S>&)>;
    explicit GeneratorFrame(Body body) : Frame(Kind::generator), body_(std::move(body)) { let_escape(this); }
    virtual ~GeneratorFrame() { dispose(); }

    Result<R>& result() noexcept { return result_; }

private:
    void run_body() override {
        Yield<Y, S> yield(*this);
        result_.set_from([&]() -> R { return body_(yield); });
    }
    void drop_body() noexcept override { body_ = nullptr; }

    Body body_;
    Result<R> result_;
};

template <class S>
S take_sent(Frame& frame) { return std::move(*static_cast<S*>(frame.sent())); }
template <>
inline void take_sent<void>(Frame&) {}

template <class Y, class S, class R>
std::true_type derives_from_generator(const Generator<Y, S, R>*);
std::false_type derives_from_generator(...);
template <class T>
using IsGenerator = decltype(derives_from_generator(static_cast<std::decay_t<T>*>(nullptr)));

// What next() sends. A type without a default value can only be sent by send().
template <class S, bool = std::is_default_constructible<S>::value>
struct DefaultValue {
    S value{};
    void* get() noexcept { return &value; }
};
template <class S>
struct DefaultValue<S, false> {
    void* get() const {
        throw std::invalid_argument("the generator waits for a value whose type has no default: call send(), not next()");
    }
};
template <>
struct DefaultValue<void, false> {
    void* get() const noexcept { return nullptr; }
};

}  // namespace detail

// What a generator's body yields through. Only valid inside that body.
template <class Y, class S>
class Yield {
public:
    explicit Yield(detail::Frame& frame) noexcept : frame_(frame) {}
    Yield(const Yield&) = delete;
    Yield& operator=(const Yield&) = delete;

    // Gives `value` to whoever resumed the generator and waits; returns what send() brings (next() brings S()), or raises
    // what throw_() brings, GeneratorExit at close().
    S operator()(Y value) {
        frame_.suspend_and_raise(&value);
        return detail::take_sent<S>(frame_);
    }

    // `yield from`: runs `inner` to its end in place of this body: values, sends and throws go through. Returns its
    // result; throws InvalidStateError for one that has ended before, whose result somebody had.
    template <class R2>
    R2 from(Generator<Y, S, R2>& inner);
    template <class R2>
    R2 from(Generator<Y, S, R2>&& inner) { return from(inner); }
    // The same with the elements of a container; what is sent is dropped.
    template <class Range, class = std::enable_if_t<!detail::IsGenerator<Range>::value>>
    void from(Range&& range) {
        for (auto&& value : range) (*this)(value);
    }

private:
    detail::Frame& frame_;
};

template <class Y, class S, class R>
class Generator {
    static_assert(!std::is_reference<Y>::value && !std::is_reference<S>::value && !std::is_reference<R>::value,
                  "a generator passes values: use a pointer or std::reference_wrapper<T>");
    using Frame = detail::GeneratorFrame<Y, S, R>;

public:
    using Sent = std::conditional_t<std::is_void<S>::value, absl::monostate, S>;

    // `body`: R(Yield<Y, S>&). Nothing runs yet, and there is no stack.
    template <class F, class = std::enable_if_t<!std::is_same<std::decay_t<F>, Generator>::value>>
    Generator(F&& body)
        : frame_(new Frame(typename Frame::Body(std::forward<F>(body)))) {}
    Generator(Generator&&) noexcept = default;
    Generator& operator=(Generator&&) noexcept = default;

    // Starts it, or resumes it with S(); returns the next value. Throws StopIteration<R> when the body returns, what the
    // body throws, std::invalid_argument from inside the body itself, and when S has no default value and it has started
    // (use send()), std::bad_alloc when there is no stack.
    Y next() { return value_or_stop(resume_with_default(frame())); }
    // Resumes it with `value`. Throws as next(), and std::invalid_argument when it has not started: nobody waits for a
    // value yet, so call next() first.
    Y send(Sent value) { return value_or_stop(resume_with(value)); }
    // As next(): Python's send(None).
    Y send() { return next(); }
    // Raises the exception where the body waits; returns the next value if the body catches it. Throws as next(); on a
    // finished generator throws the exception itself.
    template <class E>
    Y throw_(E exception) { return throw_(std::make_exception_ptr(std::move(exception))); }
    Y throw_(std::exception_ptr exception) {
        detail::check_throwable(exception);
        Frame& f = frame();
        if (f.closed()) std::rethrow_exception(std::move(exception));
        f.resume(std::move(exception));
        return value_or_stop(f);
    }

    // The same without StopIteration: empty when the body returned; its result is then in result().
    absl::optional<Y> try_next() { return value_or_nothing(resume_with_default(frame())); }
    absl::optional<Y> try_send(Sent value) { return value_or_nothing(resume_with(value)); }
    // What the body returned. Throws InvalidStateError when it has not.
    std::add_lvalue_reference_t<R> result() { return frame().result().get(); }

    // Raises GeneratorExit where the body waits. Returns the value if the body caught it and returned one (a bare void
    // for R = void). Throws RuntimeError if it yields again, or what else it throws. Does nothing on a finished one.
    typename detail::Result<R>::Optional close() {
        Frame* const f = frame_.get();
        const bool was_open = f != nullptr && f->state() == CoroutineState::suspended;
        if (f != nullptr) f->close();
        return detail::Result<R>::optional(was_open ? &f->result() : nullptr);
    }

    CoroutineState state() const noexcept { return frame_ != nullptr ? frame_->state() : CoroutineState::closed; }

    class iterator {
    public:
        using iterator_category = std::input_iterator_tag;
        using value_type = Y;
        using difference_type = std::ptrdiff_t;
        using pointer = Y*;
        using reference = Y&;

        iterator() noexcept = default;
        explicit iterator(Generator& generator) : frame_(&generator.frame()) { ++*this; }
        reference operator*() const noexcept { return value_of(*frame_); }
        pointer operator->() const noexcept { return &**this; }
        iterator& operator++() {
            if (resume_with_default(*frame_).closed()) frame_ = nullptr;
            return *this;
        }
        void operator++(int) { ++*this; }
        friend bool operator==(const iterator& a, const iterator& b) noexcept { return a.frame_ == b.frame_; }
        friend bool operator!=(const iterator& a, const iterator& b) noexcept { return a.frame_ != b.frame_; }

    private:
        Frame* frame_ = nullptr;
    };
    // Iterates over the values from here on; each is referred to where the body keeps it, until the next step.
    iterator begin() { return iterator(*this); }
    iterator end() noexcept { return iterator(); }

private:
    template <class, class>
    friend class Yield;

    Frame& frame() const {
        if (frame_ == nullptr) throw InvalidStateError("this generator was moved from");
        return *frame_;
    }

    // These take the frame, since the body may move its own handle, by growing the vector it is in. They return it
    // suspended or closed, and throw what the body threw.
    static Frame& resume_with_default(Frame& f) { return resume_with_default(f, std::is_void<S>()); }
    static Frame& resume_with_default(Frame& f, std::true_type) { return resume(f, nullptr); }
    static Frame& resume_with_default(Frame& f, std::false_type) {
        // Nobody receives the first value, so that S need not have a default one for it.
        if (f.state() == CoroutineState::created) return resume(f, nullptr);
        detail::DefaultValue<S> none;
        return resume(f, none.get());
    }
    Frame& resume_with(Sent& value) {
        if (frame().state() == CoroutineState::created) {
            throw std::invalid_argument("cannot send a value to a generator that has not started; call next() first");
        }
        return resume(*frame_, &value);
    }
    static Frame& resume(Frame& f, void* sent) {
        if (f.closed()) return f;
        f.set_sent(sent);
        f.resume(nullptr);
        if (f.closed() && f.error()) std::rethrow_exception(f.take_error());
        return f;
    }

    static Y& value_of(Frame& f) noexcept { return *static_cast<Y*>(f.yielded()); }
    static Y value_or_stop(Frame& f) {
        if (!f.closed()) return std::move(value_of(f));
        if (f.error()) std::rethrow_exception(f.take_error());
        f.result().throw_stop_iteration();
    }
    static absl::optional<Y> value_or_nothing(Frame& f) {
        if (f.closed()) return absl::nullopt;
        return absl::optional<Y>(std::move(value_of(f)));
    }

    std::unique_ptr<Frame> frame_;
};

template <class Y, class S>
template <class R2>
R2 Yield<Y, S>::from(Generator<Y, S, R2>& inner) {
    auto& in = inner.frame();  // the handle may move meanwhile, by growing the vector it is in
    if (in.closed() && !std::is_void<R2>::value) detail::throw_ended_before();
    std::exception_ptr thrown;
    // An inner one that has started waits in a yield, which must return something.
    detail::DefaultValue<S> none;
    if (in.state() == CoroutineState::suspended) in.set_sent(none.get());
    while (!in.closed()) {
        in.resume(std::exchange(thrown, nullptr));
        if (in.closed()) break;
        thrown = frame_.suspend_for(in);
        if (detail::closes_inner(frame_, thrown)) {
            in.close();
            std::rethrow_exception(std::move(thrown));
        }
        in.set_sent(frame_.sent());
    }
    if (thrown) std::rethrow_exception(std::move(thrown));  // somebody else has ended it, so nobody is there to catch this
    if (in.error()) std::rethrow_exception(in.take_error());
    return in.result().take();
}

}  // namespace cede

#endif
