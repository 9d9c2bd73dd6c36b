#include "stream/byte_buffer.hpp"

#include <cstring>

#include "cede/base/pool.hpp"

namespace cede {
namespace detail {
namespace {

constexpr std::size_t smallest_block = 512;

}  // namespace

constexpr std::size_t ByteBuffer::kept_when_empty;

void ByteBuffer::append(absl::string_view bytes) {
    if (bytes.empty()) return;
    if (bytes.size() > capacity_ - end_) make_room(bytes.size());
    std::memcpy(block_ + end_, bytes.data(), bytes.size());
    end_ += bytes.size();
}

void ByteBuffer::make_room(std::size_t wanted) {
    const std::size_t live = size();
    if (begin_ >= live && live + wanted <= capacity_) {
        if (live > 0) std::memcpy(block_, block_ + begin_, live);  // no overlap: at least as much lies before it
    } else {
        std::size_t capacity = smallest_block;
        while (capacity < live + live / 2 + wanted) capacity *= 2;  // room for half of what moves, or it moves soon again
        char* const larger = static_cast<char*>(pool_allocate(capacity));
        if (live > 0) std::memcpy(larger, block_ + begin_, live);
        give_back();
        block_ = larger;
        capacity_ = capacity;
    }
    begin_ = 0;
    end_ = live;
}

void ByteBuffer::give_back() noexcept {
    if (block_ != nullptr) pool_release(block_, capacity_);
    block_ = nullptr;
    capacity_ = 0;
}

void ByteBuffer::consume(std::size_t count) noexcept {
    begin_ += count;
    if (begin_ < end_) return;
    begin_ = end_ = 0;
    if (capacity_ > kept_when_empty) give_back();
}

std::string ByteBuffer::take(std::size_t count) {
    std::string taken(block_ + begin_, count);
    consume(count);
    return taken;
}

}  // namespace detail
}  // namespace cede
