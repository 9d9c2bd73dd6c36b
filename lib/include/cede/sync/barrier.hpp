// What it is: a point that a fixed number of tasks must reach before any of them goes on: asyncio's Barrier. When to use it:
// for work in rounds. When not: to wait for tasks to end (gather, TaskGroup).
//
// Copying a handle refers to the same barrier. Loop's thread only; copy and destroy it on any. It can be used for any number
// of rounds; a task that comes while the last round leaves waits until it has left.
#ifndef CEDE_SYNC_BARRIER_HPP
#define CEDE_SYNC_BARRIER_HPP

#include <exception>
#include <memory>
#include <utility>

#include "cede/coroutine/coroutine.hpp"
#include "cede/sync/errors.hpp"
#include "cede/task/with.hpp"

namespace cede {

namespace detail {
class BarrierState;
}

class Barrier {
public:
    // For so many tasks. Throws std::invalid_argument for less than one.
    explicit Barrier(int parties);

    // When awaited, cedes until all parties wait; evaluates to a number from 0 to parties - 1, another for each. A
    // cancelled wait does not break the barrier. Throws BrokenBarrierError when it is aborted, or reset meanwhile.
    Coroutine<int> wait() const;
    // When awaited, raises BrokenBarrierError in those who wait and makes the barrier as new, also after abort().
    Coroutine<void> reset() const;
    // When awaited, breaks the barrier: who waits or comes gets BrokenBarrierError, until reset().
    Coroutine<void> abort() const;

    int parties() const noexcept;
    // How many wait while it fills; 0 while a round leaves.
    int n_waiting() const noexcept;
    bool broken() const noexcept;

    // Waits, calls `f(index)` or `f()`, returns what f returns.
    template <class F>
    auto with(F&& f) const -> decltype(cede::with(std::declval<const Barrier&>(), f)) {
        return cede::with(*this, f);
    }
    // For `with`: enter() waits and returns the number, exit() does nothing.
    int enter() const;
    bool exit(const std::exception_ptr&) const noexcept { return false; }

    friend bool operator==(const Barrier& a, const Barrier& b) noexcept { return a.state_ == b.state_; }
    friend bool operator!=(const Barrier& a, const Barrier& b) noexcept { return a.state_ != b.state_; }

private:
    std::shared_ptr<detail::BarrierState> state_;
};

}  // namespace cede

#endif
