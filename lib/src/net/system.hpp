// What it is: the system calls of sockets where systems differ, and how their failures become exceptions.
#ifndef CEDE_SRC_NET_SYSTEM_HPP
#define CEDE_SRC_NET_SYSTEM_HPP

#include <cerrno>
#include <string>
#include <system_error>

#include <sys/socket.h>

namespace cede {
namespace detail {

// A send to a connection that is gone is an error, never a SIGPIPE that ends the program.
#ifdef MSG_NOSIGNAL
constexpr int send_flags = MSG_NOSIGNAL;
#else
constexpr int send_flags = 0;  // the socket has SO_NOSIGPIPE
#endif

// A new descriptor, non-blocking, close-on-exec and without SIGPIPE; -1 and errno.
int open_socket(int family, int type, int protocol) noexcept;
int accept_socket(int fd, sockaddr* address, socklen_t* size) noexcept;
// Makes a descriptor from elsewhere like that. False and errno when it is none.
bool prepare_socket(int fd) noexcept;
// The read end and the write end of a new pipe, blocking and close-on-exec; -1 and errno.
int open_pipe(int (&ends)[2]) noexcept;
// False and errno when `fd` is no descriptor.
bool make_nonblocking(int fd) noexcept;

inline bool would_block(int error) noexcept { return error == EAGAIN || error == EWOULDBLOCK; }

inline std::system_error os_error(int error, const std::string& what) {
    return std::system_error(error, std::generic_category(), what);
}
[[noreturn]] inline void throw_errno(const std::string& what) { throw os_error(errno, what); }

}  // namespace detail
}  // namespace cede

#endif
