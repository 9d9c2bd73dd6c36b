// What it is: how a function of the library takes "a coroutine, a future, a task or a callable": what awaiting it gives, and
// how it becomes a coroutine or a future. When to use it: in templates of the library that take an awaitable.
#ifndef CEDE_TASK_AWAITABLE_HPP
#define CEDE_TASK_AWAITABLE_HPP

#include <initializer_list>
#include <type_traits>
#include <utility>
#include <vector>

#include "cede/coroutine/coroutine.hpp"
#include "cede/loop/future.hpp"
#include "cede/loop/loop_traits.hpp"
#include "cede/task/await.hpp"

namespace cede {
namespace detail {

template <class...>
using Void = void;

// A callable that returns a Coroutine stands for that coroutine.
template <class R>
struct Unwrapped { using type = R; };
template <class R>
struct Unwrapped<Coroutine<R>> { using type = R; };

template <class F, class = void>
struct AwaitedCallable {};
template <class F>
struct AwaitedCallable<F, Void<decltype(std::declval<F&>()())>>
    : Unwrapped<std::decay_t<decltype(std::declval<F&>()())>> {};

template <class X, class = void>
struct AwaitedOther : AwaitedCallable<X> {};
template <class X>
struct AwaitedOther<X, Void<decltype(generic_await(std::declval<X&>(), 0))>> {
    using type = std::decay_t<decltype(generic_await(std::declval<X&>(), 0))>;
};

template <class X>
struct Awaited : AwaitedOther<X> {};
template <class T>
struct Awaited<Future<T>> { using type = T; };
template <class T>
struct Awaited<Task<T>> { using type = T; };
template <class T>
struct Awaited<Coroutine<T>> { using type = T; };
template <>
struct Awaited<AnyFuture> { using type = void; };
template <>
struct Awaited<AnyTask> { using type = void; };

template <class X>
using IsFuture = std::is_base_of<AnyFuture, std::decay_t<X>>;

// Whether X can be awaited as it is; a callable without a cede_await of its own cannot.
template <class X>
using HasAwait = std::integral_constant<bool, !std::is_same<decltype(await(std::declval<X&>())), NotAwaitable>::value>;

// Any awaitable as a coroutine that has not started. One that has a name is used up as Python's is: it cannot be awaited
// again.
template <class T>
Coroutine<T> to_coroutine(Coroutine<T>&& coroutine) { return std::move(coroutine); }
template <class T>
Coroutine<T> to_coroutine(Coroutine<T>& coroutine) { return std::move(coroutine); }
template <class T>
Coroutine<T> to_coroutine(const Coroutine<T>& coroutine) {
    static_assert(!std::is_same<T, T>::value, "a const Coroutine cannot run: it is move-only, and used up by running");
    return std::move(const_cast<Coroutine<T>&>(coroutine));
}
// What a list in braces holds: copies, but coroutines themselves.
template <class X>
std::vector<X> elements_of(std::initializer_list<X> list) { return std::vector<X>(list); }
template <class R>
std::vector<Coroutine<R>> elements_of(std::initializer_list<Coroutine<R>> list) {
    std::vector<Coroutine<R>> elements;
    elements.reserve(list.size());
    for (const Coroutine<R>& each : list) elements.push_back(each.take_from_list());
    return elements;
}
// How `x` is given to something that keeps it: moved if it is a coroutine, as above, else as it was given.
template <class X>
using Kept = std::conditional_t<IsCoroutine<std::remove_reference_t<X>>::value, std::remove_reference_t<X>&&, X&&>;

// Containers of awaitables: what Python would unpack, or iterate.
template <class X, class = void>
struct IsRange : std::false_type {};
template <class X>
struct IsRange<X, Void<typename X::value_type, decltype(std::declval<X&>().begin() != std::declval<X&>().end())>>
    : std::true_type {};
template <class Range>
using RangeValue = typename std::decay_t<Range>::value_type;
// What an element is given as: a container that has a name keeps its elements, but for coroutines.
template <class Range>
using RangeItem = std::conditional_t<std::is_lvalue_reference<Range>::value, decltype(*std::declval<Range&>().begin()),
                                     std::remove_reference_t<decltype(*std::declval<Range&>().begin())>&&>;

template <class X, class D = std::decay_t<X>>
std::enable_if_t<HasAwait<D>::value && !IsCoroutine<D>::value, Coroutine<AwaitedT<X>>> to_coroutine(X&& awaitable) {
    return [awaitable = D(std::forward<X>(awaitable))]() mutable -> AwaitedT<X> { return await(awaitable); };
}

// The callable stays alive for as long as the coroutine that it returns, which may refer to what it captured.
template <class F>
Coroutine<typename Awaited<F>::type> callable_to_coroutine(F f, std::true_type) {
    return [f = std::move(f)]() mutable -> typename Awaited<F>::type { return await(f()); };
}
template <class F>
Coroutine<typename Awaited<F>::type> callable_to_coroutine(F f, std::false_type) {
    return Coroutine<typename Awaited<F>::type>(std::move(f));
}

template <class X, class D = std::decay_t<X>>
std::enable_if_t<!HasAwait<D>::value && !IsCoroutine<D>::value, Coroutine<AwaitedT<X>>> to_coroutine(X&& callable) {
    return callable_to_coroutine<D>(std::forward<X>(callable),
                                    IsCoroutine<std::decay_t<decltype(std::declval<D&>()())>>());
}

// What `await` takes: an awaitable as it is, a callable as a coroutine.
template <class X>
std::enable_if_t<HasAwait<std::decay_t<X>>::value, X&&> to_awaitable(X&& x) { return std::forward<X>(x); }
template <class X>
std::enable_if_t<!HasAwait<std::decay_t<X>>::value, Coroutine<AwaitedT<X>>> to_awaitable(X&& x) {
    return to_coroutine(std::forward<X>(x));
}

}  // namespace detail
}  // namespace cede

#endif
