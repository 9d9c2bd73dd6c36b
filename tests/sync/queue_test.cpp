#include <boost/test/unit_test.hpp>

#include <memory>
#include <stdexcept>

#include "cede/sync/queue.hpp"
#include "cede/task/wait_for.hpp"
#include "support/awaiting.hpp"

using namespace cede;
using namespace cede::tests;

namespace {

Order drain(const Queue<int>& queue) {
    Order items;
    while (!queue.empty()) items.push_back(queue.get_nowait());
    return items;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(queue)

BOOST_AUTO_TEST_CASE(QUEUE_001_each_kind_has_its_order) {
    const Queue<int> fifo;
    const LifoQueue<int> lifo;
    const PriorityQueue<int> smallest;
    const PriorityQueue<int, std::greater<int>> largest;
    for (const Queue<int>& queue : {fifo, Queue<int>(lifo), Queue<int>(smallest), Queue<int>(largest)}) {
        for (const int item : {1, 3, 2}) queue.put_nowait(item);
    }
    BOOST_TEST(drain(fifo) == (Order{1, 3, 2}));
    BOOST_TEST(drain(lifo) == (Order{2, 3, 1}));
    BOOST_TEST(drain(smallest) == (Order{1, 2, 3}));
    BOOST_TEST(drain(largest) == (Order{3, 2, 1}));
}

BOOST_AUTO_TEST_CASE(its_size_is_told) {
    const Queue<int> queue(2);
    BOOST_TEST(queue.maxsize() == 2);
    BOOST_TEST(queue.empty());
    queue.put_nowait(1);
    BOOST_TEST(queue.qsize() == 1u);
    BOOST_TEST(!queue.full());
    queue.put_nowait(2);
    BOOST_TEST(queue.full());
    BOOST_TEST(!Queue<int>(-1).full());
}

BOOST_AUTO_TEST_CASE(QUEUE_002_put_on_a_full_queue_waits_for_room) {
    testing::run([] {
        const Queue<int> queue(2);
        Order put;
        auto producer = create_task([&] {
            for (int i = 1; i <= 3; ++i) {
                await(queue.put(i));
                put.push_back(i);
            }
        });
        settle();
        BOOST_TEST(put == (Order{1, 2}));
        BOOST_TEST(await(queue.get()) == 1);
        settle();
        BOOST_TEST(put == (Order{1, 2, 3}));
        BOOST_TEST(drain(queue) == (Order{2, 3}));
        await(producer);
    });
}

BOOST_AUTO_TEST_CASE(QUEUE_003_QUEUE_006_get_on_an_empty_queue_waits_for_an_item) {
    testing::run([] {
        const Queue<int> queue;
        auto consumer = create_task(queue.get());
        settle();
        BOOST_TEST(!consumer.done());
        queue.put_nowait(7);
        BOOST_TEST(await(consumer) == 7);
        consumer = create_task(queue.get());
        settle();
        await(queue.put(8));
        BOOST_TEST(await(consumer) == 8);
    });
}

BOOST_AUTO_TEST_CASE(QUEUE_004_the_forms_that_do_not_wait_throw) {
    const Queue<int> queue(1);
    BOOST_CHECK_THROW(queue.get_nowait(), QueueEmpty);
    queue.put_nowait(1);
    BOOST_CHECK_THROW(queue.put_nowait(2), QueueFull);
    BOOST_TEST(queue.get_nowait() == 1);
}

BOOST_AUTO_TEST_CASE(QUEUE_005_a_get_from_a_full_queue_wakes_one_put) {
    testing::run([] {
        const Queue<int> queue(1);
        queue.put_nowait(1);
        auto first = create_task(queue.put(2));
        auto second = create_task(queue.put(3));
        settle();
        BOOST_TEST(await(queue.get()) == 1);
        settle();
        BOOST_TEST(first.done());
        BOOST_TEST(!second.done());
        BOOST_TEST(await(queue.get()) == 2);
        BOOST_TEST(await(queue.get()) == 3);
        await(second);
    });
}

BOOST_AUTO_TEST_CASE(QUEUE_007_a_cancelled_get_is_skipped) {
    testing::run([] {
        const Queue<int> queue;
        auto first = create_task(queue.get());
        auto second = create_task(queue.get());
        settle();
        first.cancel();
        queue.put_nowait(5);
        settle();
        BOOST_TEST(first.cancelled());
        BOOST_TEST(await(second) == 5);
    });
}

BOOST_AUTO_TEST_CASE(QUEUE_008_a_get_cancelled_after_its_item_came_loses_nothing) {
    testing::run([] {
        const Queue<int> queue;
        auto first = create_task(queue.get());
        settle();
        queue.put_nowait(1);
        first.cancel();
        settle();
        BOOST_TEST(first.cancelled());
        BOOST_TEST(queue.qsize() == 1u);
        BOOST_TEST(queue.get_nowait() == 1);

        // And another who waits gets it.
        first = create_task(queue.get());
        auto second = create_task(queue.get());
        auto third = create_task(queue.get());
        settle();
        queue.put_nowait(2);
        first.cancel();
        settle();
        BOOST_TEST(await(second) == 2);
        BOOST_TEST(!third.done());
        queue.put_nowait(3);
        BOOST_TEST(await(third) == 3);
    });
}

BOOST_AUTO_TEST_CASE(QUEUE_009_a_cancelled_put_puts_nothing_in) {
    testing::run([] {
        const Queue<int> queue(1);
        queue.put_nowait(1);
        auto first = create_task(queue.put(2));
        auto second = create_task(queue.put(3));
        auto third = create_task(queue.put(4));
        settle();
        second.cancel();
        Order got;
        for (int i = 0; i < 3; ++i) got.push_back(await(queue.get()));
        BOOST_TEST(got == (Order{1, 2, 4}));
        BOOST_TEST(second.cancelled());
        BOOST_TEST(queue.empty());
    });
}

BOOST_AUTO_TEST_CASE(QUEUE_010_a_put_cancelled_after_room_was_made_leaves_the_room) {
    testing::run([] {
        const Queue<int> queue(1);
        queue.put_nowait(1);
        auto first = create_task(queue.put(2));
        settle();
        BOOST_TEST(queue.get_nowait() == 1);
        first.cancel();
        settle();
        BOOST_TEST(first.cancelled());
        BOOST_TEST(queue.empty());
        queue.put_nowait(3);

        // And another who waits gets it.
        first = create_task(queue.put(4));
        auto second = create_task(queue.put(5));
        settle();
        BOOST_TEST(queue.get_nowait() == 3);
        first.cancel();
        settle();
        BOOST_TEST(second.done());
        BOOST_TEST(queue.get_nowait() == 5);
    });
}

BOOST_AUTO_TEST_CASE(QUEUE_011_producers_and_consumers_of_more_than_maxsize_do_not_block) {
    testing::run([] {
        const Queue<int> queue(2);
        Order got;
        auto producer = create_task([&] {
            for (int i = 0; i < 20; ++i) await(queue.put(i));
        });
        auto consumer = create_task([&] {
            for (int i = 0; i < 20; ++i) {
                got.push_back(await(queue.get()));
                if (i % 3 == 0) await(sleep(1ms));
            }
        });
        await(producer);
        await(consumer);
        for (int i = 0; i < 20; ++i) BOOST_TEST(got[static_cast<std::size_t>(i)] == i);
    });
}

BOOST_AUTO_TEST_CASE(QUEUE_012_task_done_beyond_the_items_is_an_error) {
    const Queue<int> queue;
    BOOST_CHECK_THROW(queue.task_done(), std::invalid_argument);
    queue.put_nowait(1);
    queue.task_done();
    BOOST_CHECK_THROW(queue.task_done(), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(QUEUE_013_join_waits_until_all_is_done) {
    testing::run([] {
        const Queue<int> queue;
        await(queue.join());
        await(queue.join());
        for (int i = 0; i < 10; ++i) queue.put_nowait(i);
        int sum = 0;
        std::vector<Task<>> workers;
        for (int i = 0; i < 2; ++i) {
            workers.push_back(create_task([&] {
                for (;;) {
                    sum += await(queue.get());
                    await(sleep(1ms));
                    queue.task_done();
                }
            }));
        }
        await(queue.join());
        BOOST_TEST(sum == 45);
        for (auto& worker : workers) worker.cancel();
    });
}

BOOST_AUTO_TEST_CASE(QUEUE_014_after_a_shutdown_what_is_left_can_be_fetched) {
    testing::run([] {
        const Queue<int> queue;
        queue.put_nowait(1);
        queue.put_nowait(2);
        queue.shutdown();
        BOOST_CHECK_THROW(queue.put_nowait(3), QueueShutDown);
        BOOST_CHECK_THROW(await(queue.put(3)), QueueShutDown);
        BOOST_TEST(await(queue.get()) == 1);
        BOOST_TEST(queue.get_nowait() == 2);
        BOOST_CHECK_THROW(queue.get_nowait(), QueueShutDown);
        BOOST_CHECK_THROW(await(queue.get()), QueueShutDown);
        auto joiner = create_task(queue.join());
        settle();
        BOOST_TEST(!joiner.done());
        queue.task_done();
        queue.task_done();
        await(joiner);
    });
}

BOOST_AUTO_TEST_CASE(QUEUE_015_shutdown_wakes_every_get) {
    testing::run([] {
        const Queue<int> queue;
        std::vector<Task<int>> tasks;
        for (int i = 0; i < 3; ++i) tasks.push_back(create_task(queue.get()));
        settle();
        queue.shutdown();
        for (auto& task : tasks) BOOST_CHECK_THROW(await(task), QueueShutDown);
    });
}

BOOST_AUTO_TEST_CASE(QUEUE_016_shutdown_wakes_every_put_and_takes_nothing_in) {
    testing::run([] {
        const Queue<int> queue(1);
        queue.put_nowait(1);
        auto first = create_task(queue.put(2));
        auto second = create_task(queue.put(3));
        settle();
        queue.shutdown();
        BOOST_CHECK_THROW(await(first), QueueShutDown);
        BOOST_CHECK_THROW(await(second), QueueShutDown);
        BOOST_TEST(drain(queue) == (Order{1}));
    });
}

BOOST_AUTO_TEST_CASE(QUEUE_017_QUEUE_018_an_immediate_shutdown_drops_what_is_in_and_counts_it_as_done) {
    testing::run([] {
        const Queue<int> queue;
        queue.put_nowait(1);
        queue.put_nowait(2);
        auto joiner = create_task(queue.join());
        settle();
        BOOST_TEST(!joiner.done());
        queue.shutdown(true);
        BOOST_TEST(queue.qsize() == 0u);
        BOOST_CHECK_THROW(queue.get_nowait(), QueueShutDown);
        BOOST_CHECK_THROW(await(queue.get()), QueueShutDown);
        await(joiner);
    });
}

BOOST_AUTO_TEST_CASE(QUEUE_019_after_it_task_done_is_for_what_was_fetched) {
    testing::run([] {
        const Queue<int> queue;
        queue.put_nowait(1);
        queue.put_nowait(2);
        await(queue.get());
        auto joiner = create_task(queue.join());
        queue.shutdown(true);
        settle();
        BOOST_TEST(!joiner.done());
        queue.task_done();
        await(joiner);
        BOOST_CHECK_THROW(queue.task_done(), std::invalid_argument);
    });
}

BOOST_AUTO_TEST_CASE(items_need_only_be_movable) {
    testing::run([] {
        const Queue<std::unique_ptr<int>> queue(1);
        auto producer = create_task([&] {
            for (int i = 0; i < 3; ++i) await(queue.put(std::make_unique<int>(i)));
        });
        for (int i = 0; i < 3; ++i) BOOST_TEST(*await(queue.get()) == i);
        await(producer);
        const PriorityQueue<std::pair<int, std::string>> by_priority;
        by_priority.put_nowait({2, "later"});
        by_priority.put_nowait({1, "first"});
        BOOST_TEST(by_priority.get_nowait().second == "first");
    });
}

BOOST_AUTO_TEST_CASE(a_get_that_runs_out_of_time_takes_nothing) {
    testing::run([] {
        const Queue<int> queue;
        BOOST_CHECK_THROW(await(wait_for(queue.get(), 1s)), TimeoutError);
        queue.put_nowait(1);
        BOOST_TEST(await(wait_for(queue.get(), 1s)) == 1);
    });
}

BOOST_AUTO_TEST_SUITE_END()
