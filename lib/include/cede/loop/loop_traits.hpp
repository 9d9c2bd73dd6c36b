// What it is: the types and little templates that the declarations of EventLoop need. When not to use it: elsewhere.
#ifndef CEDE_LOOP_LOOP_TRAITS_HPP
#define CEDE_LOOP_LOOP_TRAITS_HPP

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include "cede/base/fwd.hpp"

namespace cede {

namespace detail {

// What awaiting an X gives; defined in task/awaitable.hpp for futures, tasks, coroutines, callables and cede_await types.
template <class X>
struct Awaited;
template <class X>
using AwaitedT = typename Awaited<std::decay_t<X>>::type;

template <class F, class... Args>
using CallResult = std::decay_t<decltype(std::declval<std::decay_t<F>&>()(std::declval<std::decay_t<Args>&>()...))>;

template <class F, class... Args>
class Bound {
public:
    template <class G, class... A>
    explicit Bound(G&& f, A&&... args) : f_(std::forward<G>(f)), args_(std::forward<A>(args)...) {}
    decltype(auto) operator()() { return call(std::index_sequence_for<Args...>()); }

private:
    template <std::size_t... I>
    decltype(auto) call(std::index_sequence<I...>) { return f_(std::get<I>(args_)...); }

    F f_;
    std::tuple<Args...> args_;
};

// A callable without parameters: `f` itself, or `f` with copies of the arguments.
template <class F>
F&& bind(F&& f) { return std::forward<F>(f); }
template <class F, class... Args>
Bound<std::decay_t<F>, std::decay_t<Args>...> bind(F&& f, Args&&... args) {
    return Bound<std::decay_t<F>, std::decay_t<Args>...>(std::forward<F>(f), std::forward<Args>(args)...);
}

}  // namespace detail
}  // namespace cede

#endif
