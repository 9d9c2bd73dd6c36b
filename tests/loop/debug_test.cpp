// Debug mode of the loop, DEBUG-001, 002, 006: slow callbacks, CEDE_DEBUG, what is no callback.
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

BOOST_AUTO_TEST_CASE(DEBUG_001_a_loop_tells_its_mode) {
    testing::VirtualTimeLoop loop(testing::TestOptions().debug(false));
    BOOST_TEST(!loop.get_debug());
    loop.set_debug(true);
    BOOST_TEST(loop.get_debug());
    loop.set_debug(false);
    BOOST_TEST(!loop.get_debug());
    // It may be switched by what it runs.
    tests::CapturedWarnings warnings;
    loop.run_until_complete([&] {
        loop.set_debug(true);
        static_cast<void>(sleep(0s));
    });
    BOOST_TEST(warnings.contains("was never awaited"));
}

namespace {
int plain(int n) { return n; }
using CoroutineFunction = Coroutine<int> (*)(int);
}  // namespace

// What Python finds out at the call is an error at compile time: each of call_soon, call_later, call_at,
// call_soon_threadsafe, add_reader, add_writer, add_signal_handler and run_in_executor asserts this trait.
BOOST_AUTO_TEST_CASE(DEBUG_006_a_coroutine_is_no_callback) {
    const auto lambda = [] { return sleep(0s); };
    BOOST_TEST((!detail::IsCallback<Coroutine<int>>::value));
    BOOST_TEST((!detail::IsCallback<Coroutine<int>&>::value));
    BOOST_TEST((!detail::IsCallback<decltype(lambda)>::value));
    BOOST_TEST((!detail::IsCallback<CoroutineFunction, int>::value));
    BOOST_TEST((detail::IsCallback<decltype(&plain), int>::value));
    testing::VirtualTimeLoop loop;
    BOOST_TEST(loop.run_until_complete(loop.run_in_executor(nullptr, &plain, 5)) == 5);
}

BOOST_AUTO_TEST_CASE(DEBUG_002_the_environment_decides_how_a_loop_starts) {
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
