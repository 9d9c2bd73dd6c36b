// LoopGroup: loops in threads of their own, what goes from one to another, and how they end; how they begin, and what they
// are to the process, is in loop_group_start_test.cpp. Worth most under ThreadSanitizer.
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <future>
#include <memory>
#include <mutex>
#include <numeric>
#include <set>
#include <thread>

#include <pthread.h>
#include <sched.h>

#include "cede/cede.hpp"
#include "support/captured.hpp"

using namespace cede;
using namespace std::chrono_literals;
using tests::contains;

namespace {

// The message of the RuntimeError that `f` throws; empty when it does not.
template <class F>
std::string misuse(F f) {
    try {
        f();
    } catch (const RuntimeError& error) {
        return error.what();
    }
    return std::string();
}

std::string thread_name() {
    char name[16] = {};
    pthread_getname_np(pthread_self(), name, sizeof name);
    return name;
}

// Tells when the body that has captured it is gone.
using Alive = std::shared_ptr<int>;

}  // namespace

BOOST_AUTO_TEST_SUITE(loop_group)

BOOST_AUTO_TEST_CASE(each_loop_has_a_thread_and_a_number) {
    LoopGroup group(3);
    BOOST_TEST(group.size() == 3u);
    BOOST_TEST(!group.current());
    std::set<std::thread::id> threads;
    for (std::size_t i = 0; i < group.size(); ++i) {
        threads.insert(group.submit(i, [] { return std::this_thread::get_id(); }).result());
        BOOST_TEST(group.submit(i, [&] { return *group.current(); }).result() == i);
        BOOST_TEST(group.submit(i, [] { return &get_running_loop(); }).result() == &group.loop(i));
        BOOST_TEST(group.submit(i, [] { return &get_event_loop(); }).result() == &group.loop(i));
        BOOST_TEST(group.submit(i, [] { return thread_name(); }).result() == "cede-loop-" + std::to_string(i));
    }
    BOOST_TEST(threads.size() == 3u);
    BOOST_TEST(threads.count(std::this_thread::get_id()) == 0u);
    LoopGroup other(1);
    BOOST_TEST(!group.submit(0, [&] { return other.current(); }).result());
}

