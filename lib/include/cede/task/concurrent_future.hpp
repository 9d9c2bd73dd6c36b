// What it is: a future for threads: result() blocks until it is there: Python's concurrent.futures.Future. When to use it:
// outside a loop, for what run_coroutine_threadsafe gives, and as what a thread pool of your own gives. When not: in a
// loop's thread, which it would block; there wrap_future() makes a Future of it.
//
// Any thread; copying a handle refers to the same future. Nothing here cedes; `await` of one does, see wrap_future.hpp.
#ifndef CEDE_TASK_CONCURRENT_FUTURE_HPP
#define CEDE_TASK_CONCURRENT_FUTURE_HPP

#include <exception>
#include <memory>
#include <mutex>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/types/optional.h"
#include "absl/types/variant.h"

#include "cede/base/duration.hpp"
#include "cede/base/copyable.hpp"
#include "cede/base/exceptions.hpp"
#include "cede/base/result.hpp"
#include "cede/loop/executor.hpp"
#include "cede/task/task.hpp"

namespace cede {

namespace detail {

class ConcurrentState {
public:
    ConcurrentState();
    virtual ~ConcurrentState();

    bool done() const;
    bool cancelled() const;
    bool running() const;
    bool set_running_or_notify_cancel();
    // True when this call has cancelled it; then `on_cancel` runs, on the calling thread.
    bool cancel();
    // Blocks until it is done. Throws TimeoutError when `timeout` passes first.
    void wait(absl::optional<Duration> timeout);
    // As above, then throws what it holds if that is no value.
    void check(absl::optional<Duration> timeout);
    std::exception_ptr exception(absl::optional<Duration> timeout);
    void add_done_callback(absl::AnyInvocable<void()> callback);
    void set_on_cancel(absl::AnyInvocable<void()> callback);
    // That loop does the work, so that waiting in its thread is an error. Before anybody else has the future.
    void set_worker(const LoopReference& loop) noexcept { worker_ = loop; }

    // Completes it by `store`, which puts the value into its place, or with the error; false when it was done already.
    bool complete(absl::FunctionRef<void()> store);
    bool fail(std::exception_ptr error, bool cancelled);

private:
    enum class State { pending, finished, cancelled };
    struct Signal;  // apart, so that no program compiles <condition_variable> for it
    void finish(State state, std::unique_lock<std::mutex>& lock);

    mutable std::mutex mutex_;
    const std::shared_ptr<Signal> done_;
    State state_ = State::pending;
    bool running_ = false;
    std::exception_ptr error_;
    std::vector<absl::AnyInvocable<void()>> callbacks_;
    absl::AnyInvocable<void()> on_cancel_;
    LoopReference worker_;
};

template <class T>
struct ConcurrentStateOf : ConcurrentState {
    Result<T> value;
};

[[noreturn]] void throw_concurrent_future_done();

}  // namespace detail

template <class T>
class ConcurrentFuture {
public:
    using result_type = T;
    // What set_result takes; absl::monostate for void.
    using Value = std::conditional_t<std::is_void<T>::value, absl::monostate, T>;

    ConcurrentFuture() : state_(std::make_shared<detail::ConcurrentStateOf<T>>()) {}
    explicit ConcurrentFuture(std::shared_ptr<detail::ConcurrentStateOf<T>> state) noexcept : state_(std::move(state)) {}

    bool done() const { return state_->done(); }
    bool cancelled() const { return state_->cancelled(); }
    bool running() const { return state_->running(); }
    // Cancels the work behind it too, as far as that can be; false when it is done or runs.
    bool cancel() const { return state_->cancel(); }
    // Blocks for at most `timeout`, by default without bound. Throws TimeoutError, CancelledError, or what the work threw;
    // RuntimeError where the loop that does the work would wait for itself.
    T result(absl::optional<Duration> timeout = absl::nullopt) const {
        state_->check(timeout);
        return get(detail::IsCopyable<T>());
    }
    std::exception_ptr exception(absl::optional<Duration> timeout = absl::nullopt) const {
        return state_->exception(timeout);
    }
    // `f`: void(ConcurrentFuture<T>) or void(); runs on the thread that completes it, at once when it is done.
    template <class F>
    void add_done_callback(F f) const {
        state_->add_done_callback([self = *this, f = std::move(f)]() mutable { detail::call_with_future(f, self, 0); });
    }

    // For whoever does the work, before it begins: false when it was cancelled and is not to begin; from true on it cannot
    // be cancelled any more. Throws InvalidStateError when it runs or is done.
    bool set_running_or_notify_cancel() const { return state_->set_running_or_notify_cancel(); }
    // For whoever has done the work. They throw InvalidStateError when it is done, be it by a cancel().
    void set_result(Value value) const {
        if (!state_->complete([&] { set(std::move(value), std::is_void<T>()); })) detail::throw_concurrent_future_done();
    }
    template <class U = T, class = std::enable_if_t<std::is_void<U>::value>>
    void set_result() const { set_result(absl::monostate()); }
    template <class E>
    void set_exception(E exception) const { set_exception(std::make_exception_ptr(std::move(exception))); }
    void set_exception(std::exception_ptr exception) const {
        if (!state_->fail(std::move(exception), false)) detail::throw_concurrent_future_done();
    }

