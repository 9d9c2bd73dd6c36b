// What it is: the line of tasks that wait for the same thing: for a lock, an item, a completion. A waiter lives on the stack
// of the fiber that waits, so waiting allocates nothing but a pooled future. When to use it: inside the library, for
// another primitive. When not: in a program; Event and Condition are there.
//
// Loop's thread only. Whoever is woken runs in a later turn, and may have been cancelled by then: a primitive that hands
// something over must pass it on when Waiter::wait() throws after the waiter was woken.
#ifndef CEDE_TASK_WAIT_LIST_HPP
#define CEDE_TASK_WAIT_LIST_HPP

#include <cstddef>

#include "cede/loop/future.hpp"

namespace cede {
namespace detail {

class WaitList;

class Waiter {
public:
    // Joins the end of the line. Throws std::bad_alloc, RuntimeError when the loop is gone.
    Waiter(WaitList& list, EventLoop& loop);
    ~Waiter() { leave(); }
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;

    // Cedes until it is woken. Throws CancelledError when the task was cancelled, woken or not.
    void wait();
    // Out of the line; harmless when it is out.
    void leave() noexcept;
    // No effect once it was woken or cancelled, or when its loop is closed.
    void wake();
    bool done() const noexcept { return future_.core()->done(); }
    bool cancelled() const noexcept { return future_.core()->cancelled(); }

private:
    friend class WaitList;
    WaitList* list_;
    Waiter* previous_ = nullptr;
    Waiter* next_ = nullptr;
    Future<void> future_;
};

class WaitList {
public:
    WaitList() noexcept = default;
    WaitList(const WaitList&) = delete;
    WaitList& operator=(const WaitList&) = delete;

    bool empty() const noexcept { return first_ == nullptr; }
    std::size_t size() const noexcept { return size_; }
    // Whether somebody in the line still means to go on.
    bool any_uncancelled() const noexcept;

    // Makes sure that the first in the line will run: nothing to do when it has been woken, or cancelled, already.
    void wake_first();
    // Wakes the first that still waits, and leaves it in the line; false when there is none.
    bool wake_next();
    // Takes waiters off the line until one could be woken.
    void pop_and_wake();
    // Wakes at most `count`; they stay in the line until they run.
    void wake(std::size_t count);
    void wake_all() { wake(size_); }
    // Wakes all, and empties the line.
    void pop_and_wake_all();

private:
    friend class Waiter;
    Waiter* first_ = nullptr;
    Waiter* last_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace detail
}  // namespace cede

#endif
