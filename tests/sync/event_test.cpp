#include <boost/test/unit_test.hpp>

#include "cede/sync/event.hpp"
#include "support/awaiting.hpp"

using namespace cede;
using namespace cede::tests;

BOOST_AUTO_TEST_SUITE(event)

BOOST_AUTO_TEST_CASE(an_event_that_is_set_makes_nobody_wait) {
    testing::run([] {
        const Event event;
        BOOST_TEST(!event.is_set());
        event.set();
        BOOST_TEST(event.is_set());
        int turns = 0;
        create_task([&] { ++turns; });
        BOOST_TEST(await(event.wait()));
        BOOST_TEST(turns == 0);
        event.clear();
        BOOST_TEST(!event.is_set());
        settle();
    });
}

BOOST_AUTO_TEST_CASE(LOCK_006_set_releases_all_in_the_order_in_which_they_came) {
    testing::run([] {
        const Event event;
        Order order;
        std::vector<Task<>> tasks;
        for (int i = 1; i <= 3; ++i) {
            tasks.push_back(create_task([&order, event, i] {
                BOOST_TEST(await(event.wait()));
                order.push_back(i);
            }));
        }
        settle();
        BOOST_TEST(order.empty());
        event.set();
        BOOST_TEST(order.empty());  // set() does not cede
        settle();
        BOOST_TEST(order == (Order{1, 2, 3}));
    });
}

BOOST_AUTO_TEST_CASE(LOCK_007_one_scheduled_before_set_passes_ahead_of_the_older_waiters) {
    testing::run([] {
        const Event event;
        Order order;
        const auto waits = [&](int i) {
            return [&order, event, i] {
                await(event.wait());
                order.push_back(i);
            };
        };
        auto first = create_task(waits(1));
        auto second = create_task(waits(2));
        settle();
        auto third = create_task(waits(3));  // scheduled, and not run
        event.set();
        settle();
        BOOST_TEST(order == (Order{3, 1, 2}));
    });
}

BOOST_AUTO_TEST_CASE(LOCK_008_clear_at_once_does_not_keep_those_who_waited) {
    testing::run([] {
        const Event event;
        int passed = 0;
        auto first = create_task([&] { await(event.wait()); ++passed; });
        settle();
        event.set();
        event.clear();
        auto late = create_task([&] { await(event.wait()); ++passed; });
        settle();
        BOOST_TEST(passed == 1);
        BOOST_TEST(first.done());
        BOOST_TEST(!late.done());
        event.set();
        await(late);
    });
}

BOOST_AUTO_TEST_CASE(a_cancelled_wait_leaves_the_event_and_the_others_alone) {
    testing::run([] {
        const Event event;
        auto cancelled = create_task(event.wait());
        auto other = create_task(event.wait());
        settle();
        cancelled.cancel();
        settle();
        BOOST_TEST(cancelled.cancelled());
        event.set();
        BOOST_TEST(await(other));
    });
}

BOOST_AUTO_TEST_SUITE_END()
