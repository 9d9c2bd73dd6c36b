// What it is: the body of an HTTP response, piece by piece, and the knowledge of where it ends: after Content-Length bytes,
// after the last chunk, at the end of the connection, or before it begins. When to use it: behind a response's head. When
// not: to have the whole body at once; join the pieces.
#ifndef FETCH_HTTP_BODY_HPP
#define FETCH_HTTP_BODY_HPP

#include <cstdint>
#include <string>

#include <cede/stream/stream_reader.hpp>

#include "http_head.hpp"

namespace fetch {

class BodyReader {
public:
    // `head_only`: the request was HEAD, whose response ends with its head whatever it says about the body. Throws HttpError
    // when the head contradicts itself or names a transfer coding that nobody asked for.
    BodyReader(cede::StreamReader reader, const ResponseHead& head, bool head_only);

    // The next bytes; an empty string at the end of the body. Cedes until there are some. Throws HttpError for a body that
    // is truncated or malformed, what the stream throws, CancelledError.
    std::string read();

private:
    enum class Framing { ended, length, chunked, until_close };

    std::string read_chunked();
    std::string read_counted();
    std::uint64_t read_chunk_size();
    void skip_trailers();
    std::string read_line();
    [[noreturn]] void throw_truncated() const;

    cede::StreamReader reader_;
    Framing framing_ = Framing::ended;
    std::uint64_t left_ = 0;      // of the body, or of the chunk that is being read
    std::uint64_t received_ = 0;  // of the body
    bool after_chunk_ = false;    // the line end behind a chunk's data comes next
};

}  // namespace fetch

#endif
