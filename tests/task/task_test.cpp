// TASK-001 to 005 and 021 to 029: what a task is.
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <memory>
#include <thread>
#include <unordered_set>

#include "cede/cede.hpp"
#include "cede/testing/testing.hpp"
#include "support/captured.hpp"

using namespace cede;
using namespace std::chrono_literals;
using tests::CapturedReports;
using tests::contains;
using tests::message_of;

namespace {

struct Awaitable {
    int value;
    int cede_await() {
        await(sleep(1s));
        return value;
    }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(task)

BOOST_AUTO_TEST_CASE(FUT_014_awaiting_a_pending_future_cedes_once_and_a_done_one_never) {
    testing::run([] {
        Future<int> future;
        int turns = 0;
        const auto other = create_task([&] {
            for (; turns < 5; ++turns) await(sleep(0s));
        });
        get_running_loop().call_soon([&] { future.set_result(3); });
        BOOST_TEST(await(future) == 3);
        const int then = turns;
        for (int i = 0; i < 10; ++i) BOOST_TEST(await(future) == 3);
        BOOST_TEST(turns == then);
        await(other);
    });
}

BOOST_AUTO_TEST_CASE(FUT_015_an_awaiter_that_is_resumed_too_early_says_so) {
    testing::VirtualTimeLoop loop;
    set_event_loop(&loop);
    Future<int> future;
    Coroutine<int> coroutine = [&] { return await(future); };
    BOOST_TEST((coroutine.send() == future));
    BOOST_TEST(contains(message_of<RuntimeError>([&] { coroutine.send(); }), "await wasn't used with future"));
    set_event_loop(nullptr);
}

BOOST_AUTO_TEST_CASE(FUT_016_every_await_of_a_failed_future_throws_the_same_exception) {
    testing::run([] {
        const auto failed = create_task([] { throw std::domain_error("x"); });
        for (int i = 0; i < 3; ++i) BOOST_CHECK_THROW(await(failed), std::domain_error);
        BOOST_TEST((failed.exception() == failed.exception()));
    });
}

BOOST_AUTO_TEST_CASE(FUT_017_a_tasks_lost_exception_is_reported_with_the_task) {
    testing::run([] {
        CapturedReports reports(get_running_loop());
        create_task([] { throw std::domain_error("x"); }, TaskOptions().name("loser"));
        await(sleep(1s));
        BOOST_TEST(reports.only() == "Task exception was never retrieved");
        BOOST_REQUIRE(static_cast<bool>(reports.all.at(0).task));
        BOOST_TEST(reports.all[0].task.get_name() == "loser");
        BOOST_TEST(static_cast<bool>(reports.all[0].future));
    });
}

BOOST_AUTO_TEST_CASE(FUT_018_cancelling_a_failed_task_silences_it) {
    testing::run([] {
        CapturedReports reports(get_running_loop());
        auto failed = create_task([] { throw std::domain_error("x"); });
        await(sleep(1s));
        BOOST_TEST(!failed.cancel());
        failed = Task<void>();
        BOOST_TEST(reports.all.empty());
    });
}

BOOST_AUTO_TEST_CASE(TASK_001_ensure_future_of_a_future_is_itself) {
    testing::run([] {
        const Future<int> future;
        const auto task = create_task([] { return 1; });
        BOOST_TEST((ensure_future(future) == future));
        BOOST_TEST((ensure_future(task) == task));
        BOOST_TEST((ensure_future(task, get_running_loop()) == task));
        await(task);
    });
}

BOOST_AUTO_TEST_CASE(TASK_002_ensure_future_refuses_a_future_of_another_loop) {
    testing::run([] {
        auto other = new_event_loop();
        BOOST_CHECK_THROW(ensure_future(other->create_future<int>(), get_running_loop()), std::invalid_argument);
    });
}

BOOST_AUTO_TEST_CASE(TASK_003_ensure_future_wraps_any_awaitable) {
    testing::run([] {
        BOOST_TEST(await(ensure_future(Awaitable{4})) == 4);
        BOOST_TEST(await(ensure_future(sleep(1s, 5))) == 5);
        BOOST_TEST(await(ensure_future([] { return 6; })) == 6);
        BOOST_TEST(await(create_task(Awaitable{7})) == 7);
    });
}

BOOST_AUTO_TEST_CASE(TASK_004_unnamed_tasks_are_numbered) {
    testing::run([] {
        const auto number = [](const AnyTask& task) {
            BOOST_TEST(task.get_name().substr(0, 5) == "Task-");
            return std::stoi(task.get_name().substr(5));
        };
        const auto a = create_task([] {});
        const auto b = create_task([] {});
        BOOST_TEST(number(a) < number(b));
    });
}

BOOST_AUTO_TEST_CASE(TASK_005_names_can_be_given_and_changed) {
    testing::run([] {
        const auto named = create_task([] { return current_task().get_name(); }, TaskOptions().name("db"));
        BOOST_TEST(named.get_name() == "db");
        BOOST_TEST(await(named) == "db");
        named.set_name("other");
        BOOST_TEST(named.get_name() == "other");
    });
}

BOOST_AUTO_TEST_CASE(TASK_021_the_outcome_of_a_task_cannot_be_set) {
    testing::run([] {
        const auto one = create_task([] { return 1; });
        BOOST_CHECK_THROW(one.set_result(2), RuntimeError);
        BOOST_CHECK_THROW(one.set_exception(std::domain_error("x")), RuntimeError);
        BOOST_TEST(await(one) == 1);
    });
}

BOOST_AUTO_TEST_CASE(TASK_022_an_interrupt_is_stored_and_leaves_the_run_call) {
    testing::VirtualTimeLoop loop;
    const auto interrupted = loop.create_task([] {
        await(sleep(1s));
        throw SystemExit(4);
    });
    BOOST_CHECK_THROW(loop.run_until_complete(interrupted), SystemExit);
    BOOST_TEST(interrupted.done());
    BOOST_CHECK_THROW(interrupted.result(), SystemExit);
    const auto bystander = loop.create_task([] { return 1; });
    loop.create_task([] { throw KeyboardInterrupt(); });
    const auto late = loop.create_task([] { return 2; });
    BOOST_CHECK_THROW(loop.run_until_complete(late), KeyboardInterrupt);
    BOOST_TEST(loop.run_until_complete(late) == 2);
    BOOST_TEST(bystander.result() == 1);
}

BOOST_AUTO_TEST_CASE(TASK_023_interleaved_tasks_see_themselves) {
    testing::run([] {
        std::vector<Task<void>> tasks;
        for (int i = 0; i < 5; ++i) {
            tasks.push_back(create_task(
                [i] {
                    const AnyTask self = current_task();
                    for (int n = 0; n < 5; ++n) {
                        BOOST_TEST(self.get_name() == std::to_string(i));
                        BOOST_TEST((current_task() == self));
                        await(sleep(n % 2 == 0 ? Duration(0s) : Duration(1s)));
                        BOOST_TEST((current_task() == self));
                    }
                },
                TaskOptions().name(std::to_string(i))));
        }
        await(gather(tasks));
    });
}

BOOST_AUTO_TEST_CASE(TASK_024_current_task_wants_a_running_loop) {
    BOOST_CHECK_THROW(current_task(), RuntimeError);
    testing::VirtualTimeLoop loop;
    BOOST_TEST(!current_task(loop));
    loop.call_soon([&] {
        BOOST_TEST(!current_task());  // a callback is no task
        loop.stop();
    });
    loop.run_forever();
}

BOOST_AUTO_TEST_CASE(TASK_025_all_tasks_lists_what_is_not_done) {
    testing::run([] {
        BOOST_TEST(all_tasks().size() == 1u);
        const auto a = create_task([] { await(sleep(1s)); });
        const auto b = create_task([] { await(sleep(2s)); });
        BOOST_TEST(all_tasks().size() == 3u);
        await(a);
        const std::vector<AnyTask> left = all_tasks();
        BOOST_TEST(left.size() == 2u);
        BOOST_TEST((left.at(0) == current_task()));
        BOOST_TEST((left.at(1) == b));
        await(b);
    });
    BOOST_CHECK_THROW(all_tasks(), RuntimeError);
}

BOOST_AUTO_TEST_CASE(TASK_026_all_tasks_may_be_asked_from_another_thread) {
    auto loop = new_event_loop();
    std::atomic<bool> go_on{true};
    std::size_t most = 0;
    bool consistent = true;
    std::thread observer;
    loop->run_until_complete([&] {
        const AnyTask main = current_task();
        observer = std::thread([&] {
            while (go_on) {
                const std::vector<AnyTask> seen = all_tasks(*loop);
                most = std::max(most, seen.size());
                consistent = consistent && !seen.empty() && seen[0] == main;
            }
        });
        for (int round = 0; round < 300; ++round) {
            std::vector<Task<void>> tasks;
            for (int i = 0; i < 30; ++i) tasks.push_back(create_task([] { await(sleep(0s)); }));
            await(gather(tasks));
        }
        go_on = false;
        observer.join();
    });
    BOOST_TEST(most <= 31u);
    BOOST_TEST(consistent);
}

BOOST_AUTO_TEST_CASE(TASK_027_a_task_that_is_pending_when_its_loop_goes_is_reported) {
    auto loop = new_event_loop();
    CapturedReports reports(*loop);
    const auto pending = loop->create_task([] { await(sleep(1h)); }, TaskOptions().name("left"));
    loop->stop();
    loop->run_forever();
    loop->close();
    BOOST_TEST(tests::contains(reports.only(), "Task was destroyed but it is pending!"));
    BOOST_TEST(reports.all.at(0).task.get_name() == "left");
    BOOST_TEST(pending.cancelled());
}

BOOST_AUTO_TEST_CASE(TASK_028_a_future_that_is_returned_is_not_awaited) {
    testing::run([] {
        const Future<int> inner;
        const Future<int> returned = await(create_task([inner] { return inner; }));
        BOOST_TEST((returned == inner));
        BOOST_TEST(!returned.done());
    });
}

BOOST_AUTO_TEST_CASE(TASK_029_a_coroutine_that_gets_no_task_is_closed) {
    tests::CapturedWarnings warnings;
    auto loop = new_event_loop();
    loop->close();
    testing::run([&] { BOOST_CHECK_THROW(loop->create_task(sleep(1s)), RuntimeError); },
                 testing::TestOptions().debug(true));
    BOOST_TEST(!warnings.contains("never awaited"));
}

BOOST_AUTO_TEST_CASE(a_task_that_awaits_itself_gets_an_error) {
    testing::run([] {
        Task<void> self;
        self = create_task([&self] { await(self); });
        BOOST_TEST(contains(message_of<RuntimeError>([&] { await(self); }), "cannot await itself"));
    });
}

BOOST_AUTO_TEST_CASE(a_task_that_awaits_itself_may_go_on) {
    testing::run([] {
        Task<int> self;
        self = create_task([&self] {
            BOOST_CHECK_THROW(await(self), RuntimeError);
            await(sleep(1s));
            return 3;
        });
        BOOST_TEST(await(self) == 3);
    });
}

BOOST_AUTO_TEST_CASE(a_future_of_another_loop_is_an_error_not_a_hang) {
    auto other = new_event_loop();
    const auto foreign = other->create_future<int>();
    testing::run([&] {
        BOOST_TEST(contains(message_of<RuntimeError>([&] { await(foreign); }), "another loop"));
        BOOST_TEST(contains(message_of<RuntimeError>([&] { await(wait_for(foreign, 1s)); }), "another loop"));
        await(sleep(1s));
    });
}

BOOST_AUTO_TEST_CASE(an_empty_handle_is_an_error_not_a_crash) {
    testing::run([] {
        BOOST_CHECK_THROW(await(Task<int>()), RuntimeError);
        BOOST_CHECK_THROW(await(AnyFuture()), RuntimeError);
        BOOST_CHECK_THROW(Task<int>().cancel(), RuntimeError);
        BOOST_CHECK_THROW(Task<int>().get_name(), RuntimeError);
        BOOST_CHECK_THROW(AnyTask().cancelling(), RuntimeError);
        BOOST_CHECK_THROW(static_cast<void>(gather(Task<int>())), RuntimeError);
    });
}

BOOST_AUTO_TEST_CASE(await_outside_a_task_is_an_error) {
    testing::VirtualTimeLoop loop;
    const auto pending = loop.create_future<void>();
    BOOST_TEST(contains(message_of<RuntimeError>([&] { await(pending); }), "outside a task"));
    BOOST_CHECK_THROW(await(sleep(0s)), RuntimeError);
    std::string from_callback;
    loop.call_soon([&] {
        from_callback = message_of<RuntimeError>([&] { await(pending); });
        loop.stop();
    });
    loop.run_forever();
    BOOST_TEST(contains(from_callback, "outside a task"));
    pending.set_result();
    await(pending);  // done: nothing to cede for
}

BOOST_AUTO_TEST_CASE(a_move_only_result_goes_to_the_first_await) {
    testing::run([] {
        const auto maker = create_task([] { return std::unique_ptr<int>(new int(9)); });
        BOOST_TEST(*await(maker) == 9);
        BOOST_CHECK_THROW(await(maker), InvalidStateError);
    });
}

BOOST_AUTO_TEST_CASE(awaiting_the_last_handle_moves_the_result_out) {
    testing::run([] {
        struct Counts {
            int copies = 0;
            Counts() = default;
            Counts(const Counts& other) : copies(other.copies + 1) {}
            Counts(Counts&&) = default;
            Counts& operator=(const Counts&) = default;
        };
        BOOST_TEST(await(create_task([] { return Counts(); })).copies == 0);
        const auto kept = create_task([] { return Counts(); });
        BOOST_TEST(await(kept).copies == 1);
    });
}

BOOST_AUTO_TEST_CASE(a_started_coroutine_may_become_a_task) {
    testing::VirtualTimeLoop loop;
    loop.run_until_complete([] {
        int steps = 0;
        Coroutine<int> coroutine = [&steps] {
            ++steps;
            await(sleep(0s));
            ++steps;
            await(sleep(1s));
            return steps;
        };
        BOOST_TEST(!coroutine.send());
        BOOST_TEST(steps == 1);
        BOOST_TEST(await(create_task(std::move(coroutine))) == 2);
    });
}

BOOST_AUTO_TEST_CASE(a_hundred_thousand_tasks) {
    testing::run([] {
        int done = 0;
        std::vector<Task<void>> tasks;
        for (int i = 0; i < 100000; ++i) tasks.push_back(create_task([&] { ++done; }));
        await(gather(tasks));
        BOOST_TEST(done == 100000);
    });
}

BOOST_AUTO_TEST_CASE(a_coroutine_that_has_a_name_becomes_a_task_and_is_used_up) {
    const auto make = [] { return Coroutine<int>([] { return 7; }); };
    Coroutine<int> main = make();
    BOOST_TEST(testing::run(main) == 7);
    testing::run([&] {
        Coroutine<int> c = make();
        BOOST_TEST(await(create_task(c)) == 7);
        BOOST_CHECK_THROW(await(c), RuntimeError);
        BOOST_CHECK_THROW(create_task(c), RuntimeError);
        c = make();
        BOOST_TEST(await(ensure_future(c)) == 7);
        c = make();
        BOOST_TEST(await(shield(c)) == 7);
        c = make();
        BOOST_TEST(await(wait_for(c, 1s)) == 7);
        c = make();
        BOOST_TEST(task_group([&](TaskGroup& group) { return group.create_task(c); }).result() == 7);
    });
}

BOOST_AUTO_TEST_CASE(a_done_callback_of_a_task_gets_the_task) {
    testing::run([] {
        const auto task = create_task([] { return 3; }, TaskOptions().name("three"));
        std::vector<std::string> names;
        task.add_done_callback([&](Task<int> done) { names.push_back(done.get_name()); });
        task.add_done_callback([&](const Future<int>& done) { names.push_back(std::to_string(done.result())); });
        AnyTask(task).add_done_callback([&](AnyTask done) { names.push_back(done.get_name()); });
        task.add_done_callback([&](AnyTask done) { names.push_back(done.get_name()); }, copy_context());
        await(sleep(0s));
        await(sleep(0s));
        BOOST_TEST(names == (std::vector<std::string>{"three", "3", "three", "three"}), boost::test_tools::per_element());
    });
}

// Python's documented `background_tasks.add(task); task.add_done_callback(background_tasks.discard)`.
BOOST_AUTO_TEST_CASE(handles_of_every_type_are_kept_in_sets) {
    testing::run([] {
        std::unordered_set<Task<int>> background;
        for (int i = 0; i < 3; ++i) {
            const auto task = create_task([i] { return i; });
            background.insert(task);
            task.add_done_callback([&background, task] { background.erase(task); });
        }
        const std::unordered_set<AnyTask> any(background.begin(), background.end());
        BOOST_TEST(any.size() == 3U);
        const std::unordered_set<Future<int>> futures(background.begin(), background.end());
        BOOST_TEST(futures.count(*background.begin()) == 1U);
        await(sleep(1s));
        BOOST_TEST(background.empty());
    });
}

BOOST_AUTO_TEST_SUITE_END()
