// The order of one iteration, as lib/include/cede/loop/README.md numbers it, and how often the kernel is asked.
#include <boost/test/unit_test.hpp>

#include <functional>
#include <memory>

#include "cede/cede.hpp"
#include "cede/testing/testing.hpp"

using namespace cede;
using namespace std::chrono_literals;
using selectors::EVENT_READ;
using testing::FakeSelector;

namespace {

constexpr int some_fd = 500;

struct Fixture {
    FakeSelector* selector = new FakeSelector;
    testing::VirtualTimeLoop loop{testing::TestOptions().selector(
        [this] { return std::unique_ptr<selectors::BaseSelector>(selector); })};
    std::string order;
    void turn() {
        loop.stop();
        loop.run_forever();
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(iteration, Fixture)

BOOST_AUTO_TEST_CASE(what_was_ready_goes_before_events_and_these_before_timers) {
    loop.call_later(0s, [&] { order += 't'; });
    selector->set_ready(some_fd, EVENT_READ);
    loop.add_reader(some_fd, [&] { order += 'r'; });
    loop.call_soon([&] { order += 's'; });
    turn();
    BOOST_TEST(order == "srt");
}

BOOST_AUTO_TEST_CASE(while_something_is_ready_the_kernel_is_asked_every_61_steps) {
    std::size_t steps = 0;
    const std::size_t total = 61 * 50;
    std::function<void()> again = [&] {
        if (++steps < total) {
            loop.call_soon([&] { again(); });
        } else {
            loop.stop();
        }
    };
    loop.call_soon([&] { again(); });
    loop.run_forever();
    BOOST_TEST(selector->waits() >= total / 61);
    BOOST_TEST(selector->waits() <= total / 61 + 2);
}

BOOST_AUTO_TEST_CASE(a_readable_descriptor_waits_for_61_steps_at_the_most) {
    std::size_t steps = 0, at = 0;
    std::function<void()> again = [&] {
        ++steps;
        if (steps == 200) selector->set_ready(some_fd, EVENT_READ);
        loop.call_soon([&] { again(); });
    };
    loop.add_reader(some_fd, [&] {
        at = steps;
        loop.stop();
    });
    loop.call_soon([&] { again(); });
    loop.run_forever();
    BOOST_TEST(at >= 200u);
    BOOST_TEST(at <= 200u + 62u);
}

BOOST_AUTO_TEST_CASE(a_due_timer_waits_for_61_steps_at_the_most) {
    std::size_t steps = 0, at = 0;
    std::function<void()> again = [&] {
        if (++steps == 200) loop.advance(1h);
        loop.call_soon([&] { again(); });
    };
    loop.call_later(1h, [&] {
        at = steps;
        loop.stop();
    });
    loop.call_soon([&] { again(); });
    loop.run_forever();
    BOOST_TEST(at >= 200u);
    BOOST_TEST(at <= 200u + 62u);
}

BOOST_AUTO_TEST_CASE(a_new_descriptor_is_looked_at_in_the_next_iteration) {
    // As in asyncio: an fd that is ready when it is added is served one turn later, however busy the loop is.
    std::size_t steps = 0, at = 0;
    selector->set_ready(some_fd, EVENT_READ);
    std::function<void()> again = [&] {
        if (++steps == 100) {
            loop.add_reader(some_fd, [&] {
                at = steps;
                loop.stop();
            });
        }
        loop.call_soon([&] { again(); });
    };
    loop.call_soon([&] { again(); });
    loop.run_forever();
    BOOST_TEST(at == 101u);
}

BOOST_AUTO_TEST_CASE(two_ready_tasks_cost_no_look_per_step) {
    std::size_t before = 0, after = 0;
    loop.run_until_complete([&] {
        const auto spin = [] {
            for (int i = 0; i < 1000; ++i) await(sleep(0s));
        };
        const auto a = create_task(spin);
        const auto b = create_task(spin);
        before = selector->waits();
        await(a);
        await(b);
        after = selector->waits();
    });
    BOOST_TEST(after - before <= 2000u / 61u + 2u);
}

BOOST_AUTO_TEST_CASE(two_tasks_that_wake_each_other_cost_no_look_per_step) {
    std::size_t before = 0, after = 0;
    loop.run_until_complete([&] {
        Future<void> ping, pong;
        const auto other = create_task([&] {
            for (int i = 0; i < 1000; ++i) {
                await(ping);
                ping = Future<void>();
                pong.set_result();
            }
        });
        before = selector->waits();
        for (int i = 0; i < 1000; ++i) {
            ping.set_result();
            await(pong);
            pong = Future<void>();
        }
        after = selector->waits();
        await(other);
    });
    BOOST_TEST(after - before <= 2000u / 61u + 2u);
}

BOOST_AUTO_TEST_CASE(a_loop_of_ones_own_needs_no_constructor) {
    struct Own : EventLoop {
        void run_once() override {
            ++iterations;
            EventLoop::run_once();
        }
        int iterations = 0;
    } own;
    own.call_soon([&] { own.stop(); });
    own.run_forever();
    BOOST_TEST(own.iterations == 1);
}

BOOST_AUTO_TEST_SUITE_END()
