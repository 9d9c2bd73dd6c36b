// What it is: the typed part of EventLoop::run_in_executor. When to use it: through that member.
#ifndef CEDE_LOOP_RUN_IN_EXECUTOR_HPP
#define CEDE_LOOP_RUN_IN_EXECUTOR_HPP

#include <atomic>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

#include "absl/functional/any_invocable.h"

#include "cede/base/result.hpp"
#include "cede/loop/event_loop.hpp"

namespace cede {
namespace detail {

// A function on its way to a thread and back. The thread writes the outcome, then the loop's thread reads it: posting to
// the loop orders the two.
class ExecutorJob {
public:
    virtual ~ExecutorJob();
    virtual void run() noexcept = 0;      // on the executor's thread
    virtual void deliver() = 0;           // on the loop's thread
    // True for the first of the two who ask: the thread that is about to run it, or the loop, where it was cancelled.
    bool claim() noexcept { return !claimed_.exchange(true, std::memory_order_relaxed); }

private:
    std::atomic<bool> claimed_{false};
};

template <class R, class F>
class ExecutorCall final : public ExecutorJob {
public:
    ExecutorCall(F f, Future<R> future) : f_(std::move(f)), future_(std::move(future)) {}

    void run() noexcept override {
        ran_ = true;
        try {
            result_.set_from([this]() -> R { return f_(); });
        } catch (...) {
            exception_ = std::current_exception();
        }
    }
    void deliver() override {
        if (future_.done()) return;  // cancelled meanwhile
        if (!ran_) {
            future_.cancel("the executor dropped the call");
            return;
        }
        if (exception_) return future_.set_exception(std::move(exception_));
        set(std::is_void<R>());
    }

private:
    void set(std::true_type) { future_.set_result(); }
    void set(std::false_type) { future_.set_result(result_.take()); }

    F f_;
    bool ran_ = false;
    Future<R> future_;
    Result<R> result_;
    std::exception_ptr exception_;
};

// Gives the job, whose outcome is for `future`, to the executor; null stands for the default one. When the loop has gone in
// the meantime the outcome is dropped.
void submit_job(EventLoop& loop, Executor* executor, std::shared_ptr<ExecutorJob> job, FutureCore& future);

}  // namespace detail

template <class F>
Future<detail::CallResult<F>> EventLoop::run_bound(Executor* executor, F&& f) {
    using R = detail::CallResult<F>;
    check_open();
    Future<R> future(*this);
    submit(executor, std::make_shared<detail::ExecutorCall<R, std::decay_t<F>>>(std::forward<F>(f), future), *future.core());
    return future;
}

template <class F, class... Args>
Future<detail::CallResult<F, Args...>> EventLoop::run_in_executor(Executor& executor, F&& f, Args&&... args) {
    return run_bound(&executor, detail::bind_callback(std::forward<F>(f), std::forward<Args>(args)...));
}

template <class F, class... Args>
Future<detail::CallResult<F, Args...>> EventLoop::run_in_executor(std::nullptr_t, F&& f, Args&&... args) {
    return run_bound(nullptr, detail::bind_callback(std::forward<F>(f), std::forward<Args>(args)...));
}

}  // namespace cede

#endif
