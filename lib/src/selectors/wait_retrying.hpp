// What it is: the one place that knows how a backend's wait is repeated: after EINTR, and when a timeout is longer than
// a system call takes.
#ifndef CEDE_SRC_SELECTORS_WAIT_RETRYING_HPP
#define CEDE_SRC_SELECTORS_WAIT_RETRYING_HPP

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <limits>
#include <system_error>

#include <time.h>

#include "absl/types/optional.h"

#include "cede/base/duration.hpp"

namespace cede {
namespace selectors {
namespace detail {

// poll takes at most 24 days, and FreeBSD's kevent fails beyond three years. Waking once a day costs nothing, so no
// backend has to know its limit.
constexpr Duration longest_wait() noexcept { return std::chrono::nanoseconds(std::chrono::hours(24)); }

inline TimePoint now() noexcept {
    return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now());
}

// `wait(optional<Duration>)` returns as poll(2) does; it is given nullopt, zero, or up to a day. Returns the number of
// ready entries, 0 when `timeout` has passed. Throws std::system_error naming `call`.
//
// The clock is read only for a timeout that can run out: a loop that only looks, or waits for ever, pays nothing.
template <class Wait>
int wait_retrying(absl::optional<Duration> timeout, const char* call, Wait wait) {
    const bool runs_out = timeout && *timeout > Duration();
    const TimePoint deadline = runs_out ? saturated_add(now(), *timeout) : TimePoint();
    absl::optional<Duration> left = timeout;
    for (;;) {
        if (left) left = std::min(std::max(*left, Duration()), longest_wait());
        const int count = wait(left);
        if (count > 0) return count;
        if (count < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), call);
        if (count == 0 && !runs_out) return 0;
        if (runs_out) left = Duration(deadline - now());
        if (runs_out && *left <= Duration()) return 0;
    }
}

inline timespec to_timespec(Duration d) noexcept {
    timespec result{};
    result.tv_sec = static_cast<time_t>(d.count() / 1000000000);
    result.tv_nsec = static_cast<long>(d.count() % 1000000000);
    return result;
}

// Rounded up: rounded down, a timer due in 0.4 ms would make the loop poll 0 ms over and over until it is.
inline int to_milliseconds(Duration d) noexcept {
    const std::int64_t whole = d.count() / 1000000 + (d.count() % 1000000 > 0 ? 1 : 0);
    return static_cast<int>(std::min<std::int64_t>(whole, std::numeric_limits<int>::max()));
}

}  // namespace detail
}  // namespace selectors
}  // namespace cede

#endif
