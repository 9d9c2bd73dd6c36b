// add_reader and its kin: who waits for which file descriptor.
#include <stdexcept>
#include <string>
#include <utility>

#include "cede/base/exceptions.hpp"
#include "cede/loop/event_loop.hpp"
#include "loop/loop_impl.hpp"

namespace cede {
namespace detail {
namespace {

void schedule_persistent(EventLoop& loop, const Ref<HandleCore>& handle) {
    // Still queued from an iteration that an interrupt cut short: once is enough.
    if (!handle || handle->linked()) return;
    Ref<HandleCore> queue_reference = handle;
    loop.enqueue(*queue_reference.get());
    queue_reference.detach();
}

// A reader of the user's beside a transport's would take bytes from the middle of its stream.
void check_not_owned(int fd, const FdSlot& slot) {
    if (!slot.owned_by_transport) return;
    throw RuntimeError("fd " + std::to_string(fd) + " is used by a transport: read and write through that");
}

void check_number(int fd) {
    if (fd < 0) throw std::invalid_argument("not a file descriptor: " + std::to_string(fd));
}

}  // namespace

FdSlot& LoopImpl::slot(int fd) {
    check_number(fd);
    const std::size_t index = static_cast<std::size_t>(fd);
    if (index >= fds.size()) fds.resize(index + 1);
    return fds[index];
}

FdSlot* LoopImpl::find_slot(int fd) noexcept {
    return fd >= 0 && static_cast<std::size_t>(fd) < fds.size() ? &fds[static_cast<std::size_t>(fd)] : nullptr;
}

void LoopImpl::update(int fd, FdSlot& slot) {
    const selectors::EventMask wanted =
        (slot.reader ? selectors::EVENT_READ : 0) | (slot.writer ? selectors::EVENT_WRITE : 0);
    if (wanted == slot.registered) return;
    const selectors::EventMask before = slot.registered;
    slot.registered = wanted;
    try {
        if (wanted == 0) {
            selector->unregister(fd);
        } else if (before == 0) {
            selector->register_(fd, wanted);
        } else {
            selector->modify(fd, wanted);
        }
    } catch (...) {
        slot = FdSlot();  // the selector has forgotten it
        throw;
    }
    look_soon = true;
}

// The number may have been closed without remove_reader, and be another file by now: the selector must not take its old entry
// for that one's.
void LoopImpl::renew(int fd, FdSlot& slot) {
    if (slot.registered != 0) selector->unregister(fd);
    slot.registered = 0;
    update(fd, slot);
}

void schedule_fd(EventLoop& loop, const selectors::ReadyFd& event) {
    FdSlot* slot = loop.impl().find_slot(event.fd);
    if (slot == nullptr) return;
    if (event.events & selectors::EVENT_READ) schedule_persistent(loop, slot->reader);
    if (event.events & selectors::EVENT_WRITE) schedule_persistent(loop, slot->writer);
}

}  // namespace detail

namespace {

// Cancelling destroys what the callback captured, whose destructor may come back and move the slots; so it comes last.
struct CancelsAtEnd {
    detail::Ref<detail::HandleCore> handle;
    ~CancelsAtEnd() {
        if (handle) handle->cancel();
    }
};

}  // namespace

void EventLoop::watch(int fd, selectors::EventMask event, Callback callback) {
    check_open();
    check_thread();
    detail::FdSlot& slot = impl_->slot(fd);
    detail::check_not_owned(fd, slot);
    detail::Ref<detail::HandleCore>& handle = event == selectors::EVENT_READ ? slot.reader : slot.writer;
    detail::Ref<detail::HandleCore> replacement(
        new detail::HandleCore(*this, std::move(callback), detail::snapshot_context(), get_debug()));
    replacement->set_persistent();
    const CancelsAtEnd replaced{std::exchange(handle, std::move(replacement))};
    if (replaced.handle) {
        impl_->renew(fd, slot);
    } else {
        impl_->update(fd, slot);
    }
}

bool EventLoop::unwatch(int fd, selectors::EventMask event) {
    if (is_closed()) return false;
    check_thread();
    detail::check_number(fd);
    detail::FdSlot* slot = impl_->find_slot(fd);
    if (slot == nullptr) return false;
    detail::check_not_owned(fd, *slot);
    detail::Ref<detail::HandleCore>& handle = event == selectors::EVENT_READ ? slot->reader : slot->writer;
    if (!handle) return false;
    const CancelsAtEnd removed{std::exchange(handle, nullptr)};
    impl_->update(fd, *slot);
    return true;
}

}  // namespace cede
