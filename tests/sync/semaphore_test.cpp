#include <boost/test/unit_test.hpp>

#include <stdexcept>

#include "cede/sync/semaphore.hpp"
#include "support/awaiting.hpp"

using namespace cede;
using namespace cede::tests;

namespace {

// A task that takes a permit, writes its number, and keeps the permit.
Task<> takes(const Semaphore& semaphore, Order& order, int number) {
    return create_task([semaphore, &order, number] {
        await(semaphore.acquire());
        order.push_back(number);
    });
}

// A task that takes a permit twice, ceding in between.
Task<> takes_twice(const Semaphore& semaphore, Order& order, int number) {
    return create_task([semaphore, &order, number] {
        for (int round = 0; round < 2; ++round) {
            await(semaphore.acquire());
            order.push_back(number);
            await(sleep(10ms));
            semaphore.release();
        }
    });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(semaphore)

BOOST_AUTO_TEST_CASE(LOCK_019_a_negative_number_is_an_error_and_zero_is_locked) {
    BOOST_CHECK_THROW(Semaphore(-1), std::invalid_argument);
    BOOST_CHECK_THROW(BoundedSemaphore(-1), std::invalid_argument);
    BOOST_TEST(Semaphore(0).locked());
    BOOST_TEST(!Semaphore().locked());
    testing::run([] {
        const Semaphore semaphore(0);
        Order order;
        auto task = takes(semaphore, order, 1);
        settle();
        BOOST_TEST(!task.done());
        semaphore.release();
        await(task);
        BOOST_TEST(semaphore.locked());
    });
}

BOOST_AUTO_TEST_CASE(LOCK_020_a_permit_is_taken_without_waiting_while_there_is_one) {
    testing::run([] {
        const Semaphore semaphore(2);
        int turns = 0;
        create_task([&] { ++turns; });
        BOOST_TEST(await(semaphore.acquire()));
        BOOST_TEST(!semaphore.locked());
        BOOST_TEST(await(semaphore.acquire()));
        BOOST_TEST(semaphore.locked());
        BOOST_TEST(turns == 0);
        semaphore.release();
        BOOST_TEST(!semaphore.locked());
        turn();
    });
}

BOOST_AUTO_TEST_CASE(LOCK_021_each_release_wakes_the_one_who_waits_longest) {
    testing::run([] {
        const Semaphore semaphore(0);
        Order order;
        std::vector<Task<>> tasks;
        for (int i = 1; i <= 4; ++i) tasks.push_back(takes(semaphore, order, i));
        settle();
        semaphore.release();
        settle();
        BOOST_TEST(order == (Order{1}));
        semaphore.release();
        semaphore.release();
        settle();
        BOOST_TEST(order == (Order{1, 2, 3}));
        semaphore.release();
        await(tasks[3]);
    });
}

BOOST_AUTO_TEST_CASE(LOCK_022_release_and_acquire_again_queues_behind_the_others) {
    testing::run([] {
        const Semaphore semaphore(1);
        Order order;
        std::vector<Task<>> tasks;
        for (int i = 1; i <= 3; ++i) tasks.push_back(takes_twice(semaphore, order, i));
        for (auto& task : tasks) await(task);
        BOOST_TEST(order == (Order{1, 2, 3, 1, 2, 3}));
    });
}

BOOST_AUTO_TEST_CASE(LOCK_023_permits_reserved_for_woken_waiters_are_not_for_newcomers) {
    testing::run([] {
        const Semaphore semaphore(1);
        Order order;
        await(semaphore.acquire());
        auto first = takes(semaphore, order, 1);
        auto second = takes(semaphore, order, 2);
        settle();
        semaphore.release();
        semaphore.release();
        semaphore.release();  // one more than wait
        BOOST_TEST(semaphore.locked());
        auto newcomer = takes(semaphore, order, 3);
        settle();
        BOOST_TEST(order == (Order{1, 2, 3}));
        BOOST_TEST(semaphore.locked());
    });
}

BOOST_AUTO_TEST_CASE(a_newcomer_that_queued_behind_woken_ones_gets_what_is_left) {
    testing::run([] {
        const Semaphore semaphore(0);
        Order order;
        auto first = takes(semaphore, order, 1);
        settle();
        // The eager task looks at the semaphore while the first has been woken and has not run.
        semaphore.release();
        semaphore.release();
        auto eager = create_task(
            [&] {
                await(semaphore.acquire());
                order.push_back(2);
            },
            TaskOptions().eager(true));
        BOOST_TEST(order.empty());
        settle();
        BOOST_TEST(order == (Order{1, 2}));
    });
}

BOOST_AUTO_TEST_CASE(a_cancelled_waiter_passes_its_permit_on) {
    testing::run([] {
        const Semaphore semaphore(1);
        Order order;
        await(semaphore.acquire());
        auto first = takes(semaphore, order, 1);
        auto second = takes(semaphore, order, 2);
        auto third = takes(semaphore, order, 3);
        settle();
        semaphore.release();  // for the first,
        first.cancel();       // which does not take it
        third.cancel();
        settle();
        BOOST_TEST(first.cancelled());
        BOOST_TEST(order == (Order{2}));
        semaphore.release();
        BOOST_TEST(!semaphore.locked());
    });
}

BOOST_AUTO_TEST_CASE(LOCK_024_a_bounded_one_cannot_be_released_beyond_its_beginning) {
    testing::run([] {
        const BoundedSemaphore semaphore(1);
        BOOST_CHECK_THROW(semaphore.release(), std::invalid_argument);
        await(semaphore.acquire());
        semaphore.release();
        const Semaphore as_semaphore = semaphore;
        BOOST_CHECK_THROW(as_semaphore.release(), std::invalid_argument);
    });
}

BOOST_AUTO_TEST_CASE(LOCK_025_a_plain_one_grows_by_releases) {
    testing::run([] {
        const Semaphore semaphore(1);
        semaphore.release();
        semaphore.release();
        Order order;
        for (int i = 1; i <= 3; ++i) await(takes(semaphore, order, i));
        BOOST_TEST(semaphore.locked());
    });
}

BOOST_AUTO_TEST_CASE(with_and_scoped_give_the_permit_back) {
    testing::run([] {
        const Semaphore semaphore(1);
        BOOST_TEST(semaphore.with([&] { return semaphore.locked(); }));
        BOOST_TEST(!semaphore.locked());
        BOOST_CHECK_THROW(semaphore.with([] { throw std::logic_error("within"); }), std::logic_error);
        BOOST_TEST(!semaphore.locked());
        {
            auto permit = await(semaphore.scoped());
            BOOST_TEST(semaphore.locked());
        }
        BOOST_TEST(!semaphore.locked());
    });
}

BOOST_AUTO_TEST_SUITE_END()
