// TMO: timeout and timeout_at.
#include <boost/test/unit_test.hpp>

#include "cede/cede.hpp"
#include "cede/testing/testing.hpp"
#include "support/captured.hpp"

using namespace cede;
using namespace std::chrono_literals;

namespace {

void forever() { await(sleep(std::chrono::hours(1000))); }
TimePoint from_now(Duration delay) { return saturated_add(get_running_loop().time(), delay); }

}  // namespace

BOOST_AUTO_TEST_SUITE(timeouts)

BOOST_AUTO_TEST_CASE(TMO_001_a_block_that_ends_in_time) {
    testing::run([] {
        bool expired = true;
        const int result = timeout(10s, [&](Timeout& scope) {
            await(sleep(1s));
            BOOST_TEST((scope.when().value() == from_now(9s)));
            expired = scope.expired();
            return 5;
        });
        BOOST_TEST(result == 5);
        BOOST_TEST(!expired);
        await(sleep(20s));  // the deadline never comes
    });
}

BOOST_AUTO_TEST_CASE(a_block_that_takes_too_long) {
    testing::run([] {
        Timeout kept(1s);
        BOOST_CHECK_THROW(with(kept, [] { forever(); }), TimeoutError);
        BOOST_TEST(kept.expired());
        BOOST_TEST((testing::elapsed() == Duration(1s)));
        BOOST_CHECK_THROW(timeout_at(from_now(2s), [] { forever(); }), TimeoutError);
        BOOST_TEST((testing::elapsed() == Duration(3s)));
    });
}

BOOST_AUTO_TEST_CASE(the_deadline_counts_from_where_the_scope_is_made) {
    testing::run([] {
        Timeout scope(3s);
        BOOST_TEST((scope.when().value() == from_now(3s)));
        await(sleep(1s));
        BOOST_CHECK_THROW(with(scope, [] { forever(); }), TimeoutError);
        BOOST_TEST((testing::elapsed() == Duration(3s)));
    });
    Timeout made_before(2s);
    BOOST_TEST(!made_before.when().has_value());
    testing::run([&] { BOOST_TEST((with(made_before, [&] { return made_before.when().value(); }) == from_now(2s))); });
}

BOOST_AUTO_TEST_CASE(no_time_at_all_expires_at_the_first_await) {
    testing::run([] {
        for (const Duration limit : {Duration(0s), Duration(-5s)}) {
            bool reached = false;
            BOOST_CHECK_THROW(timeout(limit, [&] {
                reached = true;
                forever();
            }),
                              TimeoutError);
            BOOST_TEST(reached);
        }
        BOOST_CHECK_THROW(timeout_at(from_now(-5s), [] { forever(); }), TimeoutError);
        timeout(0s, [] {});  // without an await it is left in time
        await(sleep(1s));
    });
}

BOOST_AUTO_TEST_CASE(TMO_002_without_a_deadline) {
    testing::run([] {
        timeout(absl::nullopt, [](Timeout& scope) {
            BOOST_TEST(!scope.when().has_value());
            await(sleep(1h));
            BOOST_TEST(!scope.expired());
        });
        timeout_at(absl::nullopt, [](Timeout& scope) {
            BOOST_TEST(!scope.when().has_value());
            await(sleep(1h));
        });
    });
}

BOOST_AUTO_TEST_CASE(TMO_003_nested_with_the_same_deadline) {
    testing::run([] {
        const TimePoint deadline = from_now(1s);
        Timeout outer = Timeout::at(deadline), inner = Timeout::at(deadline);
        bool crossed = false;
        BOOST_CHECK_THROW(with(outer,
                               [&] {
                                   try {
                                       with(inner, [] { forever(); });
                                   } catch (const CancelledError&) {
                                       crossed = true;
                                       throw;
                                   }
                               }),
                          TimeoutError);
        BOOST_TEST(crossed);
        BOOST_TEST(outer.expired());
        BOOST_TEST(inner.expired());
        BOOST_TEST(current_task().cancelling() == 0);
    });
}

BOOST_AUTO_TEST_CASE(TMO_004_the_outer_deadline_first) {
    testing::run([] {
        Timeout inner(2s);
        bool crossed = false;
        BOOST_CHECK_THROW(timeout(1s,
                                  [&] {
                                      try {
                                          with(inner, [] { forever(); });
                                      } catch (const CancelledError&) {
                                          crossed = true;
                                          throw;
                                      }
                                  }),
                          TimeoutError);
        BOOST_TEST(crossed);
        BOOST_TEST(!inner.expired());
    });
}

BOOST_AUTO_TEST_CASE(TMO_005_the_outer_deadline_after_the_inner_one) {
    testing::run([] {
        bool went_on = false;
        BOOST_CHECK_THROW(timeout(2s,
                                  [&] {
                                      try {
                                          timeout(1s, [] { forever(); });
                                      } catch (const TimeoutError&) {
                                          went_on = true;
                                      }
                                      forever();
                                  }),
                          TimeoutError);
        BOOST_TEST(went_on);
        BOOST_TEST((testing::elapsed() == Duration(2s)));
    });
}

