#include "cede/sync/queue_core.hpp"

#include <stdexcept>

#include "cede/sync/errors.hpp"

namespace cede {
namespace detail {

QueueCore::~QueueCore() = default;

void QueueCore::wait_for_room() {
    while (full()) {
        if (shut_down_) throw QueueShutDown();
        Waiter waiter(putters_, loop_.bind("Queue"));
        try {
            waiter.wait();
        } catch (...) {
            waiter.leave();
            // The room was given to this one, which does not take it.
            if (waiter.done() && !waiter.cancelled()) decline_room();
            throw;
        }
    }
}

void QueueCore::wait_for_item() {
    while (size() == 0) {
        if (shut_down_) throw QueueShutDown();
        Waiter waiter(getters_, loop_.bind("Queue"));
        try {
            waiter.wait();
        } catch (...) {
            waiter.leave();
            if (waiter.done() && !waiter.cancelled() && size() > 0) getters_.pop_and_wake();
            throw;
        }
    }
}

void QueueCore::decline_room() {
    if (!full()) putters_.pop_and_wake();
}

void QueueCore::check_room() const {
    if (shut_down_) throw QueueShutDown();
    if (full()) throw QueueFull();
}

void QueueCore::check_item() const {
    if (size() > 0) return;
    if (shut_down_) throw QueueShutDown();
    throw QueueEmpty();
}

void QueueCore::added() {
    ++unfinished_;
    getters_.pop_and_wake();
}

void QueueCore::removed() { putters_.pop_and_wake(); }

void QueueCore::task_done() {
    if (unfinished_ == 0) {
        throw std::invalid_argument("task_done() called too many times: call it once for each item that get() gave");
    }
    if (--unfinished_ == 0) joiners_.pop_and_wake_all();
}

void QueueCore::join() {
    if (unfinished_ > 0) Waiter(joiners_, loop_.bind("Queue")).wait();
}

void QueueCore::shutdown(bool immediate) {
    shut_down_ = true;
    if (immediate) {
        while (size() > 0) {
            drop_one();
            if (unfinished_ > 0) --unfinished_;
        }
        if (unfinished_ == 0) joiners_.pop_and_wake_all();
    }
    // They look again, and find the shutdown.
    getters_.pop_and_wake_all();
    putters_.pop_and_wake_all();
}

}  // namespace detail
}  // namespace cede
