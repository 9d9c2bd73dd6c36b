#include "net/socket_core.hpp"

#include <algorithm>

#include <unistd.h>

#include "cede/base/reports.hpp"
#include "cede/task/await.hpp"
#include "net/system.hpp"

namespace cede {
namespace detail {

void ref_acquire(SocketCore* core) noexcept { core->references_.acquire(); }

void ref_release(SocketCore* core) noexcept {
    if (core->references_.release()) delete core;
}

SocketCore::~SocketCore() { close(); }

int SocketCore::open_fd() const {
    if (fd_ < 0) throw os_error(EBADF, "the socket is closed");
    return fd_;
}

int SocketCore::release() noexcept {
    if (fd_ < 0) return -1;
    fail_all(readers_, nullptr);
    fail_all(writers_, nullptr);
    return std::exchange(fd_, -1);
}

void SocketCore::close() noexcept {
    const int fd = release();
    // Not again on EINTR: Linux has closed it by then, and another thread may own the number already.
    if (fd >= 0) ::close(fd);
}

void SocketCore::add(SocketWaiter& waiter) {
    Queue& waiting = queue(waiter.event_);
    if (waiting.empty()) {
        const selectors::EventMask event = waiter.event_;
        const Ref<SocketCore> self(this);
        const auto wake_first = [self, event] { self->wake(event); };
        try {
            if (event == selectors::EVENT_READ) {
                waiter.loop_.add_reader(fd_, wake_first);
            } else {
                waiter.loop_.add_writer(fd_, wake_first);
            }
        } catch (const std::system_error&) {
            // The loop has let go of the descriptor altogether: those in the other queue would wait for ever.
            fail_all(other_queue(event), std::current_exception());
            throw;
        }
    }
    waiting.push_back(&waiter);
    waiter.queued_ = true;
}

void SocketCore::remove(SocketWaiter& waiter) noexcept {
    Queue& waiting = queue(waiter.event_);
    waiting.erase(std::find(waiting.begin(), waiting.end(), &waiter));
    waiter.queued_ = false;
    if (!waiting.empty()) return;
    try {
        if (waiter.event_ == selectors::EVENT_READ) {
            waiter.loop_.remove_reader(fd_);
        } else {
            waiter.loop_.remove_writer(fd_);
        }
    } catch (...) {
        Queue& others = other_queue(waiter.event_);  // as in add()
        if (others.empty()) report_unraisable(std::current_exception(), "a wait for a socket ended");
        fail_all(others, std::current_exception());
    }
}

void SocketCore::wake(selectors::EventMask event) {
    const Ref<SocketCore> alive(this);  // the callback that this runs in holds the other reference, and goes with the queue
    Queue& waiting = queue(event);
    while (!waiting.empty()) {
        SocketWaiter& first = *waiting.front();
        remove(first);
        if (first.ready_.done()) continue;  // cancelled, and not unwound yet: the event is for the next one
        first.ready_.set_result();
        return;
    }
}

void SocketCore::fail_all(Queue& waiting, const std::exception_ptr& error) noexcept {
    while (!waiting.empty()) {
        SocketWaiter& first = *waiting.front();
        remove(first);
        try {
            if (first.ready_.done()) continue;
            if (error) {
                first.ready_.set_exception(error);
            } else {
                first.ready_.set_exception(os_error(EBADF, "the socket was closed while waited for"));
            }
        } catch (...) {
            report_unraisable(std::current_exception(), "the waits for a socket ended");
        }
    }
}

Socket adopt_socket(int fd) {
    try {
        Ref<SocketCore> core(new SocketCore());
        core->adopt(fd);
        return Socket(std::move(core));
    } catch (...) {
        ::close(fd);
        throw;
    }
}

SocketWaiter::SocketWaiter(EventLoop& loop, Ref<SocketCore> socket, selectors::EventMask event)
    : loop_(loop), socket_(std::move(socket)), event_(event), ready_(loop) {
    socket_->open_fd();
    socket_->add(*this);
}

SocketWaiter::~SocketWaiter() {
    if (queued_) socket_->remove(*this);
}

void SocketWaiter::wait() { await(ready_); }

}  // namespace detail
}  // namespace cede
