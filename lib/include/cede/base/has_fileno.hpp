// What it is: whether something owns a descriptor and tells its number: a Socket, a Pipe. When to use it: in templates of the
// library that stand beside a function of a descriptor.
#ifndef CEDE_BASE_HAS_FILENO_HPP
#define CEDE_BASE_HAS_FILENO_HPP

#include <type_traits>
#include <utility>

namespace cede {
namespace detail {

template <class File>
using IfHasFileno = std::enable_if_t<std::is_same<int, decltype(std::declval<const File&>().fileno())>::value>;

}  // namespace detail
}  // namespace cede

#endif
