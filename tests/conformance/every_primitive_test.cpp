// Each primitive, cancelled at every await, with its loop closed at every await, and with every allocation failing once:
// whatever happens, nothing stays held, nobody waits for ever, and nothing ends the process. Worth most under ASan.
#include <boost/test/unit_test.hpp>

#include <memory>
#include <new>
#include <stdexcept>
#include <thread>
#include <vector>

#include "cede/cede.hpp"
#include "cede/testing/testing.hpp"
#include "support/awaiting.hpp"
#include "support/instrumentation.hpp"

using namespace cede;
using namespace cede::tests;

namespace {

// `body` contends with tasks of its own, in a group, so that none waits for one that has failed; `whole` says afterwards
// whether the primitive is as it should be.
template <class Body, class Whole>
void survives(Body body, Whole whole, const testing::TestOptions& options = testing::TestOptions()) {
    const auto check = [&] {
        settle();
        BOOST_TEST(whole());
    };
    BOOST_TEST(testing::cancel_at_every_await(body, check, options) > 0u);
    BOOST_TEST(testing::close_loop_at_every_await(body, [&] { BOOST_TEST(whole()); }, options) > 0u);
    if (under_valgrind()) return;  // which has an operator new of its own
    BOOST_TEST(testing::fail_every_allocation(body, check, options) > 0u);
}
template <class Body>
void survives(Body body) {
    survives(body, [] { return true; });
}

// Runs `f` and swallows E, alone or in a group; what else is in the group is thrown.
template <class E, class F>
void ignoring(F f) {
    try {
        f();
    } catch (const E&) {
    } catch (const AnyExceptionGroup& group) {
        if (auto others = group.split<E>().second) std::rethrow_exception(others);
    }
}

int slow_double(int n) {
    turn();
    return 2 * n;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(every_primitive)

BOOST_AUTO_TEST_CASE(locks) {
    Lock lock;
    survives(
        [&] {
            lock = Lock();
            task_group([&](TaskGroup& group) {
                for (int i = 0; i < 3; ++i) {
                    group.create_task([&] {
                        lock.with([] { turn(); });
                        auto guard = await(lock.scoped());
                        turn();
                    });
                }
            });
        },
        [&] { return !lock.locked(); });
}

BOOST_AUTO_TEST_CASE(events) {
    Event event;
    int waiting = 0;
    survives(
        [&] {
            event = Event();
            waiting = 0;
            task_group([&](TaskGroup& group) {
                for (int i = 0; i < 2; ++i) {
                    group.create_task([&] {
                        struct Counted {
                            int& count;
                            explicit Counted(int& of) : count(of) { ++count; }
                            ~Counted() { --count; }
                        } counted(waiting);
                        await(event.wait());
                    });
                }
                turn();
                event.set();
            });
        },
        [&] { return waiting == 0; });
}

BOOST_AUTO_TEST_CASE(conditions) {
    Condition condition;
    int items = 0;
    survives(
        [&] {
            condition = Condition();
            items = 0;
            task_group([&](TaskGroup& group) {
                for (int i = 0; i < 2; ++i) {
                    group.create_task([&] {
                        condition.with([&] {
                            await(condition.wait_for([&] { return items > 0; }));
                            --items;
                        });
                    });
                }
                for (int i = 0; i < 2; ++i) {
                    turn();
                    condition.with([&] {
                        ++items;
                        condition.notify();
                    });
                }
            });
        },
        [&] { return !condition.locked(); });
}

BOOST_AUTO_TEST_CASE(semaphores) {
    Semaphore semaphore = BoundedSemaphore(2);
    survives(
        [&] {
            semaphore = BoundedSemaphore(2);
            task_group([&](TaskGroup& group) {
                for (int i = 0; i < 4; ++i) group.create_task([&] { semaphore.with([] { turn(); }); });
                auto guard = await(semaphore.scoped());
                turn();
            });
        },
        [&] {
            try {
                semaphore.release();
            } catch (const std::invalid_argument&) {  // all permits are there
                return true;
            }
            return false;
        });
}

BOOST_AUTO_TEST_CASE(barriers) {
    Barrier barrier(3);
    survives(
        [&] {
            barrier = Barrier(3);
            task_group([&](TaskGroup& group) {
                for (int i = 0; i < 3; ++i) {
                    group.create_task([&] {
                        await(barrier.wait());
                        await(barrier.wait());
                    });
                }
            });
        },
        [&] { return barrier.n_waiting() == 0; });
}

template <class Q>
void a_queue_survives() {
    Q queue;
    int put = 0, got = 0;
    survives(
        [&] {
            queue = Q(2);
            put = got = 0;
            task_group([&](TaskGroup& group) {
                group.create_task([&] {
                    for (int i = 0; i < 5; ++i) {
                        await(queue.put(i));
                        ++put;
                    }
                });
                group.create_task([&] {
                    for (int i = 0; i < 5; ++i) {
                        await(queue.get());
                        ++got;
                        turn();
                        queue.task_done();
                    }
                });
                turn();
                await(queue.join());
            });
        },
        [&] { return put - got == static_cast<int>(queue.qsize()); });
}
BOOST_AUTO_TEST_CASE(queues) { a_queue_survives<Queue<int>>(); }
BOOST_AUTO_TEST_CASE(priority_queues) { a_queue_survives<PriorityQueue<int>>(); }
BOOST_AUTO_TEST_CASE(lifo_queues) { a_queue_survives<LifoQueue<int>>(); }

BOOST_AUTO_TEST_CASE(queue_shut_down) {
    Queue<int> queue;
    survives(
        [&] {
            queue = Queue<int>(1);
            ignoring<QueueShutDown>([&] {
                task_group([&](TaskGroup& group) {
                    for (int i = 0; i < 2; ++i) group.create_task([&, i] { await(queue.put(i)); });
                    group.create_task([&] { await(queue.join()); });
                    turn();
                    queue.shutdown(true);
                });
            });
        },
        [&] { return queue.qsize() <= 1; });
}

BOOST_AUTO_TEST_CASE(gather_of_everything) {
    survives([] {
        await(gather(sleep(1s, 1), [] { return slow_double(2); }, create_task([] { turn(); })));
        std::vector<Task<int>> tasks;
        for (int i = 0; i < 3; ++i) tasks.push_back(create_task([i] { return slow_double(i); }));
        await(gather(tasks));
        await(gather_outcomes([] { turn(); }, [] { throw std::domain_error("x"); }));
        ignoring<std::domain_error>([] { await(gather([] { turn(); }, [] { throw std::domain_error("x"); })); });
    });
}

BOOST_AUTO_TEST_CASE(wait_for_and_timeout) {
    survives([] {
        await(wait_for(sleep(1s, 3), 2s));
        ignoring<TimeoutError>([] { await(wait_for(sleep(2s), 1s)); });
        timeout(2s, [] { await(sleep(1s)); });
        ignoring<TimeoutError>([] { timeout(1s, [] { await(sleep(2s)); }); });
        ignoring<TimeoutError>([] { timeout(0s, [] { timeout(1s, [] { turn(); }); }); });
        timeout(1s, [](Timeout& t) {
            t.reschedule(get_running_loop().time() + std::chrono::seconds(9));
            await(sleep(2s));
        });
    });
}

BOOST_AUTO_TEST_CASE(groups_of_tasks) {
    int inside = 0;
    survives(
        [&] {
            inside = 0;
            ignoring<std::domain_error>([&] {
                task_group([&](TaskGroup& outer) {
                    outer.create_task([&] {
                        task_group([&](TaskGroup& inner) {
                            for (int i = 0; i < 2; ++i) {
                                inner.create_task([&] {
                                    struct Inside {
                                        int& count;
                                        explicit Inside(int& of) : count(of) { ++count; }
                                        ~Inside() { --count; }
                                    } here(inside);
                                    await(sleep(3s));
                                });
                            }
                        });
                    });
                    outer.create_task([] {
                        await(sleep(1s));
                        throw std::domain_error("x");
                    });
                    turn();
                });
            });
        },
        [&] { return inside == 0; });
}

BOOST_AUTO_TEST_CASE(shields) {
    survives([] {
        await(shield(sleep(1s, 3)));
        const auto inner = create_task([] { return slow_double(4); });
        await(shield(inner));
        ignoring<TimeoutError>([] { await(wait_for(shield(sleep(2s)), 1s)); });
    });
}

BOOST_AUTO_TEST_CASE(waits) {
    survives([] {
        std::vector<Task<int>> tasks;
        for (int i = 1; i <= 3; ++i) tasks.push_back(create_task(sleep(std::chrono::seconds(i), i)));
        auto some = await(wait(tasks, WaitOptions().return_when(FIRST_COMPLETED)));
        some = await(wait(tasks, WaitOptions().timeout(500ms)));
        await(wait(tasks));
    });
}

BOOST_AUTO_TEST_CASE(completed_one_after_the_other) {
    survives([] {
        int sum = 0;
        std::vector<Coroutine<int>> work;
        for (int i = 3; i > 0; --i) work.push_back(sleep(std::chrono::seconds(i), i));
        for (auto&& each : as_completed(std::move(work))) sum += await(each);
        BOOST_TEST(sum <= 6);  // less where it was ended on the way
        ignoring<TimeoutError>([] {
            std::vector<Coroutine<int>> slow;
            slow.push_back(sleep(5s, 1));
            for (auto&& each : as_completed(std::move(slow), Duration(1s))) await(each);
        });
    });
}

BOOST_AUTO_TEST_CASE(callbacks) {
    survives([] {
        EventLoop& loop = get_running_loop();
        await_callback<int>([&](Completion<int> done) { loop.call_later(1s, [done] { done(3); }); });
        await_callback<>([&](Completion<> done) {
            const TimerHandle timer = loop.call_later(1s, [done] { done(); });
            done.on_cancel([timer] { timer.cancel(); });
        });
        ignoring<std::system_error>([&] {
            await_callback<>([&](Completion<> done) {
                loop.call_soon([done] { done.fail(std::make_error_code(std::errc::broken_pipe)); });
            });
        });
        ignoring<BrokenCallbackError>([] { await_callback<>([](Completion<>) {}); });
    });
}

BOOST_AUTO_TEST_CASE(async_generators) {
    int open = 0;
    const auto counting = [&] {
        return AsyncGenerator<int>([&](AsyncYield<int>& yield) {
            struct Open {
                int& count;
                explicit Open(int& of) : count(of) { ++count; }
                ~Open() { --count; }
            } here(open);
            for (int i = 0; i < 3; ++i) {
                turn();
                yield(i);
            }
        });
    };
    survives(
        [&] {
            open = 0;
            {
                auto whole = counting();
                for (int each : whole) (void)each;
            }
            auto part = counting();
            await(part.anext());
            await(part.aclose());
            {
                auto dropped = counting();
                await(dropped.next());
            }
            turn();
        },
        [&] { return open == 0; });
}

BOOST_AUTO_TEST_CASE(work_in_threads) {
    const auto other = new_event_loop();
    std::thread thread([&] { other->run_forever(); });
    survives(
        [&] {
            await(to_thread([] { return 1; }));
            await(wrap_future(run_coroutine_threadsafe([] { return slow_double(3); }, *other)));
        },
        [] { return true; }, testing::TestOptions().outside_events(true));
    other->call_soon_threadsafe([&] { other->stop(); });
    thread.join();
}

BOOST_AUTO_TEST_SUITE_END()
