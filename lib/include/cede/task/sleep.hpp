// What it is: waiting for time to pass. When to use it: to pause a task; `await(sleep(0s))` lets the others run once.
// When not: to bound something else's time; that is timeout().
#ifndef CEDE_TASK_SLEEP_HPP
#define CEDE_TASK_SLEEP_HPP

#include <chrono>
#include <type_traits>
#include <utility>

#include "cede/base/duration.hpp"
#include "cede/coroutine/coroutine.hpp"

namespace cede {

namespace detail {
void sleep_here(Duration delay);
Coroutine<void> sleep_for_nan();
}

// When awaited, cedes for at least `delay` on the loop's clock; zero or less cedes exactly once. A cancellation ends it at
// once. Throws RuntimeError when no loop runs, unless the delay is zero.
inline Coroutine<void> sleep(Duration delay) {
    return [delay] { detail::sleep_here(delay); };
}
// Of a whole number of units. Always inline, so that an await of it sees what the coroutine does and leaves out most of the object:
// a tenth of a yield. Apart from the one above, whose address may be taken, which gcc at -O1 refuses of such a function.
template <class Rep, class Period, std::enable_if_t<!std::is_floating_point<Rep>::value, int> = 0>
CEDE_INLINE_AWAIT Coroutine<void> sleep(std::chrono::duration<Rep, Period> delay) {
    struct Body {  // in the function, whose name a dump of tasks is to show
        enum { catches_nothing };
        Duration pause;
        void operator()() const { detail::sleep_here(pause); }
    };
    return Body{Duration(delay)};
}
// A plain number does not compile, and Duration says why. Beside the one above, because where <unistd.h> is included and
// `using namespace cede` is written, `sleep(1)` would else be POSIX's, which blocks the thread.
template <class N, std::enable_if_t<std::is_arithmetic<N>::value, int> = 0>
Coroutine<void> sleep(N number) { return sleep(Duration(number)); }
// Of a number with fractions: throws std::invalid_argument for NaN, when awaited, which as a Duration would be no time at all.
template <class Rep, class Period, std::enable_if_t<std::is_floating_point<Rep>::value, int> = 0>
Coroutine<void> sleep(std::chrono::duration<Rep, Period> delay) {
    const bool is_nan = delay != delay;
    return is_nan ? detail::sleep_for_nan() : sleep(Duration(delay));
}

// The same; evaluates to `result`.
template <class T>
Coroutine<T> sleep(Duration delay, T result) {
    return [delay, result = std::move(result)]() mutable -> T {
        detail::sleep_here(delay);
        return std::move(result);
    };
}

template <class Rep, class Period, class T, std::enable_if_t<std::is_floating_point<Rep>::value, int> = 0>
Coroutine<T> sleep(std::chrono::duration<Rep, Period> delay, T result) {
    return [delay, result = std::move(result)]() mutable -> T {
        await(sleep(delay));
        return std::move(result);
    };
}

}  // namespace cede

#endif
