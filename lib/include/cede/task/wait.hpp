// What it is: waiting for some of several futures, for a time, without touching them: asyncio's wait. When to use it: to go
// on when the first is done, or to look at what is done when time is up. When not: for all results (gather), for results as
// they come (as_completed), to stop the others when one fails (TaskGroup).
#ifndef CEDE_TASK_WAIT_HPP
#define CEDE_TASK_WAIT_HPP

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/types/optional.h"
#include "absl/types/span.h"

#include "cede/base/duration.hpp"
#include "cede/task/task.hpp"

namespace cede {

enum ReturnWhen : int {
    FIRST_COMPLETED,  // one is done
    FIRST_EXCEPTION,  // one has failed, a cancellation not counted, or all are done
    ALL_COMPLETED
};

class WaitOptions {
public:
    WaitOptions() = default;
    // So that wait(tasks, FIRST_COMPLETED) says all that is needed without a timeout.
    WaitOptions(ReturnWhen when) noexcept : return_when_(when) {}

    // At most so long; without limit by default.
    WaitOptions& timeout(absl::optional<Duration> limit) {
        timeout_ = limit;
        return *this;
    }
    // ALL_COMPLETED by default.
    WaitOptions& return_when(ReturnWhen when) {
        return_when_ = when;
        return *this;
    }
    const absl::optional<Duration>& timeout() const noexcept { return timeout_; }
    ReturnWhen return_when() const noexcept { return return_when_; }

private:
    absl::optional<Duration> timeout_;
    ReturnWhen return_when_ = ALL_COMPLETED;
};

// Futures in an order, which can be asked as Python's sets are, and become a set of the standard library where one is wanted:
// `while (!pending.empty()) { auto r = await(wait(pending, FIRST_COMPLETED)); pending = r.pending; }`.
template <class H>
class FutureList : public std::vector<H> {
public:
    using std::vector<H>::vector;
    FutureList() = default;
    FutureList(std::vector<H> handles) noexcept : std::vector<H>(std::move(handles)) {}
    // 1 or 0.
    std::size_t count(const AnyFuture& handle) const {
        return static_cast<std::size_t>(std::count(this->begin(), this->end(), handle));
    }
    bool contains(const AnyFuture& handle) const { return count(handle) != 0; }
    template <class Set, class = typename Set::key_type, class = std::enable_if_t<std::is_same<typename Set::value_type, H>::value>>
    operator Set() const { return Set(this->begin(), this->end()); }
};

// The handles given, each once, in the order given.
template <class H>
struct WaitResult {
    FutureList<H> done;
    FutureList<H> pending;
};

namespace detail {
// Cedes until it is time to return. Throws as wait().
void wait_here(absl::Span<const AnyFuture> distinct, const WaitOptions& options);
// The first place of each future among `all`.
std::vector<std::size_t> distinct_places(absl::Span<const AnyFuture> all);
}  // namespace detail

// When awaited, cedes until what the options say; running out of time is no error, and cancels nothing. Evaluates to those
// that are done then, which may be more than it waited for, and the others. Throws std::invalid_argument for an empty
// list, an unknown return_when, and a future of another loop.
template <class H>
Coroutine<WaitResult<H>> wait(std::vector<H> handles, const WaitOptions& options = WaitOptions()) {
    static_assert(detail::IsFuture<H>::value, "wait() takes tasks and futures: make a task of a coroutine by create_task()");
    return [handles = std::move(handles), options]() mutable {
        const std::vector<AnyFuture> all(handles.begin(), handles.end());
        const std::vector<std::size_t> places = detail::distinct_places(all);
        std::vector<AnyFuture> distinct;
        distinct.reserve(places.size());
        for (const std::size_t place : places) distinct.push_back(all[place]);
        detail::wait_here(distinct, options);
        WaitResult<H> result;
        for (const std::size_t place : places) {
            (all[place].done() ? result.done : result.pending).push_back(std::move(handles[place]));
        }
        return result;
    };
}
// Of any other container; also of several types, as futures without one.
template <class Range, class H = detail::RangeValue<Range>>
Coroutine<WaitResult<H>> wait(const Range& handles, const WaitOptions& options = WaitOptions()) {
    static_assert(detail::IsFuture<H>::value, "wait() takes tasks and futures: make a task of a coroutine by create_task()");
    return cede::wait(std::vector<H>(handles.begin(), handles.end()), options);
}
template <class H>
Coroutine<WaitResult<H>> wait(std::initializer_list<H> handles, const WaitOptions& options = WaitOptions()) {
    return cede::wait(std::vector<H>(handles), options);
}
Coroutine<WaitResult<AnyFuture>> wait(std::initializer_list<AnyFuture> handles, const WaitOptions& options = WaitOptions());

}  // namespace cede

#endif
