#include "net/listener.hpp"

#include <chrono>

#include "net/protocol_calls.hpp"
#include "net/server_core.hpp"
#include "net/system.hpp"

namespace cede {
namespace detail {
namespace {

// While the process has no descriptor or memory left, the kernel goes on reporting the listener as ready.
constexpr std::chrono::seconds retry_delay(1);

bool lacks_resources(int error) noexcept {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
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
    // Bounded, so that a flood of connections does not starve those that are there.
    for (int i = 0; i < backlog_ && socket_; ++i) {
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
    // ECONNABORTED: that one gave up before its turn; others may wait behind it.
    if (error == ECONNABORTED || error == EINTR) return true;
    if (would_block(error)) return false;
    if (lacks_resources(error)) {
        pause_for_resources(error);
    } else {
        report(loop_, "accept() failed", std::make_exception_ptr(os_error(error, "accept")), nullptr);
    }
    return false;
}

void Listener::pause_for_resources(int error) {
    watch_.read(false);
    retry_ = loop_.call_later(retry_delay, [this] { watch_.read(true); });
    report(loop_, "accept() is out of system resources: the server accepts again in a second",
           std::make_exception_ptr(os_error(error, "accept")), nullptr);
}

}  // namespace detail
}  // namespace cede
