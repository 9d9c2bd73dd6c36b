// TASK-030 to 041: tasks that start at once.
#include <boost/test/unit_test.hpp>

#include <functional>

#include "cede/cede.hpp"
#include "cede/testing/testing.hpp"
#include "support/captured.hpp"

using namespace cede;
using namespace std::chrono_literals;
using tests::message_of;

namespace {

TaskOptions eager() { return TaskOptions().eager(true); }

}  // namespace

BOOST_AUTO_TEST_SUITE(eager_tasks)

BOOST_AUTO_TEST_CASE(TASK_031_039_the_coroutine_runs_up_to_its_first_suspension) {
    testing::run([] {
        std::string order;
        const auto task = create_task(
            [&] {
                order += '1';
                await(sleep(1s));
                order += '3';
            },
            eager());
        order += '2';
        BOOST_TEST(!task.done());
        await(task);
        BOOST_TEST(order == "123");
        const auto lazy = create_task([&] { order += '5'; }, TaskOptions().eager(false));
        order += '4';
        await(lazy);
        BOOST_TEST(order == "12345");
    });
}

BOOST_AUTO_TEST_CASE(TASK_032_one_that_never_suspends_is_done_and_was_never_queued) {
    struct Loop : testing::VirtualTimeLoop {
        int queued = 0;
        void enqueue(detail::Runnable& work) override {
            ++queued;
            VirtualTimeLoop::enqueue(work);
        }
    } loop;
    loop.run_until_complete([&] {
        const int before = loop.queued;
        const auto task = create_task([] { return 5; }, eager());
        BOOST_TEST(task.done());
        BOOST_TEST(task.result() == 5);
        BOOST_TEST(await(task) == 5);
        const auto failed = create_task([] { throw std::domain_error("x"); }, eager());
        BOOST_TEST(failed.done());
        BOOST_CHECK_THROW(failed.result(), std::domain_error);
        BOOST_TEST(loop.queued == before);
    });
}

BOOST_AUTO_TEST_CASE(TASK_033_cancelling_one_that_is_done_changes_nothing) {
    testing::run([] {
        const auto task = create_task([] { return 5; }, eager());
        BOOST_TEST(!task.cancel());
        BOOST_TEST(!task.cancelled());
        BOOST_TEST(await(task) == 5);
    });
}

BOOST_AUTO_TEST_CASE(TASK_034_cancelling_one_that_suspended_works_as_ever) {
    testing::run([] {
        const auto task = create_task([] { await(sleep(1h)); }, eager());
        BOOST_TEST(task.cancel("why"));
        BOOST_TEST(task.cancelling() == 1);
        BOOST_TEST(message_of<CancelledError>([&] { await(task); }) == "why");
    });
}

BOOST_AUTO_TEST_CASE(TASK_035_038_current_task_is_the_new_one_with_its_name) {
    testing::run([] {
        const AnyTask creator = current_task();
        AnyTask first, second;
        const auto task = create_task(
            [&] {
                first = current_task();
                BOOST_TEST(first.get_name() == "keen");
                await(sleep(1s));
                second = current_task();
            },
            eager().name("keen"));
        BOOST_TEST((current_task() == creator));
        BOOST_TEST((first == task));
        await(task);
        BOOST_TEST((second == task));
    });
}

BOOST_AUTO_TEST_CASE(TASK_036_it_is_in_all_tasks_while_it_is_not_done) {
    testing::run([] {
        std::size_t during = 0;
        create_task([&] { during = all_tasks().size(); }, eager());
        BOOST_TEST(during == 2u);
        BOOST_TEST(all_tasks().size() == 1u);
        const auto suspended = create_task([] { await(sleep(1s)); }, eager());
        BOOST_TEST(all_tasks().size() == 2u);
        await(suspended);
    });
}

BOOST_AUTO_TEST_CASE(TASK_040_without_a_running_loop_the_first_step_is_queued) {
    testing::VirtualTimeLoop loop;
    bool started = false;
    const auto task = loop.create_task(
        [&] {
            started = true;
            return 1;
        },
        eager());
    BOOST_TEST(!started);
    BOOST_TEST(loop.run_until_complete(task) == 1);
}

BOOST_AUTO_TEST_CASE(TASK_041_a_gather_of_eager_tasks_that_are_done_is_done) {
    testing::run([] {
        std::vector<Task<int>> tasks;
        for (int i = 0; i < 5; ++i) tasks.push_back(create_task([i] { return i; }, eager()));
        const auto all = gather(tasks);
        BOOST_TEST(all.done());
        BOOST_TEST(all.result().at(4) == 4);
        BOOST_TEST(all_tasks().size() == 1u);
        const auto pair = gather(tasks[0], tasks[1]);
        BOOST_TEST(pair.done());
    });
}

BOOST_AUTO_TEST_CASE(TASK_041_a_group_of_eager_tasks) {
    testing::run([] {
        int done = 0;
        task_group([&](TaskGroup& group) {
            for (int i = 0; i < 5; ++i) group.create_task([&] { ++done; }, eager());
            BOOST_TEST(done == 5);
        });
    });
}

BOOST_AUTO_TEST_CASE(eager_tasks_start_eager_tasks) {
    testing::run([] {
        std::function<int(int)> nested = [&](int depth) -> int {
            if (depth == 0) return 0;
            return 1 + await(create_task([&, depth] { return nested(depth - 1); }, eager()));
        };
        BOOST_TEST(nested(100) == 100);
    });
}

BOOST_AUTO_TEST_CASE(an_interrupt_of_the_eager_step_leaves_create_task) {
    testing::VirtualTimeLoop loop;
    BOOST_CHECK_THROW(loop.run_until_complete([] {
        BOOST_CHECK_THROW(create_task([] { throw KeyboardInterrupt(); }, eager()), KeyboardInterrupt);
        throw KeyboardInterrupt();
    }),
                      KeyboardInterrupt);
}

BOOST_AUTO_TEST_CASE(TASK_030_the_coroutine_of_a_task) {
    testing::run([] {
        const Future<void> future;
        const auto task = create_task([&] { await(future); });
        BOOST_TEST((task.get_coro().state() == CoroutineState::created));
        await(sleep(0s));
        BOOST_TEST((task.get_coro().state() == CoroutineState::suspended));
        BOOST_TEST((task.get_coro().cr_await() == future));
        future.set_result();
        await(task);
        BOOST_TEST((task.get_coro().state() == CoroutineState::closed));
        BOOST_TEST(!create_task([] {}, eager()).get_coro());
        const auto suspended = create_task([] { await(sleep(1s)); }, eager());
        BOOST_TEST(static_cast<bool>(suspended.get_coro()));
        await(suspended);
    });
}

BOOST_AUTO_TEST_CASE(TASK_037_the_eager_step_runs_in_a_copy_of_the_context) {
    testing::run([] {
        const ContextVar<int> variable("variable", 0);
        variable.set(1);
        const auto task = create_task(
            [&] {
                BOOST_TEST(variable.get() == 1);
                variable.set(2);
                await(sleep(1s));
                BOOST_TEST(variable.get() == 2);
            },
            eager());
        BOOST_TEST(variable.get() == 1);
        await(task);
        BOOST_TEST(variable.get() == 1);
    });
}

BOOST_AUTO_TEST_SUITE_END()
