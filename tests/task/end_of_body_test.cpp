// A task whose body returns completes on its own stack, and goes straight over to the next one in the queue.
#include "task/hand_over.hpp"

#include <exception>
#include <memory>
#include <stdexcept>
#include <utility>

#include <sys/wait.h>
#include <unistd.h>

#include "support/instrumentation.hpp"

namespace cede {
namespace tests {
BOOST_AUTO_TEST_SUITE(end_of_body)

BOOST_AUTO_TEST_CASE(from_tasks_that_end_to_those_that_wait_and_those_that_begin) {
    const Trace trace = same_in_both([](const Say& say) {
        const auto ends = [&](const std::string& name) {
            return [&say, name] { say(name + (current_task().done() ? " done" : " ends")); };
        };
        for (int round = 0; round < 3; ++round) await(create_task(ends("alone")));
        std::vector<Task<void>> tasks;
        for (int n = 0; n < 200; ++n) {  // each a stack below the one before, if it were a call
            tasks.push_back(create_task([&, n] {
                if (n > 0) await(tasks[static_cast<std::size_t>(n) - 1]);
                if (n % 20 == 0) get_running_loop().call_soon([&say, n] { say("callback " + number(n)); });
                if (n % 50 == 0) say("end of " + number(n));
            }));
        }
        side_by_side({ends("first"), ends("second"), [] { pass(); }, ends("third")});
        await(tasks.back());
        say("all");
    });
    BOOST_TEST(trace.size() == 21u);
    BOOST_TEST(trace.back() == "all");
}

BOOST_AUTO_TEST_CASE(captures_are_destroyed_before_who_waits_goes_on) {
    ContextVar<int> user("user", 0);
    const Trace trace = same_in_both([&](const Say& say) {
        const auto task = [&](std::function<void()> at_end) {
            return create_task([captured = AtEnd(std::move(at_end)), &user] {
                user.set(7);
                pass();
            });
        };
        Task<void> first;
        first = task([&] { say((current_task() == first ? "in it with " : "elsewhere with ") + number(user.get())); });
        await(first);
        say("after it with " + number(user.get()));
        await(task([&] { get_running_loop().call_soon([&] { say("callback"); }); }));
        // asyncio cancels a task that asks for it in its last step.
        try {
            await(task([] { current_task().cancel("at the end"); }));
        } catch (const CancelledError& error) {
            say(std::string("cancelled ") + error.what());
        }
        Task<void> watched;
        watched = task([&] { watched.add_done_callback([&] { say("done callback"); }); });
        await(watched);
        await(task([&] { say("a capture that makes a task"), create_task([&] { say("the task"); }); }));
        pass();
    });
    BOOST_TEST(trace == (Trace{"in it with 7", "after it with 0", "callback", "cancelled at the end", "done callback",
                               "a capture that makes a task", "the task"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_task_that_nobody_knows_is_destroyed_outside_of_others) {
    same_in_both([](const Say& say) {
        const auto tells = [&] {
            return AtEnd([&] { say(current_task() ? "destroyed in a task" : "destroyed"); });
        };
        create_task([&] { return tells(); });
        create_task([&] { return pass(), tells(); });
        side_by_side({[] { for (int n = 0; n < 3; ++n) pass(); }, [] { pass(); }});
    });
}

BOOST_AUTO_TEST_CASE(tasks_that_end_beside_cancelled_ones_and_a_stop) {
    same_in_both([](const Say& say) {
        auto sleeper = create_task([&] {
            try {
                await(sleep(std::chrono::hours(1)));
            } catch (const CancelledError&) {
                say("cancelled");
                throw;
            }
        });
        pass();
        create_task([&] { sleeper.cancel(); });
        create_task([&] { say("beside it"); });
        await(wait({sleeper}));
        EventLoop& loop = get_running_loop();
        loop.call_soon([&] { say("callback"); });
        side_by_side({[] {}, [&] { say("ended"); }, [] {}});
    });
    std::unique_ptr<EventLoop> loop = new_event_loop();
    std::vector<Task<void>> tasks;
    int ran = 0;
    const auto waits = loop->create_task([&] { await(tasks[0]), ++ran; });
    for (int n = 0; n < 3; ++n) tasks.push_back(loop->create_task([&, n] { ++ran, n == 0 ? loop->stop() : void(); }));
    loop->run_forever();  // stops at the end of the iteration, before the first is continued
    BOOST_TEST(ran == 3);
    loop->run_until_complete(waits);
    BOOST_TEST(ran == 4);
}

// What a task that has ended leaves behind, and where it is destroyed.

BOOST_AUTO_TEST_CASE(a_task_that_the_loop_has_stepped_is_freed_by_whom_it_went_over_to) {
    ContextVar<int> user("user", -1);
    const Trace trace = same_in_both([&](const Say& say) {
        Future<void> ready;
        Task<int> first = create_task([&, ready] { return user.set(5), await(ready), 3; });
        const auto second = create_task([&, captured = AtEnd([&] { say("with " + number(user.get())); })] {
            user.set(2);
            await(first);
            first = Task<int>();  // the last handle
            throw std::runtime_error("failed");
        });
        get_running_loop().call_soon([ready] { ready.set_result(); });
        await(wait({second}));
        second.exception();
    });
    BOOST_TEST(trace == Trace{"with 2"});
}

BOOST_AUTO_TEST_CASE(an_await_in_a_destructor_of_captures_is_refused) {
    const Trace trace = same_in_both([](const Say& say) {
        const auto passes = [] { for (int n = 0; n < 4; ++n) pass(); };
        Future<void> future;
        for (int kind = 0; kind < 2; ++kind) {
            const auto other = create_task([&] { passes(), kind == 1 ? future.set_result() : void(); });
            const auto third = create_task(passes);
            await(create_task([captured = AtEnd([&say, kind, future] {
                try {
                    kind == 0 ? pass() : await(future);
                    say("awaited");
                } catch (const RuntimeError&) {
                    say("refused");
                }
            })] { pass(); }));
            say("ended");
            await(other), await(third);
        }
        say(number(static_cast<int>(all_tasks().size())));
    });
    BOOST_TEST(trace == (Trace{"refused", "ended", "refused", "ended", "1"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_result_that_stops_the_loop_when_it_is_destroyed) {
    const auto steps_until_stop = [](bool debug) {
        const auto loop = new_event_loop();
        loop->set_debug(debug);
        int steps = 0;
        const auto other = loop->create_task([&] { for (int n = 0; n < 5; ++n) ++steps, pass(); });
        loop->create_task([&] { return AtEnd([&] { loop->stop(); }); });
        loop->run_forever();
        const int seen = steps;
        loop->run_until_complete(other);
        return seen;
    };
    BOOST_TEST(steps_until_stop(true) == 1);
    BOOST_TEST(steps_until_stop(false) == 1);
}

BOOST_AUTO_TEST_CASE(a_result_that_cancels_who_is_next_when_it_is_destroyed) {
    same_in_both([](const Say& say) {
        for (int kind = 0; kind < 2; ++kind) {
            Future<int> future;
            const auto waits = create_task([&] {
                try {
                    await(future);
                } catch (const CancelledError& error) {
                    say(std::string("cancelled ") + error.what());
                    throw;
                } catch (const std::exception& error) {
                    say(error.what());
                }
            });
            pass();
            create_task([&] { return pass(), AtEnd([&] { waits.cancel("late"); }); });
            create_task([&] { kind == 0 ? void(future.cancel("own")) : future.set_exception(std::runtime_error("failed")); });
            for (int n = 0; n < 4; ++n) pass();
        }
    });
}

// The run call throws in the child, where the loop is the parent's.
BOOST_AUTO_TEST_CASE(a_fork_in_a_destructor_of_captures) {
    if (under_tsan) return;  // it takes each fiber for a thread, and in the child of a fork() knows but the one that forked
    const pid_t parent = ::getpid();
    int status = -1;
    try {
        same_in_both([&](const Say&) {
            await(create_task([captured = AtEnd([&] {
                const pid_t child = ::fork();
                if (child > 0) ::waitpid(child, &status, 0);
                if (child == 0) std::set_terminate([] { ::_exit(2); });
            })] { pass(); }));
        });
    } catch (const RuntimeError&) {
        if (::getpid() != parent) ::_exit(3);
        throw;
    }
    if (::getpid() != parent) ::_exit(4);
    BOOST_TEST(WIFEXITED(status));
    BOOST_TEST(WEXITSTATUS(status) == 3);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
