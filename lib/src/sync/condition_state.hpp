// What it is: the condition behind the handles of Condition; Barrier is built on it. Follows CPython's asyncio/locks.py.
#ifndef CEDE_SRC_SYNC_CONDITION_STATE_HPP
#define CEDE_SRC_SYNC_CONDITION_STATE_HPP

#include <cstddef>
#include <memory>
#include <utility>

#include "sync/lock_state.hpp"

namespace cede {
namespace detail {

class ConditionState {
public:
    explicit ConditionState(std::shared_ptr<LockState> shared) noexcept : lock(std::move(shared)) {}

    // Cedes. Whatever it throws, the lock is held when it leaves. Throws RuntimeError without the lock.
    void wait();
    void notify(std::size_t count);
    void notify_all() { notify(waiters_.size()); }

    const std::shared_ptr<LockState> lock;

private:
    void acquire_again(std::exception_ptr& error);

    WaitList waiters_;
    BoundLoop loop_;
};

}  // namespace detail
}  // namespace cede

#endif
