#include "net/datagram_inbox.hpp"

namespace cede {
namespace detail {

DatagramInbox::DatagramInbox() : bytes_(new char[room]) {}

void DatagramInbox::prepare(unsigned slots) noexcept {
    for (unsigned i = 0; i < slots; ++i) {
        pieces_[i].iov_base = bytes_.get() + i * size_;
        pieces_[i].iov_len = size_;
        headers_[i] = DatagramHeader();
        headers_[i].msg_hdr.msg_iov = &pieces_[i];
        headers_[i].msg_hdr.msg_iovlen = 1;
        headers_[i].msg_hdr.msg_name = &addresses_[i];
        headers_[i].msg_hdr.msg_namelen = sizeof addresses_[i];
    }
}

int DatagramInbox::receive(int fd, int family) noexcept {
    const std::size_t size = family == AF_INET || family == AF_INET6 ? udp_size : other_size;
    const unsigned slots = static_cast<unsigned>(room / size);
    if (size != size_) {
        size_ = size;
        prepare(slots);
    }
    // Only what the last receive has written needs to be set again.
    for (int i = 0; i < received_; ++i) headers_[i].msg_hdr.msg_namelen = sizeof addresses_[i];
    const int got = receive_datagrams(fd, headers_, slots);
    received_ = got > 0 ? got : 0;
    return got;
}

absl::string_view DatagramInbox::data(int number) const noexcept {
    const std::size_t size = headers_[number].msg_len;
    return absl::string_view(bytes_.get() + static_cast<std::size_t>(number) * size_, size < size_ ? size : size_);
}

SocketAddress DatagramInbox::from(int number) const noexcept {
    return SocketAddress(reinterpret_cast<const sockaddr*>(&addresses_[number]), headers_[number].msg_hdr.msg_namelen);
}

bool DatagramInbox::cut(int number) const noexcept { return (headers_[number].msg_hdr.msg_flags & MSG_TRUNC) != 0; }

}  // namespace detail
}  // namespace cede