BOOST_AUTO_TEST_CASE(TMO_005_also_when_the_loop_was_busy_past_both) {
    testing::run([] {
        auto& loop = dynamic_cast<testing::VirtualTimeLoop&>(get_running_loop());
        BOOST_CHECK_THROW(timeout(2s,
                                  [&] {
                                      BOOST_CHECK_THROW(timeout(1s,
                                                                [&] {
                                                                    loop.advance(1500ms);
                                                                    forever();
                                                                }),
                                                        TimeoutError);
                                      loop.advance(1s);
                                      forever();
                                  }),
                          TimeoutError);
    });
}

BOOST_AUTO_TEST_CASE(TMO_006_another_exception_passes) {
    testing::run([] {
        Timeout scope(1s);
        BOOST_CHECK_THROW(with(scope, [] { throw std::domain_error("x"); }), std::domain_error);
        BOOST_TEST(!scope.expired());
    });
}

BOOST_AUTO_TEST_CASE(TMO_007_an_exception_in_reaction_to_the_expiry_passes) {
    testing::run([] {
        BOOST_CHECK_THROW(timeout(1s,
                                  [] {
                                      try {
                                          forever();
                                      } catch (const CancelledError&) {
                                          throw std::domain_error("instead");
                                      }
                                  }),
                          std::domain_error);
        BOOST_TEST(current_task().cancelling() == 0);
        await(sleep(1s));
    });
}

BOOST_AUTO_TEST_CASE(TMO_008_a_cancellation_from_outside_is_no_timeout) {
    testing::run([] {
        Timeout scope(10s);
        const auto task = create_task([&] { with(scope, [] { forever(); }); });
        await(sleep(1s));
        task.cancel();
        BOOST_CHECK_THROW(await(task), CancelledError);
        BOOST_TEST(!scope.expired());
    });
}

BOOST_AUTO_TEST_CASE(a_cancellation_from_outside_together_with_the_expiry_wins) {
    testing::run([] {
        const auto task = create_task([] { timeout(1s, [] { forever(); }); });
        await(sleep(0s));
        get_running_loop().call_later(1s, [&] { task.cancel(); });
        BOOST_CHECK_THROW(await(task), CancelledError);
        BOOST_TEST(task.cancelling() == 1);
    });
}

BOOST_AUTO_TEST_CASE(TMO_009_a_task_that_handled_it_goes_on) {
    testing::run([] {
        const auto task = create_task([] {
            try {
                timeout(1s, [] { forever(); });
            } catch (const TimeoutError&) {
            }
            await(sleep(1s));
            return 4;
        });
        BOOST_TEST(await(task) == 4);
        BOOST_TEST(!task.cancelled());
        BOOST_TEST(task.cancelling() == 0);
    });
}

BOOST_AUTO_TEST_CASE(TMO_010_rescheduling) {
    testing::run([] {
        BOOST_CHECK_THROW(timeout(1h,
                                  [](Timeout& scope) {
                                      scope.reschedule(from_now(-1s));
                                      forever();
                                  }),
                          TimeoutError);
        BOOST_TEST((testing::elapsed() == Duration(0s)));
        BOOST_CHECK_THROW(timeout(1s,
                                  [](Timeout& scope) {
                                      scope.reschedule(from_now(10s));
                                      await(sleep(5s));
                                      forever();
                                  }),
                          TimeoutError);
        BOOST_TEST((testing::elapsed() == Duration(10s)));
        timeout(1s, [](Timeout& scope) {
            scope.reschedule(absl::nullopt);
            await(sleep(5s));
        });
    });
}

BOOST_AUTO_TEST_CASE(TMO_011_012_013_when_it_cannot_be_rescheduled) {
    const auto says = [](const char* text) { return [text](const RuntimeError& error) { return error.what() == std::string(text); }; };
    testing::run([&] {
        Timeout fresh(1s);
        BOOST_CHECK_EXCEPTION(fresh.reschedule(from_now(1s)), RuntimeError, says("Timeout has not been entered"));
        Timeout finished(1s);
        with(finished, [] {});
        BOOST_CHECK_EXCEPTION(finished.reschedule(from_now(1s)), RuntimeError,
                              says("Cannot change state of finished Timeout"));
        Timeout expired(1s);
        BOOST_CHECK_THROW(with(expired,
                               [&] {
                                   try {
                                       forever();
                                   } catch (const CancelledError&) {
                                       BOOST_CHECK_EXCEPTION(expired.reschedule(from_now(1s)), RuntimeError,
                                                             says("Cannot change state of expiring Timeout"));
                                       throw;
                                   }
                               }),
                          TimeoutError);
        BOOST_CHECK_EXCEPTION(expired.reschedule(from_now(1s)), RuntimeError, says("Cannot change state of expired Timeout"));
    });
}

