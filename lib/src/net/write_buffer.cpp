#include "net/write_buffer.hpp"

#include <algorithm>

namespace cede {
namespace detail {

void WriteBuffer::append(absl::string_view data) {
    if (data.empty()) return;
    const bool joined = first_ < chunks_.size() && chunks_.back().size() + data.size() <= join_limit;
    if (!joined && first_ > 32 && first_ * 2 > chunks_.size()) {
        // A buffer that never runs empty must not keep its sent chunks for ever; half of the list pays for the move.
        chunks_.erase(chunks_.begin(), chunks_.begin() + static_cast<std::ptrdiff_t>(first_));
        first_ = 0;
    }
    if (joined) {
        chunks_.back().append(data.data(), data.size());
    } else {
        chunks_.emplace_back(data.data(), data.size());
    }
    size_ += data.size();
}

std::size_t WriteBuffer::fill(absl::Span<iovec> out) const noexcept {
    std::size_t count = 0;
    std::size_t offset = offset_;
    for (std::size_t i = first_; i < chunks_.size() && count < out.size(); ++i) {
        // iovec is for reading and writing alike; sendmsg only reads.
        out[count].iov_base = const_cast<char*>(chunks_[i].data() + offset);
        out[count].iov_len = chunks_[i].size() - offset;
        offset = 0;
        ++count;
    }
    return count;
}

void WriteBuffer::consume(std::size_t count) noexcept {
    size_ -= count;
    while (count > 0) {
        std::string& chunk = chunks_[first_];
        const std::size_t taken = std::min(count, chunk.size() - offset_);
        offset_ += taken;
        count -= taken;
        if (offset_ < chunk.size()) break;
        std::string().swap(chunk);
        ++first_;
        offset_ = 0;
    }
    if (size_ == 0) clear();
}

void WriteBuffer::clear() noexcept {
    chunks_.clear();
    first_ = offset_ = size_ = 0;
}

}  // namespace detail
}  // namespace cede
