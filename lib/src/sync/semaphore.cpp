#include "cede/sync/semaphore.hpp"

#include <stdexcept>

#include "cede/task/wait_list.hpp"
#include "cede/sync/bound_loop.hpp"

namespace cede {
namespace detail {

// Follows CPython's asyncio/locks.py.
class SemaphoreState {
public:
    SemaphoreState(std::ptrdiff_t permits, bool bounded) : permits_(permits), bound_(permits), bounded_(bounded) {
        if (permits < 0) throw std::invalid_argument("Semaphore initial value must be >= 0");
    }

    // Also while permits are reserved for waiters that were woken and have not run: a newcomer must not overtake them.
    bool locked() const noexcept { return permits_ == 0 || waiters_.any_uncancelled(); }

    void acquire() {
        if (!locked()) {
            --permits_;
            return;
        }
        Waiter waiter(waiters_, loop_.bind("Semaphore"));
        try {
            waiter.wait();
        } catch (...) {
            waiter.leave();
            if (waiter.done() && !waiter.cancelled()) ++permits_;  // the one that was reserved
            share_out();
            throw;
        }
        waiter.leave();
        share_out();
    }

    void release() {
        if (bounded_ && permits_ >= bound_) {
            throw std::invalid_argument("BoundedSemaphore released too many times: release() once for each acquire()");
        }
        ++permits_;
        give_one();
    }

private:
    // A permit is taken for the waiter at the moment it is woken, so nobody else can take it before it runs.
    bool give_one() {
        if (!waiters_.wake_next()) return false;
        --permits_;
        return true;
    }
    // Newcomers may have queued behind a woken waiter although permits were left.
    void share_out() {
        while (permits_ > 0 && give_one()) {
        }
    }

    std::ptrdiff_t permits_;
    const std::ptrdiff_t bound_;
    const bool bounded_;
    WaitList waiters_;
    BoundLoop loop_;
};

}  // namespace detail

Semaphore::Semaphore(std::ptrdiff_t permits) : Semaphore(permits, false) {}
Semaphore::Semaphore(std::ptrdiff_t permits, bool bounded)
    : state_(std::make_shared<detail::SemaphoreState>(permits, bounded)) {}

bool Semaphore::locked() const noexcept { return state_->locked(); }

Coroutine<bool> Semaphore::acquire() const {
    return [state = state_] {
        state->acquire();
        return true;
    };
}

void Semaphore::release() const { state_->release(); }

Coroutine<Scoped<Semaphore>> Semaphore::scoped() const {
    return [self = *this] {
        self.state_->acquire();
        return Scoped<Semaphore>(self);
    };
}

void Semaphore::enter() const { state_->acquire(); }

bool Semaphore::exit(const std::exception_ptr&) const {
    state_->release();
    return false;
}

}  // namespace cede
