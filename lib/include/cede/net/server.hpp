// What it is: a server that listens: what create_server() and start_server() give. When to use it: to stop it, wait for its
// end, or ask for its port: `server.sockets().front().local_address().port()`. When not: to keep it serving; it does so
// until close() or the end of its loop, also when every handle is gone.
//
// Copying a handle refers to the same server. Loop's thread only; copy and destroy it on any. What returns a Coroutine
// cedes. Every call on an empty handle throws RuntimeError.
//
// What accept() may say: EINTR, EAGAIN and the error of one connection (ECONNABORTED: it was given up before its turn;
// EPROTO, ENETDOWN and other errors of networks) are passed over. Without descriptors or memory (EMFILE, ENFILE, ENOBUFS,
// ENOMEM), and with every other error, the server says so to the loop's exception handler, accepts nothing for a second, and
// tries again; the connections it has go on, new ones wait in the backlog. The same when the system refuses to watch the
// listener after the pause.
//
// As a manager, `with(server, f)` closes it at the end and waits for its connections.
#ifndef CEDE_NET_SERVER_HPP
#define CEDE_NET_SERVER_HPP

#include <exception>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "cede/base/fwd.hpp"
#include "cede/net/socket.hpp"

namespace cede {

namespace detail {
class ServerCore;
}

class Server {
public:
    // Empty: refers to no server.
    Server() noexcept = default;
    explicit Server(std::shared_ptr<detail::ServerCore> core) noexcept : core_(std::move(core)) {}
    explicit operator bool() const noexcept { return core_ != nullptr; }

    // Accepts from now on, if it did not; cedes once. Throws std::system_error when it cannot listen.
    Coroutine<void> start_serving() const;
    // Serves until it is closed or this is cancelled; ends with CancelledError either way, once the connections have ended.
    // Throws RuntimeError when it is closed, or when another serve_forever() waits.
    Coroutine<void> serve_forever() const;
    bool is_serving() const;
    // Stops listening. Connections live on. Harmless when repeated.
    void close() const;
    // Closes every connection that it has accepted, after what is buffered was sent.
    void close_clients() const;
    // Drops every connection that it has accepted, and what is buffered.
    void abort_clients() const;
    // Waits until it is closed and all its connections have ended.
    Coroutine<void> wait_closed() const;
    // The listening sockets; none once closed.
    std::vector<TransportSocket> sockets() const;
    EventLoop& get_loop() const;

    // For `with`. exit() closes, and cedes until all connections have ended.
    Server enter() const { return *this; }
    bool exit(std::exception_ptr error) const;

    friend bool operator==(const Server& a, const Server& b) noexcept { return a.core_ == b.core_; }
    friend bool operator!=(const Server& a, const Server& b) noexcept { return a.core_ != b.core_; }
    // Some order, for std::set and std::map.
    friend bool operator<(const Server& a, const Server& b) noexcept {
        return std::less<const void*>()(a.core_.get(), b.core_.get());
    }

private:
    detail::ServerCore& core() const;

    std::shared_ptr<detail::ServerCore> core_;
};

}  // namespace cede

#endif
