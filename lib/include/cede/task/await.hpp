// What it is: `await`, for everything that can be awaited: futures, tasks, coroutines, and any type with a member
// `R cede_await()` or a function `R cede_await(T&)` found by argument-dependent look-up.
// When to use it: anywhere below a task or a driven coroutine, at any call depth, also in destructors and catch blocks.
// When not: under frames of a C library that cannot be left and continued in between.
//
// await cedes control when the awaited is not done, and not otherwise. A cancellation of the task is raised here, as
// CancelledError; inside a destructor that runs because an exception unwinds the stack it is held back, and raised at the
// first await after that, because throwing there would end the process. (A destructor that runs in the ordinary way is
// noexcept too: declare it noexcept(false), or do not await in it, where the task may be cancelled.)
#ifndef CEDE_TASK_AWAIT_HPP
#define CEDE_TASK_AWAIT_HPP

#include <type_traits>
#include <utility>

#include "cede/coroutine/coroutine.hpp"
#include "cede/loop/future.hpp"

namespace cede {

namespace detail {

// Waits until `core` is done. Throws what it ended with, CancelledError when the task was cancelled, RuntimeError outside
// every coroutine or when the driver resumed too early.
void await_future(FutureCore& core);

template <class T>
auto generic_await(T& awaitable, int) -> decltype(awaitable.cede_await()) { return awaitable.cede_await(); }
template <class T>
auto generic_await(T& awaitable, long) -> decltype(cede_await(awaitable)) { return cede_await(awaitable); }

// Takes what nothing else takes, to say what is wrong.
struct NotAwaitable {
    template <class T, class = std::enable_if_t<!std::is_convertible<T, AnyFuture>::value>>
    NotAwaitable(T&&) noexcept {
        static_assert(!std::is_same<T, T>::value,
                      "await() takes a Coroutine, a Future, a Task, or a type with cede_await(). A function is called first: "
                      "await(f()). A lambda in place of one is run by calling it, or beside this task by create_task()");
    }
};

}  // namespace detail

// Returns a copy of the result, so that a future can be awaited any number of times; a move-only result goes to the first
// await, and a second one throws InvalidStateError. Throws what the future holds.
template <class T>
T await(const Future<T>& future) {
    const Future<T> alive = future;
    detail::await_future(alive.checked_core());
    return alive.take(false);
}
// Moves the result out when this was the last handle.
template <class T>
T await(Future<T>&& future) {
    const Future<T> alive = std::move(future);
    detail::await_future(alive.checked_core());
    return alive.take(alive.core()->unique());
}
// For a future of any type: waits, and throws what it ended with.
inline void await(const AnyFuture& future) {
    const AnyFuture alive = future;
    detail::await_future(alive.checked_core());
}

// `yield from` a type's own cede_await.
template <class T>
auto await(T&& awaitable) -> decltype(detail::generic_await(awaitable, 0)) {
    return detail::generic_await(awaitable, 0);
}
// Anything else: does not compile, and says why.
inline detail::NotAwaitable await(detail::NotAwaitable other) { return other; }

}  // namespace cede

#endif
