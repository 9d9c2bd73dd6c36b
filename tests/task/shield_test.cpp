#include <boost/test/unit_test.hpp>

#include <memory>
#include <stdexcept>

#include "cede/task/gather.hpp"
#include "cede/task/shield.hpp"
#include "cede/task/wait_for.hpp"
#include "support/awaiting.hpp"
#include "support/captured.hpp"

using namespace cede;
using namespace cede::tests;

BOOST_AUTO_TEST_SUITE(shield_)

BOOST_AUTO_TEST_CASE(WAIT_025_the_outcome_comes_through) {
    testing::run([] {
        const Future<int> inner;
        auto outer = shield(inner);
        inner.set_result(42);
        BOOST_TEST(await(outer) == 42);

        const Future<> failing;
        auto fails = shield(failing);
        failing.set_exception(std::logic_error("inner"));
        BOOST_CHECK_THROW(await(fails), std::logic_error);

        BOOST_TEST(await(shield([] { return await(sleep(1s, 7)); })) == 7);
        BOOST_TEST(*await(shield([] { return std::make_unique<int>(8); })) == 8);
    });
}

BOOST_AUTO_TEST_CASE(a_cancellation_of_the_inner_comes_through) {
    testing::run([] {
        auto inner = create_task([] { await(sleep(1s)); });
        auto outer = shield(inner);
        settle();
        inner.cancel();
        settle();
        BOOST_TEST(outer.cancelled());
    });
}

BOOST_AUTO_TEST_CASE(the_message_of_the_inner_cancellation_does_not) {
    testing::run([] {
        const Future<int> future;
        const auto task = create_task(sleep(9s));
        const auto of_future = shield(future);
        const auto of_task = shield(task);
        future.cancel("future");
        task.cancel("before its first step");
        const auto message = [](const AnyFuture& shielded) {
            try {
                await(shielded);
            } catch (const CancelledError& error) {
                return error.message();
            }
            return std::string("nothing was thrown");
        };
        BOOST_TEST(message(of_future) == "");
        BOOST_TEST(message(of_task) == "");
        BOOST_TEST(message(task) == "before its first step");
    });
}

BOOST_AUTO_TEST_CASE(WAIT_026_a_cancellation_of_the_await_does_not_reach_the_work) {
    testing::run([] {
        bool finished = false;
        auto inner = create_task([&] {
            await(sleep(1s));
            finished = true;
        });
        auto outer = shield(inner);
        BOOST_TEST(outer.cancel());
        settle();
        BOOST_TEST(outer.cancelled());

        auto awaiter = create_task([&] { await(shield(inner)); });
        settle();
        awaiter.cancel();
        settle();
        BOOST_TEST(awaiter.cancelled());
        BOOST_TEST(!inner.done());
        BOOST_TEST(inner.cancelling() == 0);
        await(inner);
        BOOST_TEST(finished);
    });
}

BOOST_AUTO_TEST_CASE(WAIT_027_what_is_done_already_is_given_at_once) {
    testing::run([] {
        const Future<int> inner;
        inner.set_result(3);
        BOOST_TEST((shield(inner) == inner));
    });
}

BOOST_AUTO_TEST_CASE(WAIT_028_an_exception_after_the_cancellation_is_reported_once) {
    testing::run([] {
        CapturedReports reports(get_running_loop());
        const Future<> inner;
        auto first = shield(inner);
        auto second = shield(inner);
        first.cancel();
        second.cancel();
        settle();
        inner.set_exception(std::logic_error("late"));
        settle();
        BOOST_TEST(reports.only() == "exception in a shielded future, whose awaiter was cancelled");
        BOOST_TEST(describe_exception(reports.all.at(0).exception).find("late") != std::string::npos);
        BOOST_TEST((reports.all.at(0).future == inner));
    });
    // A result, or a cancellation, is silent.
    testing::run([] {
        CapturedReports reports(get_running_loop());
        const Future<int> succeeds;
        const Future<int> is_cancelled;
        auto first = shield(succeeds);
        auto second = shield(is_cancelled);
        first.cancel();
        second.cancel();
        settle();
        succeeds.set_result(1);
        is_cancelled.cancel();
        settle();
        BOOST_TEST(reports.all.empty());
    });
}

BOOST_AUTO_TEST_CASE(WAIT_029_a_gather_under_a_shield_goes_on) {
    testing::run([] {
        const Future<int> first;
        const Future<int> second;
        auto both = gather(first, second);
        auto outer = shield(both);
        outer.cancel();
        settle();
        BOOST_TEST(outer.cancelled());
        BOOST_TEST(!both.done());
        first.set_result(1);
        second.set_result(2);
        const auto results = await(both);
        BOOST_TEST(std::get<0>(results) == 1);
        BOOST_TEST(std::get<1>(results) == 2);
    });
}

BOOST_AUTO_TEST_CASE(WAIT_039_wait_for_cancels_the_shield_alone) {
    testing::run([] {
        auto inner = create_task([] { return await(sleep(2s, 5)); });
        BOOST_CHECK_THROW(await(wait_for(shield(inner), 1s)), TimeoutError);
        BOOST_CHECK_THROW(await(wait_for(shield(inner), 0s)), TimeoutError);
        BOOST_TEST(await(inner) == 5);
    });
}

BOOST_AUTO_TEST_CASE(one_of_what_is_never_done_ends_with_its_loop) {
    // Under LeakSanitizer this says that the two futures do not keep each other.
    testing::run([] {
        const Future<int> never;
        shield(never);
    });
}

BOOST_AUTO_TEST_CASE(interrupted_everywhere_the_work_is_done) {
    int finished = 0;
    const auto body = [&] {
        auto work = create_task([&] {
            await(sleep(1s));
            ++finished;
        });
        await(shield(work));
    };
    BOOST_TEST(testing::cancel_at_every_await(body, [&] {
        await(sleep(2s));
        BOOST_TEST(finished == 1);
        finished = 0;
    }) > 0u);
    testing::close_loop_at_every_await(body, [] {});
}

BOOST_AUTO_TEST_SUITE_END()
