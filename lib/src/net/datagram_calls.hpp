// What it is: receiving and sending several datagrams by one system call, where the system has one (Linux, the BSDs), else one
// by one. When to use it: by the datagram transport.
#ifndef CEDE_SRC_NET_DATAGRAM_CALLS_HPP
#define CEDE_SRC_NET_DATAGRAM_CALLS_HPP

#include <sys/socket.h>
#include <sys/uio.h>

#if defined(__linux__) || defined(__FreeBSD__) || defined(__NetBSD__)
#define CEDE_HAS_MMSG 1
#else
#define CEDE_HAS_MMSG 0
#endif

namespace cede {
namespace detail {

#if CEDE_HAS_MMSG
using DatagramHeader = ::mmsghdr;
#else
struct DatagramHeader {
    ::msghdr msg_hdr;
    unsigned msg_len;
};
#endif

// How many of `headers` were received or sent; -1 and errno when it was none.
int receive_datagrams(int fd, DatagramHeader* headers, unsigned count) noexcept;
int send_datagrams(int fd, DatagramHeader* headers, unsigned count) noexcept;

}  // namespace detail
}  // namespace cede

#endif
