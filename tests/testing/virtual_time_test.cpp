// The clock of VirtualTimeLoop: it jumps when nothing can run, waits for what runs elsewhere, and sees a deadlock.
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <future>
#include <thread>

#include <sys/socket.h>
#include <unistd.h>

#include "cede/cede.hpp"
#include "cede/testing/testing.hpp"
#include "support/captured.hpp"

using namespace cede;
using namespace std::chrono_literals;
using tests::contains;
using tests::message_of;

BOOST_AUTO_TEST_SUITE(virtual_time)

BOOST_AUTO_TEST_CASE(an_hour_passes_at_once_and_exactly) {
    const auto begin = std::chrono::steady_clock::now();
    const int result = testing::run([] {
        await(sleep(1h));
        BOOST_TEST((testing::elapsed() == Duration(1h)));
        await(sleep(1ns));
        BOOST_TEST((testing::elapsed() == Duration(1h + 1ns)));
        return 7;
    });
    BOOST_TEST(result == 7);
    BOOST_TEST((std::chrono::steady_clock::now() - begin < 1min));
}

BOOST_AUTO_TEST_CASE(a_timer_of_years_is_reached_in_one_jump) {
    testing::run([] {
        await(sleep(std::chrono::hours(24 * 365 * 100)));
        BOOST_TEST((testing::elapsed() == Duration(std::chrono::hours(24 * 365 * 100))));
    });
}

BOOST_AUTO_TEST_CASE(the_clock_stands_still_while_tasks_run) {
    testing::run([] {
        for (int i = 0; i < 200; ++i) await(sleep(0s));
        BOOST_TEST((testing::elapsed() == Duration(0s)));
    });
}

BOOST_AUTO_TEST_CASE(sleepers_wake_in_the_order_of_their_times) {
    std::string order;
    testing::run([&] {
        const auto sleeper = [&](std::chrono::seconds delay, char name) {
            return create_task([&order, delay, name] {
                await(sleep(delay));
                order += name;
            });
        };
        const std::vector<Task<void>> tasks{sleeper(3s, 'c'), sleeper(1s, 'a'), sleeper(2s, 'b'), sleeper(3s, 'd')};
        await(gather(tasks));
        BOOST_TEST((testing::elapsed() == Duration(3s)));
    });
    BOOST_TEST(order == "abcd");
}

