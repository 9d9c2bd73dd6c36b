// What it is: a number of permits that tasks take and give back: asyncio's Semaphore and BoundedSemaphore. When to use it: to
// bound how many tasks do something at a time. When not: for one at a time (Lock, which says so); between threads.
//
// First come, first served: a task that gives a permit back and wants one again queues behind those who wait. Copying a
// handle refers to the same semaphore. Loop's thread only; copy and destroy it on any. It belongs to the loop in which a task
// first waits for it; waiting in another loop throws RuntimeError.
#ifndef CEDE_SYNC_SEMAPHORE_HPP
#define CEDE_SYNC_SEMAPHORE_HPP

#include <cstddef>
#include <exception>
#include <memory>
#include <utility>

#include "cede/coroutine/coroutine.hpp"
#include "cede/sync/scoped.hpp"
#include "cede/task/with.hpp"

namespace cede {

namespace detail {
class SemaphoreState;
}

class Semaphore {
public:
    // Throws std::invalid_argument for a negative number of permits.
    explicit Semaphore(std::ptrdiff_t permits = 1);

    // Whether acquire() would wait: no permit is left, or others are before.
    bool locked() const noexcept;
    // When awaited, takes a permit, and cedes until there is one; evaluates to true. A cancelled wait takes nothing.
    Coroutine<bool> acquire() const;
    // Gives a permit, also beyond the number it began with, to the one who waits longest. Does not cede.
    // BoundedSemaphore: throws std::invalid_argument beyond that number.
    void release() const;

    // As Lock's.
    template <class F>
    auto with(F&& f) const -> decltype(cede::with(std::declval<const Semaphore&>(), f)) {
        return cede::with(*this, f);
    }
    Coroutine<Scoped<Semaphore>> scoped() const;
    void enter() const;
    bool exit(const std::exception_ptr&) const;

    friend bool operator==(const Semaphore& a, const Semaphore& b) noexcept { return a.state_ == b.state_; }
    friend bool operator!=(const Semaphore& a, const Semaphore& b) noexcept { return a.state_ != b.state_; }

protected:
    Semaphore(std::ptrdiff_t permits, bool bounded);

private:
    std::shared_ptr<detail::SemaphoreState> state_;
};

// A semaphore whose release() finds permits that were never taken.
class BoundedSemaphore : public Semaphore {
public:
    explicit BoundedSemaphore(std::ptrdiff_t permits = 1) : Semaphore(permits, true) {}
};

}  // namespace cede

#endif