BOOST_AUTO_TEST_CASE(TMO_014_a_body_that_absorbs_the_expiry_leaves_normally) {
    testing::run([] {
        const int result = timeout(1s, [] {
            try {
                forever();
            } catch (const CancelledError&) {
            }
            return 6;
        });
        BOOST_TEST(result == 6);
        BOOST_TEST(current_task().cancelling() == 0);
        await(sleep(1s));
    });
}

BOOST_AUTO_TEST_CASE(TMO_015_it_is_entered_once) {
    testing::run([] {
        Timeout scope(1s);
        with(scope, [&] { BOOST_CHECK_THROW(with(scope, [] {}), RuntimeError); });
        BOOST_CHECK_THROW(with(scope, [] {}), RuntimeError);
    });
}

BOOST_AUTO_TEST_CASE(outside_a_task_it_cannot_be_entered) {
    BOOST_CHECK_THROW(timeout(1s, [] {}), RuntimeError);
    testing::VirtualTimeLoop loop;
    loop.call_soon([&] {
        BOOST_CHECK_THROW(timeout(1s, [] {}), RuntimeError);
        loop.stop();
    });
    loop.run_forever();
}

BOOST_AUTO_TEST_CASE(TMO_016_a_block_in_the_clean_up_of_an_expiring_one) {
    testing::run([] {
        bool inner = false;
        BOOST_CHECK_THROW(timeout(1s,
                                  [&] {
                                      try {
                                          forever();
                                      } catch (const CancelledError&) {
                                          try {
                                              timeout(1s, [] { forever(); });
                                          } catch (const TimeoutError&) {
                                              inner = true;
                                          }
                                          throw;
                                      }
                                  }),
                          TimeoutError);
        BOOST_TEST(inner);
        BOOST_TEST((testing::elapsed() == Duration(2s)));
    });
}

BOOST_AUTO_TEST_CASE(TMO_017_018_after_an_absorbed_cancellation) {
    testing::run([] {
        const auto swallowed = [] {
            try {
                forever();
            } catch (const CancelledError&) {
            }
            BOOST_TEST(current_task().cancelling() == 1);
        };
        const auto expires = create_task([&] {
            swallowed();
            BOOST_CHECK_THROW(timeout(1s, [] { forever(); }), TimeoutError);
            BOOST_TEST(current_task().cancelling() == 1);
        });
        const auto cancelled_anew = create_task([&] {
            swallowed();
            timeout(1h, [] { forever(); });
        });
        await(sleep(1s));
        expires.cancel();
        cancelled_anew.cancel();
        await(expires);
        cancelled_anew.cancel();
        BOOST_CHECK_THROW(await(cancelled_anew), CancelledError);
        BOOST_TEST(cancelled_anew.cancelling() == 2);
    });
}

BOOST_AUTO_TEST_CASE(TMO_019_the_cancelled_error_is_the_cause) {
    testing::run([] {
        try {
            timeout(1s, [] { forever(); });
            BOOST_ERROR("nothing was thrown");
        } catch (const TimeoutError& error) {
            BOOST_TEST(error.code().value() == ETIMEDOUT);
            BOOST_REQUIRE((error.cause() != nullptr));
            BOOST_CHECK_THROW(std::rethrow_exception(error.cause()), CancelledError);
        }
    });
}

BOOST_AUTO_TEST_CASE(TMO_020_a_group_whose_child_fails_while_cancelled_by_the_timeout) {
    testing::run([] {
        BOOST_CHECK_THROW(timeout(1s,
                                  [] {
                                      task_group([](TaskGroup& group) {
                                          group.create_task([] {
                                              try {
                                                  forever();
                                              } catch (const CancelledError&) {
                                                  throw std::domain_error("x");
                                              }
                                          });
                                          forever();
                                      });
                                  }),
                          ExceptionGroup);
        BOOST_TEST(current_task().cancelling() == 0);
        await(sleep(1s));
    });
}

BOOST_AUTO_TEST_CASE(its_timer_never_fires_after_any_interruption) {
    testing::cancel_at_every_await(
        [] {
            timeout(5s, [] {
                await(sleep(1s));
                timeout(1s, [] { await(sleep(0s)); });
                await(sleep(1s));
            });
            await(sleep(1s));
        },
        [] {
            await(sleep(100s));  // interrupted if a deadline were left
            BOOST_TEST(current_task().cancelling() == 0);
        });
}

BOOST_AUTO_TEST_CASE(a_deadline_may_be_given_in_any_unit) {
    testing::run([] {
        EventLoop& loop = get_running_loop();
        const TimePoint start = loop.time();
        BOOST_CHECK_THROW(timeout_at(start + 0.5s, [] { await(sleep(1s)); }), TimeoutError);
        BOOST_TEST((loop.time() - start == 500ms));
        const bool reached = timeout(10ms, [&](Timeout& t) {
            t.reschedule(loop.time() + 0.25s);
            await(sleep(200ms));
            return t.when() == start + 750ms;
        });
        BOOST_TEST(reached);
    });
}

BOOST_AUTO_TEST_SUITE_END()
