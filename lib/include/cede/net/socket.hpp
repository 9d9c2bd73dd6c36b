// What it is: the owner of a socket's file descriptor: Python's socket.socket, as far as a loop needs it.
// When to use it: with loop.sock_*, or to hand a socket of your own to create_connection or create_server.
// When not: for a connection in general; open_connection() and create_connection() make their own.
//
// Move-only; the destructor closes the fd. New ones are non-blocking and close-on-exec. Nothing here cedes. Use it on one
// thread at a time; one that a loop waits for (sock_recv ...) belongs to the loop's thread. Whatever fails throws
// std::system_error; every call on a closed one does, with EBADF.
#ifndef CEDE_NET_SOCKET_HPP
#define CEDE_NET_SOCKET_HPP

#include <cstddef>
#include <utility>

#include "cede/base/ref.hpp"
#include "cede/net/socket_address.hpp"

namespace cede {

namespace detail {
class SocketCore;
void ref_acquire(SocketCore* core) noexcept;
void ref_release(SocketCore* core) noexcept;
}  // namespace detail

class Socket;

// What can be asked of a socket without being able to disturb who owns it: asyncio's TransportSocket. Copyable; once the
// socket is closed every call throws EBADF.
class TransportSocket {
public:
    TransportSocket() noexcept = default;
    explicit TransportSocket(detail::Ref<detail::SocketCore> core) noexcept : core_(std::move(core)) {}

    // The descriptor; -1 once closed. Do not read, write or close it.
    int fileno() const noexcept;
    int fd() const noexcept { return fileno(); }
    // AF_INET ..., SOCK_STREAM ..., IPPROTO_TCP ...
    int family() const;
    int type() const;
    int protocol() const;
    SocketAddress local_address() const;
    SocketAddress remote_address() const;
    // The same, by the names of Python's sockets.
    SocketAddress getsockname() const { return local_address(); }
    SocketAddress getpeername() const { return remote_address(); }
    int getsockopt(int level, int name) const;
    void setsockopt(int level, int name, int value) const;
    // Another descriptor of the same socket, for whoever wants to own one.
    Socket dup() const;
    // Only false is accepted: a blocking socket would block the loop. Throws std::invalid_argument for true.
    void set_blocking(bool blocking) const;
    void setblocking(bool blocking) const { set_blocking(blocking); }

    friend bool operator==(const TransportSocket& a, const TransportSocket& b) noexcept { return a.core_ == b.core_; }
    friend bool operator!=(const TransportSocket& a, const TransportSocket& b) noexcept { return a.core_ != b.core_; }

private:
    friend class Socket;
    int open_fd() const;

    detail::Ref<detail::SocketCore> core_;
};

class Socket {
public:
    // Closed.
    Socket() noexcept = default;
    Socket(int family, int type, int protocol = 0);
    // Takes over `fd`, a socket, and makes it non-blocking and close-on-exec. It stays the caller's when this throws. The first
    // form throws std::invalid_argument for 0 to 2, which are rather a family, meant as Socket(family, type).
    explicit Socket(int fd);
    static Socket from_fd(int fd);
    // Two that are connected with each other.
    static std::pair<Socket, Socket> pair(int family = AF_UNIX, int type = SOCK_STREAM, int protocol = 0);

    Socket(Socket&& other) noexcept = default;
    Socket& operator=(Socket&& other) noexcept;
    ~Socket() { close(); }

    // -1 when closed.
    int fileno() const noexcept { return view_.fileno(); }
    int fd() const noexcept { return fileno(); }
    // False when closed.
    explicit operator bool() const noexcept { return fileno() >= 0; }

    int family() const { return view_.family(); }
    int type() const { return view_.type(); }
    int protocol() const { return view_.protocol(); }
    SocketAddress local_address() const { return view_.local_address(); }
    SocketAddress remote_address() const { return view_.remote_address(); }
    int getsockopt(int level, int name) const { return view_.getsockopt(level, name); }
    // By the names of Python's sockets.
    SocketAddress getsockname() const { return local_address(); }
    SocketAddress getpeername() const { return remote_address(); }
    void setsockopt(int level, int name, int value) const { view_.setsockopt(level, name, value); }
    Socket dup() const { return view_.dup(); }

    void bind(const SocketAddress& address) const;
    void listen(int backlog = 100) const;
    // SHUT_RD, SHUT_WR or SHUT_RDWR.
    void shutdown(int how) const;
    void set_blocking(bool blocking) const;
    bool get_blocking() const;
    void setblocking(bool blocking) const { set_blocking(blocking); }
    bool getblocking() const { return get_blocking(); }

    // Whoever waits for it (sock_recv ...) gets EBADF, and never touches the one who gets the number next. Harmless when
    // repeated. Closing the descriptor by close(2), or putting another file in its place by dup2(2), leaves them waiting for
    // ever. Close it on the thread of the loop that has waited for it: from another one the loop is told a little later.
    void close() noexcept;
    // Gives the descriptor to the caller, who closes it; this one is then closed, and waiters get EBADF.
    int release() noexcept;

    // A view for others.
    const TransportSocket& view() const noexcept { return view_; }

    // For the net room.
    explicit Socket(detail::Ref<detail::SocketCore> core) noexcept : view_(std::move(core)) {}
    const detail::Ref<detail::SocketCore>& core() const noexcept { return view_.core_; }

private:
    TransportSocket view_;
};

}  // namespace cede

#endif
