// What it is: which containers count as memory to fill, or as bytes to send, where a function takes a span or a view of them.
// When to use it: in templates of the library that stand beside such a function.
#ifndef CEDE_BASE_BUFFERS_HPP
#define CEDE_BASE_BUFFERS_HPP

#include <string>
#include <type_traits>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace cede {
namespace detail {

// std::vector<char>, std::array, std::string: all that a Span<char> is made from by name only, absl::MakeSpan(buffer).
template <class B>
using IfBuffer = std::enable_if_t<std::is_constructible<absl::Span<char>, B&>::value &&
                                  !std::is_convertible<B&, absl::Span<char>>::value>;
// Containers of chars that are no string.
template <class B>
using IfBytes = std::enable_if_t<std::is_convertible<const B&, absl::Span<const char>>::value &&
                                 !std::is_convertible<const B&, absl::string_view>::value>;

// A string or container of chars that dies with the expression it is in, and is none of another's: what a coroutine must keep.
template <class B>
using IfTemporary =
    std::enable_if_t<std::is_same<B, std::string>::value ||
                     (!std::is_reference<B>::value && std::is_convertible<const B&, absl::Span<const char>>::value &&
                      !std::is_convertible<const B&, absl::string_view>::value &&
                      !std::is_same<B, absl::Span<char>>::value && !std::is_same<B, absl::Span<const char>>::value)>;
inline std::string to_string(std::string&& text) noexcept { return std::move(text); }
inline std::string to_string(absl::Span<const char> bytes) { return std::string(bytes.data(), bytes.size()); }

// What a string is made from, by whichever way: std::filesystem::path, too.
template <class Text>
using IsText = std::integral_constant<bool, std::is_convertible<const Text&, std::string>::value ||
                                                std::is_convertible<const Text&, absl::string_view>::value>;
template <class Text>
std::enable_if_t<std::is_convertible<const Text&, std::string>::value, std::string> to_text(const Text& text) { return text; }
template <class Text>
std::enable_if_t<!std::is_convertible<const Text&, std::string>::value, std::string> to_text(const Text& text) {
    return std::string(absl::string_view(text));
}

inline absl::string_view view_of(absl::Span<const char> bytes) noexcept { return {bytes.data(), bytes.size()}; }

}  // namespace detail
}  // namespace cede

#endif
