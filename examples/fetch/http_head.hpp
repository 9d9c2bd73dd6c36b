// What it is: the head of an HTTP response: its status line and headers. When to use it: on the text up to the empty line.
// When not: for the body; see http_body.hpp.
//
// Nothing here cedes.
#ifndef FETCH_HTTP_HEAD_HPP
#define FETCH_HTTP_HEAD_HPP

#include <stdexcept>
#include <string>
#include <vector>

#include <absl/strings/string_view.h>
#include <absl/types/optional.h>

namespace fetch {

// What the server sent is not HTTP, or is not all of it; what() is a plain reason.
class HttpError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

struct Header {
    std::string name;
    std::string value;
};

struct ResponseHead {
    int status = 0;
    std::vector<Header> headers;

    // The value, whatever the case of the name; several headers of one name are a list, "a, b". Empty without any.
    absl::optional<std::string> header(absl::string_view name) const;
};

// `text` ends with the empty line; lines end with CRLF or, from careless servers, with LF. Throws HttpError.
ResponseHead parse_response_head(absl::string_view text);

}  // namespace fetch

#endif
