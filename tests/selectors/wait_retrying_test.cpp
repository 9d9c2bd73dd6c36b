// The retry loop itself, with a wait that is a script: no signal and no sleep.
#include "selectors/wait_retrying.hpp"

#include <system_error>

#include <boost/test/unit_test.hpp>

#include "selectors/event_bits.hpp"

namespace cede {
namespace tests {

using namespace selectors;
using selectors::detail::to_milliseconds;
using selectors::detail::to_timespec;
using selectors::detail::wait_retrying;
using std::chrono::hours;

BOOST_AUTO_TEST_SUITE(selector_wait)

BOOST_AUTO_TEST_CASE(a_long_timeout_is_waited_for_a_day_at_a_time) {
    int calls = 0;
    const int count = wait_retrying(Duration(hours(48)), "wait", [&](absl::optional<Duration> left) {
        BOOST_TEST((left && *left == Duration(hours(24))));
        return ++calls < 2 ? 0 : 5;
    });
    BOOST_TEST(count == 5);
}

BOOST_AUTO_TEST_CASE(after_eintr_less_time_is_left) {
    absl::optional<Duration> first;
    wait_retrying(Duration(hours(1)), "wait", [&](absl::optional<Duration> left) {
        if (first) {
            BOOST_TEST((*left < *first));
            return 1;
        }
        first = left;
        errno = EINTR;
        return -1;
    });
}

BOOST_AUTO_TEST_CASE(without_a_timeout_eintr_is_retried_for_ever) {
    int calls = 0;
    const int count = wait_retrying(absl::nullopt, "wait", [&](absl::optional<Duration> left) {
        BOOST_TEST(!left.has_value());
        errno = EINTR;
        return ++calls < 10 ? -1 : 1;
    });
    BOOST_TEST(count == 1);
    BOOST_TEST(calls == 10);
}

BOOST_AUTO_TEST_CASE(a_negative_timeout_looks_once) {
    int calls = 0;
    const int count = wait_retrying(Duration(hours(-1)), "wait", [&](absl::optional<Duration> left) {
        BOOST_TEST((left && *left == Duration()));
        ++calls;
        return 0;
    });
    BOOST_TEST(count == 0);
    BOOST_TEST(calls == 1);
}

BOOST_AUTO_TEST_CASE(other_errors_are_thrown) {
    const auto fail = [](absl::optional<Duration>) {
        errno = EBADF;
        return -1;
    };
    BOOST_CHECK_EXCEPTION(wait_retrying(absl::nullopt, "wait", fail), std::system_error,
                          [](const std::system_error& error) { return error.code().value() == EBADF; });
}

BOOST_AUTO_TEST_CASE(timeouts_are_rounded_up) {
    BOOST_TEST(to_milliseconds(std::chrono::nanoseconds(1)) == 1);
    BOOST_TEST(to_milliseconds(std::chrono::milliseconds(7)) == 7);
    BOOST_TEST(to_milliseconds(std::chrono::nanoseconds(7000001)) == 8);
    BOOST_TEST(to_milliseconds(Duration::max()) == std::numeric_limits<int>::max());
    BOOST_TEST(to_timespec(std::chrono::nanoseconds(3000000005)).tv_sec == 3);
    BOOST_TEST(to_timespec(std::chrono::nanoseconds(3000000005)).tv_nsec == 5);
}

BOOST_AUTO_TEST_CASE(errors_count_as_both_events) {
    using Bits = selectors::detail::EventBits<1, 4>;
    BOOST_TEST(Bits::to_mask(1) == EVENT_READ);
    BOOST_TEST(Bits::to_mask(4) == EVENT_WRITE);
    BOOST_TEST(Bits::to_mask(16) == (EVENT_READ | EVENT_WRITE));
    BOOST_TEST(Bits::from_mask(EVENT_READ | EVENT_WRITE) == 5u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
