// What it is: the options of everything in this room, with fluent setters: `TestOptions().seed(7)`.
#ifndef CEDE_TESTING_TEST_OPTIONS_HPP
#define CEDE_TESTING_TEST_OPTIONS_HPP

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "absl/types/optional.h"

#include "cede/base/duration.hpp"
#include "cede/selectors/base_selector.hpp"

namespace cede {
namespace testing {

class TestOptions {
public:
    using SelectorFactory = std::function<std::unique_ptr<selectors::BaseSelector>()>;

    // Runs what is ready in an order drawn from `n` instead of first in, first out. The same seed and the same program
    // give the same order; a failure prints it.
    TestOptions& seed(std::uint64_t n) {
        seed_ = n;
        return *this;
    }
    // Debug mode on or off; left unset, the environment's CEDE_DEBUG tells.
    TestOptions& debug(bool on) {
        debug_ = on;
        return *this;
    }
    // How long, in real time, a loop that watches file descriptors waits for them before it jumps to the next timer.
    // Longer for a peer outside of this process; zero where no timer may wait for a descriptor.
    TestOptions& grace(Duration real_time) {
        grace_ = real_time;
        return *this;
    }
    // Threads or processes that the loop does not know of will wake it: it waits for them instead of reporting a deadlock,
    // and its timers take real time.
    TestOptions& outside_events(bool expected) {
        outside_events_ = expected;
        return *this;
    }
    // Makes the loop's selector, e.g. a FakeSelector; the platform's best by default.
    TestOptions& selector(SelectorFactory factory) {
        selector_ = std::move(factory);
        return *this;
    }

    const absl::optional<std::uint64_t>& seed() const noexcept { return seed_; }
    const absl::optional<bool>& debug() const noexcept { return debug_; }
    Duration grace() const noexcept { return grace_; }
    bool outside_events() const noexcept { return outside_events_; }
    std::unique_ptr<selectors::BaseSelector> make_selector() const { return selector_ ? selector_() : nullptr; }

private:
    absl::optional<std::uint64_t> seed_;
    absl::optional<bool> debug_;
    Duration grace_ = std::chrono::milliseconds(10);
    bool outside_events_ = false;
    SelectorFactory selector_;
};

}  // namespace testing
}  // namespace cede

#endif
