// The loop inside another one, which waits for it: backend_fd(), next_timeout(), poll_once().
#include <chrono>

#include "cede/base/exceptions.hpp"
#include "cede/loop/event_loop.hpp"
#include "loop/loop_impl.hpp"

namespace cede {
namespace {

// As asyncio: a selector is never asked to wait longer, for some kernels take no more than 31 bits of milliseconds.
constexpr std::chrono::hours longest_wait(24);

}  // namespace

int EventLoop::backend_fd() const noexcept {
    const int fd = impl_->selector->fileno();
    if (fd >= 0 && !impl_->hosted) {
        impl_->hosted = true;
        impl_->host_waits = !impl_->running;
    }
    return fd;
}

absl::optional<Duration> EventLoop::next_timeout() {
    if (!ready_.empty() || impl_->posted.pending() || !impl_->known.empty() || impl_->stopping) return Duration();
    absl::optional<Duration> timeout;
    if (!impl_->timers.empty()) {
        const TimePoint due = impl_->timers.earliest();
        const TimePoint now = time();
        if (due <= now) return Duration();
        // Not the plain difference: a timer at the end of the clock and a negative clock would wrap round.
        timeout = saturated_add(now, longest_wait) <= due ? Duration(longest_wait) : Duration(due - now);
    }
    // A host's wait is not seen by select(), where a loop of its own uses that time.
    if (impl_->host_waits) impl_->idle_time.use(impl_->owned, timeout);
    return timeout;
}

int EventLoop::next_timeout_ms() {
    const absl::optional<Duration> timeout = next_timeout();
    if (!timeout) return -1;
    return static_cast<int>((timeout->count() + 999999) / 1000000);  // a day at the most
}

void EventLoop::poll_once() {
    check_open();
    if (is_running()) {
        throw RuntimeError("poll_once() inside a callback or task of this event loop, which is already running: await there, "
                           "or return to the host; a host that can be called from inside asks is_running() first");
    }
    const detail::RunningScope scope(*this);
    impl_->look_soon = true;
    impl_->stopping = true;  // for this one iteration: never block
    run_once();
}

}  // namespace cede
