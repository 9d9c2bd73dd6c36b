// What it is: asks for an object's lines of the cache ahead of its use. When to use it: where much else is done between the two
// uses of an object, and somebody knows some time before the second that it is next. When not: without a measurement.
#ifndef CEDE_SRC_BASE_PREFETCH_HPP
#define CEDE_SRC_BASE_PREFETCH_HPP

#include <cstddef>

namespace cede {
namespace detail {

// The first `lines` lines of 64 bytes, to be written.
inline __attribute__((always_inline)) void prefetch(const void* object, std::size_t lines) noexcept {
    const char* const begin = static_cast<const char*>(object);
    for (std::size_t line = 0; line < lines; ++line) __builtin_prefetch(begin + line * 64, 1);
}

}  // namespace detail
}  // namespace cede

#endif