BOOST_AUTO_TEST_CASE(without_a_number_there_is_a_loop_for_each_core_that_may_be_used) {
    cpu_set_t cores;
    BOOST_REQUIRE(sched_getaffinity(0, sizeof cores, &cores) == 0);
    const LoopGroup group;
    BOOST_TEST(group.size() == static_cast<std::size_t>(CPU_COUNT(&cores)));
    BOOST_CHECK_THROW(LoopGroup(static_cast<std::size_t>(-1)), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(a_number_that_is_none_of_a_loop) {
    LoopGroup group(2);
    BOOST_CHECK_THROW(group.loop(2), std::out_of_range);
    BOOST_CHECK_THROW(group.post(2, [] {}), std::out_of_range);
    BOOST_CHECK_THROW(group.submit(2, [] {}), std::out_of_range);
}

// --- post and submit ---

BOOST_AUTO_TEST_CASE(what_is_posted_runs_as_a_task_there_in_order) {
    std::vector<int> order;
    {
        LoopGroup group(2);
        for (int i = 0; i < 100; ++i) {
            group.post(1, [&order, i] {
                order.push_back(current_task() ? i : -1);
            });
        }
        group.post(1, sleep(0s));  // a coroutine will do
        group.post(1, [big = std::unique_ptr<int>(new int(100)), &order] { order.push_back(*big); });
        group.submit(1, [] { await(sleep(1ms)); }).result();
    }
    std::vector<int> expected(101);
    std::iota(expected.begin(), expected.end(), 0);
    BOOST_TEST(order == expected);
}

BOOST_AUTO_TEST_CASE(an_exception_of_what_is_posted_goes_to_that_loops_handler) {
    std::promise<std::string> reported;
    LoopGroup group(2, LoopGroupOptions().on_start([&](std::size_t index) {
        if (index != 1) return;
        get_running_loop().set_exception_handler([&](EventLoop& loop, const ExceptionContext& context) {
            reported.set_value((&loop == &get_running_loop() ? "" : "elsewhere: ") + describe_exception(context.exception));
        });
    }));
    group.post(1, [] {
        await(sleep(0s));
        throw std::domain_error("of a posted function");
    });
    const std::string report = reported.get_future().get();
    BOOST_TEST(contains(report, "of a posted function"));
    BOOST_TEST(!contains(report, "elsewhere"));
    BOOST_TEST(group.submit(1, [] { return 5; }).result() == 5);  // the loop goes on
}

BOOST_AUTO_TEST_CASE(a_task_of_any_loop_awaits_what_another_loop_gives) {
    LoopGroup group(2);
    run([&] {
        BOOST_TEST(await(group.submit(0, sleep(1ms, 5))) == 5);
        BOOST_TEST(await(wrap_future(group.submit(1, [] { return std::string("x"); }))) == "x");
        BOOST_TEST(*await(group.submit(0, [] { return std::unique_ptr<int>(new int(6)); })) == 6);
        await(group.submit(1, [] {}));
        BOOST_CHECK_THROW(await(group.submit(0, [] { throw std::domain_error("x"); })), std::domain_error);
        // From loop 0 to loop 1, back, and to itself.
        const auto there_and_back = [&] {
            return await(group.submit(1, [&] { return await(group.submit(0, [] { return 7; })) + 1; })) +
                   await(group.submit(0, [] { return 1; }));
        };
        BOOST_TEST(await(group.submit(0, there_and_back)) == 9);
        // What takes awaitables takes these.
        auto task = create_task(group.submit(0, [] { return 1; }));
        BOOST_TEST(await(wait_for(group.submit(1, [] { return 2; }), 10s)) == 2);
        BOOST_TEST(await(task) == 1);
    });
}

BOOST_AUTO_TEST_CASE(a_cancellation_goes_both_ways) {
    LoopGroup group(1);
    std::promise<void> began, ended;
    run([&] {
        const auto task = create_task([&] {
            await(group.submit(0, [&] {
                began.set_value();
                try {
                    await(sleep(1h));
                } catch (const CancelledError&) {
                    ended.set_value();
                    throw;
                }
            }));
        });
        await(to_thread([&] { began.get_future().wait(); }));
        task.cancel();
        BOOST_CHECK_THROW(await(task), CancelledError);
        await(to_thread([&] { ended.get_future().wait(); }));
        // And from there to here.
        BOOST_CHECK_THROW(await(group.submit(0, [] {
            current_task().cancel();
            await(sleep(1h));
        })), CancelledError);
        BOOST_TEST(current_task().cancelling() == 0);
        // A timeout is a cancellation.
        BOOST_CHECK_THROW(await(wait_for(group.submit(0, [] { await(sleep(1h)); }), 1ms)), TimeoutError);
    });
    const auto from_a_thread = group.submit(0, [] { await(sleep(1h)); });
    BOOST_TEST(from_a_thread.cancel());
    BOOST_CHECK_THROW(from_a_thread.result(), CancelledError);
}

BOOST_AUTO_TEST_CASE(many_threads_and_loops_at_once) {
    LoopGroup group(3);
    std::atomic<int> posted{0};
    std::vector<int> counts(3);  // each touched by one loop alone
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < 100; ++i) {
                const std::size_t to = static_cast<std::size_t>(t + i) % 3;
                group.post(to, [&] { ++posted; });
                group.submit(to, [&counts, &group, to] {
                    await(group.submit((to + 1) % 3, [] { await(sleep(0s)); }));
                    counts[to] += 1;
                }).result();
            }
        });
    }
    for (auto& thread : threads) thread.join();
    group.stop();
    group.join();
    BOOST_TEST(posted == 300);
    BOOST_TEST(std::accumulate(counts.begin(), counts.end(), 0) == 300);
}

BOOST_AUTO_TEST_CASE(a_context_goes_with_what_is_posted) {
    LoopGroup group(1);
    const ContextVar<std::string> user("user", "nobody");
    copy_context().run([&] {
        user.set("ann");
        BOOST_TEST(group.submit(0, [&] {
            const std::string seen = user.get();
            user.set("changed");
            return seen;
        }).result() == "ann");
        BOOST_TEST(user.get() == "ann");
    });
    BOOST_TEST(group.submit(0, [&] { return user.get(); }).result() == "nobody");
}

