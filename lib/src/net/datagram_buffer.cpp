#include "net/datagram_buffer.hpp"

#include <algorithm>

namespace cede {
namespace detail {
namespace {

// A block that grew beyond this in a flood is given back when the flood is over; bytes.
constexpr std::size_t kept_capacity = 512 * 1024;

}  // namespace

void DatagramBuffer::append(absl::string_view data, const SocketAddress& to) {
    // A buffer that never runs empty must not keep what is sent for ever; half of it pays for the move.
    if (first_ > 32 && first_ * 2 > entries_.size()) drop_sent();
    entries_.push_back(Entry{bytes_.size(), data.size(), to});
    try {
        bytes_.insert(bytes_.end(), data.begin(), data.end());
    } catch (...) {
        entries_.pop_back();
        throw;
    }
    size_ += data.size() + header_size;
}

void DatagramBuffer::drop_sent() noexcept {
    const std::size_t gone = entries_[first_].begin;
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(gone));
    entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(first_));
    for (Entry& each : entries_) each.begin -= gone;
    first_ = 0;
}

unsigned DatagramBuffer::fill(absl::Span<DatagramHeader> headers, absl::Span<iovec> pieces) noexcept {
    const std::size_t count = std::min(headers.size(), entries_.size() - first_);
    for (std::size_t i = 0; i < count; ++i) {
        Entry& entry = entries_[first_ + i];
        pieces[i].iov_base = bytes_.data() + entry.begin;
        pieces[i].iov_len = entry.size;
        headers[i] = DatagramHeader();
        headers[i].msg_hdr.msg_iov = &pieces[i];
        headers[i].msg_hdr.msg_iovlen = 1;
        if (entry.to.size() == 0) continue;
        headers[i].msg_hdr.msg_name = const_cast<sockaddr*>(entry.to.data());  // only read
        headers[i].msg_hdr.msg_namelen = entry.to.size();
    }
    return static_cast<unsigned>(count);
}

void DatagramBuffer::consume(std::size_t count) noexcept {
    for (; count > 0; --count) size_ -= entries_[first_++].size + header_size;
    if (empty()) clear();
}

void DatagramBuffer::clear() noexcept {
    entries_.clear();
    bytes_.clear();
    first_ = size_ = 0;
    if (bytes_.capacity() > kept_capacity) std::vector<char>().swap(bytes_);
    if (entries_.capacity() * sizeof(Entry) > kept_capacity) std::vector<Entry>().swap(entries_);
}

}  // namespace detail
}  // namespace cede
