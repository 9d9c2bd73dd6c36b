// Debug mode of the loop: slow callbacks, CEDE_DEBUG.
#include <boost/test/unit_test.hpp>

#include <cstdlib>

#include "cede/cede.hpp"
#include "cede/testing/testing.hpp"
#include "support/captured.hpp"

using namespace cede;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(debug)

BOOST_AUTO_TEST_CASE(a_slow_callback_and_a_slow_step_are_reported) {
    tests::CapturedWarnings warnings;
    testing::VirtualTimeLoop loop(testing::TestOptions().debug(true));
    loop.call_soon([&] { loop.advance(99ms); });
    loop.run_until_complete([&] {
        await(sleep(0s));
        loop.advance(100ms);
    });
    BOOST_TEST(warnings.count() == 1u);
    BOOST_TEST(warnings.contains("task 'Task-"));
    BOOST_TEST(warnings.contains("took 0.1"));
    loop.slow_callback_duration = 50ms;
    loop.call_soon([&] { loop.advance(60ms); });
    loop.stop();
    loop.run_forever();
    BOOST_TEST(warnings.count() == 2u);
}

BOOST_AUTO_TEST_CASE(without_debug_mode_nothing_is_measured) {
    tests::CapturedWarnings warnings;
    testing::VirtualTimeLoop loop(testing::TestOptions().debug(false));
    loop.call_soon([&] { loop.advance(1h); });
    loop.stop();
    loop.run_forever();
    BOOST_TEST(warnings.count() == 0u);
}

BOOST_AUTO_TEST_CASE(the_environment_decides_how_a_loop_starts) {
    const char* const before = std::getenv("CEDE_DEBUG");
    const std::string kept = before != nullptr ? before : "";
    setenv("CEDE_DEBUG", "1", 1);
    BOOST_TEST(new_event_loop()->get_debug());
    setenv("CEDE_DEBUG", "", 1);
    BOOST_TEST(!new_event_loop()->get_debug());
    unsetenv("CEDE_DEBUG");
    BOOST_TEST(!new_event_loop()->get_debug());
    if (before != nullptr) setenv("CEDE_DEBUG", kept.c_str(), 1);
}

BOOST_AUTO_TEST_SUITE_END()
