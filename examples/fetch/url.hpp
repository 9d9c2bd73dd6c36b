// What it is: the parts of an http:// URL that a request needs. When to use it: before connecting; a Url that exists is
// well-formed. When not: for relative references or other schemes.
//
// Nothing here cedes.
#ifndef FETCH_URL_HPP
#define FETCH_URL_HPP

#include <stdexcept>
#include <string>

#include <absl/strings/string_view.h>

namespace fetch {

// The text of a URL makes no sense, or names something that this program cannot fetch; what() says what is wrong.
class UrlError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

struct Url {
    std::string host;  // a name, an IPv4 address, or an IPv6 address without its brackets
    int port = 80;
    std::string authority;  // for the Host header: with brackets, and with the port unless it is 80
    std::string target;     // path and query, at least "/"; non-ASCII bytes are percent-encoded
};

// Throws UrlError.
Url parse_url(absl::string_view text);

}  // namespace fetch

#endif
