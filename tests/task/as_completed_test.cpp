#include <boost/test/unit_test.hpp>

#include <memory>
#include <stdexcept>

#include "cede/task/as_completed.hpp"
#include "cede/task/gather.hpp"
#include "support/awaiting.hpp"

using namespace cede;
using namespace cede::tests;

namespace {

Coroutine<int> after(Duration delay, int value) {
    return [=] { return await(sleep(delay, value)); };
}

template <class... Xs>
std::vector<Coroutine<int>> coroutines(Xs... xs) {
    Coroutine<int> each[] = {std::move(xs)...};
    return std::vector<Coroutine<int>>(std::make_move_iterator(std::begin(each)), std::make_move_iterator(std::end(each)));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(as_completed_)

BOOST_AUTO_TEST_CASE(results_come_in_the_order_in_which_they_are_there) {
    testing::run([] {
        Order order;
        for (auto next : as_completed(coroutines(after(3s, 3), after(1s, 1), after(2s, 2)))) {
            order.push_back(await(std::move(next)));
        }
        BOOST_TEST(order == (Order{1, 2, 3}));
        BOOST_TEST(await(as_completed(std::vector<Future<int>>()).next()).has_value() == false);
        BOOST_CHECK_THROW(await(as_completed(std::vector<Future<int>>()).anext()), StopAsyncIteration);
    });
}

BOOST_AUTO_TEST_CASE(a_failure_is_thrown_by_its_await) {
    testing::run([] {
        std::vector<Task<>> tasks{create_task([] { throw std::logic_error("failed"); }), create_task([] {})};
        int failures = 0;
        int successes = 0;
        for (auto next : as_completed(tasks)) {
            try {
                await(std::move(next));
                ++successes;
            } catch (const std::logic_error&) {
                ++failures;
            }
        }
        BOOST_TEST(failures == 1);
        BOOST_TEST(successes == 1);
    });
}

BOOST_AUTO_TEST_CASE(WAIT_015_duplicates_count_once) {
    testing::run([] {
        auto task = create_task(after(1s, 1));
        Order order;
        for (auto next : as_completed(std::vector<Task<int>>{task, task, task})) order.push_back(await(std::move(next)));
        BOOST_TEST(order == (Order{1}));
    });
}

BOOST_AUTO_TEST_CASE(WAIT_016_when_time_is_up_the_next_await_throws) {
    testing::run([] {
        auto slow = create_task(after(10s, 10));
        const TimePoint begin = get_running_loop().time();
        Order order;
        int late = 0;
        for (auto next : as_completed(std::vector<Task<int>>{create_task(after(1s, 1)), slow}, Duration(2s))) {
            try {
                order.push_back(await(std::move(next)));
            } catch (const TimeoutError&) {
                ++late;
            }
        }
        BOOST_TEST(order == (Order{1}));
        BOOST_TEST(late == 1);
        BOOST_TEST((get_running_loop().time() - begin == 2s));
        BOOST_TEST(await(slow) == 10);  // nobody cancelled it
    });
}

BOOST_AUTO_TEST_CASE(WAIT_017_when_time_is_up_the_asynchronous_step_throws) {
    testing::run([] {
        auto done = as_completed(coroutines(after(1s, 1), after(10s, 10)), Duration(2s));
        BOOST_TEST(await(done.next())->result() == 1);
        BOOST_CHECK_THROW(await(done.next()), TimeoutError);
        BOOST_TEST(!await(done.next()).has_value());
    });
}

BOOST_AUTO_TEST_CASE(WAIT_018_items_are_interchangeable) {
    testing::run([] {
        std::vector<Coroutine<int>> items;
        for (auto next : as_completed(coroutines(after(1s, 1), after(2s, 2)))) items.push_back(std::move(next));
        BOOST_TEST(await(items[1]) == 1);
        BOOST_TEST(await(items[0]) == 2);
    });
}

BOOST_AUTO_TEST_CASE(WAIT_019_the_asynchronous_form_gives_the_handles_themselves) {
    testing::run([] {
        auto slow = create_task(after(2s, 2));
        auto quick = create_task(after(1s, 1));
        auto done = as_completed(std::vector<Task<int>>{slow, quick});
        BOOST_TEST((*await(done.next()) == quick));
        BOOST_TEST((await(done.anext()) == slow));
        BOOST_TEST(!await(done.next()));
        // Of coroutines, the tasks made of them.
        auto made = as_completed(coroutines(after(1s, 1)));
        while (auto task = await(made.next())) {
            static_assert(std::is_same<std::decay_t<decltype(*task)>, Task<int>>::value, "a task");
            BOOST_TEST(task->result() == 1);
        }
    });
}

BOOST_AUTO_TEST_CASE(WAIT_020_left_by_break_it_goes_on_where_it_was) {
    testing::run([] {
        auto done = as_completed(coroutines(after(1s, 1), after(2s, 2), after(3s, 3), after(4s, 4)));
        Order order;
        for (auto next : done) {
            order.push_back(await(std::move(next)));
            if (order.size() == 2) break;
        }
        for (auto next : done) {
            order.push_back(await(std::move(next)));
            break;
        }
        order.push_back(await(done.next())->result());
        BOOST_TEST(order == (Order{1, 2, 3, 4}));
        BOOST_TEST(!await(done.next()));
    });
}

BOOST_AUTO_TEST_CASE(WAIT_021_items_may_be_awaited_by_different_tasks_at_once) {
    testing::run([] {
        Order order;
        std::vector<Task<>> tasks;
        for (auto next : as_completed(coroutines(after(2s, 2), after(1s, 1), after(3s, 3)))) {
            tasks.push_back(create_task([&order, next = std::move(next)]() mutable { order.push_back(await(next)); }));
        }
        for (auto& task : tasks) await(task);
        BOOST_TEST(order == (Order{1, 2, 3}));
    });
}

BOOST_AUTO_TEST_CASE(a_cancelled_await_of_an_item_passes_its_result_on) {
    testing::run([] {
        const Future<int> future;
        auto done = as_completed(std::vector<Future<int>>{future, Future<int>()});
        auto first = create_task(done.anext());
        auto second = create_task(done.anext());
        settle();
        future.set_result(1);
        turn();  // its callback has woken the first,
        first.cancel();
        settle();
        BOOST_TEST(first.cancelled());
        BOOST_TEST((await(second) == future));
    });
}

BOOST_AUTO_TEST_CASE(one_that_is_dropped_leaves_nothing_behind) {
    testing::run([] {
        const Future<int> future;
        as_completed(std::vector<Future<int>>{future}, Duration(1s));
        BOOST_TEST(!future.core()->has_waiters());
    });
}

BOOST_AUTO_TEST_CASE(results_need_only_be_movable) {
    testing::run([] {
        std::vector<Task<std::unique_ptr<int>>> tasks{create_task([] { return std::make_unique<int>(1); })};
        for (auto next : as_completed(tasks)) BOOST_TEST(*await(std::move(next)) == 1);
    });
}

BOOST_AUTO_TEST_CASE(any_container_is_taken_and_a_list_of_tasks) {
    testing::run([] {
        std::vector<Coroutine<int>> named;
        for (const int n : {2, 1}) named.push_back(sleep(std::chrono::seconds(n), n));
        std::vector<int> order;
        for (auto next : as_completed(named)) order.push_back(await(next));
        BOOST_TEST(order == (std::vector<int>{1, 2}), boost::test_tools::per_element());
        const auto slow = create_task(sleep(2s, 3));
        const auto fast = create_task(sleep(1s, 4));
        order.clear();
        for (auto next : as_completed({slow, fast})) order.push_back(await(next));
        BOOST_TEST(order == (std::vector<int>{4, 3}), boost::test_tools::per_element());
        order.clear();
        for (auto next : as_completed({sleep(2s, 5), sleep(1s, 6)})) order.push_back(await(next));
        BOOST_TEST(order == (std::vector<int>{6, 5}), boost::test_tools::per_element());
        BOOST_TEST(await(gather({sleep(2s, 7), sleep(1s, 8)})) == (std::vector<int>{7, 8}), boost::test_tools::per_element());
        BOOST_TEST(await(gather_outcomes({sleep(1s, 9)})).front().value() == 9);
    });
}

BOOST_AUTO_TEST_SUITE_END()
