#include <boost/test/unit_test.hpp>

#include <memory>
#include <vector>

#include "cede/sync/condition.hpp"
#include "cede/sync/event.hpp"
#include "cede/sync/lock.hpp"
#include "cede/sync/semaphore.hpp"
#include "cede/task/timeout.hpp"
#include "cede/task/wait_for.hpp"
#include "support/awaiting.hpp"
#include "support/captured.hpp"

using namespace cede;
using namespace cede::tests;

BOOST_AUTO_TEST_SUITE(lock)

BOOST_AUTO_TEST_CASE(LOCK_001_acquire_is_true_and_locked_tells) {
    testing::run([] {
        const Lock lock;
        BOOST_TEST(!lock.locked());
        BOOST_TEST(await(lock.acquire()));
        BOOST_TEST(lock.locked());
        lock.release();
        BOOST_TEST(!lock.locked());
    });
}

BOOST_AUTO_TEST_CASE(LOCK_002_release_of_an_unlocked_lock_is_an_error_that_says_what_to_do) {
    const Lock lock;
    BOOST_CHECK_THROW(lock.release(), RuntimeError);
    BOOST_TEST(error_of([&] { lock.release(); }).find("lock.with(f)") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(waiters_get_it_in_the_order_in_which_they_came) {
    testing::run([] {
        const Lock lock;
        Order order;
        await(lock.acquire());
        std::vector<Task<>> tasks;
        for (int i = 1; i <= 3; ++i) tasks.push_back(create_task([&order, lock, i] { lock.with([&] { order.push_back(i); }); }));
        settle();
        BOOST_TEST(order.empty());
        lock.release();
        for (auto& task : tasks) await(task);
        BOOST_TEST(order == (Order{1, 2, 3}));
        BOOST_TEST(!lock.locked());
    });
}

BOOST_AUTO_TEST_CASE(a_newcomer_does_not_overtake_one_who_was_woken) {
    testing::run([] {
        const Lock lock;
        Order order;
        await(lock.acquire());
        auto first = create_task([&] { lock.with([&] { order.push_back(1); }); });
        settle();
        lock.release();
        lock.with([&] { order.push_back(2); });  // at once, before the woken task has run
        await(first);
        BOOST_TEST(order == (Order{1, 2}));
    });
}

BOOST_AUTO_TEST_CASE(a_newcomer_passes_those_who_were_all_cancelled) {
    testing::run([] {
        const Lock lock;
        await(lock.acquire());
        auto waiter = create_task(lock.acquire());
        settle();
        waiter.cancel();
        lock.release();
        const TimePoint before = get_running_loop().time();
        int turns = 0;
        auto counter = create_task([&] { for (;;) { ++turns; turn(); } });
        BOOST_TEST(await(lock.acquire()));
        BOOST_TEST(turns == 0);  // without ceding
        BOOST_TEST((before == get_running_loop().time()));
        counter.cancel();
        settle();
        BOOST_TEST(waiter.cancelled());
        lock.release();
    });
}

BOOST_AUTO_TEST_CASE(LOCK_003_a_cancelled_first_waiter_does_not_lose_the_wakeup) {
    testing::run([] {
        const Lock lock;
        await(lock.acquire());
        auto first = create_task(lock.acquire());
        auto second = create_task(lock.acquire());
        settle();
        lock.release();   // wakes the first,
        first.cancel();   // which is cancelled before it runs
        settle();
        BOOST_TEST(first.cancelled());
        BOOST_TEST(second.done());
        BOOST_TEST(second.result());
        BOOST_TEST(lock.locked());
        lock.release();
    });
}

BOOST_AUTO_TEST_CASE(LOCK_004_cancel_and_release_in_one_callback_give_it_to_exactly_one) {
    testing::run([] {
        const Lock lock;
        await(lock.acquire());
        Order got;
        std::vector<Task<>> tasks;
        for (int i = 0; i < 3; ++i) {
            tasks.push_back(create_task([&got, lock, i] {
                await(lock.acquire());
                got.push_back(i);
            }));
        }
        settle();
        get_running_loop().call_soon([&] {
            tasks[0].cancel();
            lock.release();
        });
        settle();
        BOOST_TEST(tasks[0].cancelled());
        BOOST_TEST(got == (Order{1}));
        BOOST_TEST(!tasks[2].done());
        tasks[2].cancel();
    });
}

BOOST_AUTO_TEST_CASE(LOCK_005_it_belongs_to_the_loop_of_its_first_blocking_use) {
    const Lock lock;
    const Event event;
    const Semaphore semaphore(0);
    const Condition condition;
    const auto block = [&] {
        await(wait_for(event.wait(), 1s));
    };
    BOOST_CHECK_THROW(testing::run(block), TimeoutError);
    BOOST_CHECK_THROW(testing::run(block), RuntimeError);
    // Uses that do not block bind nothing.
    testing::run([&] { lock.with([] {}); });
    testing::run([&] { lock.with([] {}); });
    const auto contend = [&] {
        await(lock.acquire());
        const auto error = error_of([&] { await(wait_for(lock.acquire(), 1s)); });
        lock.release();
        return error;
    };
    BOOST_TEST(testing::run(contend).find("TimeoutError") != std::string::npos);
    BOOST_TEST(testing::run(contend).find("bound to a different event loop") != std::string::npos);
    BOOST_CHECK_THROW(testing::run([&] { await(wait_for(semaphore.acquire(), 1s)); }), TimeoutError);
    BOOST_CHECK_THROW(testing::run([&] { await(wait_for(semaphore.acquire(), 1s)); }), RuntimeError);
    const auto notify_wait = [&] { condition.with([&] { await(wait_for(condition.wait(), 1s)); }); };
    BOOST_CHECK_THROW(testing::run(notify_wait), TimeoutError);
    BOOST_CHECK_THROW(testing::run(notify_wait), RuntimeError);
    BOOST_TEST(!condition.locked());
}

BOOST_AUTO_TEST_CASE(with_releases_whatever_way_it_is_left) {
    testing::run([] {
        const Lock lock;
        BOOST_TEST(lock.with([&] { return lock.locked(); }));
        BOOST_TEST(!lock.locked());
        BOOST_CHECK_THROW(lock.with([] { throw std::logic_error("within"); }), std::logic_error);
        BOOST_TEST(!lock.locked());
        BOOST_TEST(cede::with(lock, [] { return 7; }) == 7);
        BOOST_TEST(!lock.locked());
    });
}

BOOST_AUTO_TEST_CASE(scoped_releases_at_the_end_of_the_scope_and_moves) {
    testing::run([] {
        const Lock lock;
        Scoped<Lock> outer;
        BOOST_TEST(!outer);
        {
            auto guard = await(lock.scoped());
            BOOST_TEST(lock.locked());
            outer = std::move(guard);
        }
        BOOST_TEST(lock.locked());
        outer.release();
        BOOST_TEST(!lock.locked());
        outer.release();  // harmless
        { auto guard = await(lock.scoped()); }
        BOOST_TEST(!lock.locked());
        static_assert(std::is_nothrow_destructible<Scoped<Lock>>::value, "a guard must not throw");
        static_assert(!std::is_copy_constructible<Scoped<Lock>>::value, "one guard, one release");
    });
}

BOOST_AUTO_TEST_CASE(a_scoped_acquisition_that_nobody_takes_is_given_back) {
    testing::run([] {
        const Lock lock;
        {
            auto task = create_task(lock.scoped());
            settle();
            BOOST_TEST(lock.locked());
        }
        settle();
        BOOST_TEST(!lock.locked());
    });
}

BOOST_AUTO_TEST_CASE(handles_refer_to_the_same_lock) {
    testing::run([] {
        const Lock lock;
        const Lock copy = lock;
        await(copy.acquire());
        BOOST_TEST(lock.locked());
        BOOST_TEST((lock == copy));
        BOOST_TEST((lock != Lock()));
        lock.release();
    });
}

BOOST_AUTO_TEST_CASE(debug_mode_warns_of_a_release_by_another_task) {
    const CapturedWarnings warnings;
    const auto body = [] {
        const Lock lock;
        await(lock.acquire());
        await(create_task([=] { lock.release(); }, TaskOptions().name("thief")));
        BOOST_TEST(!lock.locked());  // asyncio's semantics all the same
        lock.with([] {});
    };
    testing::run(body);
    BOOST_TEST(warnings.count() == 0u);
    testing::run(body, testing::TestOptions().debug(true));
    BOOST_TEST(warnings.count() == 1u);
    BOOST_TEST(warnings.contains("released by task 'thief'"));
}

BOOST_AUTO_TEST_CASE(acquire_in_time_or_not_at_all) {
    testing::run([] {
        const Lock lock;
        await(lock.acquire());
        BOOST_CHECK_THROW(timeout(1s, [&](Timeout&) { await(lock.acquire()); }), TimeoutError);
        lock.release();
        BOOST_TEST(!lock.locked());
        BOOST_TEST(await(lock.acquire()));
        lock.release();
    });
}

BOOST_AUTO_TEST_SUITE_END()
