#include "cede/testing/virtual_time_loop.hpp"

#include <chrono>
#include <string>
#include <utility>

#include "cede/base/reports.hpp"
#include "cede/task/task.hpp"
#include "cede/testing/fake_selector.hpp"
#include "loop/loop_impl.hpp"

namespace cede {
namespace testing {
namespace {

// Not the clock's zero, which programs take for "no time".
constexpr TimePoint beginning{std::chrono::hours(1)};

TimePoint real_now() {
    return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now());
}

std::string waiting_tasks(EventLoop& loop) {
    constexpr std::size_t most = 20;
    const std::vector<AnyTask> tasks = all_tasks(loop);
    if (tasks.empty()) return "none";
    std::string names;
    for (std::size_t i = 0; i < tasks.size() && i < most; ++i) names += (i == 0 ? "" : ", ") + tasks[i].get_name();
    if (tasks.size() > most) names += " and " + std::to_string(tasks.size() - most) + " more";
    return names;
}

}  // namespace

DeadlockError::~DeadlockError() = default;

VirtualTimeLoop::VirtualTimeLoop(const TestOptions& options)
    : SelectorEventLoop(options.make_selector()), options_(options), now_(beginning) {
    if (options_.seed()) random_ = *options_.seed();
    if (options_.debug()) set_debug(*options_.debug());
}

// Here, where the clock still is this one, for clean-up code that sets timers.
VirtualTimeLoop::~VirtualTimeLoop() {
    try {
        close();
    } catch (...) {
        detail::report_unraisable(std::current_exception(), "a VirtualTimeLoop was destroyed");
    }
}

Duration VirtualTimeLoop::elapsed() const noexcept { return Duration(now_ - beginning); }

void VirtualTimeLoop::advance(Duration by) {
    if (by.count() < 0) throw std::invalid_argument("advance: the clock of a loop never goes back");
    now_ = saturated_add(now_, by);
    impl().look_soon = true;
}

void VirtualTimeLoop::run_once() {
    collect_ready();
    if (options_.seed()) shuffle_ready();
    run_ready();
}

void VirtualTimeLoop::select(absl::optional<Duration> timeout) {
    SelectorEventLoop::select(Duration());
    if (ready_count() != 0 || (timeout && timeout->count() <= 0)) return;
    // Not `timeout` itself, which is a day at the most. A timer at the end of the clock is never due.
    absl::optional<Duration> until_due;
    if (!impl().timers.empty() && impl().timers.earliest() != TimePoint::max()) {
        until_due = Duration(impl().timers.earliest() - now_);
    }
    if (options_.outside_events() || work_in_threads() != 0 || (watches_descriptors() && !until_due)) {
        if (wait_really(until_due)) return;
    } else if (!until_due) {
        throw_deadlock();
    } else if (watches_descriptors() && wait_really(options_.grace())) {
        return;
    }
    now_ += std::chrono::nanoseconds(*until_due);
}

bool VirtualTimeLoop::watches_descriptors() {
    const bool fake = dynamic_cast<FakeSelector*>(&selector()) != nullptr;
    return !fake && selector().get_map().size() > 1 + impl().idle_descriptors();  // one is the loop's own bell
}

// True when something is ready, false when the time was over before.
bool VirtualTimeLoop::wait_really(absl::optional<Duration> limit) {
    const TimePoint begin = real_now();
    absl::optional<Duration> left = limit;
    while (!left || left->count() > 0) {
        SelectorEventLoop::select(left);  // comes back early when the stack pool asks for it
        if (ready_count() != 0) return true;
        if (limit) left = Duration(std::chrono::nanoseconds(*limit) - (real_now() - begin));
    }
    return false;
}

void VirtualTimeLoop::throw_deadlock() {
    throw DeadlockError("deadlock: nothing can happen any more: no callback is ready, no timer is set, no file descriptor is "
                        "watched and no function runs in a thread. Waiting tasks: " + waiting_tasks(*this) +
                        ". (If a thread of the test's own is to wake one, say TestOptions().outside_events(true).)");
}

// R. A. Fisher and F. Yates 1938, as an algorithm R. Durstenfeld 1964.
void VirtualTimeLoop::shuffle_ready() {
    order_.clear();
    while (!ready().empty()) order_.push_back(&ready().pop_front());
    for (std::size_t left = order_.size(); left > 1; --left) std::swap(order_[left - 1], order_[draw() % left]);
    for (detail::Runnable* each : order_) ready().push_back(*each);
}

// splitmix64 (G. L. Steele, D. Lea, C. H. Flood 2014). The standard's engines are portable, its distributions are not, so a
// seed would mean another order with another standard library.
std::uint64_t VirtualTimeLoop::draw() noexcept {
    random_ += 0x9e3779b97f4a7c15u;
    std::uint64_t z = random_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

Duration elapsed() {
    const auto* loop = dynamic_cast<VirtualTimeLoop*>(&get_running_loop());
    if (loop == nullptr) throw RuntimeError("elapsed: the running loop has no virtual clock; run this in testing::run()");
    return loop->elapsed();
}

}  // namespace testing
}  // namespace cede
