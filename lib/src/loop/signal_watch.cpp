#include "loop/signal_watch.hpp"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <new>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#else
#include <pthread.h>
#endif

#include "cede/base/exceptions.hpp"
#include "loop/loop_impl.hpp"
#include "loop/posted_queue.hpp"

namespace cede {
namespace detail {
namespace {

// One loop a signal: the handler reads only these, which are lock-free and never freed.
struct Pending {
    std::atomic<SignalWatch*> watch{nullptr};
    std::atomic<bool> overflowed{false};  // came when there was no room to note it
    std::atomic<int> handlers{0};         // that may hold the watch at this moment, on any thread
    struct sigaction before;              // what the signal did before it was watched
};
Pending pending[NSIG];

void on_signal(int number) {
    const int saved = errno;
    Pending& mine = pending[number];
    mine.handlers.fetch_add(1, std::memory_order_seq_cst);
    if (SignalWatch* watch = mine.watch.load(std::memory_order_seq_cst)) watch->arrived(number);
    mine.handlers.fetch_sub(1, std::memory_order_seq_cst);
    errno = saved;
}

// From here on no handler tells us: one that has begun on another thread is waited for, since the watch may be freed next. On
// this thread none can have begun, for it would have ended first.
void stop_watching(Pending& of) noexcept {
    of.watch.store(nullptr, std::memory_order_seq_cst);
    while (of.handlers.load(std::memory_order_seq_cst) != 0) std::this_thread::yield();
}

bool in_main_thread() noexcept {
#ifdef __linux__
    return syscall(SYS_gettid) == getpid();
#else
    return pthread_main_np() != 0;
#endif
}

void check_number(int signal) {
    if (signal < 1 || signal >= NSIG) throw std::invalid_argument("signal number out of range: " + std::to_string(signal));
}

}  // namespace

// The watch is the parent's, and so are the callbacks.
void forget_signals_of_parent() noexcept {
    for (int signal = 1; signal < NSIG; ++signal) {
        Pending& each = pending[signal];
        each.handlers = 0;
        each.overflowed = false;
        if (each.watch.exchange(nullptr) != nullptr) sigaction(signal, &each.before, nullptr);
    }
}

// A slot is claimed before it is filled, so a reader may find it empty; and it is emptied before it can be claimed again.
bool SignalArrivals::push(int signal) noexcept {
    std::uint32_t at = head_.load(std::memory_order_seq_cst);
    do {
        if (at - tail_.load(std::memory_order_seq_cst) >= size) return false;
    } while (!head_.compare_exchange_weak(at, at + 1, std::memory_order_seq_cst));
    slots_[at % size].store(static_cast<unsigned char>(signal), std::memory_order_seq_cst);
    return true;
}

int SignalArrivals::pop() noexcept {
    const std::uint32_t at = tail_.load(std::memory_order_relaxed);
    const int signal = slots_[at % size].exchange(0, std::memory_order_seq_cst);
    if (signal != 0) tail_.store(at + 1, std::memory_order_seq_cst);
    return signal;
}

void SignalWatch::arrived(int signal) noexcept {
    if (!arrivals_.push(signal)) {
        pending[signal].overflowed.store(true, std::memory_order_seq_cst);
        overflowed_.store(true, std::memory_order_seq_cst);
    }
    bell_.ring();
}

SignalWatch::~SignalWatch() {
    while (!watched_.empty()) remove(watched_.begin()->first);
}

void SignalWatch::add(int signal, Ref<HandleCore> handle) {
    const auto found = watched_.find(signal);
    if (found != watched_.end()) {
        const Ref<HandleCore> replaced = std::exchange(found->second.handle, std::move(handle));
        replaced->cancel();  // last: what it captured may come back here
        return;
    }
    if (pending[signal].watch.load() != nullptr) {
        throw RuntimeError("another loop watches signal " + std::to_string(signal) + ": one loop of a process can");
    }
    // Noted first: once the handler is installed nothing may fail any more.
    const auto noted = watched_.emplace(signal, Watched{std::move(handle), {}}).first;
    struct sigaction action;
    std::memset(&action, 0, sizeof action);
    action.sa_handler = &on_signal;
    action.sa_flags = SA_RESTART | SA_ONSTACK;
    sigfillset(&action.sa_mask);
    pending[signal].overflowed = false;
    // A forked child may come at any moment, and must find what to go back to.
    sigaction(signal, nullptr, &pending[signal].before);
    pending[signal].watch = this;
    if (sigaction(signal, &action, &noted->second.before) != 0) {
        pending[signal].watch = nullptr;
        watched_.erase(noted);
        throw RuntimeError("signal " + std::to_string(signal) + " cannot be caught");
    }
}

bool SignalWatch::remove(int signal) {
    const auto found = watched_.find(signal);
    if (found == watched_.end()) return false;
    sigaction(signal, &found->second.before, nullptr);
    stop_watching(pending[signal]);
    const Ref<HandleCore> removed = std::move(found->second.handle);
    watched_.erase(found);
    removed->cancel();  // last: what it captured may come back here
    return true;
}

void SignalWatch::leave_to_parent() noexcept {
    left_to_parent_.swap(watched_);
    while (arrivals_.pop() != 0) continue;
}

void SignalWatch::deliver(EventLoop& loop) {
    while (const int signal = arrivals_.pop()) schedule(loop, signal);
    if (!overflowed_.load(std::memory_order_relaxed) || !overflowed_.exchange(false, std::memory_order_seq_cst)) return;
    for (const auto& each : watched_) {
        if (pending[each.first].overflowed.exchange(false, std::memory_order_seq_cst)) schedule(loop, each.first);
    }
}

bool SignalWatch::take_back(EventLoop& loop, int signal) {
    const Ref<HandleCore> handle = find(signal);
    bool any = handle && handle->linked();  // which remove() cancels
    while (const int each = arrivals_.pop()) {
        any = any || each == signal;
        if (each != signal) schedule(loop, each);
    }
    return pending[signal].overflowed.exchange(false, std::memory_order_seq_cst) || any;
}

void SignalWatch::schedule(EventLoop& loop, int signal) {
    const auto found = watched_.find(signal);
    if (found == watched_.end()) return;  // removed meanwhile
    Ref<HandleCore> queue_reference = found->second.handle;
    if (queue_reference->linked()) {  // it is in the queue already, for the signal before
        try {
            queue_reference = Ref<HandleCore>(new HandleCore(
                loop,
                [handle = found->second.handle] {
                    ref_acquire(handle.get());  // the queue's reference, which run() releases
                    handle->run();
                },
                snapshot_context()));
        } catch (const std::bad_alloc&) {
            return;  // one call for both
        }
    }
    loop.enqueue(*queue_reference.get());
    queue_reference.detach();
}

}  // namespace detail

void EventLoop::watch_signal(int signal, Callback callback) {
    check_open();
    detail::check_number(signal);
    if (!detail::in_main_thread()) throw RuntimeError("signal handlers can be added in the main thread only");
    if (impl_->signals == nullptr) impl_->signals.reset(new detail::SignalWatch(impl_->posted));
    detail::Ref<detail::HandleCore> handle(
        new detail::HandleCore(*this, std::move(callback), detail::snapshot_context(), get_debug()));
    handle->set_persistent();
    impl_->signals->add(signal, std::move(handle));
}

bool EventLoop::remove_signal_handler(int signal) {
    detail::check_number(signal);
    return impl_->signals != nullptr && impl_->signals->remove(signal);
}

}  // namespace cede
