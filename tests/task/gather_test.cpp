// WAIT-001 to 010: gather.
#include <boost/test/unit_test.hpp>

#include <array>
#include <deque>
#include <list>
#include <memory>
#include <unordered_set>

#include "cede/cede.hpp"
#include "cede/testing/testing.hpp"
#include "support/captured.hpp"

using namespace cede;
using namespace std::chrono_literals;
using tests::CapturedReports;
using tests::message_of;

namespace {

Coroutine<int> after(Duration delay, int value) {
    return [=] {
        await(sleep(delay));
        return value;
    };
}
Coroutine<int> fails_after(Duration delay, std::string text) {
    return [=]() -> int {
        await(sleep(delay));
        throw std::domain_error(text);
    };
}

}  // namespace

BOOST_AUTO_TEST_SUITE(gathering)

BOOST_AUTO_TEST_CASE(results_come_in_the_order_of_the_arguments) {
    testing::run([] {
        const Future<std::string> future;
        get_running_loop().call_later(1s, [&] { future.set_result("f"); });
        const auto results = await(gather(after(3s, 3), future, [] { return 2.5; }, [] {}, after(1s, 1)));
        BOOST_TEST(std::get<0>(results) == 3);
        BOOST_TEST(std::get<1>(results) == "f");
        BOOST_TEST(std::get<2>(results) == 2.5);
        BOOST_TEST((std::get<3>(results) == absl::monostate()));
        BOOST_TEST(std::get<4>(results) == 1);
        BOOST_TEST((testing::elapsed() == Duration(3s)));
    });
}

BOOST_AUTO_TEST_CASE(a_vector_of_coroutines) {
    testing::run([] {
        std::vector<Coroutine<int>> coroutines;
        for (int i = 0; i < 10; ++i) coroutines.push_back(after(std::chrono::seconds(10 - i), i));
        const std::vector<int> results = await(gather(std::move(coroutines)));
        for (int i = 0; i < 10; ++i) BOOST_TEST(results.at(static_cast<std::size_t>(i)) == i);
    });
}

BOOST_AUTO_TEST_CASE(move_only_results) {
    testing::run([] {
        auto results = await(gather([] { return std::unique_ptr<int>(new int(1)); }, [] { return 2; }));
        BOOST_TEST(*std::get<0>(results) == 1);
        std::vector<Task<std::unique_ptr<int>>> tasks;
        for (int i = 0; i < 3; ++i) tasks.push_back(create_task([i] { return std::unique_ptr<int>(new int(i)); }));
        BOOST_TEST(*await(gather(tasks)).at(2) == 2);
    });
}

BOOST_AUTO_TEST_CASE(WAIT_001_the_first_failure_completes_it_and_leaves_the_others) {
    testing::run([] {
        const auto slow = create_task(after(5s, 5));
        BOOST_TEST(message_of<std::domain_error>([&] { await(gather(slow, fails_after(1s, "first"))); }) == "first");
        BOOST_TEST((testing::elapsed() == Duration(1s)));
        BOOST_TEST(!slow.done());
        BOOST_TEST(await(slow) == 5);
    });
}

BOOST_AUTO_TEST_CASE(WAIT_002_further_failures_are_not_reported) {
    testing::run([] {
        CapturedReports reports(get_running_loop());
        BOOST_CHECK_THROW(await(gather(fails_after(1s, "first"), fails_after(2s, "second"))), std::domain_error);
        await(sleep(5s));
        BOOST_TEST(reports.all.empty());
    });
}

BOOST_AUTO_TEST_CASE(WAIT_003_gather_outcomes_never_fails) {
    testing::run([] {
        const auto cancelled = create_task(after(1h, 0));
        get_running_loop().call_later(1s, [&] { cancelled.cancel(); });
        const auto results = await(gather_outcomes(after(1s, 1), fails_after(2s, "two"), cancelled, [] {}));
        BOOST_TEST(std::get<0>(results).value() == 1);
        BOOST_TEST(!std::get<1>(results).has_value());
        BOOST_CHECK_THROW(std::get<1>(results).value(), std::domain_error);
        BOOST_CHECK_THROW(std::get<2>(results).value(), CancelledError);
        BOOST_TEST(std::get<3>(results).has_value());
    });
}

