#include "net/system.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace cede {
namespace detail {

bool make_nonblocking(int fd) noexcept {
    const int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

bool prepare_socket(int fd) noexcept {
    if (!make_nonblocking(fd)) return false;
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) return false;
#ifdef SO_NOSIGPIPE
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);  // fails for what is no socket, and needs none
#endif
    return true;
}

#if defined(SOCK_NONBLOCK) && defined(SOCK_CLOEXEC)

int open_socket(int family, int type, int protocol) noexcept {
    return socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
}

int accept_socket(int fd, sockaddr* address, socklen_t* size) noexcept {
    return accept4(fd, address, size, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int open_pipe(int (&ends)[2]) noexcept { return pipe2(ends, O_CLOEXEC); }

#else

int open_pipe(int (&ends)[2]) noexcept {
    if (pipe(ends) != 0) return -1;
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    return 0;
}

namespace {
int prepared(int fd) noexcept {
    if (fd < 0 || prepare_socket(fd)) return fd;
    const int error = errno;
    close(fd);
    errno = error;
    return -1;
}
}  // namespace

int open_socket(int family, int type, int protocol) noexcept { return prepared(socket(family, type, protocol)); }

int accept_socket(int fd, sockaddr* address, socklen_t* size) noexcept { return prepared(accept(fd, address, size)); }

#endif

}  // namespace detail
}  // namespace cede
