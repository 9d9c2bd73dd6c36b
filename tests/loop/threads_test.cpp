// What other threads may do: schedule, drop handles, while the loop runs and while it closes. Worth most under TSan.
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "cede/cede.hpp"
#include "cede/testing/testing.hpp"
#include "support/captured.hpp"

using namespace cede;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(threads)

BOOST_AUTO_TEST_CASE(no_call_of_many_threads_is_lost_and_each_threads_order_is_kept) {
    constexpr int per_thread = 5000;
    constexpr int count = 4;
    auto loop = new_event_loop();
    std::vector<int> next(count, 0);
    int total = 0;
    bool in_order = true;
    std::vector<std::thread> posters;
    for (int t = 0; t < count; ++t) {
        posters.emplace_back([&, t] {
            for (int i = 0; i < per_thread; ++i) {
                loop->call_soon_threadsafe([&, t, i] {
                    in_order = in_order && next[static_cast<std::size_t>(t)]++ == i;
                    if (++total == per_thread * count) loop->stop();
                });
                if (i % 500 == 0) std::this_thread::yield();  // the loop falls asleep now and then
            }
        });
    }
    loop->run_forever();
    for (std::thread& poster : posters) poster.join();
    BOOST_TEST(total == per_thread * count);
    BOOST_TEST(in_order);
}

BOOST_AUTO_TEST_CASE(one_call_at_a_time_always_wakes_the_loop) {
    auto loop = new_event_loop();
    std::atomic<int> done{0};
    constexpr int rounds = 2000;
    std::thread poster([&] {
        for (int i = 0; i < rounds; ++i) {
            loop->call_soon_threadsafe([&] { ++done; });
            while (done.load() != i + 1) std::this_thread::yield();
        }
        loop->call_soon_threadsafe([&] { loop->stop(); });
    });
    loop->run_forever();
    poster.join();
    BOOST_TEST(done == rounds);
}

BOOST_AUTO_TEST_CASE(a_loop_may_be_closed_while_threads_post) {
    for (int round = 0; round < 20; ++round) {
        auto loop = new_event_loop();
        std::atomic<int> made{0}, destroyed{0}, refused{0};
        struct Counted {
            std::atomic<int>& destroyed;
            Counted(std::atomic<int>& made_, std::atomic<int>& destroyed_) : destroyed(destroyed_) { ++made_; }
            ~Counted() { ++destroyed; }
        };
        std::vector<std::thread> posters;
        for (int t = 0; t < 3; ++t) {
            posters.emplace_back([&] {
                while (refused == 0) {
                    try {
                        loop->call_soon_threadsafe([counted = std::make_shared<Counted>(made, destroyed)] {});
                    } catch (const RuntimeError&) {
                        ++refused;
                    }
                }
            });
        }
        for (int i = 0; i < 5; ++i) {
            loop->stop();
            loop->run_forever();
        }
        loop->close();
        for (std::thread& poster : posters) poster.join();
        loop.reset();
        BOOST_TEST(refused >= 1);
        BOOST_TEST(made == destroyed);
    }
}

