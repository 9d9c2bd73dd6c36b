// UNIX-001 to 008: signals through the loop.
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <csignal>
#include <functional>
#include <memory>
#include <thread>

#include <signal.h>
#include <unistd.h>

#include "cede/cede.hpp"
#include "cede/testing/testing.hpp"
#include "support/captured.hpp"

using namespace cede;
using namespace std::chrono_literals;

namespace {

volatile std::sig_atomic_t own_handler_ran = 0;
extern "C" void own_handler(int) { own_handler_ran = own_handler_ran + 1; }

void (*present_handler(int number))(int) {
    struct sigaction action;
    sigaction(number, nullptr, &action);
    return action.sa_handler;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(signals)

BOOST_AUTO_TEST_CASE(UNIX_001_the_callback_runs_in_the_loop_with_its_arguments) {
    testing::VirtualTimeLoop loop;
    std::string got;
    bool inside = false;
    loop.add_signal_handler(SIGUSR1, [&](int a, const char* b) {
        inside = loop.is_running();
        got = std::to_string(a) + b;
        loop.stop();
    }, 7, "x");
    raise(SIGUSR1);
    BOOST_TEST(got == "");  // not in the signal handler itself
    loop.run_forever();
    BOOST_TEST(got == "7x");
    BOOST_TEST(inside);
}

BOOST_AUTO_TEST_CASE(UNIX_001_a_signal_wakes_a_loop_that_waits) {
    auto loop = new_event_loop();
    loop->add_signal_handler(SIGUSR1, [&] { loop->stop(); });
    std::thread other;
    loop->call_soon([&] { other = std::thread([] { kill(getpid(), SIGUSR1); }); });
    loop->run_forever();
    other.join();
}

// As asyncio, whose handler writes a byte for each. (The system makes one of those that come while the signal is blocked.)
BOOST_AUTO_TEST_CASE(each_signal_is_delivered_and_in_the_order_of_arrival) {
    testing::VirtualTimeLoop loop;
    std::string calls;
    loop.add_signal_handler(SIGUSR1, [&] { calls += '1'; });
    loop.add_signal_handler(SIGUSR2, [&](char name) { calls += name; }, '2');
    for (const int number : {SIGUSR2, SIGUSR1, SIGUSR1, SIGUSR2}) raise(number);
    loop.stop();
    loop.run_forever();
    BOOST_TEST(calls == "2112");
    raise(SIGUSR1);
    loop.stop();
    loop.run_forever();
    BOOST_TEST(calls == "21121");
}

BOOST_AUTO_TEST_CASE(a_handler_that_goes_takes_the_signals_with_it_that_it_has_not_seen) {
    testing::VirtualTimeLoop loop;
    int calls = 0;
    loop.add_signal_handler(SIGUSR1, [&] {
        ++calls;
        loop.remove_signal_handler(SIGUSR1);
    });
    for (int i = 0; i < 3; ++i) raise(SIGUSR1);
    loop.stop();
    loop.run_forever();
    BOOST_TEST(calls == 1);
    loop.add_signal_handler(SIGUSR2, [&] { calls += 10; });
    raise(SIGUSR2);
    loop.remove_signal_handler(SIGUSR2);
    loop.stop();
    loop.run_forever();
    BOOST_TEST(calls == 1);
}

BOOST_AUTO_TEST_CASE(of_a_flood_no_signal_is_forgotten) {
    testing::VirtualTimeLoop loop;
    int first = 0, second = 0;
    loop.add_signal_handler(SIGUSR1, [&] { ++first; });
    loop.add_signal_handler(SIGUSR2, [&] { ++second; });
    for (int round = 0; round < 3; ++round) {
        first = second = 0;
        for (int i = 0; i < 1000; ++i) raise(SIGUSR1);
        raise(SIGUSR2);
        loop.stop();
        loop.run_forever();
        BOOST_TEST(first > 200);
        BOOST_TEST(first <= 1000);
        BOOST_TEST(second == 1);
    }
}

BOOST_AUTO_TEST_CASE(UNIX_002_a_number_out_of_range_is_refused) {
    testing::VirtualTimeLoop loop;
    for (int number : {0, -1, NSIG, NSIG + 1}) {
        BOOST_CHECK_THROW(loop.add_signal_handler(number, [] {}), std::invalid_argument);
        BOOST_CHECK_THROW(loop.remove_signal_handler(number), std::invalid_argument);
    }
}

BOOST_AUTO_TEST_CASE(UNIX_003_sigkill_cannot_be_caught) {
    testing::VirtualTimeLoop loop;
    BOOST_CHECK_THROW(loop.add_signal_handler(SIGKILL, [] {}), RuntimeError);
    BOOST_CHECK_THROW(loop.add_signal_handler(SIGSTOP, [] {}), RuntimeError);
    BOOST_TEST(!loop.remove_signal_handler(SIGKILL));
}

BOOST_AUTO_TEST_CASE(UNIX_004_removing_restores_what_was_there) {
    testing::VirtualTimeLoop loop;
    BOOST_TEST(!loop.remove_signal_handler(SIGUSR1));
    loop.add_signal_handler(SIGUSR1, [] {});
    BOOST_TEST((present_handler(SIGUSR1) != SIG_DFL));
    BOOST_TEST(loop.remove_signal_handler(SIGUSR1));
    BOOST_TEST((present_handler(SIGUSR1) == SIG_DFL));
    BOOST_TEST(!loop.remove_signal_handler(SIGUSR1));
}

BOOST_AUTO_TEST_CASE(UNIX_005_also_a_handler_of_the_programs_own) {
    std::signal(SIGINT, own_handler);
    {
        testing::VirtualTimeLoop loop;
        loop.add_signal_handler(SIGINT, [] {});
        loop.add_signal_handler(SIGINT, [] {});  // replaced, and still only one to take back
        loop.remove_signal_handler(SIGINT);
        own_handler_ran = 0;
        raise(SIGINT);
        BOOST_TEST(own_handler_ran == 1);
    }
    std::signal(SIGINT, SIG_DFL);
}

BOOST_AUTO_TEST_CASE(UNIX_006_a_coroutine_function_is_no_callback) {
    const auto coroutine = [] { return sleep(0s); };
    const auto plain = [] {};
    BOOST_TEST(!cede::detail::IsCallback<decltype(coroutine)>::value);
    BOOST_TEST(cede::detail::IsCallback<decltype(plain)>::value);
    const auto takes = [](int) { return sleep(0s); };
    BOOST_TEST((!cede::detail::IsCallback<decltype(takes), int>::value));
}

BOOST_AUTO_TEST_CASE(UNIX_007_only_in_the_main_thread) {
    testing::VirtualTimeLoop loop;
    std::thread([&] { BOOST_CHECK_THROW(loop.add_signal_handler(SIGUSR1, [] {}), RuntimeError); }).join();
}

BOOST_AUTO_TEST_CASE(UNIX_008_closing_the_loop_removes_all_handlers) {
    auto captured = std::make_shared<int>(0);
    testing::VirtualTimeLoop loop;
    loop.add_signal_handler(SIGUSR1, [captured] {});
    loop.add_signal_handler(SIGUSR2, [captured] {});
    loop.close();
    BOOST_TEST((present_handler(SIGUSR1) == SIG_DFL));
    BOOST_TEST((present_handler(SIGUSR2) == SIG_DFL));
    BOOST_TEST(captured.use_count() == 1);
    BOOST_CHECK_THROW(loop.add_signal_handler(SIGUSR1, [] {}), RuntimeError);
}

BOOST_AUTO_TEST_CASE(a_handler_may_remove_itself_and_replace_itself) {
    testing::VirtualTimeLoop loop;
    std::string order;
    loop.add_signal_handler(SIGUSR1, [&] {
        order += '1';
        loop.add_signal_handler(SIGUSR1, [&] {
            order += '2';
            loop.remove_signal_handler(SIGUSR1);
        });
    });
    for (int i = 0; i < 2; ++i) {
        raise(SIGUSR1);
        loop.stop();
        loop.run_forever();
    }
    BOOST_TEST(order == "12");
    BOOST_TEST((present_handler(SIGUSR1) == SIG_DFL));
}

BOOST_AUTO_TEST_CASE(a_handler_on_another_thread_may_meet_the_end_of_the_loop) {
    std::atomic<bool> enough{false};
    std::thread raiser([&] {
        while (!enough) ::raise(SIGURG);  // ignored while nobody handles it
    });
    for (int i = 0; i < 200; ++i) {
        testing::VirtualTimeLoop loop;
        loop.add_signal_handler(SIGURG, [] {});
        loop.close();
    }
    enough = true;
    raiser.join();
}

BOOST_AUTO_TEST_CASE(a_busy_loop_sees_a_signal_within_the_bound_on_fairness) {
    testing::VirtualTimeLoop loop;
    int steps = 0, at = 0;
    loop.add_signal_handler(SIGUSR1, [&] {
        at = steps;
        loop.stop();
    });
    std::function<void()> again = [&] {
        if (++steps == 100) raise(SIGUSR1);
        loop.call_soon([&] { again(); });
    };
    loop.call_soon([&] { again(); });
    loop.run_forever();
    BOOST_TEST(at >= 100);
    BOOST_TEST(at <= 162);
}

BOOST_AUTO_TEST_SUITE_END()
