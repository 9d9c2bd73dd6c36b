#include "net/datagram_calls.hpp"

#include <cerrno>

#include "net/system.hpp"

namespace cede {
namespace detail {
namespace {

int receive_one(int fd, DatagramHeader& header) noexcept {
    const ssize_t got = ::recvmsg(fd, &header.msg_hdr, 0);
    if (got < 0) return -1;
    header.msg_len = static_cast<unsigned>(got);
    return 1;
}

int send_one(int fd, const DatagramHeader& header) noexcept {
    return ::sendmsg(fd, &header.msg_hdr, send_flags) < 0 ? -1 : 1;
}

}  // namespace

#if CEDE_HAS_MMSG

// ENOSYS: a sandbox that does not know these calls.

int receive_datagrams(int fd, DatagramHeader* headers, unsigned count) noexcept {
    const int got = ::recvmmsg(fd, headers, count, 0, nullptr);
    return got < 0 && errno == ENOSYS ? receive_one(fd, headers[0]) : got;
}

int send_datagrams(int fd, DatagramHeader* headers, unsigned count) noexcept {
    const int sent = ::sendmmsg(fd, headers, count, send_flags);
    return sent < 0 && errno == ENOSYS ? send_one(fd, headers[0]) : sent;
}

#else

int receive_datagrams(int fd, DatagramHeader* headers, unsigned) noexcept { return receive_one(fd, headers[0]); }

int send_datagrams(int fd, DatagramHeader* headers, unsigned) noexcept { return send_one(fd, headers[0]); }

#endif

}  // namespace detail
}  // namespace cede