BOOST_AUTO_TEST_CASE(handles_are_copied_and_dropped_on_other_threads) {
    auto loop = new_event_loop();
    auto captured = std::make_shared<int>(0);
    Future<int> future = loop->create_future<int>();
    future.add_done_callback([captured] {});
    Handle handle = loop->call_soon([captured] {});
    TimerHandle timer = loop->call_later(1h, [captured] {});
    Task<int> task = loop->create_task([captured] { return 1; });
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([future, handle, timer, task]() mutable {
            for (int n = 0; n < 1000; ++n) {
                auto a = future;
                auto b = handle;
                auto c = timer;
                auto d = task;
            }
        });
    }
    future = Future<int>(nullptr);
    handle = Handle();
    timer = TimerHandle();
    task = Task<int>();
    loop->stop();
    loop->run_forever();
    for (std::thread& thread : threads) thread.join();
    threads.clear();
    loop.reset();
    BOOST_TEST(captured.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(a_lost_exception_whose_last_handle_dies_elsewhere_is_reported_in_the_loops_thread) {
    auto loop = new_event_loop();
    const std::thread::id home = std::this_thread::get_id();
    std::string message;
    bool elsewhere = false;
    loop->set_exception_handler([&](EventLoop& of, const ExceptionContext& context) {
        elsewhere = std::this_thread::get_id() != home;
        message = context.message;
        of.stop();
    });
    auto failed = loop->create_future<int>();
    failed.set_exception(std::domain_error("x"));
    std::thread other([f = std::move(failed)]() mutable { f = Future<int>(nullptr); });
    loop->run_forever();
    other.join();
    BOOST_TEST(message == "Future exception was never retrieved");
    BOOST_TEST(!elsewhere);
}

BOOST_AUTO_TEST_CASE(such_a_report_is_written_out_when_the_loop_closes_first) {
    tests::CapturedUnraisables lines;
    auto loop = new_event_loop();
    auto failed = loop->create_future<int>();
    failed.set_exception(std::domain_error("too late"));
    std::thread([f = std::move(failed)]() mutable { f = Future<int>(nullptr); }).join();
    BOOST_TEST(lines.count() == 0u);
    loop->close();
    BOOST_TEST(lines.contains("too late"));
    auto another = new_event_loop();
    auto second = another->create_future<int>();
    second.set_exception(std::domain_error("after the close"));
    another->close();
    std::thread([f = std::move(second)]() mutable { f = Future<int>(nullptr); }).join();
    BOOST_TEST(lines.contains("after the close"));
}

BOOST_AUTO_TEST_CASE(handles_dropped_elsewhere_while_the_loop_runs_closes_and_goes) {
    tests::CapturedUnraisables lines;
    for (int round = 0; round < 30; ++round) {
        auto loop = new_event_loop();
        loop->set_exception_handler([](EventLoop&, const ExceptionContext&) {});
        std::vector<Future<int>> futures;
        for (int i = 0; i < 50; ++i) {
            futures.push_back(loop->create_future<int>());
            futures.back().set_exception(std::domain_error("x"));
        }
        std::thread other([fs = std::move(futures)]() mutable {
            while (!fs.empty()) fs.pop_back();
        });
        loop->stop();
        loop->run_forever();
        loop->close();
        loop.reset();
        other.join();
    }
}

BOOST_AUTO_TEST_CASE(in_debug_mode_a_call_from_a_wrong_thread_is_refused) {
    auto loop = new_event_loop();
    loop->set_debug(true);
    int refused = 0;
    loop->run_until_complete([&] {
        auto future = loop->create_future<void>();
        future.add_done_callback([] {});
        std::thread([&] {
            for (const auto& call : std::vector<std::function<void()>>{
                     [&] { loop->call_soon([] {}); }, [&] { loop->call_later(1s, [] {}); },
                     [&] { loop->create_task([] {}); }, [&] { loop->add_reader(0, [] {}); }}) {
                try {
                    call();
                } catch (const RuntimeError&) {
                    ++refused;
                }
            }
            loop->call_soon_threadsafe([] {});  // this one is for other threads
        }).join();
    });
    BOOST_TEST(refused == 4);
}

BOOST_AUTO_TEST_CASE(two_loops_in_two_threads_do_not_know_of_each_other) {
    const auto program = [] {
        int sum = 0;
        run([&] {
            std::vector<Task<int>> tasks;
            for (int i = 0; i < 100; ++i) {
                tasks.push_back(create_task([i] {
                    await(sleep(0s));
                    return i;
                }));
            }
            for (int value : await(gather(tasks))) sum += value;
        });
        return sum;
    };
    int a = 0, b = 0;
    std::thread first([&] { a = program(); });
    std::thread second([&] { b = program(); });
    first.join();
    second.join();
    BOOST_TEST(a == 4950);
    BOOST_TEST(b == 4950);
}

BOOST_AUTO_TEST_SUITE_END()
