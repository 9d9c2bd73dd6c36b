// Programs of several tasks, each under many schedules: whatever order the loop runs what is ready in, each keeps what its
// primitive promises. A failure prints the seed. In the usual run 300 seeds each; more, or one again, by
//
//     CEDE_TEST_SEEDS=10000 test_conformance --run_test=schedules
//     CEDE_TEST_SEED=1234 test_conformance --run_test=schedules/a_lock
#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "cede/cede.hpp"
#include "cede/testing/testing.hpp"
#include "support/awaiting.hpp"
#include "support/instrumentation.hpp"

using namespace cede;
using namespace cede::tests;

namespace {

std::uint64_t number(const char* variable, std::uint64_t otherwise) {
    const char* text = std::getenv(variable);
    return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

// Throws, so that the run ends at the first seed that finds something, with testing::run() saying which.
void expect(bool kept, const char* promise) {
    if (!kept) throw std::logic_error(std::string("not kept: ") + promise);
}

template <class Body>
void under_every_schedule(Body body) {
    const bool one = std::getenv("CEDE_TEST_SEED") != nullptr;
    const std::uint64_t begin = number("CEDE_TEST_SEED", 0);
    const std::uint64_t end = one ? begin + 1 : number("CEDE_TEST_SEEDS", static_cast<std::uint64_t>(scaled(300, 50)));
    for (std::uint64_t seed = begin; seed != end; ++seed) {
        testing::run(body, testing::TestOptions().seed(seed));
    }
}

// Counts who is inside; at most `most` may be.
class Room {
public:
    explicit Room(int most) : most_(most) {}
    void visit() {
        struct Inside {
            int& count;
            explicit Inside(int& of) : count(of) { ++count; }
            ~Inside() { --count; }
        } here(inside_);
        expect(inside_ <= most_, "no more inside than may be");
        turn();
    }

private:
    const int most_;
    int inside_ = 0;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(schedules)

BOOST_AUTO_TEST_CASE(a_lock) {
    under_every_schedule([] {
        const Lock lock;
        Room room(1);
        int done = 0;
        task_group([&](TaskGroup& group) {
            for (int i = 0; i < 5; ++i) {
                group.create_task([&] {
                    lock.with([&] { room.visit(); });
                    turn();
                    auto guard = await(lock.scoped());
                    room.visit();
                    ++done;
                });
            }
            for (int i = 0; i < 3; ++i) {
                const auto impatient = group.create_task([&] { lock.with([&] { room.visit(); }); });
                group.create_task([impatient] {
                    turn();
                    impatient.cancel();
                });
            }
        });
        expect(done == 5 && !lock.locked(), "everybody has had the lock, and it is free");
    });
}

BOOST_AUTO_TEST_CASE(a_semaphore) {
    under_every_schedule([] {
        const Semaphore semaphore = BoundedSemaphore(2);
        Room room(2);
        task_group([&](TaskGroup& group) {
            for (int i = 0; i < 6; ++i) {
                const auto visitor = group.create_task([&] { semaphore.with([&] { room.visit(); }); });
                if (i % 2 == 1) group.create_task([visitor] { visitor.cancel(); });
            }
        });
        await(semaphore.acquire());
        expect(!semaphore.locked(), "both permits are back");
    });
}

BOOST_AUTO_TEST_CASE(a_condition) {
    under_every_schedule([] {
        const Condition condition;
        int items = 0, taken = 0;
        task_group([&](TaskGroup& group) {
            for (int i = 0; i < 4; ++i) {
                group.create_task([&] {
                    condition.with([&] {
                        await(condition.wait_for([&] { return items > 0; }));
                        --items;
                        ++taken;
                    });
                });
            }
            const auto impatient =
                group.create_task([&] { condition.with([&] { await(condition.wait_for([] { return false; })); }); });
            for (int i = 0; i < 4; ++i) {
                group.create_task([&] {
                    condition.with([&] {
                        ++items;
                        condition.notify();
                    });
                });
            }
            group.create_task([&, impatient] {
                while (taken < 4) {
                    // A notification may go to who does not care for it; then the next is needed.
                    condition.with([&] { condition.notify_all(); });
                    turn();
                }
                impatient.cancel();
            });
        });
        expect(items == 0 && !condition.locked(), "each item was taken once, and the lock is free");
    });
}

BOOST_AUTO_TEST_CASE(an_event_and_a_barrier) {
    under_every_schedule([] {
        const Event event;
        const Barrier barrier(3);
        int first_places = 0, passed = 0;
        task_group([&](TaskGroup& group) {
            for (int i = 0; i < 6; ++i) {
                group.create_task([&] {
                    await(event.wait());
                    first_places += await(barrier.wait()) == 0;
                    ++passed;
                });
            }
            group.create_task([&] { event.set(); });
        });
        expect(passed == 6 && first_places == 2, "two rounds, each with a first place");
        expect(barrier.n_waiting() == 0, "nobody is left");
    });
}

template <class Q>
void a_queue_under_every_schedule() {
    under_every_schedule([] {
        const Q queue(2);
        std::map<int, int> seen;
        task_group([&](TaskGroup& group) {
            for (int p = 0; p < 3; ++p) {
                group.create_task([&, p] {
                    for (int i = 0; i < 4; ++i) await(queue.put(10 * p + i));
                });
            }
            std::vector<Task<void>> consumers;
            for (int c = 0; c < 3; ++c) {
                consumers.push_back(group.create_task([&] {
                    for (;;) {
                        const int item = await(queue.get());
                        ++seen[item];
                        turn();
                        queue.task_done();
                    }
                }));
            }
            const auto impatient = group.create_task([&] {
                ++seen[await(queue.get())];
                queue.task_done();
            });
            group.create_task([impatient] { impatient.cancel(); });
            group.create_task([&, consumers] {
                while (seen.size() < 12) turn();
                await(queue.join());
                for (const auto& consumer : consumers) consumer.cancel();
            });
        });
        for (const auto& each : seen) expect(each.second == 1, "no item comes twice");
        expect(seen.size() == 12 && queue.empty(), "every item has come");
    });
}
BOOST_AUTO_TEST_CASE(a_queue) { a_queue_under_every_schedule<Queue<int>>(); }
BOOST_AUTO_TEST_CASE(a_priority_queue) { a_queue_under_every_schedule<PriorityQueue<int>>(); }
BOOST_AUTO_TEST_CASE(a_lifo_queue) { a_queue_under_every_schedule<LifoQueue<int>>(); }

BOOST_AUTO_TEST_CASE(a_queue_that_is_shut_down) {
    under_every_schedule([] {
        const Queue<int> queue(1);
        int put = 0, got = 0;
        task_group([&](TaskGroup& group) {
            for (int i = 0; i < 4; ++i) {
                group.create_task([&, i] {
                    try {
                        await(queue.put(i));
                        ++put;
                    } catch (const QueueShutDown&) {
                    }
                });
                group.create_task([&] {
                    try {
                        await(queue.get());
                        ++got;
                    } catch (const QueueShutDown&) {
                    }
                });
            }
            group.create_task([&] { queue.shutdown(); });
        });
        expect(put - got == static_cast<int>(queue.qsize()), "what was put is there or was got");
    });
}

BOOST_AUTO_TEST_CASE(gather_wait_and_as_completed) {
    under_every_schedule([] {
        const auto twice = [](int n) {
            return [n] {
                for (int i = 0; i < n; ++i) turn();
                return 2 * n;
            };
        };
        const auto shared = create_task(twice(2));
        expect(await(gather(twice(3), shared, twice(1))) == std::make_tuple(6, 4, 2), "gather keeps the places");
        std::vector<Task<int>> tasks;
        for (int i = 0; i < 5; ++i) tasks.push_back(create_task(twice(i % 3)));
        const auto some = await(wait(tasks, WaitOptions().return_when(FIRST_COMPLETED)));
        expect(!some.done.empty() && some.done.size() + some.pending.size() == 5, "wait loses none");
        int sum = 0;
        for (auto&& each : as_completed(tasks)) sum += await(each);
        expect(sum == 2 * (0 + 1 + 2 + 0 + 1), "each comes once");
        const auto outer = create_task([&] { await(gather(twice(9), twice(9))); });
        const auto canceller = create_task([&] { outer.cancel(); });
        await(canceller);
        await(wait({outer}));
        expect(outer.cancelled(), "a cancellation arrives");
    });
}

BOOST_AUTO_TEST_CASE(timeouts_and_cancellations_that_cross) {
    under_every_schedule([] {
        int in_time = 0, late = 0, cancelled = 0;
        const auto work = [&] {
            try {
                timeout(1s, [] {
                    await(sleep(1s));
                    turn();
                });
                ++in_time;
            } catch (const TimeoutError&) {
                ++late;
            } catch (const CancelledError&) {
                ++cancelled;
                throw;
            }
        };
        task_group([&](TaskGroup& group) {
            for (int i = 0; i < 3; ++i) {
                const auto task = group.create_task(work);
                group.create_task([task] {
                    await(sleep(1s));
                    task.cancel();
                });
                group.create_task(work);
            }
        });
        expect(in_time + late + cancelled == 6, "each ends one way");
        expect(current_task().cancelling() == 0, "no request is left over");
        const auto impatient = [] { await(wait_for(shield(sleep(1s)), 1s)); };
        try {
            impatient();
        } catch (const TimeoutError&) {
        }
    });
}

BOOST_AUTO_TEST_CASE(groups_whose_children_fail_together) {
    under_every_schedule([] {
        int ended = 0;
        struct Ends {
            int& count;
            ~Ends() { ++count; }
        };
        std::size_t errors = 0;
        try {
            task_group([&](TaskGroup& outer) {
                for (int i = 0; i < 3; ++i) {
                    outer.create_task([&, i] {
                        const Ends ends{ended};
                        task_group([&](TaskGroup& inner) {
                            for (int k = 0; k < 3; ++k) {
                                inner.create_task([&, i, k] {
                                    const Ends inner_ends{ended};
                                    await(sleep(1s));
                                    if (k == i) throw std::domain_error("x");
                                });
                            }
                        });
                    });
                }
            });
        } catch (const ExceptionGroup& group) {
            errors = group.exceptions().size();
        }
        expect(errors >= 1 && ended == 12, "the errors come, and nobody is left behind");
        expect(current_task().cancelling() == 0, "no request is left over");
    });
}

BOOST_AUTO_TEST_CASE(callbacks_that_come_late_or_never) {
    under_every_schedule([] {
        EventLoop& loop = get_running_loop();
        int called = 0, cancelled = 0, broken = 0;
        const auto waits = [&](int how) {
            try {
                await_callback<>([&](Completion<> done) {
                    if (how == 0) loop.call_soon([done] { done(); });
                    if (how == 1) loop.call_soon([done] {
                        done();
                        done();
                    });
                });
                ++called;
            } catch (const BrokenCallbackError&) {
                ++broken;
            } catch (const CancelledError&) {
                ++cancelled;
                throw;
            }
        };
        task_group([&](TaskGroup& group) {
            for (int i = 0; i < 9; ++i) {
                const auto task = group.create_task([&, i] { waits(i % 3); });
                if (i > 5) group.create_task([task] { task.cancel(); });
            }
        });
        expect(called + cancelled + broken <= 9 && called >= 4 && broken >= 2, "each callback is heard once");
    });
}

BOOST_AUTO_TEST_SUITE_END()
