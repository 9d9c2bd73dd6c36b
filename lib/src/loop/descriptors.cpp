// add_reader and its kin: who waits for which file descriptor.
#include <algorithm>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>

#include "base/prefetch.hpp"
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

void check_number(int fd) {
    if (fd < 0) throw std::invalid_argument("not a file descriptor: " + std::to_string(fd));
}

// What belongs to one of a thousand connections has left the cache since its last message. Fetched for all at once it arrives
// while the others are asked for: a tenth of a server's own time with 1,000 connections, of which the kernel has four fifths.
// To go on so, over protocol, reader, task and stack, brought no more.
constexpr std::size_t crowd = 16;

void fetch_ahead(LoopImpl& loop, const std::vector<selectors::ReadyFd>& events) noexcept {
    for (const selectors::ReadyFd& event : events) {
        if (const FdSlot* const slot = loop.find_slot(event.fd)) prefetch(slot, 1);
    }
    for (const selectors::ReadyFd& event : events) {
        const FdSlot* const slot = loop.find_slot(event.fd);
        if (slot == nullptr) continue;
        if (slot->reader) prefetch(slot->reader.get(), 3);
        if (slot->transport != nullptr) prefetch(slot->transport, 4);
        if (slot->line) prefetch(slot->line.get(), 2);
    }
}

}  // namespace

FdSlot& LoopImpl::slot(int fd) {
    check_number(fd);
    const std::size_t index = static_cast<std::size_t>(fd);
    if (index >= fds.size()) fds.resize(index + 1);
    return fds[index];
}

// A reader of the user's beside a transport's would take bytes from the middle of its stream.
void LoopImpl::throw_owned(int fd) {
    throw RuntimeError("fd " + std::to_string(fd) + " is used by a transport: read and write through that");
}

void LoopImpl::update(int fd, FdSlot& slot) {
    const selectors::EventMask wanted = slot.wanted();
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
        const Ref<FdLine> line = std::move(slot.line);
        slot = FdSlot();  // the selector has forgotten it
        if (line) line->lose(selectors::EVENT_READ | selectors::EVENT_WRITE, std::current_exception());
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

bool LoopImpl::displace_line(int fd, FdSlot& slot, selectors::EventMask taken) noexcept {
    if (!slot.line) return false;
    const bool idle = (slot.registered & ~slot.wanted()) != 0;
    const bool awaited = (slot.line->awaited() & taken) != 0;
    if (awaited) {
        std::exception_ptr error;
        try {
            throw RuntimeError("the wait for fd " + std::to_string(fd) +
                               " was displaced: add_reader(), a transport or another Socket has taken the number over");
        } catch (...) {
            error = std::current_exception();
        }
        slot.line->lose(taken, error);
    }
    if (slot.line->awaited() == 0) slot.line = nullptr;
    return idle || awaited;
}

Ref<HandleCore> LoopImpl::call_after_look(EventLoop& loop, Closure<void> callback) {
    loop.check_open();
    loop.check_thread();
    Ref<HandleCore> handle(new HandleCore(loop, std::move(callback), snapshot_context(), loop.get_debug()));
    ref_acquire(handle.get());  // the queue's reference
    loop.impl().known.push_back(*handle.get());
    loop.impl().look_soon = true;
    return handle;
}

void LoopImpl::forget(const LoopReference& reference, int fd) noexcept {
    if (reference.token == nullptr) return;
    const std::lock_guard<std::mutex> lock(reference.token->mutex);
    EventLoop* const loop = loop_of(reference);
    if (loop != nullptr && loop->impl().others_may_forget) loop->impl().selector->forget(fd);
}

std::size_t LoopImpl::idle_descriptors() const noexcept {
    return static_cast<std::size_t>(std::count_if(
        fds.begin(), fds.end(), [](const FdSlot& slot) { return slot.registered != 0 && slot.wanted() == 0; }));
}

void schedule_fds(EventLoop& loop, const std::vector<selectors::ReadyFd>& events) {
    LoopImpl& impl = loop.impl();
    if (events.size() >= crowd) fetch_ahead(impl, events);
    for (const selectors::ReadyFd& event : events) {
        if (event.fd == impl.posted.fd()) {
            impl.posted.quieten();
            continue;
        }
        FdSlot* const slot = impl.find_slot(event.fd);
        if (slot == nullptr) continue;
        if (event.events & selectors::EVENT_READ) schedule_persistent(loop, slot->reader);
        if (event.events & selectors::EVENT_WRITE) schedule_persistent(loop, slot->writer);
        if (slot->line) slot->line->schedule(loop, event.events);
    }
}

void FdLine::schedule(EventLoop& loop, selectors::EventMask events) {
    ready_ |= loop.impl().iteration == woken_in_ ? events & ~woken_ : events;
    if (ready_ == 0 || linked()) return;  // as in schedule_persistent()
    loop.enqueue(*this);
    ref_acquire(this);
}

}  // namespace detail

void EventLoop::watch(int fd, selectors::EventMask event, Callback callback) {
    check_open();
    check_thread();
    detail::FdSlot& slot = impl_->slot(fd);
    detail::LoopImpl::check_not_owned(fd, slot);
    detail::Ref<detail::HandleCore>& handle = slot.callback(event);
    detail::Ref<detail::HandleCore> replacement(
        new detail::HandleCore(*this, std::move(callback), detail::snapshot_context(), get_debug()));
    replacement->set_persistent();
    const bool displaced = impl_->displace_line(fd, slot, event);
    const detail::CancelsAtEnd replaced{std::exchange(handle, std::move(replacement))};
    if (replaced.handle || displaced) {
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
    detail::LoopImpl::check_not_owned(fd, *slot);
    detail::Ref<detail::HandleCore>& handle = slot->callback(event);
    if (!handle) return false;
    const detail::CancelsAtEnd removed{std::exchange(handle, nullptr)};
    impl_->update(fd, *slot);
    return true;
}

}  // namespace cede
