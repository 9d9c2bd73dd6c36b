// What it is: what a Socket, its views and those who wait for it share: the descriptor, or -1 once it is closed. Shared, so
// that a coroutine that was given a Socket survives the Socket's move and end, and never touches a stranger who got the
// same number. And `SocketWaiter`, one wait of one coroutine; it lives on that coroutine's stack.
#ifndef CEDE_SRC_NET_SOCKET_CORE_HPP
#define CEDE_SRC_NET_SOCKET_CORE_HPP

#include <exception>
#include <vector>

#include "cede/base/pool.hpp"
#include "cede/base/ref_count.hpp"
#include "cede/loop/event_loop.hpp"
#include "cede/net/socket.hpp"

namespace cede {
namespace detail {

class SocketCore;

class SocketWaiter {
public:
    // Waits for EVENT_READ or EVENT_WRITE. Throws as add_reader does.
    SocketWaiter(EventLoop& loop, Ref<SocketCore> socket, selectors::EventMask event);
    ~SocketWaiter();
    SocketWaiter(const SocketWaiter&) = delete;
    SocketWaiter& operator=(const SocketWaiter&) = delete;

    // Cedes until the socket seems ready; throws EBADF when it is closed meanwhile.
    void wait();

private:
    friend class SocketCore;
    EventLoop& loop_;
    Ref<SocketCore> socket_;
    const selectors::EventMask event_;
    Future<void> ready_;
    bool queued_ = false;
};

class SocketCore final : public Pooled {
public:
    // Without a descriptor, so that the memory is there before the descriptor is.
    SocketCore() noexcept = default;
    ~SocketCore();
    void adopt(int fd) noexcept { fd_ = fd; }

    int fd() const noexcept { return fd_; }
    // Throws EBADF when it is closed.
    int open_fd() const;
    // Takes the descriptor out; who waits gets EBADF.
    int release() noexcept;
    void close() noexcept;

private:
    friend class SocketWaiter;
    friend void ref_acquire(SocketCore* core) noexcept;
    friend void ref_release(SocketCore* core) noexcept;

    // First come, first served, as two readers of one stream should be: the first is woken, the others wait on.
    using Queue = std::vector<SocketWaiter*>;
    Queue& queue(selectors::EventMask event) noexcept { return event == selectors::EVENT_READ ? readers_ : writers_; }
    Queue& other_queue(selectors::EventMask event) noexcept { return event == selectors::EVENT_READ ? writers_ : readers_; }
    void add(SocketWaiter& waiter);
    void remove(SocketWaiter& waiter) noexcept;
    void wake(selectors::EventMask event);
    // With `error`; a null one says that the socket was closed.
    void fail_all(Queue& queue, const std::exception_ptr& error) noexcept;

    RefCount references_;
    int fd_ = -1;
    Queue readers_;
    Queue writers_;
};

// A Socket on a descriptor that is non-blocking and close-on-exec already; closed when this throws.
Socket adopt_socket(int fd);

}  // namespace detail
}  // namespace cede

#endif
