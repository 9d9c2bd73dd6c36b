// What it is: one operation of loop.sock_*: the loop it waits in, and the socket, which may be moved or closed meanwhile.
#ifndef CEDE_SRC_NET_SOCKET_OPERATION_HPP
#define CEDE_SRC_NET_SOCKET_OPERATION_HPP

#include <cerrno>

#include "cede/loop/event_loop.hpp"
#include "net/socket_core.hpp"
#include "net/system.hpp"

namespace cede {
namespace detail {

class SocketOperation {
public:
    SocketOperation(EventLoop& loop, const Socket& socket) : loop_(&loop), socket_(socket.core()) {}

    EventLoop& loop() const noexcept { return *loop_; }
    // Throws EBADF when it is closed.
    int fd() const {
        if (!socket_) SocketCore::throw_closed();
        return socket_->open_fd();
    }
    bool is_stream() const;
    // What each operation checks before its first system call: RuntimeError when a transport uses the socket,
    // std::invalid_argument in debug mode for a blocking one.
    void begin() const;
    void wait(selectors::EventMask event) const { SocketWaiter(*loop_, *socket_, event).wait(); }
    // Repeats `call(fd)`, which returns -1 and sets errno as system calls do, until it does not say that it would block.
    template <class F>
    auto until_done(selectors::EventMask event, const char* what, F call) const -> decltype(call(0)) {
        for (;;) {
            const auto result = call(fd());
            if (result >= 0) return result;
            if (errno == EINTR) continue;
            if (!would_block(errno)) throw_errno(what);
            wait(event);
        }
    }

private:
    EventLoop* loop_;
    Ref<SocketCore> socket_;
};

}  // namespace detail
}  // namespace cede

#endif
