// What it is: waiting for something that a cancellation of the wait must not reach: asyncio's shield. When to use it: around
// work that has to be finished once begun, like a commit. When not: to ignore a cancellation; the await is cancelled all the
// same, only the work goes on, and somebody should await it later.
//
// Nothing here cedes. Loop's thread only.
#ifndef CEDE_TASK_SHIELD_HPP
#define CEDE_TASK_SHIELD_HPP

#include <utility>

#include "cede/task/task.hpp"

namespace cede {

namespace detail {

// `deliver` gives the value of a successful `inner` to `outer`.
using Deliver = void (*)(FutureCore& inner, FutureCore& outer);
void shield_from_cancellation(FutureCore& inner, FutureCore& outer, Deliver deliver);

template <class T>
struct DeliverValue {
    static void deliver(FutureCore& inner, FutureCore& outer) {
        const Future<T> from{Ref<FutureCore>(&inner)};
        Future<T>(Ref<FutureCore>(&outer)).set_result(from.take(false));
    }
};
template <>
struct DeliverValue<void> {
    static void deliver(FutureCore&, FutureCore& outer) { Future<void>(Ref<FutureCore>(&outer)).set_result(); }
};

}  // namespace detail

// A future of the outcome of `x` (a future, task, coroutine or callable), which can be cancelled without cancelling `x`. An
// exception that `x` ends with after that goes to the loop's exception handler, once. When `x` is itself cancelled, so is
// the future. A move-only result goes to this future. Throws RuntimeError when there is no loop.
template <class X>
Future<detail::AwaitedT<X>> shield(X&& x) {
    using T = detail::AwaitedT<X>;
    const Future<T> inner = detail::with_result<T>(ensure_future(std::forward<X>(x)));
    if (inner.done()) return inner;
    const Future<T> outer(inner.get_loop());
    detail::shield_from_cancellation(*inner.core(), *outer.core(), &detail::DeliverValue<T>::deliver);
    return outer;
}

}  // namespace cede

#endif
