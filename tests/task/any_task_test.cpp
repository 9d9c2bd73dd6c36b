// Handles without a result type, of current_task() and all_tasks() for instance, wherever a task may be given.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <memory>
#include <set>
#include <stdexcept>
#include <vector>

#include "cede/cede.hpp"
#include "support/awaiting.hpp"
#include "support/captured.hpp"

using namespace cede;
using namespace cede::tests;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(any_task)

BOOST_AUTO_TEST_CASE(gather_waits_for_the_tasks_that_all_tasks_gives) {
    testing::run([] {
        int ended = 0;
        const Task<int> number = create_task([&] {
            await(sleep(1s));
            return ++ended;
        });
        create_task([&] {
            await(sleep(2s));
            ++ended;
        });
        std::vector<AnyTask> others = all_tasks();
        others.erase(std::remove(others.begin(), others.end(), current_task()), others.end());
        BOOST_TEST(await(gather(others)).size() == 2u);
        BOOST_TEST(ended == 2);
        BOOST_TEST(number.result() == 1);
        const auto pair = await(gather(AnyTask(number), AnyFuture(number), number));
        BOOST_TEST(std::get<2>(pair) == 1);
    });
}

BOOST_AUTO_TEST_CASE(the_end_of_a_program_cancels_and_gathers_all_tasks) {
    testing::run([] {
        const Task<std::unique_ptr<int>> cancelled = create_task([] { return await(sleep(1h, std::make_unique<int>(1))); });
        const Task<int> failed = create_task([]() -> int {
            try {
                await(sleep(1h));
            } catch (const CancelledError&) {
            }
            throw std::domain_error("clean-up failed");
        });
        await(sleep(0s));
        std::vector<AnyTask> others;
        for (const AnyTask& task : all_tasks()) {
            if (task != current_task()) others.push_back(task);
        }
        for (const AnyTask& task : others) task.cancel();
        const auto outcomes = await(gather_outcomes(others));
        BOOST_TEST_REQUIRE(outcomes.size() == 2u);
        BOOST_TEST(std::none_of(outcomes.begin(), outcomes.end(), [](const auto& each) { return each.has_value(); }));
        BOOST_TEST(cancelled.cancelled());
        BOOST_TEST(!failed.cancelled());
    });
}

BOOST_AUTO_TEST_CASE(a_failure_comes_through_gather_shield_and_wait_for) {
    testing::run([] {
        const AnyTask task = create_task([]() -> std::string { throw std::domain_error("x"); });
        const AnyFuture future = task;
        BOOST_CHECK_THROW(await(gather(task, sleep(1s))), std::domain_error);
        BOOST_CHECK_THROW(await(gather(std::vector<AnyFuture>{future})), std::domain_error);
        BOOST_CHECK_THROW(await(shield(task)), std::domain_error);
        BOOST_CHECK_THROW(await(wait_for(future, 1s)), std::domain_error);
        BOOST_CHECK_THROW(await(wait_for(task, 0s)), std::domain_error);
    });
}

BOOST_AUTO_TEST_CASE(shield_wait_for_and_ensure_future_take_one) {
    testing::run([] {
        const Task<std::unique_ptr<int>> task = create_task([] { return await(sleep(2s, std::make_unique<int>(1))); });
        const AnyTask any = task;
        BOOST_CHECK_THROW(await(wait_for(shield(any), 1s)), TimeoutError);
        BOOST_TEST(!task.done());
        BOOST_TEST((ensure_future(any) == task));
        BOOST_TEST((ensure_future(AnyFuture(any)) == task));
        await(wait_for(any, 5s));
        shield(any).result();
        BOOST_TEST(*await(task) == 1);  // is still there
        BOOST_TEST((await(as_completed(std::vector<AnyTask>{any}).anext()) == task));
    });
}

BOOST_AUTO_TEST_CASE(a_loop_runs_until_one_is_done) {
    testing::VirtualTimeLoop loop;
    const auto task = loop.create_task([] { return await(sleep(1s, 5)); });
    loop.run_until_complete(AnyTask(task));
    BOOST_TEST(task.result() == 5);
    const auto failed = loop.create_task([] { throw std::domain_error("x"); });
    BOOST_CHECK_THROW(loop.run_until_complete(AnyFuture(failed)), std::domain_error);
}

BOOST_AUTO_TEST_CASE(a_done_callback_in_a_context_of_its_own) {
    testing::run([] {
        const ContextVar<int> var("var", 0);
        const Context context;
        context.run([&] { var.set(7); });
        const AnyTask task = create_task([] {});
        const AnyFuture future = task;
        Order seen;
        task.add_done_callback([&](const AnyTask& done) { seen.push_back(done == task ? var.get() : -1); }, context);
        future.add_done_callback([&] { seen.push_back(var.get()); }, context);
        future.add_done_callback([&] { seen.push_back(var.get()); });
        await(task);
        settle();
        BOOST_TEST(seen == (Order{7, 7, 0}));
    });
}

BOOST_AUTO_TEST_CASE(sets_of_tasks_that_are_forgotten_when_they_are_done) {
    testing::run([] {
        std::set<Task<void>> tasks;
        for (int i = 0; i < 3; ++i) {
            const auto task = create_task(sleep(1s));
            tasks.insert(task);
            task.add_done_callback([&](const Task<void>& done) { tasks.erase(done); });
        }
        BOOST_TEST(tasks.size() == 3u);
        await(sleep(2s));
        BOOST_TEST(tasks.empty());
    });
}

BOOST_AUTO_TEST_SUITE_END()
