#include "cede/sync/lock.hpp"

#include <new>

#include "base/thread_state.hpp"
#include "cede/base/exceptions.hpp"
#include "cede/base/reports.hpp"
#include "cede/task/task.hpp"
#include "sync/lock_state.hpp"

namespace cede {
namespace detail {

void LockState::acquire() {
    if (locked() || waiters_.any_uncancelled()) {
        Waiter waiter(waiters_, loop_.bind("Lock"));
        try {
            waiter.wait();
        } catch (...) {
            // The release may have woken this one, which now does not go on: the next must.
            waiter.leave();
            if (!locked()) waiters_.wake_first();
            throw;
        }
    }
    hold();
}

void LockState::hold() {
    ++holders_;
    if (thread_state.debug && thread_state.running != nullptr) owner_ = current_task();
}

void LockState::release() {
    if (!locked()) {
        throw RuntimeError("Lock is not acquired: release() once for each acquire(), or use lock.with(f), which pairs them");
    }
    warn_of_foreign_release();
    owner_ = AnyTask();
    if (--holders_ == 0) waiters_.wake_first();
}

// asyncio lets any task release, and programs hand locks over so; it is a mistake more often.
void LockState::warn_of_foreign_release() const try {
    if (!owner_ || !thread_state.debug || thread_state.running == nullptr) return;
    const AnyTask current = current_task();
    if (current == owner_ || holders_ > 1) return;
    warn("a Lock that task '" + owner_.get_name() + "' acquired was released by " +
         (current ? "task '" + current.get_name() + "'" : std::string("a callback")) +
         ": let the task that acquires it release it, by lock.with(f)");
} catch (const std::bad_alloc&) {  // for want of a warning no lock stays held
}

}  // namespace detail

Lock::Lock() : state_(std::make_shared<detail::LockState>()) {}

bool Lock::locked() const noexcept { return state_->locked(); }

Coroutine<bool> Lock::acquire() const {
    return [state = state_] {
        state->acquire();
        return true;
    };
}

void Lock::release() const { state_->release(); }

Coroutine<Scoped<Lock>> Lock::scoped() const {
    return [self = *this] {
        self.state_->acquire();
        return Scoped<Lock>(self);
    };
}

void Lock::enter() const { state_->acquire(); }

bool Lock::exit(const std::exception_ptr&) const {
    state_->release();
    return false;
}

}  // namespace cede
