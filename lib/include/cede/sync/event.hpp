// What it is: a flag that tasks wait for: asyncio's Event. When to use it: to tell any number of tasks that something has
// happened. When not: to hand over a value (Future, Queue); to wait for a condition on shared data (Condition); between
// threads.
//
// Copying a handle refers to the same event. Loop's thread only; copy and destroy it on any. It belongs to the loop in which
// a task first waits for it; waiting in another loop throws RuntimeError.
#ifndef CEDE_SYNC_EVENT_HPP
#define CEDE_SYNC_EVENT_HPP

#include <memory>

#include "cede/coroutine/coroutine.hpp"

namespace cede {

namespace detail {
class EventState;
}

class Event {
public:
    // Not set.
    Event();

    bool is_set() const noexcept;
    // Wakes all who wait, in the order in which they came; they go on even when clear() follows at once. Does not cede.
    void set() const;
    // From here on wait() waits again.
    void clear() const noexcept;
    // When awaited, cedes until the event is set, and not at all when it is; evaluates to true.
    Coroutine<bool> wait() const;

    friend bool operator==(const Event& a, const Event& b) noexcept { return a.state_ == b.state_; }
    friend bool operator!=(const Event& a, const Event& b) noexcept { return a.state_ != b.state_; }

private:
    std::shared_ptr<detail::EventState> state_;
};

}  // namespace cede

#endif
