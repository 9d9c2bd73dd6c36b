// TASK-006 to 020: cancellation.
#include <boost/test/unit_test.hpp>

#include "cede/cede.hpp"
#include "cede/testing/testing.hpp"
#include "support/captured.hpp"
#include "support/instrumentation.hpp"

using namespace cede;
using namespace std::chrono_literals;
using tests::message_of;

BOOST_AUTO_TEST_SUITE(cancel)

BOOST_AUTO_TEST_CASE(TASK_006_cancel_is_true_until_the_task_is_done) {
    testing::run([] {
        const auto task = create_task([] { await(sleep(1h)); });
        await(sleep(0s));
        BOOST_TEST(task.cancel());
        BOOST_CHECK_THROW(await(task), CancelledError);
        BOOST_TEST(!task.cancel());
        const auto done = create_task([] {});
        await(done);
        BOOST_TEST(!done.cancel());
        BOOST_TEST(!done.cancelled());
    });
}

BOOST_AUTO_TEST_CASE(TASK_007_cancel_only_asks) {
    testing::run([] {
        const auto task = create_task([] { await(sleep(1h)); });
        await(sleep(0s));
        task.cancel();
        BOOST_TEST(!task.cancelled());
        BOOST_TEST(!task.done());
        await(sleep(0s));
        await(sleep(0s));
        BOOST_TEST(task.cancelled());
    });
}

BOOST_AUTO_TEST_CASE(TASK_008_the_awaited_future_is_cancelled_at_once) {
    testing::run([] {
        const Future<void> future;
        bool seen = false;
        const auto task = create_task([&] {
            try {
                await(future);
            } catch (const CancelledError&) {
                seen = true;
                throw;
            }
        });
        await(sleep(0s));
        task.cancel();
        BOOST_TEST(future.cancelled());
        BOOST_TEST(!seen);
        BOOST_CHECK_THROW(await(task), CancelledError);
        BOOST_TEST(seen);
    });
}

BOOST_AUTO_TEST_CASE(a_task_cancelled_before_its_first_step_never_starts) {
    testing::run([] {
        bool started = false;
        const auto task = create_task([&] { started = true; });
        BOOST_TEST(task.cancel("early"));
        BOOST_TEST(message_of<CancelledError>([&] { await(task); }) == "early");
        BOOST_TEST(!started);
        BOOST_TEST(task.cancelled());
    });
}

BOOST_AUTO_TEST_CASE(TASK_009_a_task_may_absorb_it_and_return) {
    testing::run([] {
        const auto task = create_task([] {
            try {
                await(sleep(1h));
            } catch (const CancelledError&) {
            }
            return 42;
        });
        await(sleep(0s));
        task.cancel();
        BOOST_TEST(await(task) == 42);
        BOOST_TEST(!task.cancelled());
    });
}

BOOST_AUTO_TEST_CASE(TASK_010_a_future_cancelled_by_somebody_else_cancels_who_awaits_it) {
    testing::run([] {
        const Future<void> future;
        const auto task = create_task([&] { await(future); });
        await(sleep(0s));
        future.cancel("elsewhere");
        BOOST_TEST(message_of<CancelledError>([&] { await(task); }) == "elsewhere");
        BOOST_TEST(task.cancelled());
        BOOST_TEST(task.cancelling() == 0);
    });
}

BOOST_AUTO_TEST_CASE(TASK_011_a_task_that_cancels_itself_runs_to_its_next_await) {
    testing::run([] {
        std::string order;
        const auto task = create_task([&] {
            current_task().cancel();
            order += 'a';
            await(sleep(100s));
            order += 'x';
        });
        BOOST_CHECK_THROW(await(task), CancelledError);
        BOOST_TEST(order == "a");
        BOOST_TEST((testing::elapsed() == Duration(0s)));
        const auto zero = create_task([&] {
            current_task().cancel();
            await(sleep(0s));
            order += 'x';
        });
        BOOST_CHECK_THROW(await(zero), CancelledError);
        BOOST_TEST(order == "a");
    });
}

BOOST_AUTO_TEST_CASE(TASK_012_without_a_further_await_the_value_is_dropped) {
    testing::run([] {
        const auto task = create_task([] {
            current_task().cancel("late");
            return 3;
        });
        BOOST_TEST(message_of<CancelledError>([&] { await(task); }) == "late");
        BOOST_TEST(task.cancelled());
    });
}

BOOST_AUTO_TEST_CASE(TASK_013_a_pending_request_cancels_what_is_awaited_next) {
    testing::run([] {
        const Future<void> future;
        const auto inner = create_task([&] { await(future); });
        await(sleep(0s));
        const auto outer = create_task([&] {
            current_task().cancel();
            await(inner);
        });
        BOOST_CHECK_THROW(await(outer), CancelledError);
        BOOST_TEST(inner.cancelled());
        BOOST_TEST(future.cancelled());
    });
}