    detail::ConcurrentStateOf<T>& state() const noexcept { return *state_; }
    const std::shared_ptr<detail::ConcurrentStateOf<T>>& shared_state() const noexcept { return state_; }

private:
    void set(absl::monostate, std::true_type) const {
        state_->value.set_from([] {});
    }
    void set(Value value, std::false_type) const {
        state_->value.set_from([&]() -> T { return std::move(value); });
    }
    T get(std::true_type) const { return state_->value.get(); }
    T get(std::false_type) const { return state_->value.take(); }

    std::shared_ptr<detail::ConcurrentStateOf<T>> state_;
};

namespace detail {

// Whoever is to complete a concurrent future carries this: when it is dropped instead, by a loop that closes or an executor
// that is shut down, the future is cancelled, and the thread that waits for it goes on.
class CompletionDuty {
public:
    explicit CompletionDuty(std::shared_ptr<ConcurrentState> state, const char* dropped = "the event loop was closed") noexcept
        : state_(std::move(state)), dropped_(dropped) {}
    CompletionDuty(CompletionDuty&&) noexcept = default;
    ~CompletionDuty();

private:
    std::shared_ptr<ConcurrentState> state_;
    const char* dropped_;
};

void cancel_from_thread(const LoopReference& loop, const AnyFuture& future);

template <class T>
void copy_outcome(const Future<T>& from, const ConcurrentFuture<T>& to) {
    if (std::exception_ptr error = from.core()->outcome()) {
        to.state().fail(std::move(error), from.cancelled());
    } else {
        try {
            // Copied before the lock is taken: a copy is the user's code, and may throw.
            Result<T> value;
            value.set_from([&]() -> T { return from.take(false); });
            to.state().complete([&] { to.state().value = std::move(value); });
        } catch (...) {
            to.state().fail(std::current_exception(), false);
        }
    }
}

// Cancelling the one cancels the other, and the outcome of the task goes to the concurrent future.
template <class T>
void chain(const Future<T>& task, const ConcurrentFuture<T>& to, CompletionDuty duty) {
    const LoopReference loop = task.core()->loop_reference();
    to.state().set_on_cancel([task, loop] { cancel_from_thread(loop, task); });
    task.add_done_callback([to, duty = std::move(duty)](const Future<T>& done) { copy_outcome(done, to); });
}

// What a loop does for another thread: it makes a task of the coroutine, and ties it to `result`. Dropped instead, by a loop
// that closes, it cancels that.
template <class R>
class TaskForThread {
public:
    TaskForThread(Coroutine<R> coroutine, ConcurrentFuture<R> result)
        : coroutine_(std::move(coroutine)), result_(std::move(result)), duty_(result_.shared_state()) {}

    void operator()(EventLoop& loop) {
        try {
            // First of all: what it throws must find the duty still here.
            const Future<R> task = loop.create_task(std::move(coroutine_));
            chain<R>(task, result_, std::move(duty_));
        } catch (...) {
            result_.state().fail(std::current_exception(), false);
            throw;
        }
    }

private:
    Coroutine<R> coroutine_;
    ConcurrentFuture<R> result_;
    CompletionDuty duty_;
};

// What a thread of an executor does for submit().
template <class R, class F>
class SubmittedCall {
public:
    SubmittedCall(F f, ConcurrentFuture<R> future)
        : f_(std::move(f)), future_(std::move(future)), duty_(future_.shared_state(), "the executor dropped the call") {}
    void operator()() {
        if (!future_.set_running_or_notify_cancel()) return;
        try {
            call(std::is_void<R>());
        } catch (...) {
            future_.set_exception(std::current_exception());
        }
    }

private:
    void call(std::true_type) {
        f_();
        future_.set_result();
    }
    void call(std::false_type) { future_.set_result(f_()); }

    F f_;
    ConcurrentFuture<R> future_;
    CompletionDuty duty_;
};

}  // namespace detail

template <class F, class... Args>
ConcurrentFuture<detail::CallResult<F, Args...>> Executor::submit(F&& f, Args&&... args) {
    using R = detail::CallResult<F, Args...>;
    using Call = detail::Bound<std::decay_t<F>, std::decay_t<Args>...>;
    ConcurrentFuture<R> future;
    execute(detail::SubmittedCall<R, Call>(Call(std::forward<F>(f), std::forward<Args>(args)...), future));
    return future;
}

// Runs `x` (a coroutine or callable) as a task of `loop`, which runs in another thread. Any thread. Throws RuntimeError
// when the loop is closed; one that closes before the task has ended cancels the result. A future of `loop` may be given, too:
// `await(run_coroutine_threadsafe(future, its_loop))` brings the result of a future over from another loop.
template <class X>
ConcurrentFuture<detail::AwaitedT<X>> run_coroutine_threadsafe(X&& x, EventLoop& loop) {
    using R = detail::AwaitedT<X>;
    ConcurrentFuture<R> result;
    result.state().set_worker(loop.reference());
    loop.call_soon_threadsafe(
        [start = detail::TaskForThread<R>(detail::to_coroutine(std::forward<X>(x)), result), &loop]() mutable { start(loop); });
    return result;
}

}  // namespace cede

#endif
