// What it is: where a loop receives datagrams, a burst by one system call. One for all endpoints of the loop, because what is
// received is handed on before the next receive.
#ifndef CEDE_SRC_NET_DATAGRAM_INBOX_HPP
#define CEDE_SRC_NET_DATAGRAM_INBOX_HPP

#include <cstddef>
#include <memory>

#include "absl/strings/string_view.h"

#include "cede/net/socket_address.hpp"
#include "net/datagram_calls.hpp"

namespace cede {
namespace detail {

class DatagramInbox {
public:
    // No UDP datagram is longer, unless it is a jumbogram.
    static constexpr std::size_t udp_size = 64 * 1024;
    // Of other families; asyncio's number, and more than Linux sends over a Unix socket by default.
    static constexpr std::size_t other_size = 256 * 1024;

    DatagramInbox();

    // Receives what is there, but no more than a round; how many, or -1 and errno.
    int receive(int fd, int family) noexcept;

    // Of the last receive, by number from 0 on.
    absl::string_view data(int number) const noexcept;
    SocketAddress from(int number) const noexcept;
    // It was longer than there was room for.
    bool cut(int number) const noexcept;

private:
    // Enough to make the call worth it, and few enough that others have their turn soon.
    static constexpr unsigned most = 16;
    // Pages that no datagram has reached cost nothing.
    static constexpr std::size_t room = most * udp_size;

    void prepare(unsigned slots) noexcept;

    DatagramHeader headers_[most];
    iovec pieces_[most];
    sockaddr_storage addresses_[most];
    std::unique_ptr<char[]> bytes_;
    std::size_t size_ = 0;  // of a slot, as the headers say
    int received_ = 0;      // the headers that a receive has written since they were set
};

}  // namespace detail
}  // namespace cede

#endif
