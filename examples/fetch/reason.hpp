// What it is: an exception in words that somebody who typed a URL understands.
#ifndef FETCH_REASON_HPP
#define FETCH_REASON_HPP

#include <exception>
#include <string>

namespace fetch {

// Does not cede or throw anything but std::bad_alloc.
std::string plain_reason(const std::exception& error);

}  // namespace fetch

#endif
