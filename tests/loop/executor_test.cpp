// run_in_executor and ThreadPoolExecutor: THREAD-003 to 006. to_thread is in tests/task.
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cstdlib>
#include <deque>
#include <future>
#include <iostream>
#include <set>
#include <thread>

#include "cede/cede.hpp"
#include "cede/testing/testing.hpp"
#include "support/captured.hpp"
#include "support/child_process.hpp"

using namespace cede;
using namespace std::chrono_literals;

namespace {

// Runs nothing until the test says so.
struct ManualExecutor : Executor {
    std::deque<absl::AnyInvocable<void()>> work;
    void execute(absl::AnyInvocable<void()> next) override { work.push_back(std::move(next)); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(executor)

BOOST_AUTO_TEST_CASE(a_result_and_an_exception_come_back_from_another_thread) {
    testing::run([] {
        EventLoop& loop = get_running_loop();
        const std::thread::id here = std::this_thread::get_id();
        const auto work = [here](int a, const std::string& b) {
            return std::this_thread::get_id() != here ? std::to_string(a) + b : "the loop's own thread";
        };
        BOOST_TEST(await(loop.run_in_executor(nullptr, work, 1, std::string("x"))) == "1x");
        BOOST_CHECK_THROW(await(loop.run_in_executor(nullptr, [] { throw std::domain_error("x"); })), std::domain_error);
    });
}

BOOST_AUTO_TEST_CASE(a_callback_of_the_future_runs_in_the_loops_thread) {
    testing::run([] {
        const std::thread::id here = std::this_thread::get_id();
        auto future = get_running_loop().run_in_executor(nullptr, [] { return 5; });
        std::thread::id where;
        future.add_done_callback([&] { where = std::this_thread::get_id(); });
        await(future);
        await(sleep(0s));
        BOOST_TEST((where == here));
    });
}

BOOST_AUTO_TEST_CASE(a_move_only_result) {
    testing::run([] {
        const auto result =
            await(get_running_loop().run_in_executor(nullptr, [] { return std::unique_ptr<int>(new int(3)); }));
        BOOST_TEST(*result == 3);
    });
}

BOOST_AUTO_TEST_CASE(THREAD_003_a_cancelled_call_goes_on_and_its_late_end_harms_nobody) {
    std::promise<void> begun;
    std::promise<void> gate;
    std::atomic<bool> ended{false};
    auto pool = std::make_shared<ThreadPoolExecutor>(1);
    {
        auto loop = new_event_loop();
        loop->run_until_complete([&] {
            auto future = loop->run_in_executor(*pool, [&] {
                begun.set_value();
                gate.get_future().wait();
                ended = true;
            });
            begun.get_future().wait();
            future.cancel();
            BOOST_CHECK_THROW(await(future), CancelledError);
        });
        loop->close();
    }
    BOOST_TEST(!ended);
    gate.set_value();
    pool->shutdown();
    BOOST_TEST(ended);
}

BOOST_AUTO_TEST_CASE(a_cancelled_call_that_ends_while_the_loop_runs) {
    testing::run([] {
        ManualExecutor manual;
        auto future = get_running_loop().run_in_executor(manual, [] { return 1; });
        future.cancel();
        manual.work.front()();
        manual.work.clear();
        await(sleep(0s));
        await(sleep(0s));
        BOOST_TEST(future.cancelled());
    });
}

BOOST_AUTO_TEST_CASE(THREAD_004_a_closed_loop_takes_no_call) {
    auto loop = new_event_loop();
    loop->close();
    ThreadPoolExecutor pool(1);
    BOOST_CHECK_THROW(loop->run_in_executor(nullptr, [] {}), RuntimeError);
    BOOST_CHECK_THROW(loop->run_in_executor(pool, [] {}), RuntimeError);
}

BOOST_AUTO_TEST_CASE(THREAD_005_the_default_executor_can_be_set) {
    static_assert(!std::is_convertible<std::shared_ptr<ManualExecutor>, std::shared_ptr<ThreadPoolExecutor>>::value,
                  "only a thread pool can be the default");
    testing::VirtualTimeLoop loop;
    BOOST_CHECK_THROW(loop.set_default_executor(nullptr), std::invalid_argument);
    auto pool = std::make_shared<ThreadPoolExecutor>(1);
    loop.set_default_executor(pool);
    BOOST_TEST((loop.default_executor() == pool));
    std::promise<std::thread::id> expected;
    pool->execute([&] { expected.set_value(std::this_thread::get_id()); });
    const auto used = loop.run_until_complete(loop.run_in_executor(nullptr, [] { return std::this_thread::get_id(); }));
    BOOST_TEST((used == expected.get_future().get()));
}

BOOST_AUTO_TEST_CASE(THREAD_006_a_shutdown_that_takes_too_long_warns_and_goes_on) {
    tests::CapturedWarnings warnings;
    std::promise<void> gate, begun;
    auto ended = std::make_shared<std::promise<void>>();
    auto loop = new_event_loop();
    loop->run_in_executor(nullptr, [&] {
        begun.set_value();
        gate.get_future().wait();
        ended->set_value();
    });
    begun.get_future().wait();
    loop->run_until_complete(loop->shutdown_default_executor(Duration(10ms)));
    BOOST_TEST(warnings.contains("did not finish joining its threads"));
    BOOST_CHECK_THROW(loop->run_in_executor(nullptr, [] {}), RuntimeError);
    loop->close();
    gate.set_value();
    ended->get_future().wait();
}

BOOST_AUTO_TEST_CASE(a_shutdown_waits_for_what_is_queued) {
    std::atomic<int> ran{0};
    testing::VirtualTimeLoop loop;
    loop.set_default_executor(std::make_shared<ThreadPoolExecutor>(1));
    for (int i = 0; i < 20; ++i) loop.run_in_executor(nullptr, [&] { ++ran; });
    loop.run_until_complete(loop.shutdown_default_executor());
    BOOST_TEST(ran == 20);
    loop.run_until_complete(loop.shutdown_default_executor());  // harmless
}

BOOST_AUTO_TEST_CASE(a_call_that_the_executor_drops_is_cancelled_instead_of_never_done) {
    testing::run([] {
        ManualExecutor manual;
        auto future = get_running_loop().run_in_executor(manual, [] { return 1; });
        manual.work.clear();
        BOOST_CHECK_THROW(await(future), CancelledError);
        BOOST_TEST(future.cancelled());
    });
}

BOOST_AUTO_TEST_CASE(a_call_that_is_cancelled_while_it_is_queued_never_runs) {
    testing::run([] {
        ManualExecutor executor;
        int ran = 0;
        const auto cancelled = get_running_loop().run_in_executor(executor, [&] { ++ran; });
        const auto kept = get_running_loop().run_in_executor(executor, [&] { ++ran; });
        cancelled.cancel();
        await(sleep(0s));
        for (auto& work : executor.work) work();
        await(kept);
        BOOST_TEST(ran == 1);
    });
}

BOOST_AUTO_TEST_CASE(the_end_of_the_program_waits_for_a_call_that_its_loop_has_left_behind) {
    const auto child = tests::run_in_child([] {
        static std::promise<void> begun;
        static std::promise<void> exit_has_begun;
        {
            auto loop = new_event_loop();
            loop->run_in_executor(nullptr, [] {
                begun.set_value();
                exit_has_begun.get_future().wait();
                std::cerr << "the call has ended" << std::endl;
            });
            begun.get_future().wait();
            loop->close();
        }
        std::atexit([] { exit_has_begun.set_value(); });  // registered last, so run first
        std::exit(0);
    });
    BOOST_TEST(child.exited_with(0), child);
    BOOST_TEST(child.said("the call has ended"), child);
}

// THREAD-006
BOOST_AUTO_TEST_CASE(the_end_of_the_program_waits_for_an_executor_whose_shutdown_took_too_long) {
    const auto child = tests::run_in_child([] {
        static std::promise<void> exit_has_begun;
        {
            auto loop = new_event_loop();
            loop->run_in_executor(nullptr, [] {
                exit_has_begun.get_future().wait();
                std::cerr << "the call has ended" << std::endl;
            });
            loop->run_until_complete(loop->shutdown_default_executor(Duration(1ms)));
            loop->close();
        }
        std::atexit([] { exit_has_begun.set_value(); });  // registered last, so run first
        std::exit(0);
    });
    BOOST_TEST(child.exited_with(0), child);
    BOOST_TEST(child.said("did not finish joining"), child);
    BOOST_TEST(child.said("the call has ended"), child);
}

BOOST_AUTO_TEST_CASE(a_call_that_the_executor_refuses_throws_and_leaves_nothing_behind) {
    testing::run([] {
        ThreadPoolExecutor pool(1);
        pool.shutdown();
        BOOST_CHECK_THROW(get_running_loop().run_in_executor(pool, [] {}), RuntimeError);
        await(sleep(1s));  // on the virtual clock: no work is thought to be under way
        BOOST_TEST((testing::elapsed() == Duration(1s)));
    });
}

BOOST_AUTO_TEST_CASE(a_pool_uses_as_many_threads_as_are_asked_for_and_no_more) {
    ThreadPoolExecutor pool(3);
    std::mutex mutex;
    std::set<std::thread::id> seen;
    std::promise<void> gate;
    std::shared_future<void> open = gate.get_future().share();
    std::atomic<int> begun{0};
    for (int i = 0; i < 12; ++i) {
        pool.execute([&] {
            {
                std::lock_guard<std::mutex> lock(mutex);
                seen.insert(std::this_thread::get_id());
            }
            ++begun;
            open.wait();
        });
    }
    while (begun < 3) std::this_thread::yield();
    BOOST_TEST(begun == 3);
    gate.set_value();
    pool.shutdown();
    BOOST_TEST(begun == 12);
    BOOST_TEST(seen.size() == 3u);
    BOOST_CHECK_THROW(pool.execute([] {}), RuntimeError);
}

BOOST_AUTO_TEST_CASE(an_idle_thread_is_used_again) {
    ThreadPoolExecutor pool(8);
    std::set<std::thread::id> seen;
    for (int i = 0; i < 50; ++i) {
        std::promise<void> done;
        pool.execute([&] {
            seen.insert(std::this_thread::get_id());
            done.set_value();
        });
        done.get_future().wait();
    }
    // The thread may still be on its way back when the next call comes, so one more may be made now and then.
    BOOST_TEST(seen.size() <= 8u);
    pool.shutdown();
}

BOOST_AUTO_TEST_CASE(a_shutdown_may_drop_what_has_not_begun) {
    ThreadPoolExecutor pool(1);
    std::promise<void> gate, begun;
    std::atomic<int> ran{0};
    pool.execute([&] {
        begun.set_value();
        gate.get_future().wait();
        ++ran;
    });
    begun.get_future().wait();
    for (int i = 0; i < 5; ++i) pool.execute([&] { ++ran; });
    pool.shutdown(false, true);
    gate.set_value();
    while (ran != 1) std::this_thread::yield();
    pool.shutdown();
    BOOST_TEST(ran == 1);
}

// What subclasses of asyncio.BaseEventLoop override is virtual, also behind the templates.
BOOST_AUTO_TEST_CASE(a_subclass_sees_what_goes_to_threads_and_what_is_set) {
    struct Watching : SelectorEventLoop {
        void submit(Executor* to, std::shared_ptr<detail::ExecutorJob> job, detail::FutureCore& future) override {
            log += to == nullptr ? "default " : "given ";
            SelectorEventLoop::submit(to, std::move(job), future);
        }
        std::shared_ptr<ThreadPoolExecutor> default_executor() override {
            log += "asked ";
            return SelectorEventLoop::default_executor();
        }
        void set_default_executor(std::shared_ptr<ThreadPoolExecutor> pool) override {
            log += "set ";
            SelectorEventLoop::set_default_executor(std::move(pool));
        }
        void set_exception_handler(ExceptionHandler handler) override {
            log += "handler ";
            SelectorEventLoop::set_exception_handler(std::move(handler));
        }
        void set_task_factory(TaskFactory factory) override {
            log += "factory ";
            SelectorEventLoop::set_task_factory(std::move(factory));
        }
        Coroutine<void> shutdown_default_executor(absl::optional<Duration> timeout) override {
            log += "shutdown ";
            return SelectorEventLoop::shutdown_default_executor(timeout);
        }
        Coroutine<void> shutdown_asyncgens() override {
            log += "generators ";
            return SelectorEventLoop::shutdown_asyncgens();
        }
        std::string log;
    };
    std::string log;
    {
        Watching loop;
        EventLoop& base = loop;
        ThreadPoolExecutor pool(1);
        BOOST_TEST(base.run_until_complete(base.run_in_executor(pool, [] { return 1; })) == 1);
        base.set_default_executor(std::make_shared<ThreadPoolExecutor>(1));
        BOOST_TEST(base.run_until_complete([] { return await(to_thread([] { return 2; })); }) == 2);
        base.set_exception_handler(nullptr);
        base.set_exception_handler(absl::nullopt);
        base.set_task_factory(absl::nullopt);
        base.run_until_complete(base.shutdown_asyncgens());
        base.run_until_complete(base.shutdown_default_executor());
        log = loop.log;
    }
    BOOST_TEST(log == "given set default asked handler handler factory generators shutdown ");
}

BOOST_AUTO_TEST_SUITE_END()
