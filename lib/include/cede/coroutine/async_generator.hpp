// What it is: a generator whose body may await between its items: Python's async generator. When to use it: for a source
// of items that waits for each: a file in chunks, pages of a result, lines of a connection. When not: without any await
// in it a Generator does; to hand items to another task use a Queue.
//
// Belongs to the thread of its first step; move-only. One that is dropped unfinished, on whatever thread, is closed by its
// loop soon afterwards, and shutdown_asyncgens() closes those left at the end of run(). Without a loop it is closed where it
// is dropped, and an await in its clean-up is then an error, which is reported.
#ifndef CEDE_COROUTINE_ASYNC_GENERATOR_HPP
#define CEDE_COROUTINE_ASYNC_GENERATOR_HPP

#include <cstddef>
#include <iterator>
#include <memory>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/types/optional.h"
#include "absl/types/variant.h"

#include "cede/base/closure.hpp"
#include "cede/coroutine/async_generator_core.hpp"
#include "cede/coroutine/coroutine.hpp"
#include "cede/coroutine/generator.hpp"

namespace cede {

// What an async generator's body yields through: `value`s go to the consumer, and asend()'s comes back.
template <class T, class S = void>
class AsyncYield : public Yield<T, S> {
public:
    using Yield<T, S>::Yield;
};

namespace detail {

template <class T, class S>
class AsyncGeneratorFrame final : public AsyncGeneratorCore {
public:
    using Body = absl::AnyInvocable<void(AsyncYield<T, S>&)>;
    AsyncGeneratorFrame(Body body, const std::type_info& type) : AsyncGeneratorCore(type), body_(std::move(body)) {
        let_escape(this);
    }
    ~AsyncGeneratorFrame() override { dispose(); }

    T item() { return std::move(*static_cast<T*>(yielded())); }

private:
    void call_body() override {
        AsyncYield<T, S> yield(*this);
        body_(yield);
    }
    void drop_body() noexcept override { body_ = nullptr; }

    Body body_;
};

}  // namespace detail

template <class T, class S = void>
class AsyncGenerator {
    // Of an AsyncGeneratorOwner: the handle, its steps and its iterators share it.
    using FramePtr = std::shared_ptr<detail::AsyncGeneratorFrame<T, S>>;

public:
    using Sent = std::conditional_t<std::is_void<S>::value, absl::monostate, S>;

    // `body`: void(AsyncYield<T, S>&). Nothing runs yet.
    template <class F, class = std::enable_if_t<!std::is_same<std::decay_t<F>, AsyncGenerator>::value>>
    AsyncGenerator(F&& body) {
        using Frame = detail::AsyncGeneratorFrame<T, S>;
        auto frame = std::make_shared<Frame>(typename Frame::Body(std::forward<F>(body)), typeid(std::decay_t<F>));
        Frame* const address = frame.get();
        frame_ = FramePtr(std::make_shared<detail::AsyncGeneratorOwner>(std::move(frame)), address);
    }

    // Names it for error reports.
    AsyncGenerator& named(std::string name) & {
        frame()->set_name(std::move(name));
        return *this;
    }
    AsyncGenerator&& named(std::string name) && { return std::move(named(std::move(name))); }

    // Each of these does its step when it is awaited, and may cede as the body does. It throws what the body throws, and
    // RuntimeError while another step is under way, or in another thread than the first. What it returns keeps the generator
    // alive, and is used up by one await, whatever comes of it. On a generator that was moved from each throws RuntimeError.

    // The next item, or nothing when the body has returned.
    Coroutine<absl::optional<T>> next() {
        return [frame = frame()]() -> absl::optional<T> {
            S_or_none none{};
            if (!frame->step("next", &none)) return absl::nullopt;
            return absl::optional<T>(frame->item());
        };
    }
    // The next item; throws StopAsyncIteration when the body has returned.
    Coroutine<T> anext() {
        return [frame = frame()]() -> T {
            S_or_none none{};
            return item_of_step(*frame, "anext", &none);
        };
    }
    // The same, with `otherwise` in place of StopAsyncIteration.
    Coroutine<T> anext(T otherwise) {
        return [frame = frame(), otherwise = std::move(otherwise)]() mutable -> T {
            S_or_none none{};
            return frame->step("anext", &none) ? frame->item() : std::move(otherwise);
        };
    }
    // The yield returns `value`. Throws std::invalid_argument when the body has not started.
    Coroutine<T> asend(Sent value) {
        return [frame = frame(), value = std::move(value)]() mutable -> T {
            if (frame->state() == CoroutineState::created && !std::is_void<S>::value) detail::throw_async_value_too_early();
            return item_of_step(*frame, "asend", &value);
        };
    }
    // As anext(): Python's asend(None).
    Coroutine<T> asend() { return anext(); }
    // Raises the exception at the yield; evaluates to the next item if the body catches it and yields.
    template <class E>
    Coroutine<T> athrow(E exception) { return athrow(std::make_exception_ptr(std::move(exception))); }
    Coroutine<T> athrow(std::exception_ptr exception) {
        return [frame = frame(), exception]() -> T {
            detail::check_throwable(exception);
            return item_of_step(*frame, "athrow", nullptr, exception);
        };
    }
    // Raises GeneratorExit at the yield, so that clean-up runs, which may await. Throws RuntimeError if the body yields.
    Coroutine<void> aclose() {
        return [frame = frame()] { frame->close_here(); };
    }

    CoroutineState state() const noexcept { return frame_ != nullptr ? frame_->state() : CoroutineState::closed; }

    class iterator {
    public:
        using iterator_category = std::input_iterator_tag;
        using value_type = T;
        using difference_type = std::ptrdiff_t;
        using pointer = T*;
        using reference = T&;

        iterator() noexcept = default;
        explicit iterator(FramePtr frame) : frame_(std::move(frame)) { ++*this; }
        reference operator*() const noexcept { return *static_cast<T*>(frame_->yielded()); }
        pointer operator->() const noexcept { return &**this; }
        iterator& operator++() {
            S_or_none none{};
            if (!frame_->step("next", &none)) frame_ = nullptr;
            return *this;
        }
        void operator++(int) { ++*this; }
        friend bool operator==(const iterator& a, const iterator& b) noexcept { return a.frame_ == b.frame_; }
        friend bool operator!=(const iterator& a, const iterator& b) noexcept { return a.frame_ != b.frame_; }

    private:
        FramePtr frame_;
    };
    // `async for`: cedes as the body does at each step. Leaving it by break does not end the generator.
    iterator begin() { return iterator(frame()); }
    iterator end() noexcept { return iterator(); }

private:
    using S_or_none = Sent;

    const FramePtr& frame() const {
        if (frame_ == nullptr) detail::throw_moved_from_async_generator();
        return frame_;
    }

    static T item_of_step(detail::AsyncGeneratorFrame<T, S>& frame, const char* call, Sent* sent,
                          std::exception_ptr thrown = nullptr) {
        if (!frame.step(call, sent, std::move(thrown))) detail::throw_stop_async_iteration();
        return frame.item();
    }

    FramePtr frame_;
};

// Python's anext(): the next item; without one, StopAsyncIteration or `otherwise`.
template <class T, class S>
Coroutine<T> anext(AsyncGenerator<T, S>& generator) { return generator.anext(); }
template <class T, class S>
Coroutine<T> anext(AsyncGenerator<T, S>& generator, std::enable_if_t<true, T> otherwise) {
    return generator.anext(std::move(otherwise));
}

}  // namespace cede

#endif
