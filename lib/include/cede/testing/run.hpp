// What it is: cede::run() for tests: on a virtual clock, so that no test waits, and with a seeded order of the ready queue.
// When to use it: around the body of every test that awaits. When not: in a program.
#ifndef CEDE_TESTING_RUN_HPP
#define CEDE_TESTING_RUN_HPP

#include <utility>

#include "cede/task/run.hpp"
#include "cede/task/with.hpp"
#include "cede/testing/test_options.hpp"
#include "cede/testing/virtual_time_loop.hpp"

namespace cede {

namespace detail {
RunOptions options_of_test_run(const testing::TestOptions& options);
// Writes to stderr by which seed the failure that is under way comes back; nothing without one.
void report_seed(const testing::TestOptions& options) noexcept;
}  // namespace detail

namespace testing {

// Runs `x` (a coroutine, callable or other awaitable) on a new VirtualTimeLoop, ends what it left behind as cede::run()
// does, and closes the loop. Returns its result. Throws what it throws, DeadlockError when it waits for what cannot happen,
// and what went wrong while the run was ended.
template <class X>
auto run(X&& x, const TestOptions& options = TestOptions()) -> detail::AwaitedT<X> {
    using R = detail::AwaitedT<X>;
    try {
        Runner runner(detail::options_of_test_run(options));
        return with(runner, [&](Runner& entered) -> R { return entered.run(std::forward<X>(x)); });
    } catch (...) {
        detail::report_seed(options);
        throw;
    }
}

}  // namespace testing
}  // namespace cede

#endif
