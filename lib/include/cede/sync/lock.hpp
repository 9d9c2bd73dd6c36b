// What it is: mutual exclusion between the tasks of one loop: asyncio's Lock. When to use it: around a section that awaits
// and must not be entered by a second task meanwhile. When not: around code that does not await, which no other task can
// interrupt; between threads (std::mutex).
//
// First come, first served. Copying a handle refers to the same lock. Loop's thread only; copy and destroy it on any. It
// belongs to the loop in which a task first waits for it; waiting in another loop throws RuntimeError.
#ifndef CEDE_SYNC_LOCK_HPP
#define CEDE_SYNC_LOCK_HPP

#include <exception>
#include <memory>
#include <utility>

#include "cede/coroutine/coroutine.hpp"
#include "cede/sync/scoped.hpp"
#include "cede/task/with.hpp"

namespace cede {

namespace detail {
class LockState;
}

class Lock {
public:
    Lock();

    bool locked() const noexcept;
    // When awaited, takes the lock, and cedes while it is held or others are before; evaluates to true. A cancelled wait
    // takes nothing, and nobody else's turn with it.
    Coroutine<bool> acquire() const;
    // Gives the lock to the one who waits longest, who runs in a later turn. Does not cede. Throws RuntimeError when it is
    // not held. Any task may release it, as in asyncio; debug mode warns when another task took it.
    void release() const;

    // Acquires, calls `f()`, releases; returns what f returns. Cedes as acquire() and f do.
    template <class F>
    auto with(F&& f) const -> decltype(cede::with(std::declval<const Lock&>(), f)) {
        return cede::with(*this, f);
    }
    // `auto guard = await(lock.scoped());` holds the lock until the guard goes.
    Coroutine<Scoped<Lock>> scoped() const;

    // For `with`: enter() acquires and may cede, exit() releases.
    void enter() const;
    bool exit(const std::exception_ptr&) const;

    friend bool operator==(const Lock& a, const Lock& b) noexcept { return a.state_ == b.state_; }
    friend bool operator!=(const Lock& a, const Lock& b) noexcept { return a.state_ != b.state_; }

private:
    friend class Condition;
    std::shared_ptr<detail::LockState> state_;
};

}  // namespace cede

#endif
