// What it is: the two time types of cede. A `Duration` is a length of time in whole nanoseconds, a `TimePoint` a
// reading of `std::chrono::steady_clock`. Every function that takes seconds in asyncio takes a `Duration` here, and
// a `Duration` is made from any `std::chrono` duration and from `absl::Duration`.
// When to use it: as a parameter or member; callers go on writing `50ms` or `absl::Seconds(2)`.
// When not: for wall-clock time. Nothing in cede reads a clock that can be set.
//
// Nothing here cedes, throws or allocates; every function may be called from any thread.
#ifndef CEDE_BASE_DURATION_HPP
#define CEDE_BASE_DURATION_HPP

#include <chrono>
#include <cstdint>
#include <limits>
#include <ratio>
#include <type_traits>
#include <utility>

namespace cede {

using TimePoint = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;

namespace detail {

// absl::Duration is recognised by the function that converts it, found by argument-dependent look-up, so that this
// header (which every user compiles) does not include absl/time/time.h, which costs 0.2 s.
template <class D>
using EnableIfAbslDuration = std::enable_if_t<
    std::is_same<std::int64_t, decltype(ToInt64Nanoseconds(std::declval<const D&>()))>::value>;

// Saturates instead of overflowing: hours::max() means "for ever", not a negative number of nanoseconds. Without <cmath>, which
// every user would compile.
template <class Rep, class Period>
std::int64_t saturated_nanoseconds(std::chrono::duration<Rep, Period> d) noexcept {
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    constexpr long double limit = 9.2e18L;
    const long double ns = static_cast<long double>(d.count()) *
                           (static_cast<long double>(Period::num) / Period::den) * 1e9L;
    if (ns != ns) return 0;  // NaN
    if (ns >= limit) return most;
    if (ns <= -limit) return -most;
    if (std::is_floating_point<Rep>::value) {
        const std::int64_t truncated = static_cast<std::int64_t>(ns);
        return truncated + (static_cast<long double>(truncated) < ns ? 1 : 0);
    }
    const auto whole = std::chrono::duration_cast<std::chrono::nanoseconds>(d);
    return whole.count() + (whole < d ? 1 : 0);
}

}  // namespace detail

class Duration;
inline TimePoint saturated_add(TimePoint when, Duration delay) noexcept;

// A length of time in nanoseconds. Made from another duration, fractions of a nanosecond are rounded up, and what does not fit
// saturates; so does `TimePoint + Duration`. It is a std::chrono::nanoseconds, so that all of <chrono> takes it, whose arithmetic
// does not saturate: duration_cast<milliseconds>(*loop.next_timeout()), `d * 2`.
class Duration : public std::chrono::nanoseconds {
public:
    constexpr Duration() noexcept : std::chrono::nanoseconds(0) {}
    constexpr Duration(std::chrono::nanoseconds d) noexcept : std::chrono::nanoseconds(d) {}

    template <class Rep, class Period>
    constexpr Duration(std::chrono::duration<Rep, Period> d) noexcept
        : std::chrono::nanoseconds(detail::saturated_nanoseconds(d)) {}

    template <class D, class = detail::EnableIfAbslDuration<D>>
    Duration(const D& d) noexcept : std::chrono::nanoseconds(ToInt64Nanoseconds(d)) {}

    // A plain number, as in Python: does not compile, and says why.
    template <class N, std::enable_if_t<std::is_arithmetic<N>::value, int> = 0>
    Duration(N) noexcept : std::chrono::nanoseconds(0) {
        static_assert(!std::is_same<N, N>::value,
                      "a length of time needs a unit: 2s or 500ms, or std::chrono::duration<double>(x) for x seconds");
    }

    // The length in seconds, as Python's loop.time() counts.
    double seconds() const noexcept { return static_cast<double>(count()) * 1e-9; }

    // The longest length; as a delay it means "never".
    static constexpr Duration max() noexcept {
        return Duration(std::chrono::nanoseconds(std::numeric_limits<std::int64_t>::max()));
    }

