// What it is: a scope that is interrupted when time runs out: asyncio's timeout. When to use it: around anything that awaits.
// When not: for one awaitable whose value you want; wait_for is shorter.
//
// Loop's thread, inside a task. The interruption is a CancelledError raised in the scope at its next await; the scope turns
// it into TimeoutError when it leaves.
#ifndef CEDE_TASK_TIMEOUT_HPP
#define CEDE_TASK_TIMEOUT_HPP

#include <chrono>
#include <exception>
#include <utility>

#include "absl/types/optional.h"

#include "cede/base/duration.hpp"
#include "cede/base/nodiscard.hpp"
#include "cede/base/ref.hpp"
#include "cede/task/with.hpp"

namespace cede {

namespace detail {
class TimeoutState;
void ref_acquire(TimeoutState* state) noexcept;
void ref_release(TimeoutState* state) noexcept;
Ref<TimeoutState> make_timeout(absl::optional<Duration> delay, absl::optional<TimePoint> when);
}  // namespace detail

// The scope's handle: copying it refers to the same scope. Use it once.
class Timeout {
public:
    // Expires `delay` from now, or from its entry where no loop runs yet; nullopt never does.
    explicit Timeout(absl::optional<Duration> delay) : state_(detail::make_timeout(delay, absl::nullopt)) {}
    // Expires at `when` on the loop's clock; nullopt never does.
    static Timeout at(absl::optional<TimePoint> when) { return Timeout(detail::make_timeout(absl::nullopt, when)); }

    // The deadline; empty for none.
    absl::optional<TimePoint> when() const noexcept;
    // Moves the deadline; one that is past expires at the next iteration, nullopt takes it away. Throws RuntimeError before
    // the scope is entered, after it has been left, and once it has expired.
    void reschedule(absl::optional<TimePoint> when) const;
    template <class Rep, class Period>
    void reschedule(std::chrono::time_point<std::chrono::steady_clock, std::chrono::duration<Rep, Period>> when) const {
        reschedule(absl::optional<TimePoint>(to_time_point(when)));
    }
    // Whether the deadline has interrupted the scope.
    bool expired() const noexcept;

    // For `with`. enter() throws RuntimeError outside a task and for a second time; exit() throws TimeoutError in place of
    // the CancelledError that the deadline raised.
    Timeout& enter();
    const Timeout& enter() const;
    bool exit(const std::exception_ptr& error) const;

private:
    explicit Timeout(detail::Ref<detail::TimeoutState> state) noexcept : state_(std::move(state)) {}
    detail::Ref<detail::TimeoutState> state_;
};

// A scope for `with`: with(timeout(1s), [](Timeout& scope) { ... }).
CEDE_NODISCARD inline Timeout timeout(absl::optional<Duration> delay) { return Timeout(delay); }
CEDE_NODISCARD inline Timeout timeout_at(absl::optional<TimePoint> when) { return Timeout::at(when); }
template <class Rep, class Period>
CEDE_NODISCARD Timeout timeout_at(std::chrono::time_point<std::chrono::steady_clock, std::chrono::duration<Rep, Period>> when) {
    return Timeout::at(to_time_point(when));
}

// Runs `f(Timeout&)` or `f()` within the time given; returns what it returns. Throws TimeoutError when time ran out, what
// f throws otherwise. May cede as f does.
template <class F>
auto timeout(absl::optional<Duration> delay, F&& f) -> decltype(with(std::declval<Timeout&>(), f)) {
    Timeout scope(delay);
    return with(scope, f);
}
template <class F>
auto timeout_at(absl::optional<TimePoint> when, F&& f) -> decltype(with(std::declval<Timeout&>(), f)) {
    Timeout scope = Timeout::at(when);
    return with(scope, f);
}
// In any unit, as `loop.time() + 0.5s`.
template <class Rep, class Period, class F>
auto timeout_at(std::chrono::time_point<std::chrono::steady_clock, std::chrono::duration<Rep, Period>> when, F&& f)
    -> decltype(with(std::declval<Timeout&>(), f)) {
    return timeout_at(absl::optional<TimePoint>(to_time_point(when)), std::forward<F>(f));
}

}  // namespace cede

#endif
