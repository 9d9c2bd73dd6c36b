#include "net/listener.hpp"

#include <algorithm>
#include <chrono>

#include "net/protocol_calls.hpp"
#include "net/server_core.hpp"
#include "net/system.hpp"

namespace cede {
namespace detail {
namespace {

// While it cannot accept, for want of descriptors as a rule, the kernel goes on reporting the listener as ready.
constexpr std::chrono::seconds retry_delay(1);

bool lacks_resources(int error) noexcept {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

// An error of one connection that was waiting, not of the listener: Linux hands such on. The next may be in order.
bool is_of_connection(int error) noexcept {
    switch (error) {
        case ECONNABORTED: case EPROTO: case ENOPROTOOPT: case EOPNOTSUPP:
        case ENETDOWN: case ENETUNREACH: case EHOSTDOWN: case EHOSTUNREACH:
#ifdef ENONET
        case ENONET:
#endif
            return true;
        default: return false;
    }
}

}  // namespace

Listener::Listener(EventLoop& loop, ServerCore& server, Socket socket)
    : loop_(loop), server_(server), socket_(std::move(socket)), watch_(loop, socket_.fd(), *this) {}

void Listener::listen(int backlog) {
    backlog_ = backlog;
    socket_.listen(backlog);
    watch_.read(true);
}

void Listener::close() noexcept {
    retry_.cancel();
    watch_.close();
    socket_.close();
}

void Listener::on_readable() {
    const std::shared_ptr<ServerCore> alive = server_.shared_from_this();
    // Bounded, so that a flood of connections does not starve those that are there. For a backlog of 0 the kernel takes one, too.
    for (int i = 0; i < std::max(backlog_, 1) && socket_; ++i) {
        if (!accept_one()) return;
    }
}

bool Listener::accept_one() {
    sockaddr_storage storage;
    socklen_t size = sizeof storage;
    sockaddr* const address = reinterpret_cast<sockaddr*>(&storage);
    const int fd = accept_socket(socket_.fd(), address, &size);
    if (fd >= 0) {
        server_.accepted(fd, SocketAddress(address, size));
        return true;
    }
    const int error = errno;
    if (is_of_connection(error) || error == EINTR) return true;
    if (would_block(error)) return false;
    pause(lacks_resources(error) ? "accept() is out of system resources: the server accepts again in a second"
                                 : "accept() failed: the server tries again in a second",
          std::make_exception_ptr(os_error(error, "accept")));
    return false;
}

void Listener::pause(const char* message, std::exception_ptr error) {
    retry_ = loop_.call_later(retry_delay, [this] { resume(); });  // first, for without it the pause would never end
    watch_.read(false);
    report(loop_, message, std::move(error), nullptr);
}

void Listener::resume() {
    try {
        watch_.read(true);
    } catch (const std::system_error&) {
        pause("a server cannot wait for connections: it tries again in a second", std::current_exception());
    }
}

}  // namespace detail
}  // namespace cede
