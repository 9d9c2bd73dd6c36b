// What it is: what a LoopGroup, its threads and its servers share. Each thread keeps it, so that a group may be destroyed in one
// of its own loops; a loop stays, closed, until the last of them lets go, so that who posts to it meets an error and no ruin.
#ifndef CEDE_SRC_TASK_LOOP_GROUP_CORE_HPP
#define CEDE_SRC_TASK_LOOP_GROUP_CORE_HPP

#include <atomic>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <sys/types.h>

#include "absl/types/optional.h"

#include "cede/task/loop_group.hpp"

namespace cede {
namespace detail {

class LoopGroupCore : public std::enable_shared_from_this<LoopGroupCore> {
public:
    LoopGroupCore(std::size_t size, LoopGroupOptions options);

    // Throws what one of the loops could not be started for, once those that could have ended.
    void start();
    std::size_t size() const noexcept { return members_.size(); }
    // Throws std::out_of_range.
    EventLoop& loop(std::size_t index) const;
    // Also RuntimeError when the group is stopping.
    EventLoop& open_loop(std::size_t index) const;
    absl::optional<std::size_t> current() const noexcept;
    // From here on nothing more is taken.
    bool stopping() const noexcept { return stopping_.load(std::memory_order_acquire); }
    void post(std::size_t index, GroupCall f);
    void stop() noexcept;
    // Both throw RuntimeError in a loop of the group, and in a forked child.
    void join();
    void wait_stopped();
    // For the destructor of the group: any thread, and nothing is thrown.
    void end() noexcept;

private:
    struct Member {
        std::unique_ptr<EventLoop> loop;  // set by its thread while start() waits
        absl::optional<PreparedCall> stop;
        std::thread thread;
        bool ending = false;  // of its thread: what is posted is not begun any more
    };

    void run(std::size_t index) noexcept;
    void run_loop(Member& self, std::size_t index);
    void end_loop_of(Member& self) noexcept;
    // Of a thread, under no lock: that its loop runs, that it has ended, that something has failed.
    void has_started();
    void has_ended() noexcept;
    void failed(std::exception_ptr error) noexcept;
    void join_threads();
    void check_outside(const char* call) const;
    void throw_error();
    // This is the child of a fork(): the threads are not here, and the lock may be one of theirs.
    bool in_child() const noexcept;

    const LoopGroupOptions options_;
    const pid_t process_;
    std::vector<Member> members_;
    std::atomic<bool> stopping_{false};
    std::mutex joining_;  // held while threads are joined
    std::mutex mutex_;    // of what follows, and of Member::stop
    std::condition_variable changed_;
    std::size_t started_ = 0;
    std::size_t threads_ = 0;
    std::exception_ptr error_;
    ConcurrentFuture<void> all_ended_;
};

}  // namespace detail
}  // namespace cede

#endif
