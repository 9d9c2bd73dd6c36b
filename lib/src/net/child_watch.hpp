// What it is: a child process that a loop waits for: told when it has ended, and how. By a pidfd where the kernel has them
// (Linux 5.3), else by a thread for each child, as asyncio does. SIGCHLD is left alone: it belongs to the program.
//
// A child is reaped by the loop's thread alone, so its pid is its own as long as a signal may be sent to it. (A pidfd cannot
// miss even where the program reaps children behind our back.)
#ifndef CEDE_SRC_NET_CHILD_WATCH_HPP
#define CEDE_SRC_NET_CHILD_WATCH_HPP

#include <memory>

#include <sys/types.h>

#include "absl/types/optional.h"

#include "cede/loop/event_loop.hpp"
#include "net/fd_watch.hpp"

namespace cede {
namespace detail {

class ChildEvents {
public:
    // Once: the child has ended and is reaped. -N when it was killed by signal N.
    virtual void child_exited(int returncode) = 0;

protected:
    ChildEvents() = default;
    ~ChildEvents() = default;
};

class ChildWatch final : private FdEvents {
public:
    // Throws std::system_error; the child is the caller's to end and to wait for then.
    ChildWatch(EventLoop& loop, pid_t pid, ChildEvents& events);
    ~ChildWatch();
    ChildWatch(const ChildWatch&) = delete;
    ChildWatch& operator=(const ChildWatch&) = delete;

    // Harmless for a child that has ended and is not reaped. Throws std::system_error.
    void send_signal(int signal);
    // The loop goes: kills the child and reaps it; one that does not end at once is left to a thread. No event comes any more.
    void abandon() noexcept;

private:
    struct Waiting;

    bool watch_pidfd();
    void wait_in_thread(EventLoop& loop);
    void on_readable() override;
    void on_writable() override {}
    void stop() noexcept;

    const pid_t pid_;
    ChildEvents& events_;
    EventLoop* const loop_;
    int pidfd_ = -1;
    std::unique_ptr<FdWatch> watch_;
    std::shared_ptr<Waiting> waiting_;  // the thread's, where there is no pidfd
    Ref<HandleCore> delivery_;          // what it will post, until that runs
};

// Kills and reaps a child that nobody watches; blocks until it has ended.
void kill_and_reap(pid_t pid) noexcept;

}  // namespace detail
}  // namespace cede

#endif
