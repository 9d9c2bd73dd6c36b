#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdint>
#include <limits>
#include <ratio>

#include "absl/time/time.h"

#include "cede/base/duration.hpp"

using cede::Duration;
using cede::TimePoint;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(duration)

BOOST_AUTO_TEST_CASE(any_chrono_duration_converts) {
    BOOST_TEST(Duration(1s).count() == 1000000000);
    BOOST_TEST(Duration(50ms).count() == 50000000);
    BOOST_TEST(Duration(7us).count() == 7000);
    BOOST_TEST(Duration(3ns).count() == 3);
    BOOST_TEST(Duration(2h).count() == 7200000000000);
    BOOST_TEST(Duration().count() == 0);
    BOOST_TEST(Duration(-5ms).count() == -5000000);
    BOOST_TEST(Duration(std::chrono::duration<int, std::ratio<1, 3>>(3)).count() == 1000000000);
}

BOOST_AUTO_TEST_CASE(fractions_of_a_second_convert) {
    BOOST_TEST(Duration(std::chrono::duration<double>(0.25)).count() == 250000000);
    BOOST_TEST(Duration(1.5s).count() == 1500000000);
    BOOST_TEST(Duration(std::chrono::duration<float, std::milli>(0.5F)).count() == 500000);
}

// A wait may be late, never early.
BOOST_AUTO_TEST_CASE(a_fraction_of_a_nanosecond_is_rounded_up) {
    using Nanos = std::chrono::duration<double, std::nano>;
    BOOST_TEST(Duration(Nanos(0.1)).count() == 1);
    BOOST_TEST(Duration(Nanos(1.5)).count() == 2);
    BOOST_TEST(Duration(Nanos(2.0)).count() == 2);
    BOOST_TEST(Duration(Nanos(-1.5)).count() == -1);
    BOOST_TEST(Duration(std::chrono::duration<std::int64_t, std::pico>(1)).count() == 1);
    BOOST_TEST(Duration(std::chrono::duration<std::int64_t, std::pico>(2001)).count() == 3);
    BOOST_TEST(Duration(std::chrono::duration<std::int64_t, std::pico>(2000)).count() == 2);
    BOOST_TEST(Duration(std::chrono::duration<std::int64_t, std::pico>(-2001)).count() == -2);
}

BOOST_AUTO_TEST_CASE(whole_numbers_keep_every_nanosecond) {
    constexpr std::int64_t large = 9007199254740993;  // not a double
    BOOST_TEST(Duration(std::chrono::nanoseconds(large)).count() == large);
    BOOST_TEST(Duration(std::chrono::duration<std::int64_t, std::micro>(large / 1000)).count() == large / 1000 * 1000);
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_saturates) {
    BOOST_CHECK(Duration(std::chrono::hours::max()) == Duration::max());
    BOOST_CHECK(Duration(std::chrono::seconds::max()) == Duration::max());
    BOOST_TEST(Duration(std::chrono::seconds::min()).count() < -9000000000000000000);
    BOOST_CHECK(Duration(std::chrono::duration<double>(1e300)) == Duration::max());
    BOOST_CHECK(Duration(std::chrono::duration<double>(std::numeric_limits<double>::infinity())) == Duration::max());
    BOOST_TEST(Duration(std::chrono::duration<double>(-1e300)).count() < -9000000000000000000);
    BOOST_TEST(Duration(std::chrono::duration<double>(std::numeric_limits<double>::quiet_NaN())).count() == 0);
}

BOOST_AUTO_TEST_CASE(an_absl_duration_converts) {
    BOOST_TEST(Duration(absl::Milliseconds(20)).count() == 20000000);
    BOOST_TEST(Duration(absl::Seconds(0.5)).count() == 500000000);
    BOOST_CHECK(Duration(absl::InfiniteDuration()) == Duration::max());
    const Duration implicit = absl::Seconds(1);
    BOOST_CHECK(implicit == Duration(1s));
}

