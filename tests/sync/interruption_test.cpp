// Each primitive, cancelled at every await and with its loop closed at every await (shuffled schedules and failing
// allocations: tests/conformance): whatever happens, no lock stays held, no permit and no item is lost, and nobody sleeps
// through a wakeup.
#include <boost/test/unit_test.hpp>

#include <memory>

#include "cede/sync/barrier.hpp"
#include "cede/sync/condition.hpp"
#include "cede/sync/event.hpp"
#include "cede/sync/lock.hpp"
#include "cede/sync/queue.hpp"
#include "cede/sync/semaphore.hpp"
#include "support/awaiting.hpp"

using namespace cede;
using namespace cede::tests;

namespace {

// `body` contends with other tasks that it makes; `free` says whether the primitive is as new.
template <class Body, class Free>
void interrupt_everywhere(Body body, Free free) {
    const auto check = [&] {
        settle();
        BOOST_TEST(free());
    };
    BOOST_TEST(testing::cancel_at_every_await(body, check) > 0u);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(interruption)

BOOST_AUTO_TEST_CASE(a_lock_is_free_afterwards) {
    auto lock = std::make_shared<Lock>();
    const auto body = [&] {
        *lock = Lock();
        auto other = create_task([&] { lock->with([] { turn(); }); });
        for (int i = 0; i < 3; ++i) {
            lock->with([] { turn(); });
            auto guard = await(lock->scoped());
            turn();
        }
        await(other);
    };
    interrupt_everywhere(body, [&] { return !lock->locked(); });
    testing::close_loop_at_every_await(body, [&] { BOOST_TEST(!lock->locked()); });
}

BOOST_AUTO_TEST_CASE(a_semaphore_has_its_permits_afterwards) {
    Semaphore semaphore;
    const auto body = [&] {
        semaphore = BoundedSemaphore(2);
        std::vector<Task<>> others;
        for (int i = 0; i < 3; ++i) others.push_back(create_task([&] { semaphore.with([] { turn(); }); }));
        for (int i = 0; i < 3; ++i) semaphore.with([] { turn(); });
        for (auto& other : others) await(other);
    };
    // All permits are back: both can be taken at once, and not one more given.
    const auto whole = [&] {
        await(semaphore.acquire());
        const bool second = !semaphore.locked();
        await(semaphore.acquire());
        const bool no_third = semaphore.locked();
        semaphore.release();
        semaphore.release();
        return second && no_third;
    };
    interrupt_everywhere(body, whole);
    testing::close_loop_at_every_await(body, [&] {
        BOOST_TEST(!semaphore.locked());
        BOOST_CHECK_THROW(semaphore.release(), std::invalid_argument);
    });
}

BOOST_AUTO_TEST_CASE(a_condition_leaves_its_lock_free_and_passes_notifications_on) {
    Condition condition;
    int items = 0;
    int taken = 0;
    const auto take = [&] {
        condition.with([&] {
            await(condition.wait_for([&] { return items > 0; }));
            --items;
            ++taken;
        });
    };
    const auto body = [&] {
        condition = Condition();
        items = taken = 0;
        auto other = create_task(take);
        auto producer = create_task([&] {
            for (int i = 0; i < 2; ++i) {
                turn();
                condition.with([&] {
                    ++items;
                    condition.notify();
                });
            }
        });
        take();
        await(other);
        await(producer);
    };
    // Either both items were taken, or the one that the cancelled task did not take is there; the other never sleeps on.
    interrupt_everywhere(body, [&] { return !condition.locked() && taken + items <= 2 && taken >= 1; });
    testing::close_loop_at_every_await(body, [&] { BOOST_TEST(!condition.locked()); });
}

BOOST_AUTO_TEST_CASE(a_barrier_is_empty_or_can_be_filled_again) {
    std::shared_ptr<Barrier> barrier;
    const auto body = [&] {
        barrier = std::make_shared<Barrier>(2);
        auto other = create_task([&] {
            await(barrier->wait());
            await(barrier->wait());
        });
        await(barrier->wait());
        await(barrier->wait());
        await(other);
    };
    const auto check = [&] {
        settle();
        // The partner of a cancelled task waits still, or in its second round; a partner for each wait lets it out.
        while (barrier->n_waiting() > 0) {
            await(barrier->wait());
            settle();
        }
        BOOST_TEST(!barrier->broken());
    };
    BOOST_TEST(testing::cancel_at_every_await(body, check) > 0u);
    testing::close_loop_at_every_await(body, [&] { BOOST_TEST(barrier->n_waiting() == 0); });
}

BOOST_AUTO_TEST_CASE(an_event_lets_the_others_pass) {
    Event event;
    int passed = 0;
    const auto body = [&] {
        event = Event();
        passed = 0;
        auto other = create_task([&] {
            await(event.wait());
            ++passed;
        });
        get_running_loop().call_later(1s, [&] { event.set(); });
        await(event.wait());
        await(other);
    };
    BOOST_TEST(testing::cancel_at_every_await(body, [&] {
        await(sleep(2s));
        settle();
    }) > 0u);
    testing::close_loop_at_every_await(body, [] {});
}

BOOST_AUTO_TEST_CASE(a_queue_loses_and_invents_no_item) {
    Queue<int> queue;
    int put = 0;
    int got = 0;
    const auto body = [&] {
        queue = Queue<int>(1);
        put = got = 0;
        auto producer = create_task([&] {
            for (int i = 0; i < 4; ++i) {
                await(queue.put(i));
                ++put;
            }
        });
        auto consumer = create_task([&] {
            await(queue.get());
            ++got;
        });
        for (int i = 0; i < 3; ++i) {
            await(queue.get());
            ++got;
        }
        await(producer);
        await(consumer);
    };
    interrupt_everywhere(body, [&] { return put - got == static_cast<int>(queue.qsize()) && got >= 1; });
    testing::close_loop_at_every_await(body, [&] { BOOST_TEST(put - got == static_cast<int>(queue.qsize())); });
    // The other side.
    const auto producing = [&] {
        queue = Queue<int>(1);
        put = got = 0;
        auto consumer = create_task([&] {
            for (int i = 0; i < 4; ++i) {
                await(queue.get());
                ++got;
            }
        });
        auto producer = create_task([&] {
            await(queue.put(0));
            ++put;
        });
        for (int i = 0; i < 3; ++i) {
            await(queue.put(i));
            ++put;
        }
        await(consumer);
        await(producer);
    };
    interrupt_everywhere(producing, [&] { return put - got == static_cast<int>(queue.qsize()) && put >= 1; });
}

BOOST_AUTO_TEST_SUITE_END()
