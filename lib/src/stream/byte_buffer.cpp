#include "stream/byte_buffer.hpp"

#include <utility>

namespace cede {
namespace detail {
namespace {

// From this size on, handing over the buffer itself beats copying it; below, the buffer would have to be allocated anew
// for the next message while a short string needs no allocation or a small one.
constexpr std::size_t worth_moving = 4096;

}  // namespace

void ByteBuffer::append(absl::string_view bytes) {
    if (bytes.size() > data_.capacity() - data_.size()) make_room(bytes.size());
    data_.append(bytes.data(), bytes.size());
}

void ByteBuffer::make_room(std::size_t wanted) {
    const std::size_t live = size();
    if (begin_ >= live && live + wanted <= data_.capacity()) {
        data_.erase(0, begin_);
    } else {
        // A new one instead of growing the old, which would copy what lies before the offset as well.
        std::string larger;
        larger.reserve(live + wanted > 2 * live ? live + wanted : 2 * live);
        larger.append(data_, begin_, live);
        data_.swap(larger);
    }
    begin_ = 0;
}

void ByteBuffer::consume(std::size_t count) noexcept {
    begin_ += count;
    if (begin_ < data_.size()) return;
    if (data_.capacity() > kept_) {
        std::string().swap(data_);
    } else {
        data_.clear();
    }
    begin_ = 0;
}

std::string ByteBuffer::take(std::size_t count) {
    if (begin_ == 0 && count == data_.size() && count >= worth_moving && data_.capacity() <= 2 * count) {
        std::string all;
        all.swap(data_);
        return all;
    }
    std::string taken(data_, begin_, count);
    consume(count);
    return taken;
}

}  // namespace detail
}  // namespace cede
