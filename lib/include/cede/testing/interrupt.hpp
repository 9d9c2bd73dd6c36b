// What it is: two functions that run a body again and again, each time interrupting it at a later point, until it comes to
// its end uninterrupted: by a cancellation, or by the end of its loop.
// When to use it: to show that something keeps its promises (a lock is free, a connection given back, nothing leaked)
// wherever it is interrupted; run it under AddressSanitizer. When not: with a body whose course changes from run to run.
//
// The points are, for each await of the body's own task that cedes: when the task has been left waiting, and, where that is
// another moment, when what it waits for is done but it has not gone on. Each run has a new VirtualTimeLoop.
#ifndef CEDE_TESTING_INTERRUPT_HPP
#define CEDE_TESTING_INTERRUPT_HPP

#include <cstddef>
#include <functional>
#include <utility>

#include "cede/task/task.hpp"
#include "cede/testing/test_options.hpp"

namespace cede {

namespace detail {

using StartBody = std::function<AnyTask(EventLoop&)>;
using CheckAfter = std::function<void()>;

std::size_t cancel_at_every_await(const StartBody& start, const CheckAfter& check, const testing::TestOptions& options);
std::size_t close_loop_at_every_await(const StartBody& start, const CheckAfter& check, const testing::TestOptions& options);

// The body is called anew for each run, so it is kept outside of the task that runs it.
template <class F>
StartBody starts(F& body) {
    return [&body](EventLoop& loop) -> AnyTask { return loop.create_task([&body] { return body(); }); };
}

}  // namespace detail

namespace testing {

// Runs `body` (a callable, which may return a Coroutine) as a task, cancelled at point 1, in the next run at point 2, and so
// on; after each run, also the last and uninterrupted one, calls `check()` as a task of the same loop. What the body throws
// but CancelledError, and what check throws, is thrown, after the point was written to stderr. Returns the number of points.
template <class F>
std::size_t cancel_at_every_await(F body, detail::CheckAfter check, const TestOptions& options = TestOptions()) {
    return detail::cancel_at_every_await(detail::starts(body), check, options);
}

// The same, but at the point the loop is closed and destroyed with everything in it; `check()` is called without a loop.
template <class F>
std::size_t close_loop_at_every_await(F body, detail::CheckAfter check, const TestOptions& options = TestOptions()) {
    return detail::close_loop_at_every_await(detail::starts(body), check, options);
}

}  // namespace testing
}  // namespace cede

#endif
