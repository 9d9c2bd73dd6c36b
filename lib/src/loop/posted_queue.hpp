// What it is: what other threads have scheduled, and the bell that wakes the loop for it. The bell is an eventfd (a pipe
// where there is none) and is rung only when the loop is asleep or about to be: a write costs a system call.
#ifndef CEDE_SRC_LOOP_POSTED_QUEUE_HPP
#define CEDE_SRC_LOOP_POSTED_QUEUE_HPP

#include <atomic>
#include <mutex>

#include "cede/loop/runnable.hpp"

namespace cede {
namespace detail {

class PostedQueue {
public:
    PostedQueue();
    ~PostedQueue();
    PostedQueue(const PostedQueue&) = delete;
    PostedQueue& operator=(const PostedQueue&) = delete;

    // Any thread. False when the queue is closed.
    bool push(Runnable& work) noexcept;
    // Any thread, also a signal handler: ends the present or the next wait.
    void ring() noexcept;

    // Loop's thread: what was pushed goes to the end of `ready`.
    void take(RunnableList& ready) noexcept;
    bool pending() const noexcept { return pending_.load(std::memory_order_acquire); }
    // Before a wait, by the loop or by its host: false when there is something to take first.
    bool fall_asleep() noexcept;
    void wake_up() noexcept { asleep_.store(false, std::memory_order_relaxed); }
    // The same as a push, for what is in the ready queue already: rings, but once for all that comes before the host looks.
    void wake_host() noexcept {
        if (asleep_.exchange(false, std::memory_order_seq_cst)) ring();
    }
    // The fd that is readable once the bell was rung, and what to do then.
    int fd() const noexcept { return read_end_; }
    void quieten() noexcept;
    // From here on push() refuses; what is queued is discarded.
    void close() noexcept;
    // The same in the child of a fork(), where another thread may have left the mutex locked; what is queued is let be.
    void leave_to_parent() noexcept;

private:
    std::mutex mutex_;
    RunnableList work_;
    RunnableList left_to_parent_;
    bool closed_ = false;
    std::atomic<bool> pending_{false};
    std::atomic<bool> asleep_{true};
    int read_end_ = -1;
    int write_end_ = -1;
};

}  // namespace detail
}  // namespace cede

#endif
