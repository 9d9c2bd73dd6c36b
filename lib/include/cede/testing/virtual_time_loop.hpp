// What it is: an event loop on a clock of its own, which stands still while anything can run and jumps to the next timer
// when nothing can: a test of an hour's timeout takes no time, and takes the same course every time.
// When to use it: through testing::run(); by itself for a test of callbacks, or with a FakeSelector. When not: for a test
// of the real clock.
//
// What the clock does when nothing is ready:
//  1. Functions run in executor threads, or TestOptions().outside_events(true): it waits for them, and until they are done
//     a timer takes its time for real.
//  2. File descriptors are watched: it gives them TestOptions().grace() of real time, then jumps; without a timer it waits.
//     The descriptors of a FakeSelector count as none, since only the test can make them ready.
//  3. There is a timer: it jumps to it.
//  4. Otherwise nothing can ever happen again: the run call throws DeadlockError, which names the waiting tasks.
//
// As any loop: one thread.
#ifndef CEDE_TESTING_VIRTUAL_TIME_LOOP_HPP
#define CEDE_TESTING_VIRTUAL_TIME_LOOP_HPP

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cede/base/exceptions.hpp"
#include "cede/loop/event_loop.hpp"
#include "cede/testing/test_options.hpp"

namespace cede {
namespace testing {

// Every task waits, and nothing is left that could wake one.
class DeadlockError : public RuntimeError {
public:
    using RuntimeError::RuntimeError;
    ~DeadlockError() override;
};

class VirtualTimeLoop : public SelectorEventLoop {
public:
    explicit VirtualTimeLoop(const TestOptions& options = TestOptions());
    ~VirtualTimeLoop() override;

    // The virtual clock.
    TimePoint time() const override { return now_; }
    // How far it has come since the loop was made.
    Duration elapsed() const noexcept;
    // Moves it by hand: a callback that calls this was slow. Timers that are due then run in the next iteration.
    void advance(Duration by);
    void run_once() override;

protected:
    void select(absl::optional<Duration> timeout) override;

private:
    bool watches_descriptors();
    bool wait_really(absl::optional<Duration> limit);
    [[noreturn]] void throw_deadlock();
    void shuffle_ready();
    std::uint64_t draw() noexcept;

    const TestOptions options_;
    TimePoint now_;
    std::uint64_t random_ = 0;
    std::vector<detail::Runnable*> order_;
};

// How far the clock of the running loop has come. Throws RuntimeError when that is no VirtualTimeLoop.
Duration elapsed();

}  // namespace testing
}  // namespace cede

#endif
