// What it is: a queue without its items: who waits for what, how many tasks are unfinished, the shutdown. Queue<T> adds the
// items. When to use it: inside the library. Follows CPython's asyncio/queues.py.
#ifndef CEDE_SYNC_QUEUE_CORE_HPP
#define CEDE_SYNC_QUEUE_CORE_HPP

#include <cstddef>

#include "cede/sync/bound_loop.hpp"
#include "cede/task/wait_list.hpp"

namespace cede {
namespace detail {

class QueueCore {
public:
    QueueCore(const QueueCore&) = delete;
    QueueCore& operator=(const QueueCore&) = delete;
    virtual ~QueueCore();

    virtual std::size_t size() const noexcept = 0;
    std::ptrdiff_t maxsize() const noexcept { return maxsize_; }
    bool full() const noexcept { return maxsize_ > 0 && size() >= static_cast<std::size_t>(maxsize_); }

    // Cede until there is room, or an item. Throw QueueShutDown, CancelledError.
    void wait_for_room();
    void wait_for_item();
    // Throw QueueShutDown; QueueFull, QueueEmpty.
    void check_room() const;
    void check_item() const;
    // An item was put in; one was taken out.
    void added();
    void removed();
    // The room that was waited for is left after all: another may have it.
    void decline_room();

    void task_done();
    void join();
    void shutdown(bool immediate);

protected:
    explicit QueueCore(std::ptrdiff_t maxsize) noexcept : maxsize_(maxsize) {}

    // Destroys an item.
    virtual void drop_one() = 0;

private:
    const std::ptrdiff_t maxsize_;
    std::size_t unfinished_ = 0;
    bool shut_down_ = false;
    BoundLoop loop_;
    WaitList getters_;
    WaitList putters_;
    WaitList joiners_;
};

}  // namespace detail
}  // namespace cede

#endif
