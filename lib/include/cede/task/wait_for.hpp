// What it is: one awaitable with a bound on its time: asyncio's wait_for. When to use it: for a single value. When not:
// around several awaits; that is timeout().
#ifndef CEDE_TASK_WAIT_FOR_HPP
#define CEDE_TASK_WAIT_FOR_HPP

#include <memory>
#include <utility>

#include "absl/types/optional.h"

#include "cede/task/task.hpp"
#include "cede/task/timeout.hpp"

namespace cede {

namespace detail {
// Cancels `future` and waits until it is done; a cancellation of the caller is raised meanwhile.
void cancel_and_wait(const AnyFuture& future);
// For a deadline that is over before the wait begins: true when `future` is done; else cancels it, waits for it, and throws
// TimeoutError unless it absorbed the cancellation.
void expire_at_once(const AnyFuture& future);
}  // namespace detail

// When awaited, waits for `x` (a future, task, coroutine or callable) for at most `limit`; nullopt waits without one. When
// time runs out, cancels it, waits until its clean-up is done, and throws TimeoutError; if it throws something else then,
// that is thrown, and if it returns a value after all, that is returned. With a limit of zero or less only something done
// already gives its value, and a coroutine is never started.
template <class X>
Coroutine<detail::AwaitedT<X>> wait_for(X&& x, absl::optional<Duration> limit) {
    using R = detail::AwaitedT<X>;
    return [x = std::decay_t<X>(static_cast<detail::Kept<X>>(x)), limit]() mutable -> R {
        if (limit && limit->count() <= 0) {
            auto future = ensure_future(std::move(x));
            detail::expire_at_once(future);
            return await(std::move(future));
        }
        return timeout(limit, [&]() -> R { return await(detail::to_awaitable(std::move(x))); });
    };
}

}  // namespace cede

#endif