BOOST_AUTO_TEST_CASE(TASK_014_a_cancel_between_completion_and_wakeup_still_counts) {
    testing::run([] {
        const Future<int> future;
        bool got_value = false;
        const auto task = create_task([&] {
            await(future);
            got_value = true;
        });
        await(sleep(0s));
        future.set_result(1);
        task.cancel("between");
        BOOST_TEST(message_of<CancelledError>([&] { await(task); }) == "between");
        BOOST_TEST(!got_value);
        BOOST_TEST(future.result() == 1);
    });
}

BOOST_AUTO_TEST_CASE(TASK_015_the_message_is_carried) {
    testing::run([] {
        const auto with = create_task([] { await(sleep(1h)); });
        const auto without = create_task([] { await(sleep(1h)); });
        await(sleep(0s));
        with.cancel("my message");
        without.cancel();
        await(sleep(1s));
        BOOST_TEST(message_of<CancelledError>([&] { with.result(); }) == "my message");
        BOOST_TEST(message_of<CancelledError>([&] { with.exception(); }) == "my message");
        try {
            without.result();
        } catch (const CancelledError& cancelled) {
            BOOST_TEST(cancelled.message().empty());
        }
    });
}

BOOST_AUTO_TEST_CASE(TASK_016_an_outer_coroutine_may_absorb_what_an_inner_one_rethrows) {
    testing::run([] {
        std::string order;
        const auto inner = [&]() -> Coroutine<void> {
            return [&] {
                try {
                    await(sleep(1h));
                } catch (const CancelledError&) {
                    order += 'i';
                    throw;
                }
            };
        };
        const auto outer = create_task([&] {
            try {
                await(inner());
            } catch (const CancelledError&) {
                order += 'o';
            }
            return 1;
        });
        await(sleep(0s));
        outer.cancel();
        BOOST_TEST(await(outer) == 1);
        BOOST_TEST(order == "io");
    });
}

BOOST_AUTO_TEST_CASE(TASK_017_018_requests_are_counted_and_undone) {
    testing::run([] {
        const auto task = create_task([] {
            try {
                await(sleep(1h));
            } catch (const CancelledError&) {
                await(sleep(1s));
            }
            return current_task().uncancel();
        });
        await(sleep(0s));
        BOOST_TEST(task.cancelling() == 0);
        BOOST_TEST(task.cancel());
        BOOST_TEST(task.cancelling() == 1);
        BOOST_TEST(task.cancel());
        BOOST_TEST(task.cancelling() == 2);
        BOOST_TEST(task.uncancel() == 1);
        BOOST_TEST(await(task) == 0);
        BOOST_TEST(task.uncancel() == 0);  // never below zero
    });
}

BOOST_AUTO_TEST_CASE(TASK_018_a_task_can_be_cancelled_again_later) {
    testing::run([] {
        int caught = 0;
        const auto task = create_task([&] {
            for (;;) {
                try {
                    await(sleep(1h));
                } catch (const CancelledError&) {
                    if (++caught == 3) throw;
                    current_task().uncancel();
                }
            }
        });
        for (int i = 0; i < 3; ++i) {
            await(sleep(1s));
            task.cancel();
        }
        BOOST_CHECK_THROW(await(task), CancelledError);
        BOOST_TEST(caught == 3);
    });
}

BOOST_AUTO_TEST_CASE(TASK_019_uncancel_before_delivery_withdraws_the_request) {
    testing::run([] {
        const Future<int> future;
        const auto task = create_task([&] { return await(future); });
        await(sleep(0s));
        future.set_result(5);
        task.cancel();
        BOOST_TEST(task.uncancel() == 0);
        BOOST_TEST(await(task) == 5);
    });
}

BOOST_AUTO_TEST_CASE(TASK_020_a_hand_written_timeout_tells_its_own_cancellation) {
    testing::run([] {
        const auto block = [](Duration limit, bool& timed_out) {
            const AnyTask self = current_task();
            const TimerHandle timer = get_running_loop().call_later(limit, [&] {
                timed_out = true;
                self.cancel();
            });
            try {
                await(sleep(1h));
            } catch (const CancelledError&) {
                timer.cancel();
                if (!timed_out || self.uncancel() > 0) throw;
            }
        };
        bool own = false;
        const auto alone = create_task([&] {
            block(1s, own);
            await(sleep(1s));  // not interrupted
            return 1;
        });
        BOOST_TEST(await(alone) == 1);
        BOOST_TEST(own);
        bool both = false;
        const auto doubly = create_task([&] { block(1s, both); });
        get_running_loop().call_later(1s, [&] { doubly.cancel(); });
        BOOST_CHECK_THROW(await(doubly), CancelledError);
    });
}

