#include "loop/posted_queue.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <new>
#include <system_error>

#ifdef __linux__
#include <sys/eventfd.h>
#endif

namespace cede {
namespace detail {
namespace {

[[noreturn]] void throw_errno(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

}  // namespace

#ifdef __linux__
PostedQueue::PostedQueue() {
    read_end_ = write_end_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (read_end_ < 0) throw_errno("eventfd for a new event loop");
}
#else
PostedQueue::PostedQueue() {
    int ends[2];
    if (pipe(ends) != 0) throw_errno("pipe for a new event loop");
    for (int end : ends) {
        fcntl(end, F_SETFD, FD_CLOEXEC);
        fcntl(end, F_SETFL, O_NONBLOCK);
    }
    read_end_ = ends[0];
    write_end_ = ends[1];
}
#endif

PostedQueue::~PostedQueue() {
    close();
    if (write_end_ != read_end_) ::close(write_end_);
    ::close(read_end_);
}

bool PostedQueue::push(Runnable& work) noexcept {
    {
        std::lock_guard<std::mutex> lock(mutex_);
        if (closed_) return false;
        work_.push_back(work);
        pending_.store(true, std::memory_order_seq_cst);
    }
    // Either this thread sees that the loop sleeps, or the loop, about to sleep, sees that something is pending: both
    // sides write, then read, in one total order.
    if (asleep_.exchange(false, std::memory_order_seq_cst)) ring();
    return true;
}

void PostedQueue::ring() noexcept {
    const std::uint64_t one = 1;
    // Full means that the bell is ringing already; nothing else can fail here.
    const ssize_t written = write(write_end_, &one, sizeof one);
    (void)written;
}

void PostedQueue::take(RunnableList& ready) noexcept {
    std::lock_guard<std::mutex> lock(mutex_);
    pending_.store(false, std::memory_order_relaxed);
    ready.splice(work_);
}

bool PostedQueue::fall_asleep() noexcept {
    asleep_.store(true, std::memory_order_seq_cst);
    if (!pending_.load(std::memory_order_seq_cst)) return true;
    wake_up();
    return false;
}

void PostedQueue::quieten() noexcept {
    char bytes[64];
    while (read(read_end_, bytes, sizeof bytes) == static_cast<ssize_t>(sizeof bytes)) {
    }
}

void PostedQueue::close() noexcept {
    RunnableList left;
    {
        std::lock_guard<std::mutex> lock(mutex_);
        closed_ = true;
        left.splice(work_);
        pending_.store(false, std::memory_order_relaxed);
    }
    while (!left.empty()) left.pop_front().discard();
}

void PostedQueue::leave_to_parent() noexcept {
    ::new (static_cast<void*>(&mutex_)) std::mutex();
    closed_ = true;
    left_to_parent_.splice(work_);
}

}  // namespace detail
}  // namespace cede