BOOST_AUTO_TEST_CASE(it_goes_back_to_chrono_and_to_seconds) {
    const std::chrono::nanoseconds back = Duration(3us);
    BOOST_CHECK(back == 3us);
    BOOST_TEST(Duration(1500ms).seconds() == 1.5);
}

BOOST_AUTO_TEST_CASE(it_is_ordered) {
    const Duration one = 1ms;
    const Duration two = 2ms;
    BOOST_CHECK(one < two && two > one && one <= two && two >= one && one != two && !(one == two));
    BOOST_CHECK(one <= one && one >= one && one == one);
}

BOOST_AUTO_TEST_CASE(a_point_in_time_saturates_instead_of_wrapping) {
    const TimePoint when{std::chrono::nanoseconds(1000)};
    BOOST_CHECK(cede::saturated_add(when, 1us) == TimePoint(2us));
    BOOST_CHECK(cede::saturated_add(when, -1us) == TimePoint());
    BOOST_CHECK(cede::saturated_add(when, Duration::max()) == TimePoint::max());
    BOOST_CHECK(cede::saturated_add(TimePoint::max(), 1ns) == TimePoint::max());
    BOOST_CHECK(cede::saturated_add(TimePoint::min(), -1ns) == TimePoint::min());
    BOOST_CHECK(cede::saturated_add(TimePoint::min(), 1ns) == TimePoint::min() + 1ns);
}

// As a host loop does with what next_timeout() gives.
BOOST_AUTO_TEST_CASE(it_is_a_duration_of_chrono) {
    const Duration length = 1500ms;
    BOOST_TEST(std::chrono::duration_cast<std::chrono::milliseconds>(length).count() == 1500);
    BOOST_TEST(std::chrono::duration<double>(length).count() == 1.5);
    BOOST_CHECK(length + length == 3s && length - 500ms == 1s && length * 2 == 3s && 2 * length == 3s && length / 3 == 500ms);
    BOOST_CHECK(-length == -1500ms && length / length == 1 && 1s + length == 2500ms);
    BOOST_CHECK(4s / length == 2 && 4s % length == 1s && length % length == 0s && length % Duration(1s) == 500ms);
    const Duration twice = length * 2;
    BOOST_CHECK(twice > length && twice > 2s && 2s < twice && twice != 2s && 3s == twice && twice >= 3000ms && 1min > twice);
    BOOST_CHECK(twice < absl::Seconds(4) && absl::Seconds(3) == twice && twice < std::chrono::duration<double>(3.5));
    const TimePoint when{std::chrono::seconds(1000)};
    BOOST_CHECK(when - length == when - 1500ms);
    Duration grows = 1s;
    grows += 500ms;
    BOOST_CHECK(grows == length);
}

BOOST_AUTO_TEST_CASE(a_point_in_time_may_be_given_in_any_unit) {
    const TimePoint when{std::chrono::seconds(1000)};
    BOOST_CHECK(cede::to_time_point(when + 0.5s) == when + 500ms);
    BOOST_CHECK(cede::to_time_point(when + std::chrono::duration<double>(0.25)) == when + 250ms);
    BOOST_CHECK(cede::to_time_point(std::chrono::time_point<std::chrono::steady_clock, std::chrono::hours>(1h)) ==
                TimePoint(1h));
    BOOST_CHECK(cede::to_time_point(when + std::chrono::duration<double>(1e300)) == TimePoint::max());
}

BOOST_AUTO_TEST_CASE(a_duration_is_added_to_a_point_in_time) {
    const TimePoint when{std::chrono::seconds(1000)};
    BOOST_CHECK(when + Duration(5ms) == when + 5ms);
    BOOST_CHECK(Duration(5ms) + when == when + 5ms);
    BOOST_CHECK(when + Duration::max() == TimePoint::max());
}

BOOST_AUTO_TEST_SUITE_END()
