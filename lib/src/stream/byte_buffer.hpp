// What it is: the bytes that a reader holds: added at the back, taken from the front. A block with an offset: taking moves the
// offset, and the bytes themselves move only when room is needed and at least half of it lies before the offset, so that a
// byte is moved a bounded number of times however it is read.
//
// The block comes from the thread's pool, and goes back there when the last byte is taken, unless it is small: so 10,000
// idle connections hold next to nothing, and the blocks of busy ones stay in the cache. (A std::string, handed over to the
// reader whole, was fresh memory for every message: at 16 KiB its page faults took longer than the message.)
#ifndef CEDE_SRC_STREAM_BYTE_BUFFER_HPP
#define CEDE_SRC_STREAM_BYTE_BUFFER_HPP

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace cede {
namespace detail {

class ByteBuffer {
public:
    // What an empty buffer keeps at the most, in bytes.
    static constexpr std::size_t kept_when_empty = 4096;

    ByteBuffer() noexcept = default;
    ~ByteBuffer() { give_back(); }
    ByteBuffer(const ByteBuffer&) = delete;
    ByteBuffer& operator=(const ByteBuffer&) = delete;

    std::size_t size() const noexcept { return end_ - begin_; }
    bool empty() const noexcept { return end_ == begin_; }
    absl::string_view view() const noexcept { return absl::string_view(block_ + begin_, size()); }
    std::size_t capacity() const noexcept { return capacity_; }

    // Throws std::bad_alloc, and then nothing has changed. `bytes` must not be its own.
    void append(absl::string_view bytes);
    // Drops the first `count` bytes, which are there.
    void consume(std::size_t count) noexcept;
    // Takes the first `count` bytes, which are there. Throws std::bad_alloc, and then nothing has changed.
    std::string take(std::size_t count);

private:
    void make_room(std::size_t wanted);
    void give_back() noexcept;

    char* block_ = nullptr;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace detail
}  // namespace cede

#endif
