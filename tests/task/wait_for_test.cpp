// WAIT-030 to 038: wait_for.
#include <boost/test/unit_test.hpp>

#include <memory>

#include "cede/cede.hpp"
#include "cede/testing/testing.hpp"
#include "support/captured.hpp"

using namespace cede;
using namespace std::chrono_literals;
using tests::message_of;

BOOST_AUTO_TEST_SUITE(waiting_for)

BOOST_AUTO_TEST_CASE(WAIT_030_a_value_in_time_and_a_timeout) {
    testing::run([] {
        BOOST_TEST(await(wait_for(sleep(1s, 1), 2s)) == 1);
        const auto inner = create_task(sleep(1h, 1));
        BOOST_CHECK_THROW(await(wait_for(inner, 2s)), TimeoutError);
        BOOST_TEST(inner.cancelled());
        BOOST_TEST((testing::elapsed() == Duration(3s)));
        BOOST_TEST(current_task().cancelling() == 0);
    });
}

BOOST_AUTO_TEST_CASE(it_takes_callables_and_move_only_results) {
    testing::run([] {
        BOOST_TEST(*await(wait_for([] { return std::unique_ptr<int>(new int(2)); }, 1s)) == 2);
        await(wait_for([] { return sleep(1s); }, 2s));
        BOOST_TEST((testing::elapsed() == Duration(1s)));
    });
}

BOOST_AUTO_TEST_CASE(WAIT_031_without_a_limit) {
    testing::run([] { BOOST_TEST(await(wait_for(sleep(1h, 1), absl::nullopt)) == 1); });
}

BOOST_AUTO_TEST_CASE(WAIT_032_033_no_time_at_all) {
    testing::run([] {
        for (const Duration limit : {Duration(0s), Duration(-1s)}) {
            Future<int> done;
            done.set_result(4);
            BOOST_TEST(await(wait_for(done, limit)) == 4);
            bool started = false;
            BOOST_CHECK_THROW(await(wait_for([&] { started = true; }, limit)), TimeoutError);
            BOOST_TEST(!started);
            const Future<int> pending;
            BOOST_CHECK_THROW(await(wait_for(pending, limit)), TimeoutError);
            BOOST_TEST(pending.cancelled());
        }
    });
}

BOOST_AUTO_TEST_CASE(WAIT_034_the_inner_clean_up_is_waited_for) {
    testing::run([] {
        bool cleaned = false;
        const auto inner = create_task([&] {
            try {
                await(sleep(1h));
            } catch (const CancelledError&) {
                await(sleep(5s));
                cleaned = true;
                throw;
            }
        });
        BOOST_CHECK_THROW(await(wait_for(inner, 1s)), TimeoutError);
        BOOST_TEST(cleaned);
        BOOST_TEST((testing::elapsed() == Duration(6s)));
    });
}

BOOST_AUTO_TEST_CASE(WAIT_035_036_what_the_inner_makes_of_its_cancellation) {
    testing::run([] {
        const auto fails = [] {
            try {
                await(sleep(1h));
            } catch (const CancelledError&) {
                throw std::domain_error("instead");
            }
        };
        BOOST_CHECK_THROW(await(wait_for(create_task(fails), 1s)), std::domain_error);
        BOOST_CHECK_THROW(await(wait_for(fails, 1s)), std::domain_error);
        const auto absorbs = [] {
            try {
                await(sleep(1h));
            } catch (const CancelledError&) {
            }
            return 3;
        };
        BOOST_TEST(await(wait_for(create_task(absorbs), 1s)) == 3);
        BOOST_TEST(await(wait_for(absorbs, 1s)) == 3);
        const auto started = create_task(absorbs);
        await(sleep(0s));
        BOOST_TEST(await(wait_for(started, 0s)) == 3);
        BOOST_TEST(current_task().cancelling() == 0);
    });
}

BOOST_AUTO_TEST_CASE(WAIT_037_a_caller_cancelled_before_it_resumes) {
    testing::run([] {
        const Future<int> future;
        const auto inner = create_task([&] { return await(future); });
        Task<int> caller;
        inner.add_done_callback([&] { caller.cancel(); });  // before the caller's own wakeup
        caller = create_task([&] { return await(wait_for(inner, 1h)); });
        await(sleep(1s));
        future.set_result(5);
        BOOST_CHECK_THROW(await(caller), CancelledError);
        BOOST_TEST(inner.result() == 5);
    });
}

BOOST_AUTO_TEST_CASE(WAIT_038_a_result_of_the_very_turn) {
    testing::run([] {
        const Future<int> future;
        get_running_loop().call_soon([&] { future.set_result(6); });
        BOOST_TEST(await(wait_for(future, 1ns)) == 6);
    });
}

BOOST_AUTO_TEST_CASE(its_timer_is_gone_afterwards) {
    struct Loop : testing::VirtualTimeLoop {
        using VirtualTimeLoop::scheduled_count;
    } loop;
    loop.run_until_complete([&] {
        for (int i = 0; i < 100; ++i) await(wait_for(sleep(0s), 1h));
        BOOST_TEST(loop.scheduled_count() == 0u);
    });
}

BOOST_AUTO_TEST_CASE(the_awaited_holds_nothing_after_any_interruption) {
    int inside = 0;
    testing::cancel_at_every_await(
        [&] {
            await(wait_for(
                [&] {
                    struct Inside {
                        int& count;
                        explicit Inside(int& c) : count(c) { ++count; }
                        ~Inside() { --count; }
                    } guard(inside);
                    await(sleep(1s));
                    await(sleep(0s));
                },
                5s));
        },
        [&] {
            BOOST_TEST(inside == 0);
            BOOST_TEST(all_tasks().size() == 1u);
        });
}

// A cancelled gather holds a CancelledError, and is not cancelled() itself.
BOOST_AUTO_TEST_CASE(a_gather_that_has_no_time_at_all_times_out) {
    testing::run([] {
        for (const Duration limit : {Duration(0s), Duration(10ms)}) {
            const Future<int> future;
            BOOST_CHECK_THROW(await(wait_for(gather(future), limit)), TimeoutError);
            BOOST_TEST(future.cancelled());
        }
        const Future<int> future;
        BOOST_CHECK_THROW(await(wait_for(gather_outcomes(future), 0s)), TimeoutError);
    });
}

BOOST_AUTO_TEST_SUITE_END()
