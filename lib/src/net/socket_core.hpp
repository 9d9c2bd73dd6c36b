// What it is: what a Socket, its views and those who wait for it share: the descriptor, or -1 once it is closed. Shared, so
// that a coroutine that was given a Socket survives the Socket's move and end, and never touches a stranger who got the
// same number.
#ifndef CEDE_SRC_NET_SOCKET_CORE_HPP
#define CEDE_SRC_NET_SOCKET_CORE_HPP

#include "cede/base/pool.hpp"
#include "cede/base/ref_count.hpp"
#include "cede/net/socket.hpp"
#include "net/socket_watch.hpp"

namespace cede {
namespace detail {

class SocketCore final : public Pooled {
public:
    // Without a descriptor, so that the memory is there before the descriptor is.
    SocketCore() noexcept = default;
    ~SocketCore();
    void adopt(int fd) noexcept { fd_ = fd; }

    int fd() const noexcept { return fd_; }
    [[noreturn]] static void throw_closed();
    // Throws EBADF when it is closed.
    int open_fd() const {
        if (fd_ < 0) throw_closed();
        return fd_;
    }
    // Takes the descriptor out; who waits gets EBADF.
    int release() noexcept;
    void close() noexcept;

    // Those who wait for it in `loop`. Throws EBADF when it is closed.
    SocketWatch& watch_in(EventLoop& loop) {
        open_fd();
        if (!watch_ || !watch_->is_in(loop)) change_watch(loop);
        return *watch_;
    }

private:
    friend void ref_acquire(SocketCore* core) noexcept;
    friend void ref_release(SocketCore* core) noexcept;
    void change_watch(EventLoop& loop);

    RefCount references_;
    int fd_ = -1;
    Ref<SocketWatch> watch_;  // in the loop that has waited for it last
};

// A Socket on a descriptor that is non-blocking and close-on-exec already; closed when this throws.
Socket adopt_socket(int fd);

}  // namespace detail
}  // namespace cede

#endif