    friend constexpr bool operator==(Duration a, Duration b) noexcept { return a.count() == b.count(); }
    friend constexpr bool operator!=(Duration a, Duration b) noexcept { return a.count() != b.count(); }
    friend constexpr bool operator<(Duration a, Duration b) noexcept { return a.count() < b.count(); }
    friend constexpr bool operator>(Duration a, Duration b) noexcept { return a.count() > b.count(); }
    friend constexpr bool operator<=(Duration a, Duration b) noexcept { return a.count() <= b.count(); }
    friend constexpr bool operator>=(Duration a, Duration b) noexcept { return a.count() >= b.count(); }

    // Saturated at the far ends of the clock.
    friend TimePoint operator+(TimePoint when, Duration delay) noexcept { return saturated_add(when, delay); }
    friend TimePoint operator+(Duration delay, TimePoint when) noexcept { return saturated_add(when, delay); }
};

// With a duration of another unit, where those above and those of <chrono> would be equally good.
template <class R, class P>
constexpr bool operator==(Duration a, std::chrono::duration<R, P> b) noexcept { return a == Duration(b); }
template <class R, class P>
constexpr bool operator==(std::chrono::duration<R, P> a, Duration b) noexcept { return Duration(a) == b; }
template <class R, class P>
constexpr bool operator!=(Duration a, std::chrono::duration<R, P> b) noexcept { return a != Duration(b); }
template <class R, class P>
constexpr bool operator!=(std::chrono::duration<R, P> a, Duration b) noexcept { return Duration(a) != b; }
template <class R, class P>
constexpr bool operator<(Duration a, std::chrono::duration<R, P> b) noexcept { return a < Duration(b); }
template <class R, class P>
constexpr bool operator<(std::chrono::duration<R, P> a, Duration b) noexcept { return Duration(a) < b; }
template <class R, class P>
constexpr bool operator>(Duration a, std::chrono::duration<R, P> b) noexcept { return a > Duration(b); }
template <class R, class P>
constexpr bool operator>(std::chrono::duration<R, P> a, Duration b) noexcept { return Duration(a) > b; }
template <class R, class P>
constexpr bool operator<=(Duration a, std::chrono::duration<R, P> b) noexcept { return a <= Duration(b); }
template <class R, class P>
constexpr bool operator<=(std::chrono::duration<R, P> a, Duration b) noexcept { return Duration(a) <= b; }
template <class R, class P>
constexpr bool operator>=(Duration a, std::chrono::duration<R, P> b) noexcept { return a >= Duration(b); }
template <class R, class P>
constexpr bool operator>=(std::chrono::duration<R, P> a, Duration b) noexcept { return Duration(a) >= b; }

// How often one goes into another, and what is left. <chrono> would take a second Duration for a number.
template <class D, std::enable_if_t<std::is_same<D, Duration>::value, int> = 0>
constexpr std::int64_t operator/(D a, D b) noexcept { return a.count() / b.count(); }
template <class R, class P>
constexpr std::int64_t operator/(std::chrono::duration<R, P> a, Duration b) noexcept { return Duration(a) / b; }
template <class D, std::enable_if_t<std::is_same<D, Duration>::value, int> = 0>
constexpr Duration operator%(D a, D b) noexcept { return std::chrono::nanoseconds(a.count() % b.count()); }
template <class R, class P>
constexpr Duration operator%(std::chrono::duration<R, P> a, Duration b) noexcept { return Duration(a) % b; }

// `when + delay`, saturated at the far end of the clock instead of wrapping round into the past.
inline TimePoint saturated_add(TimePoint when, Duration delay) noexcept {
    const std::int64_t base = when.time_since_epoch().count();
    if (delay.count() > 0 && base > std::numeric_limits<std::int64_t>::max() - delay.count()) return TimePoint::max();
    if (delay.count() < 0 && base < std::numeric_limits<std::int64_t>::min() - delay.count()) return TimePoint::min();
    return TimePoint(std::chrono::nanoseconds(base + delay.count()));
}

// A point of the clock in any unit: `loop.time() + 0.5s` has fractions of nanoseconds. Rounded and saturated as a Duration is.
template <class Rep, class Period>
TimePoint to_time_point(std::chrono::time_point<std::chrono::steady_clock, std::chrono::duration<Rep, Period>> t) noexcept {
    return TimePoint(std::chrono::nanoseconds(detail::saturated_nanoseconds(t.time_since_epoch())));
}

}  // namespace cede

#endif
