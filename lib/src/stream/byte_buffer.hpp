// What it is: the bytes that a reader holds: added at the back, taken from the front. A string with an offset: taking moves
// the offset, and the bytes themselves move only when room is needed and at least half of it lies before the offset, so
// that a byte is moved a bounded number of times however it is read.
#ifndef CEDE_SRC_STREAM_BYTE_BUFFER_HPP
#define CEDE_SRC_STREAM_BYTE_BUFFER_HPP

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace cede {
namespace detail {

class ByteBuffer {
public:
    // Once empty, gives back what it holds beyond `kept` bytes: a connection that idles after a burst should not hold the
    // burst's memory, one in steady use should not call the allocator.
    explicit ByteBuffer(std::size_t kept) noexcept : kept_(kept) {}

    std::size_t size() const noexcept { return data_.size() - begin_; }
    bool empty() const noexcept { return data_.size() == begin_; }
    absl::string_view view() const noexcept { return absl::string_view(data_.data() + begin_, size()); }
    std::size_t capacity() const noexcept { return data_.capacity(); }

    // Throws std::bad_alloc, and then nothing has changed. `bytes` must not be its own.
    void append(absl::string_view bytes);
    // Drops the first `count` bytes, which are there.
    void consume(std::size_t count) noexcept;
    // Takes the first `count` bytes, which are there. Throws std::bad_alloc, and then nothing has changed.
    std::string take(std::size_t count);

private:
    void make_room(std::size_t wanted);

    std::string data_;
    std::size_t begin_ = 0;
    std::size_t kept_;
};

}  // namespace detail
}  // namespace cede

#endif
