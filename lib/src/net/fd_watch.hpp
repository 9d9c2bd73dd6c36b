// What it is: a descriptor that belongs to a transport or server: told when it is ready, and closed to add_reader and
// add_writer of others. Unlike those, the two callbacks are made once, so that turning a direction on or off does not
// allocate, and a subclass's watch() hook is not asked.
#ifndef CEDE_SRC_NET_FD_WATCH_HPP
#define CEDE_SRC_NET_FD_WATCH_HPP

#include "cede/loop/event_loop.hpp"

namespace cede {
namespace detail {

// Who is told. A call may come once more after its direction was turned off, when it was queued before.
class FdEvents {
public:
    virtual void on_readable() = 0;
    virtual void on_writable() = 0;

protected:
    FdEvents() = default;
    ~FdEvents() = default;
};

class FdWatch {
public:
    // Throws RuntimeError when another transport has the descriptor. What a forgotten add_reader has left under the number
    // is dropped.
    FdWatch(EventLoop& loop, int fd, FdEvents& events);
    ~FdWatch() { close(); }
    FdWatch(const FdWatch&) = delete;
    FdWatch& operator=(const FdWatch&) = delete;

    // Turn a direction on or off. Throw std::system_error; both are off then.
    void read(bool on) { set(reader_, &FdEvents::on_readable, on, selectors::EVENT_READ); }
    void write(bool on) { set(writer_, &FdEvents::on_writable, on, selectors::EVENT_WRITE); }
    // Both off. Does not throw: the system cannot refuse that.
    void stop() noexcept;
    // Off for good: no call comes any more, and the descriptor is anybody's. Before it is closed, please.
    void close() noexcept;

private:
    void set(Ref<HandleCore>& handle, void (FdEvents::*call)(), bool on, selectors::EventMask event);

    EventLoop* loop_;  // null once closed
    const int fd_;
    FdEvents& events_;
    selectors::EventMask on_ = 0;
    Ref<HandleCore> reader_;
    Ref<HandleCore> writer_;
};

}  // namespace detail
}  // namespace cede

#endif
