// What users get wrong, and that each mistake is an error which says what to do instead, or a report of one.
#include <boost/test/unit_test.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <thread>

#include "cede/cede.hpp"
#include "cede/testing/testing.hpp"
#include "support/captured.hpp"
#include "support/child_process.hpp"
#include "support/instrumentation.hpp"

using namespace cede;
using namespace std::chrono_literals;
using tests::CapturedReports;
using tests::CapturedUnraisables;
using tests::CapturedWarnings;
using tests::contains;
using tests::message_of;

namespace {

// The message of the E that `f` throws has `advice` in it.
template <class E, class F>
void check_advice(F f, const std::string& advice) {
    const std::string message = message_of<E>(f);
    BOOST_TEST(contains(message, advice), "'" << message << "' does not say '" << advice << "'");
}

std::unique_ptr<EventLoop> debugging_loop() {
    auto loop = new_event_loop();
    loop->set_debug(true);
    return loop;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(misuse)

BOOST_AUTO_TEST_CASE(await_outside_a_task) {
    const auto loop = new_event_loop();
    const Future<int> future(*loop);
    check_advice<RuntimeError>([&] { await(future); }, "Run this inside cede::run(), or as a task by create_task()");
    check_advice<RuntimeError>([] { await(sleep(1s)); }, "cede::run()");
    check_advice<RuntimeError>([] { create_task([] {}); }, "cede::run()");
    check_advice<RuntimeError>([] { Future<int>(); }, "cede::run()");
    // In a callback of a loop no task runs either.
    std::string message;
    loop->call_soon([&] { message = message_of<RuntimeError>([&] { await(future); }); });
    loop->stop();
    loop->run_forever();
    BOOST_TEST(contains(message, "create_task()"));
}

BOOST_AUTO_TEST_CASE(a_coroutine_awaited_twice) {
    testing::run([] {
        Coroutine<int> coroutine = [] { return 1; };
        BOOST_TEST(await(coroutine) == 1);
        check_advice<RuntimeError>([&] { await(coroutine); }, "call the function again for a new one");
    });
}

BOOST_AUTO_TEST_CASE(a_future_of_another_loop) {
    const auto other = new_event_loop();
    const Future<int> future(*other);
    testing::run([&] {
        check_advice<RuntimeError>([&] { await(future); }, "wrap_future(run_coroutine_threadsafe(");
        check_advice<std::invalid_argument>([&] { await(gather(future, Future<int>())); }, "loop");
        BOOST_CHECK_THROW(await(wait_for(future, 1s)), std::exception);
        check_advice<std::invalid_argument>([&] { await(wait({future})); }, "wrap_future(run_coroutine_threadsafe(");
        check_advice<std::invalid_argument>([&] { as_completed(std::vector<Future<int>>{future}).begin(); },
                                            "wrap_future(run_coroutine_threadsafe(");
        check_advice<RuntimeError>([&] { await(shield(future)); }, "wrap_future(run_coroutine_threadsafe(");
    });
    const auto loop = new_event_loop();
    check_advice<std::invalid_argument>([&] { loop->run_until_complete(future); }, "wrap_future(run_coroutine_threadsafe(");
}

BOOST_AUTO_TEST_CASE(a_result_set_twice_or_asked_for_too_early) {
    testing::run([] {
        const Future<int> future;
        check_advice<InvalidStateError>([&] { future.result(); }, "await the future");
        future.set_result(1);
        check_advice<InvalidStateError>([&] { future.set_result(2); }, "ask done() first");
        check_advice<InvalidStateError>([&] { future.set_exception(std::domain_error("x")); }, "ask done() first");
        BOOST_TEST(future.result() == 1);
        const Future<int> cancelled;
        cancelled.cancel();
        check_advice<InvalidStateError>([&] { cancelled.set_result(2); }, "ask done() first");
        const Future<int> task = create_task([] { return 1; });
        check_advice<RuntimeError>([&] { task.set_result(2); }, "what its coroutine returns");
        await(task);
    });
}

BOOST_AUTO_TEST_CASE(a_call_from_another_thread) {
    const auto loop = debugging_loop();
    loop->run_until_complete([&] {
        const Future<int> future;
        const auto task = create_task([] { await(sleep(0s)); });
        const Event event;
        std::thread([&] {
            const char* const advice = "only call_soon_threadsafe and run_coroutine_threadsafe";
            check_advice<RuntimeError>([&] { loop->call_soon([] {}); }, advice);
            check_advice<RuntimeError>([&] { loop->call_later(1s, [] {}); }, advice);
            check_advice<RuntimeError>([&] { loop->create_task([] {}); }, advice);
            check_advice<RuntimeError>([&] { loop->add_reader(0, [] {}); }, advice);
            check_advice<RuntimeError>([&] { future.set_result(1); }, advice);
            check_advice<RuntimeError>([&] { future.set_exception(std::domain_error("x")); }, advice);
            check_advice<RuntimeError>([&] { future.cancel(); }, advice);
            check_advice<RuntimeError>([&] { task.cancel(); }, advice);
            loop->call_soon_threadsafe([&] { future.set_result(2); });
        }).join();
        BOOST_TEST(await(future) == 2);
        await(task);
    });
}

BOOST_AUTO_TEST_CASE(a_lock_released_by_who_does_not_hold_it) {
    testing::run(
        [] {
            const Lock lock;
            check_advice<RuntimeError>([&] { lock.release(); }, "use lock.with(f), which pairs them");
            await(lock.acquire());
            const CapturedWarnings warnings;
            await(create_task([&] { lock.release(); }, TaskOptions().name("thief")));
            BOOST_TEST(warnings.contains("released by task 'thief': let the task that acquires it release it"));
            BOOST_TEST(!lock.locked());  // as in asyncio, where it is allowed
            const Semaphore semaphore = BoundedSemaphore(1);
            BOOST_CHECK_THROW(semaphore.release(), std::invalid_argument);
        },
        testing::TestOptions().debug(true));
}

BOOST_AUTO_TEST_CASE(a_task_destroyed_while_pending) {
    const auto loop = new_event_loop();
    CapturedReports reports(*loop);
    const auto task = loop->create_task([] { await(sleep(1h)); }, TaskOptions().name("forgotten"));
    loop->close();
    BOOST_TEST(contains(reports.only(), "Await or cancel it before its loop is closed"));
    BOOST_TEST(reports.all.at(0).task.get_name() == "forgotten");
    BOOST_TEST(task.cancelled());
}

BOOST_AUTO_TEST_CASE(what_is_used_after_its_loop_was_closed) {
    auto loop = new_event_loop();
    loop->set_exception_handler([](EventLoop&, const ExceptionContext&) {});
    const Future<int> future(*loop), awaited(*loop);
    awaited.add_done_callback([] {});
    const Task<void> task = loop->create_task([] { await(sleep(1h)); });
    const TimerHandle timer = loop->call_later(1h, [] {});
    const Handle handle = loop->call_soon([] {});
    loop->close();
    for (const bool destroyed : {false, true}) {
        const char* const advice = destroyed ? "keep the loop for as long as" : "make another one";
        if (!destroyed) {
            check_advice<RuntimeError>([&] { loop->call_soon([] {}); }, advice);
            check_advice<RuntimeError>([&] { loop->call_soon_threadsafe([] {}); }, advice);
            check_advice<RuntimeError>([&] { loop->call_later(1s, [] {}); }, advice);
            check_advice<RuntimeError>([&] { loop->run_forever(); }, advice);
            check_advice<RuntimeError>([&] { loop->run_until_complete([] {}); }, advice);
            check_advice<RuntimeError>([&] { loop->add_reader(0, [] {}); }, advice);
            check_advice<RuntimeError>([&] { loop->create_task([] {}); }, advice);
            check_advice<RuntimeError>([&] { awaited.set_result(1); }, advice);
            loop.reset();
            continue;
        }
        check_advice<RuntimeError>([&] { task.get_loop(); }, advice);
        check_advice<RuntimeError>([&] { future.add_done_callback([] {}); }, advice);
    }
    future.set_result(3);  // nobody waits
    BOOST_TEST(future.result() == 3);
    BOOST_TEST(!task.cancel());
    timer.cancel();
    handle.cancel();
}

// UNIX-021, beside tests/stream/fork_test.cpp: a child that does not leave at once, but goes on in the parent's code.
BOOST_AUTO_TEST_CASE(a_fork_in_a_task) {
    if (tests::under_tsan) {
        BOOST_TEST_MESSAGE("left out: ThreadSanitizer loses track of fibers in a fork");
        return;
    }
    int pipe_ends[2];
    BOOST_REQUIRE(pipe(pipe_ends) == 0);
    const auto child = tests::run_in_child([&] {
        const auto parents = new_event_loop();
        pid_t pid = 0;
        parents->run_until_complete([&] {
            const Future<void> arrived;
            get_running_loop().add_reader(pipe_ends[0], [&] {
                get_running_loop().remove_reader(pipe_ends[0]);
                arrived.set_result();
            });
            get_running_loop().call_later(0s, [] { std::fprintf(stderr, "a timer ran\n"); });
            arrived.add_done_callback([] {});
            await(to_thread([] {}));  // the child has none of these threads
            std::fflush(stderr);
            pid = fork();
            if (pid == 0) {
                const auto says = [](const std::string& what) { std::fprintf(stderr, "%s\n", what.c_str()); };
                const char* const advice = "make one of your own, by cede::run()";
                if (!contains(message_of<RuntimeError>([] { await(sleep(0s)); }), "made by fork()")) says("await");
                if (!contains(message_of<RuntimeError>([] { get_running_loop(); }), "made by fork()")) says("running");
                if (!contains(message_of<RuntimeError>([&] { parents->call_soon([] {}); }), advice)) says("call_soon");
                if (!contains(message_of<RuntimeError>([&] { parents->call_soon_threadsafe([] {}); }), advice)) says("ts");
                if (!contains(message_of<RuntimeError>([&] { parents->run_forever(); }), advice)) says("run_forever");
                if (!contains(message_of<RuntimeError>([&] { arrived.set_result(); }), advice)) says("set_result");
                if (parents->remove_reader(pipe_ends[0])) says("remove_reader");
                if (cede::run([] { return await(gather(sleep(1ms, 2), to_thread([] { return 3; }))); }) !=
                    std::make_tuple(2, 3)) {
                    says("run");
                }
                if (cede::run([] { return await(await(create_subprocess_exec("false")).wait()); }) != 1) says("subprocess");
                return;  // and so out of the loop that the parent runs
            }
            BOOST_TEST(write(pipe_ends[1], "x", 1) == 1);
            await(arrived);
        });
        if (pid == 0) std::fprintf(stderr, "the child ran on\n");
        int status = 0;
        waitpid(pid, &status, 0);
        std::fprintf(stderr, "the parent goes on, child %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    });
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    BOOST_TEST(child.exited_with(0), child);
    // run_until_complete has thrown in the child, and destroyed the parent's loop on its way out.
    BOOST_TEST(child.said("uncaught: cede::RuntimeError: this event loop belongs to the parent process"), child);
    BOOST_TEST(child.said("the parent goes on, child 70\n"), child);
    for (const char* wrong : {"await\n", "running\n", "call_soon\n", "ts\n", "run_forever\n", "set_result\n",
                              "remove_reader\n", "\nrun\n", "subprocess\n", "the child ran on"}) {
        BOOST_TEST(!child.said(wrong), child);
    }
}

BOOST_AUTO_TEST_SUITE_END()
