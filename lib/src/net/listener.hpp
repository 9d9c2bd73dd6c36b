// What it is: one listening socket of a server, and the accepting on it.
#ifndef CEDE_SRC_NET_LISTENER_HPP
#define CEDE_SRC_NET_LISTENER_HPP

#include <exception>

#include "cede/loop/event_loop.hpp"
#include "cede/net/socket.hpp"
#include "net/fd_watch.hpp"

namespace cede {
namespace detail {

class ServerCore;

class Listener final : private FdEvents {
public:
    Listener(EventLoop& loop, ServerCore& server, Socket socket);

    // Throws std::system_error.
    void listen(int backlog);
    void close() noexcept;
    const Socket& socket() const noexcept { return socket_; }

private:
    void on_readable() override;
    void on_writable() override {}
    // False ends the round.
    bool accept_one();
    // Reports, and accepts nothing for a while.
    void pause(const char* message, std::exception_ptr error);
    void resume();

    EventLoop& loop_;
    ServerCore& server_;
    Socket socket_;
    FdWatch watch_;
    int backlog_ = 0;
    TimerHandle retry_;
};

}  // namespace detail
}  // namespace cede

#endif
