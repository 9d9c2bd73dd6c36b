// What it is: bytes that come in on one end and go out on the other, and OpenSSL's view of two of them as one BIO.
//
// Why not OpenSSL's memory BIOs: their buffers never become smaller again, and what they do at an end of file depends on the
// version. Here a queue keeps a small buffer between messages and gives a large one back.
#ifndef CEDE_ADAPTERS_SSL_SRC_BYTE_QUEUE_HPP
#define CEDE_ADAPTERS_SSL_SRC_BYTE_QUEUE_HPP

#include <cstddef>
#include <exception>
#include <string>

#include "absl/strings/string_view.h"

#include "handles.hpp"

namespace cede {
namespace ssl {

class ByteQueue {
public:
    // Throws std::bad_alloc; the queue is as before then.
    void append(absl::string_view bytes);
    // Moves out as many as there are and fit.
    std::size_t take(char* to, std::size_t room) noexcept;
    bool empty() const noexcept { return begin_ == bytes_.size(); }

private:
    std::string bytes_;
    std::size_t begin_ = 0;
};

struct Wire {
    ByteQueue incoming;
    ByteQueue outgoing;
    bool eof = false;  // of what comes in
    // What could not be thrown through OpenSSL.
    std::exception_ptr failure;
};

// Reads from wire.incoming and writes to wire.outgoing; null when memory is short. The wire must outlive it.
BIOHandle make_bio(Wire& wire);

}  // namespace ssl
}  // namespace cede

#endif
