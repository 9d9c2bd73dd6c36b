// FUT-019, 020: wrap_future.
#include <boost/test/unit_test.hpp>

#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "cede/cede.hpp"
#include "cede/testing/testing.hpp"
#include "support/awaiting.hpp"
#include "support/captured.hpp"

using namespace cede;
using namespace std::chrono_literals;
using tests::contains;
using tests::message_of;

namespace {

testing::TestOptions with_threads() { return testing::TestOptions().outside_events(true); }

}  // namespace

BOOST_AUTO_TEST_SUITE(task_wrap_future)

BOOST_AUTO_TEST_CASE(FUT_019_the_result_of_a_thread_comes_in_the_loops_thread) {
    testing::run(
        [] {
            const ConcurrentFuture<std::string> source;
            const Future<std::string> wrapped = wrap_future(source);
            const auto here = std::this_thread::get_id();
            bool called_here = false;
            wrapped.add_done_callback([&] { called_here = std::this_thread::get_id() == here; });
            BOOST_TEST(&wrapped.get_loop() == &get_running_loop());
            bool may_run = false;  // checked here, for Boost.Test's log is of one thread
            std::thread worker([&] {
                may_run = source.set_running_or_notify_cancel();
                source.set_result("done");
            });
            BOOST_TEST(await(wrapped) == "done");
            worker.join();
            BOOST_TEST(may_run);
            await(sleep(0s));
            BOOST_TEST(called_here);
            BOOST_TEST(source.result() == "done");
        },
        with_threads());
}

BOOST_AUTO_TEST_CASE(so_do_exceptions_cancellations_and_what_was_there_before) {
    testing::run([] {
        const ConcurrentFuture<void> failed, cancelled, done;
        failed.set_exception(std::domain_error("x"));
        BOOST_TEST(message_of<std::domain_error>([&] { await(wrap_future(failed)); }) == "x");
        BOOST_TEST(cancelled.cancel());
        BOOST_CHECK_THROW(await(wrap_future(cancelled)), CancelledError);
        done.set_result();
        await(wrap_future(done));
        const ConcurrentFuture<std::unique_ptr<int>> moved;
        moved.set_result(std::unique_ptr<int>(new int(7)));
        BOOST_TEST(*await(wrap_future(moved)) == 7);
        const ConcurrentFuture<int> stops;
        stops.set_exception(StopIteration<int>(3));
        BOOST_CHECK_THROW(await(wrap_future(stops)), RuntimeError);
    });
}

BOOST_AUTO_TEST_CASE(a_result_whose_copy_fails_is_an_exception) {
    struct Uncopyable {
        Uncopyable() = default;
        Uncopyable(const Uncopyable&) { throw std::domain_error("copy"); }
        Uncopyable(Uncopyable&&) noexcept {}
    };
    testing::run([] {
        const ConcurrentFuture<Uncopyable> source;
        const auto wrapped = wrap_future(source);
        source.set_result(Uncopyable());
        BOOST_TEST(message_of<std::domain_error>([&] { await(wrapped); }) == "copy");
    });
}

BOOST_AUTO_TEST_CASE(cancelling_the_wrapper_cancels_the_source) {
    testing::run([] {
        const ConcurrentFuture<int> source;
        const auto wrapped = wrap_future(source);
        wrapped.cancel();
        BOOST_TEST(!source.cancelled());  // by a done callback, as in asyncio
        await(sleep(0s));
        BOOST_TEST(source.cancelled());
        BOOST_TEST(!source.set_running_or_notify_cancel());
        BOOST_CHECK_THROW(source.set_result(1), InvalidStateError);
    });
}

BOOST_AUTO_TEST_CASE(work_that_has_begun_goes_on) {
    testing::run([] {
        const ConcurrentFuture<int> source;
        BOOST_TEST(!source.running());
        BOOST_TEST(source.set_running_or_notify_cancel());
        BOOST_TEST(source.running());
        BOOST_CHECK_THROW(source.set_running_or_notify_cancel(), InvalidStateError);
        const auto wrapped = wrap_future(source);
        wrapped.cancel();
        await(sleep(0s));
        BOOST_TEST(!source.cancelled());
        source.set_result(5);
        BOOST_TEST(!source.running());
        await(sleep(0s));
        BOOST_TEST(wrapped.cancelled());
        BOOST_TEST(source.result() == 5);
    });
}

BOOST_AUTO_TEST_CASE(cancelling_the_awaiting_task_reaches_the_work) {
    testing::run([] {
        const ConcurrentFuture<int> source;
        const auto task = create_task([&] { return await(wrap_future(source)); });
        await(sleep(0s));
        task.cancel();
        BOOST_CHECK_THROW(await(task), CancelledError);
        BOOST_TEST(source.cancelled());
    });
}

BOOST_AUTO_TEST_CASE(FUT_020_a_wrapper_cancelled_after_the_source_was_done_is_cancelled) {
    testing::run([] {
        const ConcurrentFuture<int> source;
        const auto wrapped = wrap_future(source);
        source.set_result(42);
        wrapped.cancel();
        await(sleep(0s));
        await(sleep(0s));
        BOOST_TEST(source.result() == 42);
        BOOST_TEST(wrapped.cancelled());
        BOOST_TEST(!source.cancelled());
    });
}