BOOST_AUTO_TEST_CASE(a_chain_of_tasks_is_cancelled_from_its_outer_end) {
    testing::run([] {
        std::vector<Task<void>> chain;
        const Future<void> last;
        chain.push_back(create_task([&] { await(last); }));
        for (int i = 1; i < 50; ++i) {
            const Task<void> inner = chain.back();
            chain.push_back(create_task([inner] { await(inner); }));
        }
        await(sleep(0s));
        chain.back().cancel("end");
        BOOST_CHECK_THROW(await(chain.back()), CancelledError);
        for (const auto& each : chain) {
            BOOST_TEST(each.cancelled());
            BOOST_TEST(message_of<CancelledError>([&] { each.result(); }) == "end");
        }
        BOOST_TEST(last.cancelled());
    });
}

BOOST_AUTO_TEST_CASE(a_chain_of_any_length_is_cancelled_from_a_small_stack) {
    testing::run([] {
        std::vector<Task<void>> chain{create_task([] { await(sleep(1h)); })};
        for (int i = 1; i < tests::scaled(20000, 4000); ++i) {
            chain.push_back(create_task([inner = chain.back()] { await(inner); }));
        }
        await(sleep(0s));
        BOOST_TEST(chain.back().cancel("all of you"));
        BOOST_TEST(chain.front().cancelling() == 1);
        BOOST_TEST(message_of<CancelledError>([&] { await(chain.back()); }) == "all of you");
        BOOST_TEST(chain.front().cancelled());
    });
}

BOOST_AUTO_TEST_CASE(two_ways_round_one_ring_are_cancelled_once) {
    testing::run([] {
        Future<void> gate;
        Task<void> first;
        // first awaits a gather of two that both await first.
        first = create_task([&] {
            await(gate);
            await(gather(create_task([&] { await(first); }), create_task([&] { await(first); })));
        });
        await(sleep(0s));
        gate.set_result();
        for (int i = 0; i < 4; ++i) await(sleep(0s));
        BOOST_TEST(first.cancel());
        BOOST_TEST(first.cancelling() == 1);
        BOOST_CHECK_THROW(await(first), CancelledError);
        for (int i = 0; i < 4; ++i) await(sleep(0s));
        BOOST_TEST(all_tasks().size() == 1u);
    });
}

BOOST_AUTO_TEST_CASE(rings_through_one_gather_all_open) {
    testing::run([] {
        const int count = 2000;
        AnyFuture all;
        std::vector<Task<void>> inner;
        std::vector<Task<void>> outer;
        for (int i = 0; i < count; ++i) inner.push_back(create_task([&all] { await(AnyFuture(all)); }));
        for (const Task<void>& each : inner) outer.push_back(create_task([each] { await(each); }));
        const auto gathered = gather_outcomes(outer);
        all = gathered;
        await(sleep(0s));
        await(sleep(0s));
        BOOST_TEST(inner.front().cancel());
        BOOST_CHECK_THROW(await(gathered), CancelledError);
        for (const auto* tasks : {&inner, &outer}) {
            for (const Task<void>& each : *tasks) {
                BOOST_REQUIRE(each.cancelled());
                BOOST_REQUIRE(each.cancelling() == 1);
            }
        }
    });
}

BOOST_AUTO_TEST_CASE(cancel_from_done_callbacks_timers_and_other_tasks_steps) {
    testing::run([] {
        const auto sleeper = [] { return create_task([] { await(sleep(1h)); }); };
        const auto a = sleeper(), b = sleeper(), c = sleeper();
        const auto trigger = create_task([] {});
        trigger.add_done_callback([&] { a.cancel(); });
        get_running_loop().call_later(1s, [&] { b.cancel(); });
        create_task([&] { c.cancel(); });
        await(sleep(2s));
        BOOST_TEST(a.cancelled());
        BOOST_TEST(b.cancelled());
        BOOST_TEST(c.cancelled());
    });
}

BOOST_AUTO_TEST_CASE(a_cancelled_error_that_a_body_throws_by_itself_cancels_the_task) {
    testing::run([] {
        const auto task = create_task([] { throw CancelledError("own"); });
        BOOST_CHECK_THROW(await(task), CancelledError);
        BOOST_TEST(task.cancelled());
    });
}

BOOST_AUTO_TEST_CASE(legacy_handlers_do_not_swallow_it) {
    testing::run([] {
        const auto task = create_task([] {
            try {
                await(sleep(1h));
            } catch (const std::exception&) {
                BOOST_ERROR("swallowed");
            }
        });
        await(sleep(0s));
        task.cancel();
        BOOST_CHECK_THROW(await(task), CancelledError);
    });
}

BOOST_AUTO_TEST_SUITE_END()
