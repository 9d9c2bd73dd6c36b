#include <boost/test/unit_test.hpp>

#include <list>
#include <set>
#include <stdexcept>

#include "cede/task/wait.hpp"
#include "support/awaiting.hpp"

using namespace cede;
using namespace cede::tests;

BOOST_AUTO_TEST_SUITE(wait_)

BOOST_AUTO_TEST_CASE(all_completed_is_the_default) {
    testing::run([] {
        auto first = create_task([] { await(sleep(1s)); });
        auto second = create_task([] { await(sleep(2s)); });
        const TimePoint begin = get_running_loop().time();
        const auto result = await(wait({first, second}));
        BOOST_TEST((get_running_loop().time() - begin == 2s));
        BOOST_TEST(result.done.size() == 2u);
        BOOST_TEST(result.pending.empty());
        BOOST_TEST((result.done[0] == first));
    });
}

BOOST_AUTO_TEST_CASE(WAIT_011_first_completed_gives_all_that_are_done_by_then) {
    testing::run([] {
        auto slow = create_task([] { await(sleep(10s)); });
        auto one = create_task([] {});
        auto other = create_task([] {});
        const auto result = await(wait({slow, one, other}, WaitOptions().return_when(FIRST_COMPLETED)));
        BOOST_TEST(result.done.size() == 2u);
        BOOST_REQUIRE(result.pending.size() == 1u);
        BOOST_TEST((result.pending[0] == slow));
        const auto in_short = await(wait({slow, one}, FIRST_COMPLETED));
        BOOST_TEST((in_short.done == std::vector<Task<void>>{one}));
        slow.cancel();
    });
}

BOOST_AUTO_TEST_CASE(WAIT_012_first_exception_returns_when_one_fails) {
    testing::run([] {
        auto slow = create_task([] { await(sleep(10s)); });
        auto fine = create_task([] { await(sleep(1s)); });
        auto cancelled = create_task([] { await(sleep(10s)); });
        auto fails = create_task([] {
            await(sleep(3s));
            throw std::logic_error("failed");
        });
        settle();
        cancelled.cancel();
        const TimePoint begin = get_running_loop().time();
        const auto result =
            await(wait({slow, fine, cancelled, fails}, WaitOptions().return_when(FIRST_EXCEPTION)));
        BOOST_TEST((get_running_loop().time() - begin == 3s));
        BOOST_TEST(result.done.size() == 3u);
        BOOST_TEST(result.pending.size() == 1u);
        // Without a failure it waits for all.
        auto also_fine = create_task([] { await(sleep(1s)); });
        BOOST_TEST(await(wait({slow, also_fine}, WaitOptions().return_when(FIRST_EXCEPTION))).pending.empty());
        const WaitOptions all = WaitOptions().return_when(ALL_COMPLETED);
        BOOST_TEST(await(wait({create_task([] { throw std::domain_error("x"); }), also_fine}, all)).pending.empty());
    });
}

BOOST_AUTO_TEST_CASE(WAIT_013_wrong_arguments_are_errors_before_anything_is_waited_for) {
    testing::run([] {
        const Future<> never;
        int turns = 0;
        create_task([&] { ++turns; });
        BOOST_CHECK_THROW(await(wait({never}, WaitOptions().return_when(static_cast<ReturnWhen>(-1)))),
                          std::invalid_argument);
        BOOST_CHECK_THROW(await(wait(std::vector<Future<>>())), std::invalid_argument);
        BOOST_CHECK_THROW(await(wait({Task<>()})), RuntimeError);
        BOOST_TEST(turns == 0);
        turn();
    });
}

BOOST_AUTO_TEST_CASE(WAIT_014_a_task_listed_twice_counts_once) {
    testing::run([] {
        auto task = create_task([] { return 1; });
        const auto result = await(wait({task, task}));
        BOOST_TEST(result.done.size() == 1u);
        BOOST_TEST(result.pending.empty());
    });
}

