// Groups that end early: by TaskGroup::cancel, of the scope, a task or before it begins, and by an interrupt.
#include <boost/test/unit_test.hpp>

#include "cede/cede.hpp"
#include "cede/testing/testing.hpp"
#include "support/captured.hpp"

using namespace cede;
using namespace std::chrono_literals;
using tests::message_of;

BOOST_AUTO_TEST_SUITE(task_group_cancel)

// TaskGroup.cancel(), of Python 3.15.
BOOST_AUTO_TEST_CASE(a_cancelled_group_cancels_its_tasks_and_is_left_without_an_error) {
    testing::run([] {
        bool went_on = false;
        Task<void> task;
        task_group([&](TaskGroup& group) {
            task = group.create_task(sleep(9s));
            await(sleep(1s));
            group.cancel();
            group.cancel();
            BOOST_CHECK_THROW(group.create_task([] {}), RuntimeError);
            await(sleep(9s));
            went_on = true;
        });
        BOOST_TEST(!went_on);
        BOOST_TEST(task.cancelled());
        BOOST_TEST(current_task().cancelling() == 0);
        await(sleep(1s));  // nothing is left of the cancellation
    });
}

BOOST_AUTO_TEST_CASE(a_group_is_cancelled_by_a_task_of_its_own_and_before_it_is_entered) {
    testing::run([] {
        const TimePoint start = get_running_loop().time();
        task_group([&](TaskGroup& group) {
            group.create_task([group] {
                await(sleep(1s));
                group.cancel();
            });
            group.create_task(sleep(9s));
        });
        BOOST_CHECK(get_running_loop().time() - start == 1s);

        TaskGroup group;
        group.cancel();
        bool awaited = false;
        with(group, [&] {
            await(sleep(1s));
            awaited = true;
        });
        BOOST_TEST(!awaited);
        group.cancel();  // over
        await(sleep(0s));
    });
}

BOOST_AUTO_TEST_CASE(a_cancellation_from_outside_goes_before_one_by_the_group) {
    testing::run([] {
        const auto outer = create_task([] {
            task_group([](TaskGroup& group) {
                group.create_task([] {
                    try {
                        await(sleep(9s));
                    } catch (const CancelledError&) {
                        await(sleep(2s));
                    }
                });
                await(sleep(1s));
                group.cancel();
            });
        });
        await(sleep(2s));
        outer.cancel("outside");
        BOOST_TEST(message_of<CancelledError>([&] { await(outer); }) == "outside");
        BOOST_TEST(outer.cancelled());
    });
}

BOOST_AUTO_TEST_CASE(the_failure_of_a_task_of_a_cancelled_group_is_thrown) {
    testing::run([] {
        const auto fails = [](TaskGroup& group) {
            group.create_task([] {
                try {
                    await(sleep(9s));
                } catch (const CancelledError&) {
                    throw std::domain_error("x");
                }
            });
            await(sleep(1s));
            group.cancel();
            return 1;
        };
        BOOST_CHECK_THROW(task_group(fails), ExceptionGroup);
        BOOST_TEST(current_task().cancelling() == 0);
    });
}

// As asyncio does since Python 3.15 (gh-135736).
BOOST_AUTO_TEST_CASE(what_an_interrupt_keeps_from_being_thrown_is_reported) {
    testing::run([] {
        tests::CapturedReports reports(get_running_loop());
        const auto left_by_an_interrupt = [] {
            task_group([](TaskGroup& group) {
                group.create_task([] {
                    try {
                        await(sleep(9s));
                    } catch (const CancelledError&) {
                        throw std::domain_error("clean-up failed");
                    }
                });
                await(sleep(1s));
                throw SystemExit(3);
            });
        };
        BOOST_CHECK_THROW(left_by_an_interrupt(), SystemExit);
        BOOST_TEST(tests::contains(reports.only(), "TaskGroup"));
        BOOST_CHECK_THROW(std::rethrow_exception(reports.all.at(0).exception), std::domain_error);
        BOOST_TEST(current_task().cancelling() == 0);
        get_running_loop().set_exception_handler(nullptr);
    });
}

BOOST_AUTO_TEST_SUITE_END()
