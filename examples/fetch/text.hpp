// What it is: numbers and foreign text in the form in which they are printed. Nothing here cedes.
#ifndef FETCH_TEXT_HPP
#define FETCH_TEXT_HPP

#include <cstdint>
#include <string>

#include <absl/strings/string_view.h>

namespace fetch {

// "1.25": at most `digits` behind the point, without zeros at the end unless `keep_zeros`.
std::string decimal(double value, int digits, bool keep_zeros = false);
// "0 B", "312 B", "6.1 MB".
std::string human_bytes(std::uint64_t bytes);
// With '?' for what could move the cursor or change the colours of a terminal.
std::string printable(absl::string_view text);
// A JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD, since JSON has no way to say them.
std::string json_string(absl::string_view text);

}  // namespace fetch

#endif
