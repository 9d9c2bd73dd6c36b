#include "cede/net/socket.hpp"

#include <stdexcept>

#include <fcntl.h>
#include <unistd.h>

#include "net/socket_core.hpp"
#include "net/system.hpp"

namespace cede {
namespace {

template <class Get>
SocketAddress address_by(Get get, int fd, const char* what) {
    sockaddr_storage storage;
    socklen_t size = sizeof storage;
    if (get(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) detail::throw_errno(what);
    return SocketAddress(reinterpret_cast<const sockaddr*>(&storage), size);
}

}  // namespace

int TransportSocket::fileno() const noexcept { return core_ ? core_->fd() : -1; }

int TransportSocket::open_fd() const {
    if (!core_) throw detail::os_error(EBADF, "the socket is closed");
    return core_->open_fd();
}

#ifdef SO_DOMAIN
int TransportSocket::family() const { return getsockopt(SOL_SOCKET, SO_DOMAIN); }
#else
int TransportSocket::family() const { return local_address().family(); }
#endif

int TransportSocket::type() const { return getsockopt(SOL_SOCKET, SO_TYPE); }

#ifdef SO_PROTOCOL
int TransportSocket::protocol() const { return getsockopt(SOL_SOCKET, SO_PROTOCOL); }
#else
int TransportSocket::protocol() const { return 0; }
#endif

SocketAddress TransportSocket::local_address() const { return address_by(&::getsockname, open_fd(), "getsockname"); }

SocketAddress TransportSocket::remote_address() const { return address_by(&::getpeername, open_fd(), "getpeername"); }

int TransportSocket::getsockopt(int level, int name) const {
    int value = 0;
    socklen_t size = sizeof value;
    if (::getsockopt(open_fd(), level, name, &value, &size) != 0) detail::throw_errno("getsockopt");
    return value;
}

void TransportSocket::setsockopt(int level, int name, int value) const {
    if (::setsockopt(open_fd(), level, name, &value, sizeof value) != 0) detail::throw_errno("setsockopt");
}

Socket TransportSocket::dup() const {
    detail::Ref<detail::SocketCore> copy(new detail::SocketCore());
    copy->adopt(fcntl(open_fd(), F_DUPFD_CLOEXEC, 0));
    if (copy->fd() < 0) detail::throw_errno("dup of a socket");
    return Socket(std::move(copy));
}

void TransportSocket::set_blocking(bool blocking) const {
    if (blocking) throw std::invalid_argument("a socket that an event loop uses cannot be made blocking");
    open_fd();
}

Socket::Socket(int family, int type, int protocol) {
    detail::Ref<detail::SocketCore> core(new detail::SocketCore());
    core->adopt(detail::open_socket(family, type, protocol));
    if (core->fd() < 0) detail::throw_errno("socket");
    view_.core_ = std::move(core);
}

Socket::Socket(int fd) {
    if (fd >= 0 && fd <= 2) {
        throw std::invalid_argument("Socket(" + std::to_string(fd) + "): a new socket is made by Socket(family, type), and a "
                                    "standard stream that is a socket taken over by Socket::from_fd()");
    }
    *this = from_fd(fd);
}

Socket Socket::from_fd(int fd) {
    detail::Ref<detail::SocketCore> core(new detail::SocketCore());
    int type = 0;
    socklen_t size = sizeof type;
    if (::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || !detail::prepare_socket(fd)) {
        detail::throw_errno("a socket of fd " + std::to_string(fd));
    }
    core->adopt(fd);
    return Socket(std::move(core));
}

std::pair<Socket, Socket> Socket::pair(int family, int type, int protocol) {
    const detail::Ref<detail::SocketCore> cores[2] = {detail::Ref<detail::SocketCore>(new detail::SocketCore()),
                                                      detail::Ref<detail::SocketCore>(new detail::SocketCore())};
    int ends[2];
    if (::socketpair(family, type, protocol, ends) != 0) detail::throw_errno("socketpair");
    for (int i = 0; i < 2; ++i) cores[i]->adopt(ends[i]);
    for (int fd : ends) {
        if (!detail::prepare_socket(fd)) detail::throw_errno("socketpair");
    }
    return {Socket(cores[0]), Socket(cores[1])};
}

Socket& Socket::operator=(Socket&& other) noexcept {
    if (this != &other) {
        close();
        view_ = std::move(other.view_);
    }
    return *this;
}

void Socket::bind(const SocketAddress& address) const {
    if (::bind(view_.open_fd(), address.data(), address.size()) != 0) detail::throw_errno("bind to " + address.str());
}

void Socket::listen(int backlog) const {
    if (::listen(view_.open_fd(), backlog) != 0) detail::throw_errno("listen");
}

void Socket::shutdown(int how) const {
    if (::shutdown(view_.open_fd(), how) != 0) detail::throw_errno("shutdown");
}

void Socket::set_blocking(bool blocking) const {
    const int flags = fcntl(view_.open_fd(), F_GETFL);
    const int wanted = blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK;
    if (flags < 0 || fcntl(fileno(), F_SETFL, wanted) != 0) detail::throw_errno("fcntl of a socket");
}

bool Socket::get_blocking() const {
    const int flags = fcntl(view_.open_fd(), F_GETFL);
    if (flags < 0) detail::throw_errno("fcntl of a socket");
    return (flags & O_NONBLOCK) == 0;
}

void Socket::close() noexcept {
    if (view_.core_) view_.core_->close();
}

int Socket::release() noexcept { return view_.core_ ? view_.core_->release() : -1; }

}  // namespace cede
