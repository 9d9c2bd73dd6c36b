// What it is: whether a result can be copied, which std::is_copy_constructible cannot tell of a container: a vector of
// unique_ptr says that it can, and does not compile when it is tried. When to use it: where the library decides between
// copying and moving a user's value.
#ifndef CEDE_BASE_COPYABLE_HPP
#define CEDE_BASE_COPYABLE_HPP

#include <tuple>
#include <type_traits>
#include <utility>

namespace cede {
namespace detail {

template <class T>
struct IsCopyable;

template <bool...>
struct Bools {};
template <bool... Each>
using AllTrue = std::is_same<Bools<true, Each...>, Bools<Each..., true>>;

template <class T, class = void, class = void>
struct IsCopyableOther : std::is_copy_constructible<T> {};
// A container copies its elements.
template <class T>
struct IsCopyableOther<T, decltype(void(std::declval<typename T::value_type*>())),
                       decltype(void(std::declval<typename T::allocator_type*>()))>
    : std::integral_constant<bool, std::is_copy_constructible<T>::value && IsCopyable<typename T::value_type>::value> {};

template <class T>
struct IsCopyable : IsCopyableOther<T> {};
template <class... Ts>
struct IsCopyable<std::tuple<Ts...>> : AllTrue<IsCopyable<Ts>::value...> {};
template <class A, class B>
struct IsCopyable<std::pair<A, B>> : AllTrue<IsCopyable<A>::value, IsCopyable<B>::value> {};

}  // namespace detail
}  // namespace cede

#endif
