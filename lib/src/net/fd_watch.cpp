#include "net/fd_watch.hpp"

#include "cede/base/exceptions.hpp"
#include "cede/base/reports.hpp"
#include "loop/loop_impl.hpp"

namespace cede {
namespace detail {

FdWatch::FdWatch(EventLoop& loop, int fd, FdEvents& events) : loop_(&loop), fd_(fd), events_(events) {
    loop.check_open();
    loop.check_thread();
    FdSlot& slot = loop.impl().slot(fd);
    if (slot.transport != nullptr) throw RuntimeError("fd " + std::to_string(fd) + " is used by another transport");
    // The number may have been closed without remove_reader, and the selector must not take its old entry for ours.
    for (Ref<HandleCore>* left : {&slot.reader, &slot.writer}) {
        if (const Ref<HandleCore> forgotten = std::move(*left)) forgotten->cancel();
        *left = nullptr;
    }
    loop.impl().displace_line(fd, slot, selectors::EVENT_READ | selectors::EVENT_WRITE);
    loop.impl().update(fd, slot);
    slot.transport = &events;
}

void FdWatch::set(Ref<HandleCore>& handle, void (FdEvents::*call)(), bool on, selectors::EventMask event) {
    if (loop_ == nullptr || ((on_ & event) != 0) == on) return;
    if (on && !handle) {
        FdEvents* const events = &events_;
        handle = Ref<HandleCore>(
            new HandleCore(*loop_, [events, call] { (events->*call)(); }, snapshot_context()));
        handle->set_persistent();
    }
    FdSlot& slot = loop_->impl().slot(fd_);
    (event == selectors::EVENT_READ ? slot.reader : slot.writer) = on ? handle : nullptr;
    on_ ^= event;
    try {
        loop_->impl().update(fd_, slot);
    } catch (...) {
        on_ = 0;
        throw;
    }
}

void FdWatch::stop() noexcept {
    if (loop_ == nullptr || on_ == 0) return;
    on_ = 0;
    FdSlot* const slot = loop_->impl().find_slot(fd_);
    if (slot == nullptr) return;
    slot->reader = nullptr;
    slot->writer = nullptr;
    try {
        loop_->impl().update(fd_, *slot);
    } catch (...) {
        report_unraisable(std::current_exception(), "a descriptor was taken out of the selector");
    }
}

void FdWatch::close() noexcept {
    if (loop_ == nullptr) return;
    stop();
    if (FdSlot* const slot = loop_->impl().find_slot(fd_)) slot->transport = nullptr;
    // A call that is queued already is not made.
    if (reader_) reader_->cancel();
    if (writer_) writer_->cancel();
    loop_ = nullptr;
}

}  // namespace detail
}  // namespace cede