BOOST_AUTO_TEST_CASE(advance_moves_the_clock_by_hand) {
    testing::VirtualTimeLoop loop;
    bool ran = false;
    loop.call_later(10s, [&] { ran = true; });
    loop.call_soon([&] { loop.advance(10s); });
    loop.stop();
    loop.run_forever();
    BOOST_TEST(!ran);  // due only in the next iteration
    loop.stop();
    loop.run_forever();
    BOOST_TEST(ran);
    BOOST_CHECK_THROW(loop.advance(-1s), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(a_deadlock_is_an_error_that_names_the_tasks) {
    std::string text = message_of<testing::DeadlockError>([] {
        testing::run([] {
            const auto stuck = create_task([] { await(Future<void>()); }, TaskOptions().name("stuck"));
            await(stuck);
        });
    });
    BOOST_TEST(contains(text, "deadlock"));
    BOOST_TEST(contains(text, "stuck"));
}

BOOST_AUTO_TEST_CASE(a_deadlock_without_a_task_is_one_too) {
    testing::VirtualTimeLoop loop;
    BOOST_TEST(contains(message_of<testing::DeadlockError>([&] { loop.run_forever(); }), "Waiting tasks: none"));
    // The loop can be used again.
    BOOST_TEST(loop.run_until_complete([] { return 3; }) == 3);
}

BOOST_AUTO_TEST_CASE(a_timer_that_is_never_due_does_not_hide_a_deadlock) {
    BOOST_CHECK_THROW(testing::run([] { await(sleep(Duration::max())); }), testing::DeadlockError);
}

BOOST_AUTO_TEST_CASE(a_cancelled_timer_does_not_hide_a_deadlock) {
    testing::VirtualTimeLoop loop;
    loop.call_later(1s, [] {}).cancel();
    BOOST_CHECK_THROW(loop.run_forever(), testing::DeadlockError);
}

BOOST_AUTO_TEST_CASE(work_in_a_thread_is_waited_for) {
    testing::run([] {
        std::promise<void> gate;
        const auto blocked = create_task(to_thread([&] { gate.get_future().wait(); }));
        await(sleep(0s));
        std::thread opener([&] { gate.set_value(); });
        await(blocked);  // neither a deadlock nor a jump
        opener.join();
        BOOST_TEST((testing::elapsed() == Duration(0s)));
    });
}

BOOST_AUTO_TEST_CASE(a_timeout_over_work_in_a_thread_takes_its_time) {
    testing::run([] {
        std::promise<void> gate;
        const auto begin = std::chrono::steady_clock::now();
        BOOST_CHECK_THROW(await(wait_for(to_thread([&] { gate.get_future().wait(); }), 20ms)), TimeoutError);
        BOOST_TEST((std::chrono::steady_clock::now() - begin >= 20ms));
        BOOST_TEST((testing::elapsed() == Duration(20ms)));
        gate.set_value();
    });
}

BOOST_AUTO_TEST_CASE(a_thread_of_the_test_is_waited_for_when_announced) {
    testing::run(
        [] {
            EventLoop& loop = get_running_loop();
            Future<int> answer;
            std::thread other([&] { loop.call_soon_threadsafe([&] { answer.set_result(42); }); });
            BOOST_TEST(await(answer) == 42);
            other.join();
        },
        testing::TestOptions().outside_events(true));
}

BOOST_AUTO_TEST_CASE(a_descriptor_comes_before_a_jump) {
    int ends[2];
    BOOST_REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    std::thread writer;
    ssize_t written = 0;
    testing::run(
        [&] {
            EventLoop& loop = get_running_loop();
            Future<void> readable;
            loop.add_reader(ends[0], [&] {
                loop.remove_reader(ends[0]);
                readable.set_result();
            });
            writer = std::thread([&] { written = write(ends[1], "x", 1); });
            timeout(10s, [&] { await(readable); });
            BOOST_TEST((testing::elapsed() == Duration(0s)));
        },
        testing::TestOptions().grace(1min));
    writer.join();
    BOOST_TEST(written == 1);
    close(ends[0]);
    close(ends[1]);
}

BOOST_AUTO_TEST_CASE(a_silent_descriptor_does_not_stop_the_clock) {
    int ends[2];
    BOOST_REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    testing::run(
        [&] {
            get_running_loop().add_reader(ends[0], [] {});
            BOOST_CHECK_THROW(timeout(1h, [&] { await(Future<void>()); }), TimeoutError);
            get_running_loop().remove_reader(ends[0]);
        },
        testing::TestOptions().grace(0s));
    close(ends[0]);
    close(ends[1]);
}

BOOST_AUTO_TEST_CASE(run_throws_what_the_body_throws_and_ends_the_rest) {
    bool cleaned = false;
    BOOST_CHECK_THROW(testing::run([&] {
        create_task([&] {
            try {
                await(sleep(1h));
            } catch (const CancelledError&) {
                cleaned = true;
                throw;
            }
        });
        await(sleep(1s));
        throw std::domain_error("out");
    }),
                      std::domain_error);
    BOOST_TEST(cleaned);
}

BOOST_AUTO_TEST_CASE(elapsed_wants_a_virtual_clock) {
    BOOST_CHECK_THROW(testing::elapsed(), RuntimeError);
    BOOST_CHECK_THROW(cede::run([] { testing::elapsed(); }), RuntimeError);
}

BOOST_AUTO_TEST_SUITE_END()
