#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <stdexcept>

#include "cede/sync/barrier.hpp"
#include "support/awaiting.hpp"

using namespace cede;
using namespace cede::tests;

namespace {

// So many tasks that wait once; each gives its number.
std::vector<Task<int>> arrive(const Barrier& barrier, int count) {
    std::vector<Task<int>> tasks;
    for (int i = 0; i < count; ++i) tasks.push_back(create_task(barrier.wait()));
    return tasks;
}

Order sorted_numbers(const std::vector<Task<int>>& tasks) {
    Order numbers;
    for (const auto& task : tasks) numbers.push_back(await(task));
    std::sort(numbers.begin(), numbers.end());
    return numbers;
}

bool broken(const Task<int>& task) {
    try {
        task.result();
    } catch (const BrokenBarrierError&) {
        return true;
    }
    return false;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(barrier)

BOOST_AUTO_TEST_CASE(LOCK_026_less_than_one_party_is_an_error) {
    BOOST_CHECK_THROW(Barrier(0), std::invalid_argument);
    BOOST_CHECK_THROW(Barrier(-4), std::invalid_argument);
    BOOST_TEST(Barrier(5).parties() == 5);
    BOOST_TEST(Barrier(5).n_waiting() == 0);
    BOOST_TEST(!Barrier(5).broken());
}

BOOST_AUTO_TEST_CASE(LOCK_027_it_opens_when_all_wait_and_gives_each_another_number) {
    testing::run([] {
        const Barrier barrier(4);
        auto tasks = arrive(barrier, 3);
        settle();
        for (auto& task : tasks) BOOST_TEST(!task.done());
        tasks.push_back(create_task(barrier.wait()));
        BOOST_TEST(sorted_numbers(tasks) == (Order{0, 1, 2, 3}));
        // And again.
        BOOST_TEST(sorted_numbers(arrive(barrier, 4)) == (Order{0, 1, 2, 3}));
        BOOST_TEST(!barrier.broken());
    });
}

BOOST_AUTO_TEST_CASE(LOCK_028_n_waiting_counts_while_it_fills) {
    testing::run([] {
        const Barrier barrier(3);
        std::vector<Task<int>> tasks;
        for (int i = 1; i <= 2; ++i) {
            tasks.push_back(create_task(barrier.wait()));
            settle();
            BOOST_TEST(barrier.n_waiting() == i);
        }
        tasks.push_back(create_task(barrier.wait()));
        settle();
        BOOST_TEST(barrier.n_waiting() == 0);
        BOOST_TEST(sorted_numbers(tasks) == (Order{0, 1, 2}));
    });
}

BOOST_AUTO_TEST_CASE(LOCK_029_a_barrier_for_one_never_blocks) {
    testing::run([] {
        const Barrier barrier(1);
        int turns = 0;
        auto other = create_task([&] { ++turns; });
        BOOST_TEST(await(barrier.wait()) == 0);
        BOOST_TEST(await(barrier.wait()) == 0);
        BOOST_TEST(turns == 0);
        await(other);
    });
}

BOOST_AUTO_TEST_CASE(LOCK_030_who_comes_while_a_round_leaves_waits_until_it_has_left) {
    testing::run([] {
        const Barrier barrier(2);
        Order order;
        std::vector<Task<>> tasks;
        // The fifth task to come joins a round of its own only when the rounds before are out.
        for (int i = 0; i < 5; ++i) {
            tasks.push_back(create_task([&order, barrier, i] {
                await(barrier.wait());
                order.push_back(i);
            }));
        }
        settle();
        BOOST_TEST(order.size() == 4u);
        Order first_round(order.begin(), order.begin() + 2);
        std::sort(first_round.begin(), first_round.end());
        BOOST_TEST(first_round == (Order{0, 1}));
        BOOST_TEST(barrier.n_waiting() == 1);
        await(barrier.wait());
        settle();
        BOOST_TEST(order.back() == 4);
    });
}

BOOST_AUTO_TEST_CASE(LOCK_031_a_cancelled_wait_makes_its_place_free) {
    testing::run([] {
        const Barrier barrier(3);
        auto tasks = arrive(barrier, 2);
        settle();
        tasks[0].cancel();
        settle();
        BOOST_TEST(tasks[0].cancelled());
        BOOST_TEST(barrier.n_waiting() == 1);
        BOOST_TEST(!barrier.broken());
        auto others = arrive(barrier, 2);
        others.push_back(tasks[1]);
        // As in asyncio the number comes from the count, so a place that was taken again may repeat one; all get through.
        for (auto& task : others) await(task);
        BOOST_TEST(barrier.n_waiting() == 0);
    });
}

BOOST_AUTO_TEST_CASE(LOCK_032_reset_breaks_the_wait_of_those_inside_and_not_the_barrier) {
    testing::run([] {
        const Barrier barrier(3);
        auto tasks = arrive(barrier, 2);
        settle();
        await(barrier.reset());
        settle();
        BOOST_TEST(broken(tasks[0]));
        BOOST_TEST(broken(tasks[1]));
        BOOST_TEST(!barrier.broken());
        BOOST_TEST(barrier.n_waiting() == 0);
        BOOST_TEST(sorted_numbers(arrive(barrier, 3)) == (Order{0, 1, 2}));
    });
}

BOOST_AUTO_TEST_CASE(LOCK_033_LOCK_034_reset_while_a_round_leaves_breaks_who_has_not_left_and_spares_who_was_kept_out) {
    testing::run([] {
        const Barrier barrier(5);
        auto inside = arrive(barrier, 5);
        std::vector<Task<int>> kept_out;
        // One of the round resets as soon as it is out, when most of the others are not.
        auto resets = create_task([&] {
            await(inside[4]);  // the last to come leaves first
            kept_out = arrive(barrier, 4);
            await(barrier.reset());
        });
        settle();
        await(resets);
        int broke = 0;
        for (auto& task : inside) broke += broken(task);
        BOOST_TEST(broke > 0);
        BOOST_TEST(broke < 5);
        BOOST_TEST(!barrier.broken());
        BOOST_TEST(barrier.n_waiting() == 4);
        for (auto& task : kept_out) BOOST_TEST(!task.done());
        kept_out.push_back(create_task(barrier.wait()));
        BOOST_TEST(sorted_numbers(kept_out) == (Order{0, 1, 2, 3, 4}));
    });
}

BOOST_AUTO_TEST_CASE(LOCK_035_reset_and_abort_with_nobody_inside) {
    testing::run([] {
        const Barrier barrier(2);
        await(barrier.reset());
        BOOST_TEST(!barrier.broken());
        await(barrier.abort());
        BOOST_TEST(barrier.broken());
        BOOST_CHECK_THROW(await(barrier.wait()), BrokenBarrierError);
        BOOST_CHECK_THROW(await(barrier.wait()), RuntimeError);
    });
}

BOOST_AUTO_TEST_CASE(abort_breaks_the_wait_of_those_inside) {
    testing::run([] {
        const Barrier barrier(3);
        auto tasks = arrive(barrier, 2);
        settle();
        await(barrier.abort());
        settle();
        BOOST_TEST(broken(tasks[0]));
        BOOST_TEST(broken(tasks[1]));
        BOOST_TEST(barrier.broken());
    });
}

BOOST_AUTO_TEST_CASE(LOCK_036_reset_after_abort_makes_it_usable_again) {
    testing::run([] {
        const Barrier barrier(2);
        auto task = create_task(barrier.wait());
        settle();
        await(barrier.abort());
        settle();
        BOOST_TEST(broken(task));
        await(barrier.reset());
        BOOST_TEST(!barrier.broken());
        BOOST_TEST(sorted_numbers(arrive(barrier, 2)) == (Order{0, 1}));
    });
}

BOOST_AUTO_TEST_CASE(LOCK_037_as_a_scope_it_waits_on_entry_and_gives_the_number) {
    testing::run([] {
        const Barrier barrier(2);
        Order order;
        const auto enters = [&] { barrier.with([&](int number) { order.push_back(number); }); };
        auto task = create_task(enters);
        settle();
        BOOST_TEST(order.empty());
        enters();
        await(task);
        std::sort(order.begin(), order.end());
        BOOST_TEST(order == (Order{0, 1}));
        auto other = create_task(barrier.wait());
        BOOST_TEST(barrier.with([] { return 9; }) == 9);
        await(other);
    });
}

BOOST_AUTO_TEST_SUITE_END()
