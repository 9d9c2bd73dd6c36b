// LOOP-009 to 018, 022 to 024: run calls, stopping, closing, interrupts.
#include <boost/test/unit_test.hpp>

#include <memory>
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

namespace {

struct Fixture {
    testing::VirtualTimeLoop loop;
    void turn() {
        loop.stop();
        loop.run_forever();
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(running, Fixture)

BOOST_AUTO_TEST_CASE(LOOP_009_run_until_complete_gives_the_outcome_of_anything_awaitable) {
    auto future = loop.create_future<int>();
    loop.call_soon([&] { future.set_result(1); });
    BOOST_TEST(loop.run_until_complete(future) == 1);
    BOOST_TEST(loop.run_until_complete(future) == 1);  // done already
    BOOST_TEST(loop.run_until_complete(loop.create_task([] { return 2; })) == 2);
    BOOST_TEST(loop.run_until_complete(sleep(1s, 3)) == 3);
    BOOST_TEST(loop.run_until_complete([] { return 4; }) == 4);
    BOOST_CHECK_THROW(loop.run_until_complete([] { throw std::domain_error("x"); }), std::domain_error);
    auto cancelled = loop.create_future<void>();
    cancelled.cancel();
    BOOST_CHECK_THROW(loop.run_until_complete(cancelled), CancelledError);
}

BOOST_AUTO_TEST_CASE(LOOP_010_a_future_of_another_loop_is_refused) {
    auto other = new_event_loop();
    auto future = other->create_future<void>();
    future.set_result();
    BOOST_CHECK_THROW(loop.run_until_complete(future), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(LOOP_011_a_second_loop_does_not_run_inside_the_first) {
    auto other = new_event_loop();
    loop.call_soon([&] {
        BOOST_CHECK_THROW(other->run_forever(), RuntimeError);
        BOOST_CHECK_THROW(loop.run_forever(), RuntimeError);
        BOOST_CHECK_THROW(loop.run_until_complete(loop.create_future<void>()), RuntimeError);
        loop.stop();
    });
    loop.run_forever();
}

BOOST_AUTO_TEST_CASE(LOOP_012_stop_ends_run_until_complete_and_the_task_goes_on_later) {
    const auto task = loop.create_task([] {
        await(sleep(1s));
        return 8;
    });
    loop.call_soon([&] { loop.stop(); });
    BOOST_TEST(contains(message_of<RuntimeError>([&] { loop.run_until_complete(task); }), "stopped before"));
    BOOST_TEST(!task.done());
    BOOST_TEST(loop.run_until_complete(task) == 8);
}

BOOST_AUTO_TEST_CASE(LOOP_013_stop_before_a_run_lets_it_do_one_turn_without_blocking) {
    int calls = 0;
    loop.call_soon([&] {
        ++calls;
        loop.call_soon([&] { ++calls; });
    });
    loop.call_later(1h, [&] { ++calls; });
    turn();
    BOOST_TEST(calls == 1);
    auto real = new_event_loop();  // nothing to do, and no virtual clock to notice: it must not wait
    real->stop();
    real->run_forever();
}

BOOST_AUTO_TEST_CASE(LOOP_014_an_event_of_the_turn_that_stops_runs_exactly_once) {
    auto real = new_event_loop();
    int ends[2];
    BOOST_REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    BOOST_TEST(write(ends[1], "x", 1) == 1);
    int reads = 0;
    real->add_reader(ends[0], [&] {
        ++reads;
        char byte;
        BOOST_TEST(read(ends[0], &byte, 1) == 1);
    });
    real->stop();
    real->run_forever();
    BOOST_TEST(reads == 1);
    real->stop();
    real->run_forever();
    BOOST_TEST(reads == 1);
    real->remove_reader(ends[0]);
    close(ends[0]);
    close(ends[1]);
}

BOOST_AUTO_TEST_CASE(LOOP_015_an_interrupt_of_a_callback_leaves_at_once_and_the_loop_can_run_again) {
    std::string order;
    loop.call_soon([&] { order += '1'; });
    loop.call_soon([] { throw KeyboardInterrupt(); });
    loop.call_soon([&] { order += '2'; });
    BOOST_CHECK_THROW(loop.run_forever(), KeyboardInterrupt);
    BOOST_TEST(order == "1");
    BOOST_TEST(!loop.is_running());
    turn();
    BOOST_TEST(order == "12");
    loop.call_soon([] { throw SystemExit(3); });
    try {
        loop.run_until_complete(sleep(1s));
        BOOST_ERROR("nothing was thrown");
    } catch (const SystemExit& exit) {
        BOOST_TEST(exit.code() == 3);
    }
}

BOOST_AUTO_TEST_CASE(LOOP_016_no_stop_is_left_behind_by_an_interrupted_run) {
    const auto task = loop.create_task([&] {
        await(sleep(1s));
        throw KeyboardInterrupt();
    });
    BOOST_CHECK_THROW(loop.run_until_complete(task), KeyboardInterrupt);
    BOOST_TEST(task.done());
    const auto pending = loop.create_future<void>();
    loop.call_soon([] { throw SystemExit(); });
    BOOST_CHECK_THROW(loop.run_until_complete(pending), SystemExit);
    int turns = 0;
    pending.set_result();
    loop.call_later(1s, [&] { ++turns; });
    loop.call_later(2s, [&] {
        ++turns;
        loop.stop();
    });
    loop.run_forever();
    BOOST_TEST(turns == 2);
}

BOOST_AUTO_TEST_CASE(LOOP_017_a_closed_loop_refuses_everything) {
    loop.close();
    BOOST_TEST(loop.is_closed());
    loop.close();
    BOOST_CHECK_THROW(loop.run_forever(), RuntimeError);
    BOOST_CHECK_THROW(loop.run_until_complete(sleep(0s)), RuntimeError);
    BOOST_CHECK_THROW(loop.call_soon([] {}), RuntimeError);
    BOOST_CHECK_THROW(loop.call_soon_threadsafe([] {}), RuntimeError);
    BOOST_CHECK_THROW(loop.call_later(1s, [] {}), RuntimeError);
    BOOST_CHECK_THROW(loop.call_at(loop.time(), [] {}), RuntimeError);
    BOOST_CHECK_THROW(loop.create_task(sleep(0s)), RuntimeError);
    BOOST_CHECK_THROW(loop.run_in_executor(nullptr, [] {}), RuntimeError);
    BOOST_CHECK_THROW(loop.add_reader(0, [] {}), RuntimeError);
    BOOST_TEST(!loop.remove_reader(0));
    BOOST_CHECK_THROW(loop.poll_once(), RuntimeError);
}

BOOST_AUTO_TEST_CASE(LOOP_018_a_running_loop_is_not_closed) {
    loop.call_soon([&] {
        BOOST_CHECK_THROW(loop.close(), RuntimeError);
        loop.stop();
    });
    loop.run_forever();
    BOOST_TEST(!loop.is_closed());
}

BOOST_AUTO_TEST_CASE(LOOP_022_the_running_loop_is_known_inside_and_nowhere_else) {
    BOOST_CHECK_THROW(get_running_loop(), RuntimeError);
    loop.call_soon([&] { BOOST_TEST(&get_running_loop() == &loop); });
    loop.run_until_complete([&] { BOOST_TEST(&get_running_loop() == &loop); });
    BOOST_CHECK_THROW(get_running_loop(), RuntimeError);
}

BOOST_AUTO_TEST_CASE(LOOP_023_the_running_loop_goes_before_the_installed_one) {
    auto other = new_event_loop();
    set_event_loop(other);
    BOOST_TEST(&get_event_loop() == other.get());
    loop.run_until_complete([&] { BOOST_TEST(&get_event_loop() == &loop); });
    other.reset();  // a loop that goes is not left installed
    BOOST_CHECK_THROW(get_event_loop(), RuntimeError);
}

BOOST_AUTO_TEST_CASE(LOOP_024_is_running_is_true_between_start_and_end_of_a_run) {
    BOOST_TEST(!loop.is_running());
    loop.run_until_complete([&] { BOOST_TEST(loop.is_running()); });
    BOOST_TEST(!loop.is_running());
}

BOOST_AUTO_TEST_CASE(a_loop_is_stopped_and_run_again_many_times) {
    int count = 0;
    const auto task = loop.create_task([&] {
        for (;;) {
            ++count;
            loop.stop();
            await(sleep(1s));
        }
    });
    for (int i = 1; i <= 50; ++i) {
        loop.run_forever();
        BOOST_TEST(count == i);
    }
    task.cancel();
    BOOST_CHECK_THROW(loop.run_until_complete(task), CancelledError);
}

BOOST_AUTO_TEST_CASE(closing_destroys_what_was_scheduled_without_running_it) {
    auto captured = std::make_shared<int>(0);
    auto real = new_event_loop();
    real->call_soon([captured] { ++*captured; });
    real->call_later(1h, [captured] { ++*captured; });
    real->call_soon_threadsafe([captured] { ++*captured; });
    auto future = real->create_future<void>();
    future.add_done_callback([captured] { ++*captured; });
    future.set_result();
    int ends[2];
    BOOST_REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    real->add_reader(ends[0], [captured] { ++*captured; });
    BOOST_TEST(captured.use_count() == 6);
    real->close();
    BOOST_TEST(captured.use_count() == 1);
    BOOST_TEST(*captured == 0);
    close(ends[0]);
    close(ends[1]);
}

BOOST_AUTO_TEST_CASE(a_loop_may_be_continued_and_closed_by_another_thread) {
    const auto moved = new_event_loop();
    const auto other_pool = [] { cede::run([] { await(sleep(0s)); }); };
    int ended = 0;
    moved->run_until_complete([&] {
        for (int i = 0; i < 300; ++i) {
            moved->create_task([&] {
                await(sleep(0s));
                await(sleep(0s));
                ++ended;
            });
        }
        moved->create_task([] { await(sleep(1h)); });
        await(sleep(0s));
    });
    std::thread([&] {
        other_pool();  // that thread has stacks of its own
        moved->run_until_complete([] { for (int i = 0; i < 3; ++i) await(sleep(0s)); });
    }).join();
    BOOST_TEST(ended == 300);
    std::thread([&] {
        tests::CapturedReports reports(*moved);
        moved->close();
        BOOST_TEST(reports.all.size() == 1u);
    }).join();
    other_pool();
}

BOOST_AUTO_TEST_CASE(a_run_that_is_refused_leaves_nothing_behind) {
    testing::run([] {
        EventLoop& own = get_running_loop();
        bool ran = false;
        Future<int> done;
        done.set_result(1);
        BOOST_CHECK_THROW(own.run_until_complete(done), RuntimeError);  // the loop's stop() is not on its way
        BOOST_CHECK_THROW(own.run_until_complete([&] { ran = true; }), RuntimeError);
        await(sleep(1s));
        BOOST_TEST(!ran);
        BOOST_TEST(all_tasks().size() == 1u);
    });
    const auto other = new_event_loop();
    Future<int> done(*other);
    done.set_result(1);
    run([&] {
        BOOST_CHECK_THROW(other->run_until_complete(done), RuntimeError);
        BOOST_CHECK_THROW(other->run_until_complete([] {}), RuntimeError);
    });
    BOOST_TEST(all_tasks(*other).empty());
    BOOST_TEST(other->run_until_complete([] { await(sleep(0s)); return 5; }) == 5);
}

BOOST_AUTO_TEST_SUITE_END()