BOOST_AUTO_TEST_CASE(running_out_of_time_is_no_error_and_cancels_nothing) {
    testing::run([] {
        auto quick = create_task([] { await(sleep(1s)); });
        auto slow = create_task([] { await(sleep(3s)); });
        const auto result = await(wait({quick, slow}, WaitOptions().timeout(2s)));
        BOOST_TEST(result.done.size() == 1u);
        BOOST_TEST(result.pending.size() == 1u);
        BOOST_TEST(slow.cancelling() == 0);
        await(slow);
    });
}

BOOST_AUTO_TEST_CASE(a_cancelled_wait_leaves_the_futures_as_they_were) {
    testing::run([] {
        const Future<int> future;
        auto waiter = create_task(wait({future}));
        settle();
        waiter.cancel();
        settle();
        BOOST_TEST(waiter.cancelled());
        BOOST_TEST(!future.done());
        BOOST_TEST(!future.core()->has_waiters());
        // Also when the future is done before the cancelled task has run.
        waiter = create_task(wait({future}));
        settle();
        future.set_result(1);
        waiter.cancel();
        settle();
        BOOST_TEST(waiter.cancelled());
    });
}

BOOST_AUTO_TEST_CASE(handles_of_several_types_are_waited_for_as_futures_of_any) {
    testing::run([] {
        auto number = create_task([] { return 1; });
        const Future<std::string> text;
        const auto result = await(wait(std::vector<AnyFuture>{number, text}, WaitOptions().timeout(1s)));
        BOOST_TEST((result.done.at(0) == number));
        BOOST_TEST((result.pending.at(0) == text));
    });
}

BOOST_AUTO_TEST_CASE(any_container_is_waited_for_and_a_list_of_several_types) {
    testing::run([] {
        std::list<Task<void>> tasks;
        for (const int delay : {3, 1, 2}) tasks.push_back(create_task(sleep(std::chrono::seconds(delay))));
        const auto first = await(wait(tasks, WaitOptions().return_when(FIRST_COMPLETED)));
        BOOST_TEST(first.done.size() == 1U);
        const auto number = create_task([] { return 1; });
        const auto both = await(wait({number, tasks.front()}, WaitOptions().timeout(1s)));
        BOOST_CHECK(both.done.at(0) == number);
        BOOST_CHECK(both.pending.at(0) == tasks.front());
    });
}

// asyncio asks only a task that is not the last whether it has failed, and to ask is to retrieve.
BOOST_AUTO_TEST_CASE(the_failure_of_the_last_task_is_still_reported) {
    for (const ReturnWhen when : {FIRST_EXCEPTION, ALL_COMPLETED}) {
        int reports = 0;
        testing::run([&] {
            get_running_loop().set_exception_handler([&](EventLoop&, const ExceptionContext& context) {
                ++reports;
                BOOST_TEST(context.message == "Task exception was never retrieved");
            });
            auto task = create_task([] {
                await(sleep(0s));
                throw std::invalid_argument("boom");
            });
            await(wait({task}, when));
        });
        BOOST_TEST(reports == 1);
    }
}

BOOST_AUTO_TEST_CASE(what_it_gives_can_be_asked_and_kept_as_a_set) {
    testing::run([] {
        std::set<Task<int>> pending;
        Task<int> first;
        for (int i = 1; i <= 3; ++i) {
            const auto task = create_task([i] {
                await(sleep(std::chrono::seconds(i)));
                return i;
            });
            if (i == 1) first = task;
            pending.insert(task);
        }
        int sum = 0;
        for (int rounds = 0; !pending.empty(); ++rounds) {
            auto result = await(wait(pending, FIRST_COMPLETED));
            BOOST_TEST(result.done.count(first) == (rounds == 0 ? 1u : 0u));
            BOOST_TEST(result.pending.contains(first) == false);
            for (const auto& task : result.done) sum += task.result();
            pending = std::move(result.pending);
        }
        BOOST_TEST(sum == 6);
    });
}

BOOST_AUTO_TEST_SUITE_END()
