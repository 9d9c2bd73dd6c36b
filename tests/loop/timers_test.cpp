// LOOP-006 to 008, and the heap of timers against an oracle.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <memory>
#include <random>

#include "cede/cede.hpp"
#include "cede/testing/testing.hpp"

using namespace cede;
using namespace std::chrono_literals;

namespace {

// A virtual loop whose figures can be seen.
struct Loop : testing::VirtualTimeLoop {
    using VirtualTimeLoop::scheduled_count;
    std::size_t turns = 0;
    void run_once() override {
        ++turns;
        VirtualTimeLoop::run_once();
    }
};

struct Fixture {
    Loop loop;
    std::string order;
    void turn() {
        loop.stop();
        loop.run_forever();
    }
    // Until no timer is left.
    void exhaust() { BOOST_CHECK_THROW(loop.run_forever(), testing::DeadlockError); }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(timers, Fixture)

BOOST_AUTO_TEST_CASE(LOOP_006_a_timer_runs_once_after_its_delay) {
    std::vector<Duration> times;
    loop.call_later(100ms, [&] { times.push_back(loop.elapsed()); });
    exhaust();
    BOOST_REQUIRE(times.size() == 1u);
    BOOST_TEST((times[0] == Duration(100ms)));
}

BOOST_AUTO_TEST_CASE(LOOP_006_negative_delays_run_in_the_next_turn_the_earliest_first) {
    loop.call_later(-1s, [&] { order += 'b'; });
    loop.call_later(-2s, [&] { order += 'a'; });
    loop.call_later(0s, [&] { order += 'c'; });
    loop.call_soon([&] { order += 's'; });
    turn();
    BOOST_TEST(order == "sabc");
    BOOST_TEST((loop.elapsed() == Duration(0s)));
}

BOOST_AUTO_TEST_CASE(those_of_one_time_run_in_the_order_made) {
    for (char name = 'a'; name <= 'z'; ++name) loop.call_later(1s, [this, name] { order += name; });
    exhaust();
    BOOST_TEST(order == "abcdefghijklmnopqrstuvwxyz");
}

BOOST_AUTO_TEST_CASE(LOOP_007_a_handle_tells_its_time_and_whether_it_was_cancelled) {
    const TimePoint when = loop.time() + 5s;
    const TimerHandle handle = loop.call_at(when, [] {});
    BOOST_TEST((handle.when() == when));
    BOOST_TEST((loop.call_later(5s, [] {}).when() == when));
    BOOST_TEST(!handle.cancelled());
    handle.cancel();
    BOOST_TEST(handle.cancelled());
}

BOOST_AUTO_TEST_CASE(LOOP_008_tiny_sleeps_do_not_spin) {
    struct Counting : SelectorEventLoop {
        int turns = 0;
        void run_once() override {
            ++turns;
            SelectorEventLoop::run_once();
        }
    } real;
    real.run_until_complete([] {
        for (auto delay : {1ns, 100ns, 10000ns, 100000ns, 1000000ns}) await(sleep(delay));
    });
    BOOST_TEST(real.turns <= 20);
}

BOOST_AUTO_TEST_CASE(a_cancelled_timer_leaves_at_once_with_what_it_captured) {
    auto captured = std::make_shared<int>(0);
    const TimerHandle handle = loop.call_later(1h, [captured] { ++*captured; });
    BOOST_TEST(loop.scheduled_count() == 1u);
    handle.cancel();
    BOOST_TEST(loop.scheduled_count() == 0u);
    BOOST_TEST(captured.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(timers_may_cancel_timers_also_of_the_same_time_and_themselves) {
    TimerHandle same, later, self;
    loop.call_later(1s, [&] {
        order += 'a';
        same.cancel();
        later.cancel();
    });
    same = loop.call_later(1s, [&] { order += 'x'; });
    later = loop.call_later(2s, [&] { order += 'y'; });
    self = loop.call_later(3s, [&] {
        self.cancel();
        order += 'b';
    });
    exhaust();
    BOOST_TEST(order == "ab");
}

BOOST_AUTO_TEST_CASE(a_timer_may_make_timers_that_are_due_already) {
    loop.call_later(1s, [&] {
        order += 'a';
        loop.call_at(loop.time() - 1h, [&] { order += 'c'; });
        loop.call_soon([&] { order += 'b'; });
    });
    exhaust();
    BOOST_TEST(order == "abc");
}

BOOST_AUTO_TEST_CASE(delays_at_the_end_of_the_clock_do_not_wrap_round) {
    loop.call_later(Duration::max(), [&] { order += 'x'; });
    loop.call_at(TimePoint::max(), [&] { order += 'x'; });
    loop.call_later(std::chrono::hours::max(), [&] { order += 'x'; });
    loop.call_at(TimePoint::min(), [&] { order += 'a'; });
    loop.call_later(1s, [&] { order += 'b'; });
    exhaust();
    BOOST_TEST(order == "ab");
}

BOOST_AUTO_TEST_CASE(thousands_in_random_order_with_cancellations_run_as_sorted) {
    std::mt19937 random(20240501);
    struct Timer {
        Duration delay;
        int number;
        TimerHandle handle;
        bool cancelled = false;
    };
    std::vector<Timer> timers(5000);
    std::vector<int> ran;
    for (int i = 0; i < 5000; ++i) {
        Timer& timer = timers[static_cast<std::size_t>(i)];
        timer.delay = std::chrono::milliseconds(random() % 1000);  // so that many share a time
        timer.number = i;
        timer.handle = loop.call_later(timer.delay, [&ran, i] { ran.push_back(i); });
        // Some of the earlier ones go again while the heap grows.
        if (i % 3 == 0) {
            Timer& victim = timers[random() % static_cast<unsigned>(i + 1)];
            victim.handle.cancel();
            victim.cancelled = true;
        }
    }
    std::vector<Timer> left;
    for (const Timer& timer : timers) {
        if (!timer.cancelled) left.push_back(timer);
    }
    BOOST_TEST(loop.scheduled_count() == left.size());
    std::stable_sort(left.begin(), left.end(), [](const Timer& a, const Timer& b) { return a.delay < b.delay; });
    std::vector<int> expected;
    for (const Timer& timer : left) expected.push_back(timer.number);
    exhaust();
    BOOST_TEST((ran == expected));
}

// More than fit in the cache: and then once more.
BOOST_AUTO_TEST_CASE(a_crowd_runs_in_order_and_leaves_a_heap_that_works) {
    std::mt19937 random(7);
    for (const int count : {70000, 100, 70000}) {
        std::vector<std::pair<int, int>> ran;
        std::vector<TimerHandle> handles;
        for (int i = 0; i < count; ++i) {
            const int delay = static_cast<int>(random() % 500);
            handles.push_back(loop.call_later(std::chrono::milliseconds(delay), [&ran, delay, i] { ran.emplace_back(delay, i); }));
        }
        for (int i = 0; i < count; i += 7) handles[static_cast<std::size_t>(i)].cancel();
        exhaust();
        BOOST_TEST(ran.size() == static_cast<std::size_t>(count - (count + 6) / 7));
        BOOST_TEST(std::is_sorted(ran.begin(), ran.end()));
        BOOST_TEST(loop.scheduled_count() == 0u);
    }
}

BOOST_AUTO_TEST_CASE(a_handle_outlives_its_loop) {
    TimerHandle timer;
    Handle handle;
    {
        auto short_lived = new_event_loop();
        timer = short_lived->call_later(1h, [] {});
        handle = short_lived->call_soon([] {});
    }
    timer.cancel();
    handle.cancel();
    BOOST_TEST(timer.cancelled());
}

BOOST_AUTO_TEST_CASE(a_time_may_be_given_in_any_unit) {
    const TimePoint start = loop.time();
    const TimerHandle half = loop.call_at(start + 0.5s, [&](char name) { order += name; }, 'b');
    BOOST_TEST((half.when() == start + 500ms));
    loop.call_at(start + std::chrono::duration<double>(0.25), [&] { order += 'a'; });
    loop.call_at(start + Duration(1s), [&] { order += 'c'; });
    exhaust();
    BOOST_TEST(order == "abc");
}

BOOST_AUTO_TEST_SUITE_END()
