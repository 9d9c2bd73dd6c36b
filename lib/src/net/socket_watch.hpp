// What it is: those who wait for one Socket in one loop, first come, first served: the first is woken, the others wait on, as
// two readers of one stream should. And `SocketWaiter`, one wait of one coroutine; it lives on that coroutine's stack.
//
// The descriptor stays in the selector between two waits, where the selector keeps its set in the kernel: a message received
// costs no epoll_ctl. An event that nobody awaits takes it out, and so does a wait that is given up. The watch does not know
// the Socket, which may be moved, closed, or used in another thread while its watch lies idle in the loop that it has left.
#ifndef CEDE_SRC_NET_SOCKET_WATCH_HPP
#define CEDE_SRC_NET_SOCKET_WATCH_HPP

#include "cede/base/loop_reference.hpp"
#include "cede/base/pool.hpp"
#include "cede/loop/event_loop.hpp"
#include "loop/fd_slot.hpp"

namespace cede {
namespace detail {

class SocketCore;
class SocketWaiter;

class SocketWatch final : public FdLine, public Pooled {
public:
    SocketWatch(EventLoop& loop, int fd);

    bool is_in(const EventLoop& loop) const noexcept { return loop_ == loop.reference(); }
    // The descriptor is about to be closed or given away: whoever waits gets EBADF. From any thread; on another one than the
    // loop's they get it a little later, though the selector's set in the kernel is rid of the descriptor at once. Once only.
    void end() noexcept;

    // Wakes who waits for what is ready; drops what nobody waits for.
    void run() override;
    std::string describe() const override { return "the tasks that wait for a socket"; }
    void lose(selectors::EventMask events, const std::exception_ptr& error) noexcept override;

private:
    friend class SocketWaiter;

    // What a waiter awaits, used again.
    class Wakeup final : public FutureCore {
    public:
        explicit Wakeup(EventLoop& loop) : FutureCore(loop, nullptr, false) {}
        bool is_reusable() const noexcept { return done() && !cancelled() && !exception_ && unique(); }
        using FutureCore::rearm;
    };
    // The books of a loop that is another thread's, told there that the descriptor is gone. Posted once; here, so that it needs
    // no memory then. The queue counts as a reference to the watch.
    class EndElsewhere final : public Runnable {
    public:
        explicit EndElsewhere(SocketWatch& watch) noexcept : watch_(watch) {}
        void run() override;
        void discard() noexcept override { watch_.discard(); }
        std::string describe() const override { return "the end of a socket that another thread has closed"; }

    private:
        SocketWatch& watch_;
    };
    struct Queue {
        SocketWaiter* first = nullptr;
        SocketWaiter* last = nullptr;
    };

    Queue& queue(selectors::EventMask event) noexcept { return event == selectors::EVENT_READ ? readers_ : writers_; }
    Ref<FutureCore> take_wakeup(EventLoop& loop);
    void give_back(Ref<FutureCore> wakeup) noexcept;
    // Throws as add_reader() does.
    void join(SocketWaiter& waiter, EventLoop& loop);
    void enter_slot(EventLoop& loop, selectors::EventMask event);
    // Off the queue; the selector is not told.
    void unlink(SocketWaiter& waiter) noexcept;
    void give_up(SocketWaiter& waiter) noexcept;
    void wake_first(Queue& queue);
    // Brings the selector in line with what is awaited.
    void update(EventLoop& loop) noexcept;
    void end_in(EventLoop& loop, bool forgotten) noexcept;
    // The loop, where it can be touched: it is this thread's, and open.
    EventLoop* own_loop() const noexcept;

    const LoopReference loop_;
    const int fd_;
    const bool stays_registered_;
    Queue readers_;
    Queue writers_;
    Ref<FutureCore> spare_;
    EndElsewhere end_elsewhere_{*this};
};

class SocketWaiter {
public:
    // Waits for EVENT_READ or EVENT_WRITE. Throws as add_reader does, and EBADF when the socket is closed.
    SocketWaiter(EventLoop& loop, SocketCore& socket, selectors::EventMask event);
    ~SocketWaiter();
    SocketWaiter(const SocketWaiter&) = delete;
    SocketWaiter& operator=(const SocketWaiter&) = delete;

    // Cedes until the socket seems ready; throws EBADF when it is closed meanwhile.
    void wait();

private:
    friend class SocketWatch;
    const Ref<SocketWatch> watch_;
    const selectors::EventMask event_;
    bool queued_ = false;
    SocketWaiter* previous_ = nullptr;
    SocketWaiter* next_ = nullptr;
    Ref<FutureCore> ready_;
};

}  // namespace detail
}  // namespace cede

#endif
