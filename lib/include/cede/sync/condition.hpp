// What it is: waiting for a change of data that a lock protects: asyncio's Condition. When to use it: when the tasks that
// wait must look at the data before they go on, one at a time. When not: for a mere signal (Event) or a line of items
// (Queue), which need no lock.
//
// Copying a handle refers to the same condition. Loop's thread only; copy and destroy it on any. Hold its lock around
// wait(), notify() and notify_all(), which throw RuntimeError otherwise. wait() may return without a notify(), so put it into
// a loop, or use wait_for().
#ifndef CEDE_SYNC_CONDITION_HPP
#define CEDE_SYNC_CONDITION_HPP

#include <cstddef>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

#include "cede/coroutine/coroutine.hpp"
#include "cede/sync/lock.hpp"

namespace cede {

namespace detail {
class ConditionState;
}

class Condition {
public:
    // With a lock of its own.
    Condition();
    // On `lock`, which other conditions may share.
    explicit Condition(const Lock& lock);

    // The lock's.
    bool locked() const noexcept;
    Coroutine<bool> acquire() const;
    void release() const;

    // When awaited, releases the lock, cedes until it is notified, acquires the lock again; evaluates to true. A
    // cancellation leaves it with the lock acquired again too, and passes a notification it may have had to another.
    Coroutine<bool> wait() const;
    // When awaited, waits until `predicate()` is true; evaluates to what it returned then. The lock is not needed when it is
    // true at once.
    template <class P>
    Coroutine<std::decay_t<decltype(std::declval<P&>()())>> wait_for(P predicate) const {
        using R = std::decay_t<decltype(std::declval<P&>()())>;
        return [self = *this, predicate = std::move(predicate)]() mutable -> R {
            for (;;) {
                R result = predicate();
                if (result) return result;
                self.wait_here();
            }
        };
    }
    // Wakes up to `count` of those who wait, the longest waiting first; they go on once this task has released the lock.
    void notify(std::size_t count = 1) const;
    void notify_all() const;

    // As Lock's.
    template <class F>
    auto with(F&& f) const -> decltype(cede::with(std::declval<const Condition&>(), f)) {
        return cede::with(*this, f);
    }
    Coroutine<Scoped<Condition>> scoped() const;
    void enter() const;
    bool exit(const std::exception_ptr&) const;

    friend bool operator==(const Condition& a, const Condition& b) noexcept { return a.state_ == b.state_; }
    friend bool operator!=(const Condition& a, const Condition& b) noexcept { return a.state_ != b.state_; }

private:
    void wait_here() const;

    std::shared_ptr<detail::ConditionState> state_;
};

}  // namespace cede

#endif