BOOST_AUTO_TEST_CASE(a_loop_can_be_given) {
    const auto loop = new_event_loop();
    const ConcurrentFuture<int> source;
    BOOST_CHECK_THROW(wrap_future(source), RuntimeError);
    const auto wrapped = wrap_future(source, *loop);
    std::thread worker([&] { source.set_result(3); });
    BOOST_TEST(loop->run_until_complete(wrapped) == 3);
    worker.join();
    BOOST_CHECK(wrap_future(wrapped) == wrapped);
}

BOOST_AUTO_TEST_CASE(a_source_that_nobody_can_complete_any_more_cancels_the_wrapper) {
    testing::run([] {
        Future<int> wrapped = wrap_future(ConcurrentFuture<int>());
        const std::string message = message_of<CancelledError>([&] { await(wrapped); });
        BOOST_TEST(contains(message, "dropped before it was done"), message);
    });
}

BOOST_AUTO_TEST_CASE(a_source_that_outlives_the_loop_is_left_alone) {
    const ConcurrentFuture<int> before, after;
    Future<int> wrapped(nullptr);
    {
        const auto loop = new_event_loop();
        wrapped = wrap_future(before, *loop);
        wrap_future(after, *loop);
        before.set_result(1);  // on its way when the loop closes
        loop->close();
        after.set_result(2);
        BOOST_CHECK_THROW(wrap_future(after, *loop), RuntimeError);
    }
    BOOST_TEST(!wrapped.done());
    BOOST_TEST(before.result() + after.result() == 3);
}

BOOST_AUTO_TEST_CASE(a_coroutine_of_another_loop_can_be_awaited_and_cancelled) {
    const auto other = new_event_loop();
    std::thread thread([&] { other->run_forever(); });
    testing::run(
        [&] {
            BOOST_TEST(await(wrap_future(run_coroutine_threadsafe(sleep(1ms, 5), *other))) == 5);
            const auto source = run_coroutine_threadsafe(sleep(1h), *other);
            const auto task = create_task([&] { await(wrap_future(source)); });
            await(sleep(1ms));
            task.cancel();
            BOOST_CHECK_THROW(await(task), CancelledError);
            BOOST_CHECK_THROW(source.result(), CancelledError);
        },
        with_threads());
    other->call_soon_threadsafe([&] { other->stop(); });
    thread.join();
}

BOOST_AUTO_TEST_CASE(many_threads_at_once) {
    testing::run(
        [] {
            std::vector<ConcurrentFuture<int>> sources(200);
            std::vector<Future<int>> wrapped;
            for (const auto& source : sources) wrapped.push_back(wrap_future(source));
            std::vector<std::thread> threads;
            for (std::size_t t = 0; t < 4; ++t) {
                threads.emplace_back([&, t] {
                    for (std::size_t i = t; i < sources.size(); i += 4) {
                        if (sources[i].set_running_or_notify_cancel()) sources[i].set_result(1);
                    }
                });
            }
            int completed = 0, cancelled = 0;
            for (std::size_t i = 0; i < wrapped.size(); ++i) {
                if (i % 7 == 6) wrapped[i].cancel();
                try {
                    completed += await(wrapped[i]);
                } catch (const CancelledError&) {
                    ++cancelled;
                }
            }
            for (std::thread& thread : threads) thread.join();
            BOOST_TEST(completed + cancelled == 200);
            BOOST_TEST(completed >= 200 - 200 / 7);
        },
        with_threads());
}

BOOST_AUTO_TEST_CASE(FUT_019_what_a_thread_pool_was_given_by_submit) {
    testing::run(
        [] {
            ThreadPoolExecutor pool(1);
            const auto sum = pool.submit([](int a, int b) { return a + b; }, 2, 3);
            BOOST_TEST(await(wrap_future(sum)) == 5);
            BOOST_TEST(sum.result() == 5);
            BOOST_TEST(await(pool.submit(&std::string::size, std::string("four"))) == 4u);
            BOOST_TEST(*pool.submit([](std::unique_ptr<int> p) { return p; }, std::unique_ptr<int>(new int(6))).result() == 6);
            BOOST_TEST(message_of<std::domain_error>([&] { await(pool.submit([] { throw std::domain_error("x"); })); }) == "x");
        },
        with_threads());
}

BOOST_AUTO_TEST_CASE(what_a_thread_pool_has_not_begun_can_be_cancelled_and_is_by_a_shutdown) {
    ThreadPoolExecutor pool(1);
    std::promise<void> begun, go_on;
    const auto first = pool.submit([&] {
        begun.set_value();
        go_on.get_future().wait();
    });
    begun.get_future().wait();
    const auto second = pool.submit([] { return 2; });
    const auto third = pool.submit([] { return 3; });
    BOOST_TEST(second.cancel());
    pool.shutdown(false, true);
    BOOST_CHECK_THROW(third.result(), CancelledError);
    BOOST_CHECK_THROW(pool.submit([] {}), RuntimeError);
    go_on.set_value();
    first.result();
    BOOST_TEST(second.cancelled());
}

BOOST_AUTO_TEST_SUITE_END()
