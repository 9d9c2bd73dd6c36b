// What it is: the types and little templates that the declarations of EventLoop need. When not to use it: elsewhere.
#ifndef CEDE_LOOP_LOOP_TRAITS_HPP
#define CEDE_LOOP_LOOP_TRAITS_HPP

#include <cstddef>
#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>

#include "cede/base/any_future.hpp"
#include "cede/base/context.hpp"
#include "cede/base/fwd.hpp"
#include "cede/base/has_fileno.hpp"

namespace cede {

class LoopNetwork;

namespace detail {

// What awaiting an X gives; defined in task/awaitable.hpp for futures, tasks, coroutines, callables and cede_await types.
template <class X>
struct Awaited;
template <class X>
using AwaitedT = typename Awaited<std::decay_t<X>>::type;

// Calls `f` with arguments that were kept for it: as they are; a pointer to a member with the object first; and what
// takes move-only arguments by value with their values, for it is called once.
template <class A>
std::conditional_t<std::is_base_of<LoopNetwork, A>::value, A&, A&&> move_kept(A& argument) noexcept {
    return static_cast<std::conditional_t<std::is_base_of<LoopNetwork, A>::value, A&, A&&>>(argument);
}
template <int N>
struct Rank : Rank<N - 1> {};
template <>
struct Rank<0> {};
template <class F, class... Args>
auto call_kept(Rank<2>, F& f, Args&... args) -> decltype(f(args...)) { return f(args...); }
template <class F, class... Args>
auto call_kept(Rank<1>, F& f, Args&... args) -> decltype(std::mem_fn(f)(args...)) { return std::mem_fn(f)(args...); }
template <class F, class... Args>
auto call_kept(Rank<0>, F& f, Args&... args) -> decltype(f(move_kept(args)...)) { return f(move_kept(args)...); }

template <class F, class... Args>
using CallResult = std::decay_t<decltype(call_kept(Rank<2>(), std::declval<std::decay_t<F>&>(),
                                                   std::declval<std::decay_t<Args>&>()...))>;

template <class F, class... Args>
class Bound {
public:
    template <class G, class... A>
    explicit Bound(G&& f, A&&... args) : f_(std::forward<G>(f)), args_(std::forward<A>(args)...) {}
    decltype(auto) operator()() { return call(std::index_sequence_for<Args...>()); }

private:
    template <std::size_t... I>
    decltype(auto) call(std::index_sequence<I...>) { return call_kept(Rank<2>(), f_, std::get<I>(args_)...); }

    F f_;
    std::tuple<Args...> args_;
};

// A copy; but of a loop, which has none, the loop itself: loop.call_soon(hello, loop). It must live until then.
template <class A>
using KeptArgument = std::conditional_t<
    std::is_lvalue_reference<A>::value && std::is_base_of<LoopNetwork, std::decay_t<A>>::value, A, std::decay_t<A>>;

// A callable without parameters: `f` itself, or `f` with copies of the arguments. A single Context is no argument, but what
// the callback runs in.
template <class F>
F&& bind(F&& f) { return std::forward<F>(f); }
template <class F, class A, class = std::enable_if_t<std::is_same<std::decay_t<A>, Context>::value>>
F&& bind(F&& f, A&&) { return std::forward<F>(f); }
template <class F, class A, class... More,
          class = std::enable_if_t<sizeof...(More) != 0 || !std::is_same<std::decay_t<A>, Context>::value>>
Bound<std::decay_t<F>, KeptArgument<A>, KeptArgument<More>...> bind(F&& f, A&& a, More&&... more) {
    return Bound<std::decay_t<F>, KeptArgument<A>, KeptArgument<More>...>(std::forward<F>(f), std::forward<A>(a),
                                                                          std::forward<More>(more)...);
}

// False for a coroutine, and for a callable that returns one: called back, it would make one that nobody ever runs.
template <class F, class... Args>
struct IsCallback
    : std::integral_constant<bool, !ReturnsCoroutine<std::decay_t<decltype(
                                       bind(std::declval<F>(), std::declval<Args>()...)())>>::value> {};
template <class R, class... Args>
struct IsCallback<Coroutine<R>, Args...> : std::false_type {};
template <class R, class... Args>
struct IsCallback<Coroutine<R>&, Args...> : std::false_type {};

template <class F, class... Args>
auto bind_callback(F&& f, Args&&... args) -> decltype(bind(std::forward<F>(f), std::forward<Args>(args)...)) {
    static_assert(IsCallback<F, Args...>::value,
                  "a callback must not be a Coroutine or return one, which nobody would run: use create_task() instead");
    return bind(std::forward<F>(f), std::forward<Args>(args)...);
}

template <class... Args>
Ref<ContextData> context_for(const Args&...) { return snapshot_context(); }
inline Ref<ContextData> context_for(const Context& context) { return context.data(); }

}  // namespace detail
}  // namespace cede

#endif
