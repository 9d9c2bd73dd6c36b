// What it is: which containers count as memory to fill, or as bytes to send, where a function takes a span or a view of them.
// When to use it: in templates of the library that stand beside such a function.
#ifndef CEDE_BASE_BUFFERS_HPP
#define CEDE_BASE_BUFFERS_HPP

#include <string>
#include <type_traits>
#include <utility>

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

// A class that refers to another's bytes.
template <class B>
using IsView = std::integral_constant<bool, std::is_same<B, absl::string_view>::value ||
#if __cplusplus >= 201703L
                                                std::is_same<B, std::string_view>::value ||
#endif
                                                std::is_same<B, absl::Span<char>>::value ||
                                                std::is_same<B, absl::Span<const char>>::value>;
// A string or container of chars that dies with the expression it is in: what a coroutine must keep. `B` is what an argument of
// type B&& has deduced: no reference for a temporary, and a class, so no literal.
template <class B>
using IfTemporary = std::enable_if_t<std::is_class<B>::value && !IsView<std::remove_cv_t<B>>::value &&
                                     (std::is_convertible<const B&, absl::string_view>::value ||
                                      std::is_convertible<const B&, absl::Span<const char>>::value)>;

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

// What IfTemporary lets in, as a string of its own.
inline std::string kept_bytes(std::string&& text) noexcept { return std::move(text); }
template <class B, std::enable_if_t<IsText<B>::value, int> = 0>
std::string kept_bytes(const B& text) { return to_text(text); }
template <class B, std::enable_if_t<!IsText<B>::value, int> = 0>
std::string kept_bytes(const B& bytes) { return std::string(view_of(bytes)); }

}  // namespace detail
}  // namespace cede

#endif
