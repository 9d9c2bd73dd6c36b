// What it is: the lock behind the handles of Lock, used by Condition and Barrier too. Follows CPython's asyncio/locks.py.
#ifndef CEDE_SRC_SYNC_LOCK_STATE_HPP
#define CEDE_SRC_SYNC_LOCK_STATE_HPP

#include "cede/base/any_task.hpp"
#include "cede/task/wait_list.hpp"
#include "cede/sync/bound_loop.hpp"

namespace cede {
namespace detail {

class LockState {
public:
    bool locked() const noexcept { return holders_ > 0; }
    // May cede. Throws CancelledError.
    void acquire();
    // Beside whoever holds it: for a task that is being closed inside Condition::wait(). It must unwind without awaiting,
    // and the scopes that it leaves will release what they believe to hold.
    void acquire_by_force() { hold(); }
    // Throws RuntimeError when it is not held.
    void release();

private:
    void hold();
    void warn_of_foreign_release() const;

    int holders_ = 0;  // more than one only by force
    AnyTask owner_;    // in debug mode
    WaitList waiters_;
    BoundLoop loop_;
};

}  // namespace detail
}  // namespace cede

#endif
