// What it is: ways to let a template's definition depend on its parameter where it would not. When to use it: in a header that
// every program includes, for the result and the calls of a template that few programs use: else the compiler instantiates the
// Coroutine of its result in every one of them, at more than a hundredth of the time of <cede/cede.hpp> each. When not: elsewhere.
#ifndef CEDE_BASE_DEPENDS_ON_HPP
#define CEDE_BASE_DEPENDS_ON_HPP

namespace cede {
namespace detail {

template <class On, class T>
struct Dependent { using type = T; };
// T, for whoever knows what On is.
template <class On, class T>
using DependsOn = typename Dependent<On, T>::type;

// An argument as it is.
template <class On, class T>
T&& depends_on(T&& argument) noexcept { return static_cast<T&&>(argument); }

}  // namespace detail
}  // namespace cede

#endif
