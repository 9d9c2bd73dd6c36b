// What it is: several ways to the same end, tried one after the other without waiting for each to fail: asyncio's staggered
// race, the "happy eyeballs" of connecting. When to use it: for attempts of which one success is enough. When not: when all
// are to run at once (as_completed), or all must succeed (gather, TaskGroup).
#ifndef CEDE_TASK_STAGGERED_RACE_HPP
#define CEDE_TASK_STAGGERED_RACE_HPP

#include <cstddef>
#include <exception>
#include <functional>
#include <initializer_list>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/types/optional.h"
#include "absl/types/variant.h"

#include "cede/base/duration.hpp"
#include "cede/coroutine/coroutine.hpp"
#include "cede/task/awaitable.hpp"

namespace cede {

// What a race came to. `winner_result` is absl::monostate for candidates that return nothing.
template <class T>
struct StaggeredResult {
    absl::optional<std::conditional_t<std::is_void<T>::value, absl::monostate, T>> winner_result;
    absl::optional<std::size_t> winner_index;
    // One for each candidate that was started: null for the winner, and for one that was not done.
    std::vector<std::exception_ptr> exceptions;
};

namespace detail {

struct RaceOutcome {
    absl::optional<std::size_t> winner;
    std::vector<std::exception_ptr> exceptions;
};
// Runs candidates by number, each in a task of the race; `run(number)` keeps the result, and throws when it fails.
RaceOutcome run_staggered_race(std::size_t candidates, std::function<void(std::size_t)> run,
                               absl::optional<Duration> delay);

template <class R>
struct RaceEntry {
    absl::optional<R> result;
    template <class F>
    void run(F& candidate) { result.emplace(await(to_awaitable(std::move(candidate)))); }
};
template <>
struct RaceEntry<absl::monostate> {
    absl::optional<absl::monostate> result;
    template <class F>
    void run(F& candidate) {
        await(to_awaitable(std::move(candidate)));
        result.emplace();
    }
};

}  // namespace detail

// When awaited, runs the candidates (callables that return a value or a Coroutine), the next one when `delay` has passed
// since the one before was started, or as soon as that has failed; without a delay only then. The first success cancels
// the others and ends the race, once all of them are done. Cedes. A cancellation cancels the candidates, waits for them,
// and is raised then, however often they absorb it.
template <class F>
Coroutine<StaggeredResult<detail::AwaitedT<F>>> staggered_race(std::vector<F> candidates,
                                                               absl::optional<Duration> delay) {
    using T = detail::AwaitedT<F>;
    using Value = std::conditional_t<std::is_void<T>::value, absl::monostate, T>;
    struct Entries {
        std::vector<F> candidates;
        std::vector<detail::RaceEntry<Value>> results;
    };
    return [candidates = std::move(candidates), delay]() mutable {
        const std::size_t count = candidates.size();
        const auto entries = std::make_shared<Entries>();
        entries->candidates = std::move(candidates);
        entries->results.resize(count);
        detail::RaceOutcome outcome = detail::run_staggered_race(
            count, [entries](std::size_t number) { entries->results[number].run(entries->candidates[number]); }, delay);
        StaggeredResult<T> result;
        if (outcome.winner) result.winner_result = std::move(entries->results[*outcome.winner].result);
        result.winner_index = outcome.winner;
        result.exceptions = std::move(outcome.exceptions);
        return result;
    };
}
// The candidates in braces, where they are of one type: staggered_race({connect(a), connect(b)}, 250ms).
template <class F>
Coroutine<StaggeredResult<detail::AwaitedT<F>>> staggered_race(std::initializer_list<F> candidates,
                                                               absl::optional<Duration> delay) {
    return staggered_race(detail::elements_of(candidates), delay);
}

}  // namespace cede

#endif
