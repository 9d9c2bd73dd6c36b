#include "net/socket_watch.hpp"

#include <mutex>
#include <thread>
#include <utility>

#include "base/thread_state.hpp"
#include "cede/base/reports.hpp"
#include "cede/task/await.hpp"
#include "loop/loop_impl.hpp"
#include "loop/loop_token.hpp"
#include "net/socket_core.hpp"
#include "net/system.hpp"

namespace cede {
namespace detail {
namespace {

constexpr selectors::EventMask both = selectors::EVENT_READ | selectors::EVENT_WRITE;

}  // namespace

// A set in the kernel is changed by a system call, one in this process by a store: and a number that is closed in another
// thread would make select() fail.
SocketWatch::SocketWatch(EventLoop& loop, int fd)
    : loop_(loop.reference()), fd_(fd), stays_registered_(loop.impl().selector->fileno() >= 0) {}

EventLoop* SocketWatch::own_loop() const noexcept {
    EventLoop* loop = loop_of(loop_);
    if (loop == nullptr) return nullptr;
    if (loop != thread_state.running) {
        const std::lock_guard<std::mutex> lock(loop_.token->mutex);
        loop = loop_of(loop_);
        if (loop == nullptr || loop->impl().thread.load() != std::this_thread::get_id()) return nullptr;
    }
    return loop->is_closed() ? nullptr : loop;
}

Ref<FutureCore> SocketWatch::take_wakeup(EventLoop& loop) {
    if (spare_ && !loop.get_debug()) {  // which records where each was made
        static_cast<Wakeup&>(*spare_).rearm();
        return std::move(spare_);
    }
    return Ref<FutureCore>(new Wakeup(loop));
}

void SocketWatch::give_back(Ref<FutureCore> wakeup) noexcept {
    if (static_cast<Wakeup&>(*wakeup).is_reusable()) spare_ = std::move(wakeup);
}

void SocketWatch::join(SocketWaiter& waiter, EventLoop& loop) {
    loop.check_open();
    loop.check_thread();
    const FdSlot* const slot = loop.impl().find_slot(fd_);
    const bool ready_made = slot != nullptr && slot->line.get() == this && (slot->registered & waiter.event_) != 0 &&
                            !(waiter.event_ == selectors::EVENT_READ ? slot->reader : slot->writer);
    if (!ready_made) enter_slot(loop, waiter.event_);
    awaited_ |= waiter.event_;
    Queue& waiting = queue(waiter.event_);
    waiter.previous_ = waiting.last;
    (waiting.last != nullptr ? waiting.last->next_ : waiting.first) = &waiter;
    waiting.last = &waiter;
    waiter.queued_ = true;
}

// As add_reader() and add_writer(): in place of who was there before.
void SocketWatch::enter_slot(EventLoop& loop, selectors::EventMask event) {
    LoopImpl& impl = loop.impl();
    FdSlot& slot = impl.slot(fd_);
    LoopImpl::check_not_owned(fd_, slot);
    const bool entered = slot.line.get() == this;
    bool renews = !entered && impl.displace_line(fd_, slot, both);
    const CancelsAtEnd replaced{std::exchange(slot.callback(event), nullptr)};
    renews = renews || replaced.handle;
    if (!entered) slot.line = Ref<FdLine>(this);
    awaited_ |= event;
    if (renews) {
        impl.renew(fd_, slot);
    } else {
        impl.update(fd_, slot);
    }
}

void SocketWatch::unlink(SocketWaiter& waiter) noexcept {
    Queue& waiting = queue(waiter.event_);
    (waiter.previous_ != nullptr ? waiter.previous_->next_ : waiting.first) = waiter.next_;
    (waiter.next_ != nullptr ? waiter.next_->previous_ : waiting.last) = waiter.previous_;
    waiter.queued_ = false;
    if (waiting.first == nullptr) awaited_ &= ~waiter.event_;
}

void SocketWatch::give_up(SocketWaiter& waiter) noexcept {
    unlink(waiter);
    if ((awaited_ & waiter.event_) != 0) return;
    if (EventLoop* const loop = own_loop()) update(*loop);
}

void SocketWatch::update(EventLoop& loop) noexcept {
    FdSlot* const slot = loop.impl().find_slot(fd_);
    if (slot == nullptr || slot->line.get() != this) return;
    const bool tells_somebody = awaited_ != 0;
    try {
        loop.impl().update(fd_, *slot);
    } catch (...) {
        if (!tells_somebody) report_unraisable(std::current_exception(), "a wait for a socket ended");
    }
}

void SocketWatch::wake_first(Queue& waiting) {
    while (waiting.first != nullptr) {
        SocketWaiter& first = *waiting.first;
        unlink(first);
        if (first.ready_->done()) continue;  // cancelled, and not unwound yet: the event is for the next one
        const std::uint64_t now = loop_of(loop_)->impl().iteration;
        if (std::exchange(woken_in_, now) != now) woken_ = 0;
        woken_ |= first.event_;
        return first.ready_->finish();
    }
}

void SocketWatch::run() {
    const Ref<SocketWatch> queue_reference = Ref<SocketWatch>::adopt(this);
    const selectors::EventMask events = std::exchange(ready_, 0);
    const bool idle = (events & ~awaited_) != 0;
    if ((events & selectors::EVENT_READ) != 0) wake_first(readers_);
    if ((events & selectors::EVENT_WRITE) != 0) wake_first(writers_);
    if (!idle && (stays_registered_ || (events & ~awaited_) == 0)) return;
    if (EventLoop* const loop = own_loop()) update(*loop);
}

void SocketWatch::lose(selectors::EventMask events, const std::exception_ptr& error) noexcept {
    awaited_ &= ~events;
    for (Queue* waiting : {&readers_, &writers_}) {
        if ((events & (waiting == &readers_ ? selectors::EVENT_READ : selectors::EVENT_WRITE)) == 0) continue;
        while (waiting->first != nullptr) {
            SocketWaiter& first = *waiting->first;
            unlink(first);
            try {
                if (!first.ready_->done()) first.ready_->set_exception(error);
            } catch (...) {
                report_unraisable(std::current_exception(), "the waits for a socket ended");
            }
        }
    }
}

void SocketWatch::end() noexcept {
    if (EventLoop* const loop = own_loop()) return end_in(*loop, false);
    // While the number is still this file's: once it is closed, no call takes out of the kernel what a duplicate keeps there.
    if (stays_registered_) LoopImpl::forget(loop_, fd_);
    ref_acquire(this);
    if (!post(loop_, end_elsewhere_)) end_elsewhere_.discard();
}

void SocketWatch::EndElsewhere::run() {
    const Ref<SocketWatch> queue_reference = Ref<SocketWatch>::adopt(&watch_);
    if (EventLoop* const loop = watch_.own_loop()) watch_.end_in(*loop, watch_.stays_registered_);
}

// What was forgotten may have been a reader's of the user's, who shares the number or has taken it over.
void SocketWatch::end_in(EventLoop& loop, bool forgotten) noexcept {
    const Ref<SocketWatch> alive(this);
    if (awaited_ != 0) {
        std::exception_ptr closed;
        try {
            throw os_error(EBADF, "the socket was closed while waited for");
        } catch (...) {
            closed = std::current_exception();
        }
        lose(both, closed);
    }
    FdSlot* const slot = loop.impl().find_slot(fd_);
    if (slot == nullptr) return;
    const bool entered = slot->line.get() == this;
    if (entered) slot->line = nullptr;
    try {
        if (forgotten) {
            loop.impl().renew(fd_, *slot);
        } else if (entered) {
            loop.impl().update(fd_, *slot);
        }
    } catch (...) {
        report_unraisable(std::current_exception(), "a socket was closed");
    }
}

SocketWaiter::SocketWaiter(EventLoop& loop, SocketCore& socket, selectors::EventMask event)
    : watch_(&socket.watch_in(loop)), event_(event), ready_(watch_->take_wakeup(loop)) {
    watch_->join(*this, loop);
}

SocketWaiter::~SocketWaiter() {
    if (queued_) watch_->give_up(*this);
    watch_->give_back(std::move(ready_));
}

void SocketWaiter::wait() { await_future(*ready_); }

}  // namespace detail
}  // namespace cede