BOOST_AUTO_TEST_CASE(WAIT_004_cancelling_it_cancels_every_child) {
    testing::run([] {
        const Future<void> bare;
        const auto a = create_task(after(1h, 1)), b = create_task(after(1h, 2)), done = create_task(after(0s, 3));
        const auto all = gather(a, b, done, bare);
        const auto waiter = create_task([&] { await(all); });
        await(sleep(1s));
        waiter.cancel("all of you");
        BOOST_CHECK_THROW(await(waiter), CancelledError);
        BOOST_TEST(a.cancelled());
        BOOST_TEST(b.cancelled());
        BOOST_TEST(bare.cancelled());
        BOOST_TEST(done.result() == 3);
        BOOST_TEST(all.done());
    });
}

BOOST_AUTO_TEST_CASE(WAIT_004_also_when_the_children_absorb_it) {
    testing::run([] {
        const auto stubborn = create_task([] {
            try {
                await(sleep(1h));
            } catch (const CancelledError&) {
            }
            return 1;
        });
        const auto plain = gather(stubborn);
        await(sleep(1s));
        BOOST_TEST(plain.cancel());
        BOOST_CHECK_THROW(await(plain), CancelledError);
        BOOST_TEST(stubborn.result() == 1);
    });
}

BOOST_AUTO_TEST_CASE(WAIT_005_once_every_child_is_done_it_cannot_be_cancelled) {
    testing::run([] {
        const Future<int> child;
        const auto all = gather(child);
        child.set_result(1);
        BOOST_TEST(!all.done());  // its own completion is on its way
        BOOST_TEST(!all.cancel());
        BOOST_TEST(std::get<0>(await(all)) == 1);
    });
}

BOOST_AUTO_TEST_CASE(WAIT_006_nothing_to_gather) {
    testing::run([] {
        BOOST_TEST(await(gather(std::vector<Task<int>>())).empty());
        await(gather());
    });
}

BOOST_AUTO_TEST_CASE(WAIT_007_without_any_loop) {
    BOOST_CHECK_THROW(static_cast<void>(gather()), RuntimeError);
    BOOST_CHECK_THROW(static_cast<void>(gather(std::vector<Task<int>>())), RuntimeError);
    BOOST_CHECK_THROW(static_cast<void>(gather(after(1s, 1))), RuntimeError);
}

