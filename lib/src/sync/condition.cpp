#include "cede/sync/condition.hpp"

#include <new>

#include "cede/base/exceptions.hpp"
#include "sync/condition_state.hpp"

namespace cede {
namespace detail {

void ConditionState::wait() {
    if (!lock->locked()) {
        throw RuntimeError("cannot wait on un-acquired lock: await(condition.acquire()) first, or use condition.with(f)");
    }
    std::exception_ptr error;
    {
        Waiter waiter(waiters_, loop_.bind("Condition"));
        lock->release();
        try {
            waiter.wait();
        } catch (...) {
            error = std::current_exception();
        }
    }
    try {
        acquire_again(error);
        if (error) std::rethrow_exception(std::move(error));
    } catch (...) {
        // This one may have been notified, and does not act on it: another must. One that wakes for nothing looks again.
        waiters_.wake(1);
        throw;
    }
}

// Cancellations do not keep it from the lock; the last of them is raised once it is held.
void ConditionState::acquire_again(std::exception_ptr& error) {
    for (;;) {
        try {
            if (error && classify(error) == ExceptionKind::base) {
                lock->acquire_by_force();  // GeneratorExit: an await here would be the error "ignored GeneratorExit"
            } else {
                lock->acquire();
            }
            return;
        } catch (const CancelledError&) {
            error = std::current_exception();
        } catch (const GeneratorExit&) {
            error = std::current_exception();
        } catch (const std::bad_alloc&) {
            // No place in the line is to be had. The scopes that are left now release what they believe to hold.
            error = std::current_exception();
            lock->acquire_by_force();
            return;
        }
    }
}

void ConditionState::notify(std::size_t count) {
    if (!lock->locked()) {
        throw RuntimeError("cannot notify on un-acquired lock: await(condition.acquire()) first, or use condition.with(f)");
    }
    waiters_.wake(count);
}

}  // namespace detail

Condition::Condition() : Condition(Lock()) {}
Condition::Condition(const Lock& lock) : state_(std::make_shared<detail::ConditionState>(lock.state_)) {}

bool Condition::locked() const noexcept { return state_->lock->locked(); }

Coroutine<bool> Condition::acquire() const {
    return [lock = state_->lock] {
        lock->acquire();
        return true;
    };
}

void Condition::release() const { state_->lock->release(); }

Coroutine<bool> Condition::wait() const {
    return [state = state_] {
        state->wait();
        return true;
    };
}

void Condition::wait_here() const { state_->wait(); }
void Condition::notify(std::size_t count) const { state_->notify(count); }
void Condition::notify_all() const { state_->notify_all(); }

Coroutine<Scoped<Condition>> Condition::scoped() const {
    return [self = *this] {
        self.state_->lock->acquire();
        return Scoped<Condition>(self);
    };
}

void Condition::enter() const { state_->lock->acquire(); }

bool Condition::exit(const std::exception_ptr&) const {
    state_->lock->release();
    return false;
}

}  // namespace cede
