// What it is: bytes that a transport has taken and the system has not: a list of chunks. Small writes are joined, so that a
// thousand of them are a few chunks; what does not fit the last chunk gets one of its own, so that nothing is copied twice.
#ifndef CEDE_SRC_NET_WRITE_BUFFER_HPP
#define CEDE_SRC_NET_WRITE_BUFFER_HPP

#include <cstddef>
#include <string>
#include <vector>

#include <sys/uio.h>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace cede {
namespace detail {

class WriteBuffer {
public:
    // Below this, writes are joined into one chunk; bytes.
    static constexpr std::size_t join_limit = 16 * 1024;

    bool empty() const noexcept { return size_ == 0; }
    // Bytes.
    std::size_t size() const noexcept { return size_; }

    void append(absl::string_view data);
    // Describes the front of the buffer; how many entries of `out` were filled.
    std::size_t fill(absl::Span<iovec> out) const noexcept;
    // Drops the first `count` bytes, which were sent.
    void consume(std::size_t count) noexcept;
    void clear() noexcept;

private:
    std::vector<std::string> chunks_;
    std::size_t first_ = 0;   // the chunk that holds the next byte; those before it are empty
    std::size_t offset_ = 0;  // of the next byte in it
    std::size_t size_ = 0;
};

}  // namespace detail
}  // namespace cede

#endif
