#include <boost/test/unit_test.hpp>

#include "cede/sync/condition.hpp"
#include "cede/sync/lock.hpp"
#include "support/awaiting.hpp"

using namespace cede;
using namespace cede::tests;

namespace {

// A task that waits on the condition and then writes its number.
Task<bool> waits(const Condition& condition, Order& order, int number) {
    return create_task([condition, &order, number] {
        return condition.with([&] {
            const bool result = await(condition.wait());
            order.push_back(number);
            return result;
        });
    });
}

void notify(const Condition& condition, std::size_t count) {
    condition.with([&] { condition.notify(count); });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(condition)

BOOST_AUTO_TEST_CASE(LOCK_009_everything_but_the_lock_needs_the_lock) {
    testing::run([] {
        const Condition condition;
        BOOST_CHECK_THROW(await(condition.wait()), RuntimeError);
        BOOST_CHECK_THROW(condition.notify(), RuntimeError);
        BOOST_CHECK_THROW(condition.notify_all(), RuntimeError);
        BOOST_CHECK_THROW(condition.release(), RuntimeError);
    });
}

BOOST_AUTO_TEST_CASE(LOCK_010_wait_releases_the_lock_and_holds_it_again_when_it_returns_true) {
    testing::run([] {
        const Condition condition;
        auto task = create_task([&] {
            await(condition.acquire());
            const bool result = await(condition.wait());
            BOOST_TEST(condition.locked());
            condition.release();
            return result;
        });
        settle();
        BOOST_TEST(!condition.locked());
        notify(condition, 1);
        BOOST_TEST(await(task));
        BOOST_TEST(!condition.locked());
    });
}

BOOST_AUTO_TEST_CASE(LOCK_011_a_notified_task_goes_on_once_the_notifier_has_released) {
    testing::run([] {
        const Condition condition;
        Order order;
        auto task = waits(condition, order, 1);
        settle();
        await(condition.acquire());
        condition.notify();
        settle();
        BOOST_TEST(order.empty());
        condition.release();
        settle();
        BOOST_TEST(order == (Order{1}));
    });
}

BOOST_AUTO_TEST_CASE(LOCK_012_notify_wakes_at_most_so_many_in_the_order_in_which_they_came) {
    testing::run([] {
        const Condition condition;
        Order order;
        std::vector<Task<bool>> tasks;
        for (int i = 1; i <= 5; ++i) tasks.push_back(waits(condition, order, i));
        settle();
        condition.with([&] { condition.notify(); });  // one by default
        settle();
        BOOST_TEST(order == (Order{1}));
        notify(condition, 2);
        settle();
        BOOST_TEST(order == (Order{1, 2, 3}));
        notify(condition, 2048);
        settle();
        BOOST_TEST(order == (Order{1, 2, 3, 4, 5}));
        notify(condition, 1);  // nobody waits
        tasks.push_back(waits(condition, order, 6));
        tasks.push_back(waits(condition, order, 7));
        settle();
        condition.with([&] { condition.notify_all(); });
        settle();
        BOOST_TEST(order == (Order{1, 2, 3, 4, 5, 6, 7}));
    });
}

BOOST_AUTO_TEST_CASE(LOCK_013_wait_for_looks_again_after_each_wakeup_and_gives_the_last_value) {
    testing::run([] {
        const Condition condition;
        int present = 0;
        int calls = 0;
        auto task = create_task([&] {
            return condition.with([&] {
                return await(condition.wait_for([&] {
                    ++calls;
                    return present >= 3 ? present : 0;
                }));
            });
        });
        for (int i = 1; i <= 3; ++i) {
            settle();
            BOOST_TEST(!task.done());
            BOOST_TEST(calls == i);
            present = i;
            notify(condition, 1);
        }
        BOOST_TEST(await(task) == 3);
        BOOST_TEST(calls == 4);
    });
}

BOOST_AUTO_TEST_CASE(LOCK_014_wait_for_what_holds_already_needs_no_lock) {
    testing::run([] {
        const Condition condition;
        BOOST_TEST(await(condition.wait_for([] { return 42; })) == 42);
        BOOST_CHECK_THROW(await(condition.wait_for([] { return false; })), RuntimeError);
    });
}

BOOST_AUTO_TEST_CASE(LOCK_015_a_cancelled_wait_leaves_with_the_lock_held) {
    testing::run([] {
        const Condition condition;
        bool held = false;
        const auto waits_in_vain = [&] {
            condition.with([&] {
                try {
                    await(condition.wait());
                } catch (const CancelledError&) {
                    held = condition.locked();
                    throw;
                }
            });
        };
        auto task = create_task(waits_in_vain);
        settle();
        task.cancel();
        settle();
        BOOST_TEST(task.cancelled());
        BOOST_TEST(held);
        BOOST_TEST(!condition.locked());

        // And when another holds it, only after that one.
        held = false;
        task = create_task(waits_in_vain);
        settle();
        await(condition.acquire());
        task.cancel();
        settle();
        BOOST_TEST(!task.done());
        condition.release();
        settle();
        BOOST_TEST(task.cancelled());
        BOOST_TEST(held);
        BOOST_TEST(!condition.locked());
    });
}

BOOST_AUTO_TEST_CASE(LOCK_016_LOCK_017_cancelled_while_it_waits_for_the_lock_it_gets_the_lock_and_the_message) {
    testing::run([] {
        const Condition condition;
        auto task = create_task([&] {
            await(condition.acquire());
            std::string message;
            try {
                await(condition.wait());
            } catch (const CancelledError& error) {
                message = error.message();
            }
            BOOST_TEST(condition.locked());
            condition.release();
            return message;
        });
        settle();
        await(condition.acquire());
        condition.notify();
        settle();
        task.cancel("while it waits for the lock");
        settle();
        BOOST_TEST(!task.done());
        condition.release();
        BOOST_TEST(await(task) == "while it waits for the lock");
        BOOST_TEST(!condition.locked());

        // The cancellation that ended the wait, when none comes after it.
        task = create_task([&] {
            std::string message;
            condition.with([&] {
                try {
                    await(condition.wait());
                } catch (const CancelledError& error) {
                    message = error.message();
                }
            });
            return message;
        });
        settle();
        task.cancel("while it waits");
        BOOST_TEST(await(task) == "while it waits");
    });
}

BOOST_AUTO_TEST_CASE(LOCK_018_a_notification_of_a_task_cancelled_before_it_resumes_goes_to_another) {
    testing::run([] {
        const Condition condition;
        Order order;
        auto first = waits(condition, order, 1);
        auto second = waits(condition, order, 2);
        auto third = waits(condition, order, 3);
        settle();
        await(condition.acquire());
        condition.notify();
        condition.release();
        first.cancel();
        settle();
        BOOST_TEST(first.cancelled());
        BOOST_TEST(order == (Order{2}));

        // The same for one that has been notified and waits for the lock.
        await(condition.acquire());
        condition.notify();
        settle();
        auto fourth = waits(condition, order, 4);
        third.cancel();
        condition.release();
        settle();
        BOOST_TEST(third.cancelled());
        notify(condition, 1);
        settle();
        BOOST_TEST(order == (Order{2, 4}));
        BOOST_TEST(!condition.locked());
    });
}

BOOST_AUTO_TEST_CASE(conditions_may_share_a_lock) {
    testing::run([] {
        const Lock lock;
        const Condition one(lock);
        const Condition other(lock);
        await(one.acquire());
        BOOST_TEST(other.locked());
        BOOST_TEST(lock.locked());
        lock.release();
        Order order;
        auto first = waits(one, order, 1);
        auto second = waits(other, order, 2);
        settle();
        notify(other, 1);
        settle();
        BOOST_TEST(order == (Order{2}));
        { auto guard = await(one.scoped()); one.notify(); }
        await(first);
        BOOST_TEST(order == (Order{2, 1}));
    });
}

BOOST_AUTO_TEST_CASE(a_wait_whose_coroutine_is_closed_unwinds_through_the_scope_of_the_lock) {
    testing::run([] {
        const Condition condition;
        Coroutine<void> coroutine([=] { condition.with([&] { await(condition.wait()); }); });
        coroutine.send();
        BOOST_TEST(!condition.locked());
        coroutine.close();
        BOOST_TEST(!condition.locked());

        // Also while somebody else holds it, who then still does.
        Coroutine<void> another([=] { condition.with([&] { await(condition.wait()); }); });
        another.send();
        await(condition.acquire());
        another.close();
        BOOST_TEST(condition.locked());
        condition.release();
        BOOST_TEST(!condition.locked());
    });
}

BOOST_AUTO_TEST_SUITE_END()
