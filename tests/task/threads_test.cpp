// THREAD-001, 002, 007 to 011: to_thread and run_coroutine_threadsafe.
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <future>
#include <memory>
#include <thread>

#include "cede/cede.hpp"
#include "cede/testing/testing.hpp"
#include "support/captured.hpp"

using namespace cede;
using namespace std::chrono_literals;

namespace {

// A loop that runs in a thread of its own until the end of the scope.
class LoopThread {
public:
    LoopThread() : loop_(new_event_loop()), thread_([this] { loop_->run_forever(); }) {}
    ~LoopThread() { join(); }
    EventLoop& operator*() { return *loop_; }
    void join() {
        if (!thread_.joinable()) return;
        loop_->call_soon_threadsafe([this] { loop_->stop(); });
        thread_.join();
    }

private:
    std::unique_ptr<EventLoop> loop_;
    std::thread thread_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(task_threads)

BOOST_AUTO_TEST_CASE(THREAD_001_several_at_once) {
    testing::run([] {
        std::atomic<int> calls{0};
        std::vector<Coroutine<int>> work;
        for (int i = 0; i < 10; ++i) {
            work.push_back(to_thread([&calls](int n) {
                ++calls;
                return n * n;
            }, i));
        }
        const std::vector<int> results = await(gather(std::move(work)));
        BOOST_TEST(calls == 10);
        BOOST_TEST(results.at(9) == 81);
        BOOST_CHECK_THROW(await(to_thread([] { throw std::domain_error("x"); })), std::domain_error);
    });
}

BOOST_AUTO_TEST_CASE(to_thread_outside_a_loop_is_an_error) { BOOST_CHECK_THROW(await(to_thread([] {})), RuntimeError); }

BOOST_AUTO_TEST_CASE(THREAD_007_the_result_comes_to_the_other_thread) {
    LoopThread other;
    BOOST_TEST(run_coroutine_threadsafe(sleep(1ms, 5), *other).result() == 5);
    BOOST_TEST(run_coroutine_threadsafe([] { return std::string("x"); }, *other).result() == "x");
    BOOST_TEST(*run_coroutine_threadsafe([] { return std::unique_ptr<int>(new int(6)); }, *other).result() == 6);
    BOOST_TEST(run_coroutine_threadsafe([&] { return &get_running_loop(); }, *other).result() == &*other);
}

BOOST_AUTO_TEST_CASE(THREAD_008_so_does_an_exception) {
    LoopThread other;
    const auto failed = run_coroutine_threadsafe([] { throw std::domain_error("x"); }, *other);
    BOOST_CHECK_THROW(failed.result(), std::domain_error);
    BOOST_TEST((failed.exception() != nullptr));
}

BOOST_AUTO_TEST_CASE(and_what_the_copy_of_a_result_throws) {
    struct Uncopyable {
        Uncopyable() = default;
        Uncopyable(const Uncopyable&) { throw std::domain_error("no copy"); }
        Uncopyable& operator=(const Uncopyable&) = default;
    };
    LoopThread loop;
    const auto result = run_coroutine_threadsafe([] { return std::pair<int, Uncopyable>(); }, *loop);
    BOOST_CHECK_THROW(result.result(), std::domain_error);
}

BOOST_AUTO_TEST_CASE(THREAD_009_a_timeout_and_a_cancellation_from_the_thread) {
    LoopThread other;
    std::promise<void> cancelled;
    const auto future = run_coroutine_threadsafe(
        [&] {
            try {
                await(sleep(1h));
            } catch (const CancelledError&) {
                cancelled.set_value();
                throw;
            }
        },
        *other);
    BOOST_CHECK_THROW(future.result(Duration(5ms)), TimeoutError);
    BOOST_TEST(!future.done());
    BOOST_TEST(future.cancel());
    BOOST_TEST(!future.cancel());
    cancelled.get_future().wait();
    BOOST_CHECK_THROW(future.result(), CancelledError);
}

BOOST_AUTO_TEST_CASE(THREAD_010_a_cancellation_inside_the_loop) {
    LoopThread other;
    const auto future = run_coroutine_threadsafe(
        [] {
            current_task().cancel();
            await(sleep(1h));
        },
        *other);
    BOOST_CHECK_THROW(future.result(), CancelledError);
    BOOST_TEST(future.cancelled());
}

BOOST_AUTO_TEST_CASE(THREAD_011_a_task_factory_that_throws) {
    std::vector<std::string> reports;
    bool ran = false;
    {
        LoopThread other;
        const auto set_up = run_coroutine_threadsafe(
            [&] {
                get_running_loop().set_exception_handler(
                    [&](EventLoop&, const ExceptionContext& context) { reports.push_back(describe_exception(context.exception)); });
                get_running_loop().set_task_factory(
                    [](EventLoop&, const AnyTask&, TaskOptions&) { throw std::domain_error("no more tasks"); });
            },
            *other);
        set_up.result();
        const auto future = run_coroutine_threadsafe([&] { ran = true; }, *other);
        BOOST_CHECK_THROW(future.result(), std::domain_error);
        BOOST_TEST(!future.cancelled());
    }
    BOOST_TEST(!ran);
    BOOST_REQUIRE(reports.size() == 1u);
    BOOST_TEST(tests::contains(reports[0], "no more tasks"));
}

BOOST_AUTO_TEST_CASE(a_done_callback_and_many_callers) {
    LoopThread other;
    std::vector<std::thread> threads;
    std::atomic<int> sum{0}, callbacks{0}, callbacks_without{0};
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 200; ++i) {
                const auto future = run_coroutine_threadsafe(
                    [i] {
                        await(sleep(0s));
                        return i;
                    },
                    *other);
                future.add_done_callback([&] { ++callbacks_without; });
                future.add_done_callback([&](const ConcurrentFuture<int>& done) {
                    if (done.done()) ++callbacks;
                });
                sum += future.result();
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    other.join();
    BOOST_TEST(sum == 4 * 199 * 100);
    BOOST_TEST(callbacks == 800);
    BOOST_TEST(callbacks_without == 800);
}

BOOST_AUTO_TEST_CASE(a_thread_that_waits_is_let_go_when_the_loop_closes) {
    auto loop = new_event_loop();
    loop->set_exception_handler([](EventLoop&, const ExceptionContext&) {});
    const auto begun = run_coroutine_threadsafe([] { await(sleep(1h)); }, *loop);
    loop->stop();
    loop->run_forever();
    loop->stop();
    loop->run_forever();
    const auto queued = run_coroutine_threadsafe([] { return 1; }, *loop);
    std::thread waits([&] {
        BOOST_CHECK_THROW(begun.result(), CancelledError);
        BOOST_CHECK_THROW(queued.result(), CancelledError);
    });
    loop->close();
    waits.join();
    BOOST_CHECK_THROW(run_coroutine_threadsafe([] {}, *loop), RuntimeError);
    BOOST_TEST(!begun.cancel());
}

BOOST_AUTO_TEST_CASE(cancelling_from_threads_while_the_loop_ends) {
    for (int round = 0; round < 20; ++round) {
        std::vector<ConcurrentFuture<void>> futures;
        auto other = std::unique_ptr<LoopThread>(new LoopThread());
        (**other).set_exception_handler([](EventLoop&, const ExceptionContext&) {});
        for (int i = 0; i < 20; ++i) futures.push_back(run_coroutine_threadsafe([] { await(sleep(1h)); }, **other));
        std::thread canceller([&] {
            for (const auto& future : futures) future.cancel();
        });
        other.reset();
        canceller.join();
        for (const auto& future : futures) BOOST_CHECK_THROW(future.result(), CancelledError);
    }
}

BOOST_AUTO_TEST_CASE(THREAD_002_to_thread_runs_in_a_copy_of_the_context) {
    testing::run([] {
        const ContextVar<std::string> user("user", "nobody");
        user.set("ann");
        const std::string seen = await(to_thread([&] {
            const std::string before = user.get();
            user.set("changed");
            return before;
        }));
        BOOST_TEST(seen == "ann");
        BOOST_TEST(user.get() == "ann");
    });
}

namespace {
struct Counter {
    int value = 5;
    int plus(int n) const { return value + n; }
    void set(int n) { value = n; }
};
}  // namespace

// As to_thread(obj.method, argument), and as std::thread takes them.
BOOST_AUTO_TEST_CASE(members_of_an_object_and_arguments_without_a_copy_are_called) {
    run([] {
        Counter counter;
        BOOST_TEST(await(to_thread(&Counter::plus, &counter, 2)) == 7);
        BOOST_TEST(await(to_thread([](std::unique_ptr<int> number) { return *number; }, std::make_unique<int>(3))) == 3);
        EventLoop& loop = get_running_loop();
        BOOST_TEST(await(loop.run_in_executor(nullptr, &Counter::plus, std::cref(counter), 3)) == 8);
        loop.call_soon(&Counter::set, &counter, 9);
        await(sleep(0s));
        BOOST_TEST(counter.value == 9);
    });
}

BOOST_AUTO_TEST_SUITE_END()