BOOST_AUTO_TEST_CASE(WAIT_008_children_of_different_loops) {
    testing::VirtualTimeLoop one, two;
    const auto a = one.create_future<int>(), b = two.create_future<int>();
    BOOST_CHECK_THROW(static_cast<void>(gather(a, b)), std::invalid_argument);
    BOOST_CHECK_THROW(static_cast<void>(gather(std::vector<Future<int>>{a, b})), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(WAIT_009_the_loop_is_that_of_the_children) {
    testing::VirtualTimeLoop one, installed;
    set_event_loop(&installed);
    const auto a = one.create_future<int>(), b = one.create_future<int>();
    const auto all = gather(a, b);
    set_event_loop(nullptr);
    BOOST_TEST(&all.get_loop() == &one);
    a.set_result(1);
    b.set_result(2);
    BOOST_TEST(std::get<1>(one.run_until_complete(all)) == 2);
}

BOOST_AUTO_TEST_CASE(WAIT_010_the_same_task_at_several_places) {
    testing::run([] {
        int runs = 0;
        const auto task = create_task([&] {
            ++runs;
            await(sleep(1s));
            return 7;
        });
        const std::vector<int> results = await(gather(std::vector<Task<int>>{task, task, task}));
        BOOST_TEST(runs == 1);
        BOOST_TEST(results == (std::vector<int>{7, 7, 7}), boost::test_tools::per_element());
        const auto done = await(gather(task, task));
        BOOST_TEST(std::get<1>(done) == 7);
        int other = 0;
        Coroutine<int> coroutine([&] { return ++runs; });
        Coroutine<int> second([&] { return ++other; });
        const auto both = await(gather(coroutine, second, coroutine));
        BOOST_TEST(runs == 2);
        BOOST_TEST(other == 1);
        BOOST_TEST(std::get<0>(both) == 2);
        BOOST_TEST(std::get<2>(both) == 2);
    });
}

BOOST_AUTO_TEST_CASE(a_gather_may_be_gathered_and_cancelled_from_outside) {
    testing::run([] {
        const auto inner = gather(after(1h, 1), after(1h, 2));
        const auto outer = gather(inner, after(1h, 3));
        await(sleep(1s));
        BOOST_TEST(outer.cancel());
        BOOST_CHECK_THROW(await(outer), CancelledError);
        BOOST_TEST(inner.done());
        await(sleep(1s));
        BOOST_TEST(all_tasks().size() == 1u);
    });
}

BOOST_AUTO_TEST_CASE(a_child_cancelled_by_itself_cancels_nobody_else) {
    testing::run([] {
        const auto a = create_task(after(1h, 1)), b = create_task(after(2s, 2));
        const auto all = gather(a, b);
        await(sleep(1s));
        a.cancel();
        BOOST_CHECK_THROW(await(all), CancelledError);
        BOOST_TEST(!b.done());
        BOOST_TEST(await(b) == 2);
    });
}

BOOST_AUTO_TEST_CASE(a_gather_of_futures_that_nobody_completes_goes_with_its_loop) {
    auto captured = std::make_shared<int>(0);
    {
        testing::VirtualTimeLoop loop;
        loop.run_until_complete([&] {
            const Future<int> a, b;
            a.add_done_callback([captured] {});
            gather(a, b).add_done_callback([captured] {});
        });
        BOOST_TEST(captured.use_count() == 3);
    }
    BOOST_TEST(captured.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(the_result_of_a_dropped_gather_still_reaches_its_callback) {
    testing::run([] {
        const Future<int> a;
        int got = 0;
        gather(a, after(1s, 2)).add_done_callback([&](const Future<std::tuple<int, int>>& done) {
            got = std::get<0>(done.result()) + std::get<1>(done.result());
        });
        a.set_result(1);
        await(sleep(2s));
        BOOST_TEST(got == 3);
    });
}

// As Python's gather(*coros), gather(first, second): what has a name is used up.
BOOST_AUTO_TEST_CASE(coroutines_that_have_names_are_taken_and_used_up) {
    testing::run([] {
        std::vector<Coroutine<int>> several;
        for (int i = 0; i < 3; ++i) several.push_back(after(1s, i));
        BOOST_TEST(await(gather(several)) == (std::vector<int>{0, 1, 2}), boost::test_tools::per_element());
        BOOST_CHECK_THROW(await(several[0]), RuntimeError);
        Coroutine<int> first = after(1s, 1);
        Coroutine<int> second = after(2s, 2);
        BOOST_CHECK(await(gather(first, second)) == std::make_tuple(1, 2));
        BOOST_CHECK_THROW(await(gather(first)), RuntimeError);
    });
}

BOOST_AUTO_TEST_CASE(any_container_is_gathered_as_a_vector_is) {
    testing::run([] {
        const std::list<Task<int>> tasks{create_task(after(2s, 1)), create_task(after(1s, 2))};
        BOOST_TEST(await(gather(tasks)) == (std::vector<int>{1, 2}), boost::test_tools::per_element());
        std::array<Coroutine<int>, 2> pair{{after(1s, 3), fails_after(1s, "x")}};
        const auto outcomes = await(gather_outcomes(pair));
        BOOST_TEST(outcomes[0].value() == 3);
        BOOST_TEST(*outcomes[0] == 3);
        BOOST_TEST(outcomes[0].result() == 3);
        BOOST_TEST(!outcomes[1].has_value());
        BOOST_TEST(await(gather(std::deque<Task<int>>())).empty());
        const std::unordered_set<Task<int>> set(tasks.begin(), tasks.end());
        BOOST_TEST(await(gather(set)).size() == 2U);
    });
}

// asyncio recurses here.
BOOST_AUTO_TEST_CASE(a_chain_of_gathers_of_any_length_is_cancelled) {
    testing::run([] {
        const Future<void> innermost;
        std::vector<Future<void>> chain{innermost};
        for (int i = 0; i < 100000; ++i) {
            const AnyFuture next = gather(std::vector<Future<void>>{chain.back()});
            chain.emplace_back(detail::Ref<detail::FutureCore>(next.core()));  // without its type, which would grow
        }
        BOOST_TEST(chain.back().cancel("all of you"));
        BOOST_TEST(innermost.cancelled());
        BOOST_TEST(message_of<CancelledError>([&] { await(AnyFuture(chain.back())); }) == "all of you");
        for (const AnyFuture& each : chain) BOOST_TEST_REQUIRE(each.done());
        while (!chain.empty()) chain.pop_back();  // a handle that goes takes with it what it alone keeps, by recursion
    });
}

BOOST_AUTO_TEST_CASE(tasks_that_await_gathers_of_tasks_are_cancelled_once_each) {
    testing::run([] {
        std::vector<Task<void>> chain{create_task([] { await(sleep(std::chrono::hours(1))); })};
        for (int i = 0; i < 200; ++i) {
            const Task<void> beside = create_task([] { await(sleep(std::chrono::hours(1))); });
            chain.push_back(create_task([inner = chain.back(), beside] { await(gather(inner, beside)); }));
        }
        await(sleep(Duration()));
        BOOST_TEST(chain.back().cancel("all of you"));
        for (const Task<void>& each : chain) BOOST_TEST(each.cancelling() == 1);
        BOOST_CHECK_THROW(await(chain.back()), CancelledError);
        for (const Task<void>& each : chain) BOOST_TEST(each.cancelled());
    });
}

// A ring that is longer than what is walked without putting off.
BOOST_AUTO_TEST_CASE(a_long_ring_of_tasks_and_gathers_is_opened) {
    testing::run([] {
        std::vector<Task<void>> ring;
        const Future<void> gate;
        ring.push_back(create_task([&] {
            await(gate);
            await(gather(ring.back()));
        }));
        for (int i = 0; i < 100; ++i) ring.push_back(create_task([inner = ring.back()] { await(gather(inner)); }));
        await(sleep(Duration()));
        gate.set_result();
        for (int i = 0; i < 5; ++i) await(sleep(Duration()));
        BOOST_TEST(ring[50].cancel("open"));
        for (const Task<void>& each : ring) BOOST_CHECK_THROW(await(each), CancelledError);
    });
}

BOOST_AUTO_TEST_CASE(a_list_in_braces_is_a_container_too) {
    testing::run([] {
        const auto task = create_task(after(1s, 1));
        const auto other = create_task(after(2s, 2));
        BOOST_TEST((await(gather({task, other})) == std::vector<int>{1, 2}));
        BOOST_TEST(await(gather_outcomes({task, other}))[1].value() == 2);
    });
}

BOOST_AUTO_TEST_CASE(WAIT_005_who_awaits_a_gather_that_is_about_to_be_done_is_cancelled_when_it_is) {
    testing::run([] {
        const auto child = create_task([] {});
        const auto all = gather(child);
        const auto waits = create_task([&] { await(all); });
        await(sleep(0s));
        BOOST_TEST(child.done());
        BOOST_TEST(!all.done());
        BOOST_TEST(!all.cancel());
        BOOST_TEST(waits.cancel());
        await(sleep(0s));
        BOOST_TEST(all.done());
        BOOST_TEST(!waits.done());
        await(sleep(0s));
        BOOST_TEST(waits.cancelled());
        BOOST_TEST(!all.cancelled());
    });
}

BOOST_AUTO_TEST_SUITE_END()
