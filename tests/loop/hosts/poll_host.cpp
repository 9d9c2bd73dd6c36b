// A loop of one's own around poll(2): a game's frame, an interpreter's main loop. All there is to it is in turn().
#include <algorithm>
#include <chrono>
#include <map>

#include <poll.h>

#include "loop/hosts/host.hpp"

namespace hosts {
namespace {

using Clock = std::chrono::steady_clock;

class PollHost final : public Host {
public:
    explicit PollHost(cede::EventLoop& loop) : loop_(&loop) {}

    void turn() override {
        const bool guest = loop_ != nullptr && !loop_->is_running();
        const int own = own_timeout_ms();
        const int its = guest ? loop_->next_timeout_ms() : -1;
        const int timeout = own < 0 || its < 0 ? std::max(own, its) : std::min(own, its);
        pollfd readable{guest ? loop_->backend_fd() : -1, POLLIN, 0};  // poll() passes over a negative one
        ::poll(&readable, 1, timeout);
        ++wakeups_;
        if (guest && (readable.revents != 0 || loop_->next_timeout_ms() == 0)) poll(*loop_);
        run_due_timers();
    }

    void after(std::chrono::milliseconds delay, std::function<void()> callback) override {
        timers_.emplace(Clock::now() + delay, std::move(callback));
    }
    void detach() override { loop_ = nullptr; }

private:
    int own_timeout_ms() const {
        if (timers_.empty()) return -1;
        const auto left = timers_.begin()->first - Clock::now();
        return static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                    std::max<Clock::duration>(left, {}) + std::chrono::nanoseconds(999999)).count());
    }

    void run_due_timers() {
        const Clock::time_point now = Clock::now();
        while (!timers_.empty() && timers_.begin()->first <= now) {
            const auto callback = std::move(timers_.begin()->second);
            timers_.erase(timers_.begin());
            callback();
        }
    }

    cede::EventLoop* loop_;
    std::multimap<Clock::time_point, std::function<void()>> timers_;
};

}  // namespace

std::unique_ptr<Host> make_host(cede::EventLoop& loop) { return std::unique_ptr<Host>(new PollHost(loop)); }

}  // namespace hosts