// --- What belongs to another loop ---

BOOST_AUTO_TEST_CASE(a_future_of_another_loop_is_not_awaited_and_the_advice_works) {
    LoopGroup group(2);
    EventLoop& its_loop = group.loop(1);
    const auto future = group.submit(1, [] { return get_running_loop().create_future<int>(); }).result();
    run([&] {
        const std::string error = misuse([&] { await(future); });
        BOOST_TEST(contains(error, "another loop"));
        BOOST_TEST(contains(error, "wrap_future(run_coroutine_threadsafe(future, its_loop))"));
        BOOST_TEST(contains(error, "LoopGroup::submit(index, f)"));
        group.post(1, [future] { future.set_result(5); });
        BOOST_TEST(await(run_coroutine_threadsafe(future, its_loop)) == 5);
        BOOST_TEST(await(wrap_future(run_coroutine_threadsafe(future, its_loop))) == 5);
        BOOST_TEST(await(group.submit(1, future)) == 5);
    });
}

BOOST_AUTO_TEST_CASE(a_loop_that_would_wait_for_itself_is_told) {
    LoopGroup group(1);
    std::string of_result, of_join, of_wait;
    bool timed_out = false;
    group.submit(0, [&] {
        const auto own = group.submit(0, [] {});
        of_result = misuse([&] { own.result(); });
        try {
            own.result(Duration(1ms));
        } catch (const TimeoutError&) {
            timed_out = true;
        }
        await(own);
        own.result();  // it is done
        of_join = misuse([&] { group.join(); });
        of_wait = misuse([&] { await(group.wait_stopped()); });
    }).result();
    BOOST_TEST(contains(of_result, "await the future instead"));
    BOOST_TEST(timed_out);
    BOOST_TEST(contains(of_join, "would wait for itself"));
    BOOST_TEST(contains(of_wait, "would wait for itself"));
}

// --- The end ---

BOOST_AUTO_TEST_CASE(the_end_cancels_and_awaits_the_tasks_of_every_loop) {
    std::atomic<int> cleaned_up{0};
    std::vector<ConcurrentFuture<void>> pending;
    const Alive alive = std::make_shared<int>();
    {
        LoopGroup group(3);
        for (std::size_t i = 0; i < group.size(); ++i) {
            pending.push_back(group.submit(i, [&cleaned_up, alive] {
                try {
                    await(sleep(1h));
                } catch (const CancelledError&) {
                    await(sleep(1ms));
                    await(to_thread([] {}));
                    ++cleaned_up;
                    throw;
                }
            }));
            group.submit(i, sleep(0s)).result();
        }
        group.stop();
        group.stop();
        BOOST_CHECK_THROW(group.post(0, [] {}), RuntimeError);
        BOOST_CHECK_THROW(group.submit(0, [] {}), RuntimeError);
        group.join();
        group.join();
        BOOST_TEST(group.loop(2).is_closed());
        BOOST_CHECK_THROW(group.loop(2).call_soon_threadsafe([] {}), RuntimeError);
        group.stop();
    }
    BOOST_TEST(cleaned_up == 3);
    BOOST_TEST(alive.use_count() == 1);
    for (const auto& each : pending) BOOST_CHECK_THROW(each.result(), CancelledError);
}

BOOST_AUTO_TEST_CASE(the_end_closes_async_generators) {
    std::atomic<bool> closed{false};
    {
        LoopGroup group(1);
        group.submit(0, [&] {
            auto* const left = new AsyncGenerator<int>([&](AsyncYield<int>& yield) {
                try {
                    yield(1);
                } catch (...) {
                    await(sleep(0s));
                    closed = true;
                    throw;
                }
            });
            await(left->next());
            get_running_loop().call_later(Duration(1h), [kept = std::unique_ptr<AsyncGenerator<int>>(left)] {});
        }).result();
    }
    BOOST_TEST(closed);
}

