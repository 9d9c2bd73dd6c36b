// WAIT-022 to 024: sleep.
#include <boost/test/unit_test.hpp>

#include <limits>
#include <stdexcept>

#include "cede/cede.hpp"
#include "cede/testing/testing.hpp"

using namespace cede;
using namespace std::chrono_literals;

namespace {

struct Loop : testing::VirtualTimeLoop {
    using VirtualTimeLoop::scheduled_count;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(sleeping)

BOOST_AUTO_TEST_CASE(WAIT_022_it_lasts_at_least_as_long_and_gives_its_result) {
    testing::run([] {
        BOOST_TEST(await(sleep(1500ms, std::string("r"))) == "r");
        BOOST_TEST((testing::elapsed() == Duration(1500ms)));
    });
    const auto begin = std::chrono::steady_clock::now();
    run([] { await(sleep(20ms)); });
    BOOST_TEST((std::chrono::steady_clock::now() - begin >= 20ms));
}

// As a pause that a test replaces.
BOOST_AUTO_TEST_CASE(its_address_can_be_taken) {
    Coroutine<void> (*const pauses[])(Duration) = {&cede::sleep};
    testing::run([&] {
        for (const auto pause : pauses) await(pause(1500ms));
        BOOST_TEST((testing::elapsed() == Duration(1500ms)));
    });
}

BOOST_AUTO_TEST_CASE(WAIT_023_zero_cedes_exactly_once) {
    testing::run([] {
        std::string order;
        EventLoop& loop = get_running_loop();
        loop.call_soon([&] {
            order += '1';
            loop.call_soon([&] { order += '3'; });
        });
        BOOST_TEST(await(sleep(0s, 5)) == 5);
        order += '2';
        await(sleep(-1s));
        BOOST_TEST(order == "123");
    });
}

BOOST_AUTO_TEST_CASE(WAIT_024_cancelling_a_sleeper_cancels_its_timer) {
    Loop loop;
    loop.run_until_complete([&] {
        const auto sleeper = create_task([] { await(sleep(1h)); });
        await(sleep(0s));
        await(sleep(0s));
        BOOST_TEST(loop.scheduled_count() == 1u);
        sleeper.cancel();
        BOOST_CHECK_THROW(await(sleeper), CancelledError);
        BOOST_TEST(loop.scheduled_count() == 0u);
        BOOST_TEST((testing::elapsed() == Duration(0s)));
    });
}

BOOST_AUTO_TEST_CASE(a_delay_that_is_no_number_is_an_error_when_awaited) {
    testing::run([] {
        using Seconds = std::chrono::duration<double>;
        Coroutine<void> never = sleep(Seconds(std::numeric_limits<double>::quiet_NaN()));
        BOOST_CHECK_THROW(await(never), std::invalid_argument);
        BOOST_CHECK_THROW(await(sleep(Seconds(std::numeric_limits<double>::quiet_NaN()), 5)), std::invalid_argument);
        BOOST_TEST(await(sleep(Seconds(0.25), 5)) == 5);
        BOOST_TEST((testing::elapsed() == Duration(250ms)));
    });
}

BOOST_AUTO_TEST_CASE(a_sleep_outside_a_loop_is_an_error) {
    BOOST_CHECK_THROW(await(sleep(1s)), RuntimeError);
    Coroutine<void> coroutine = sleep(1s);
    BOOST_CHECK_THROW(coroutine.send(), RuntimeError);
}

BOOST_AUTO_TEST_SUITE_END()