BOOST_AUTO_TEST_CASE(nobody_waits_for_ever_for_what_a_stop_has_overtaken) {
    for (int round = 0; round < 20; ++round) {
        LoopGroup group(2);
        std::vector<ConcurrentFuture<int>> futures;
        std::atomic<int> refused{0};
        std::thread submits([&] {
            for (int i = 0; i < 200; ++i) {
                try {
                    futures.push_back(group.submit(static_cast<std::size_t>(i) % 2, [i] {
                        await(sleep(0s));
                        return i;
                    }));
                } catch (const RuntimeError&) {
                    ++refused;
                }
            }
        });
        std::thread stops([&] { group.stop(); });
        submits.join();
        stops.join();
        int given = 0, cancelled = 0;
        for (const auto& each : futures) {
            try {
                each.result();
                ++given;
            } catch (const CancelledError&) {
                ++cancelled;
            }
        }
        BOOST_TEST(given + cancelled + refused == 200);
    }
}

BOOST_AUTO_TEST_CASE(loops_that_wait_for_each_other_end_together) {
    for (int round = 0; round < 10; ++round) {
        LoopGroup group(2);
        std::promise<void> deep;
        const auto outer = group.submit(0, [&] {
            await(group.submit(1, [&] {
                await(group.submit(0, [&] {
                    deep.set_value();
                    await(sleep(1h));
                }));
            }));
        });
        deep.get_future().wait();
        group.stop();
        BOOST_CHECK_THROW(outer.result(), CancelledError);
    }
}

BOOST_AUTO_TEST_CASE(a_loop_may_stop_its_group_and_an_outer_task_waits_for_that) {
    LoopGroup group(2);
    run([&] {
        group.post(1, [&] { group.stop(); });
        const auto gives_up = create_task(group.wait_stopped());
        gives_up.cancel();
        await(group.wait_stopped());
        await(group.wait_stopped());
    });
    group.join();
    LoopGroup by_its_loop(2);
    by_its_loop.loop(0).call_soon_threadsafe([&] { by_its_loop.loop(0).stop(); });
    by_its_loop.join();
}

BOOST_AUTO_TEST_CASE(with_waits_for_the_end) {
    Alive alive = std::make_shared<int>();
    with(LoopGroup(2), [&](LoopGroup& group) { group.post(0, [alive] { await(sleep(1h)); }); });
    BOOST_TEST(alive.use_count() == 1);
    // A task of the group's waits, at its end, for the loop that ends the group: blocking there would wait for ever.
    run([&] {
        EventLoop& here = get_running_loop();
        bool cleaned_up = false;
        with(LoopGroup(1), [&](LoopGroup& group) {
            std::promise<void> began;
            group.post(0, [&] {
                began.set_value();
                try {
                    await(sleep(1h));
                } catch (const CancelledError&) {
                    await(run_coroutine_threadsafe([&] { cleaned_up = true; }, here));
                    throw;
                }
            });
            began.get_future().wait();
        });
        BOOST_TEST(cleaned_up);
    });
}

BOOST_AUTO_TEST_CASE(a_group_that_is_destroyed_in_one_of_its_loops_ends_without_waiting) {
    auto group = std::unique_ptr<LoopGroup>(new LoopGroup(2));
    const std::weak_ptr<detail::LoopGroupCore> core = group->core();
    const Alive alive = std::make_shared<int>();
    group->post(1, [alive] { await(sleep(1h)); });
    group->submit(1, [] {}).result();
    LoopGroup* const raw = group.get();
    const auto destroys = raw->submit(0, [&group, alive] { group.reset(); });
    destroys.exception();
    while (alive.use_count() > 1 || !core.expired()) std::this_thread::yield();
    BOOST_TEST(!group);
}

BOOST_AUTO_TEST_CASE(what_asks_for_the_end_of_the_program_ends_the_group_and_is_thrown_by_join) {
    LoopGroup group(2);
    const auto other = group.submit(0, [] { await(sleep(1h)); });
    group.post(1, [] { throw SystemExit(3); });
    BOOST_CHECK_EXCEPTION(group.join(), SystemExit, [](const SystemExit& exit) { return exit.code() == 3; });
    BOOST_CHECK_THROW(other.result(), CancelledError);
    group.join();  // told once
    LoopGroup awaited(2);
    awaited.post(0, [] { throw KeyboardInterrupt(); });
    bool seen = false;
    run([&] {
        try {
            await(awaited.wait_stopped());
        } catch (const KeyboardInterrupt&) {
            seen = true;
        }
    });
    BOOST_TEST(seen);
}

BOOST_AUTO_TEST_SUITE_END()
