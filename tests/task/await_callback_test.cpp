#include <boost/test/unit_test.hpp>

#include <functional>
#include <memory>
#include <stdexcept>
#include <thread>

#include "cede/task/await_callback.hpp"
#include "cede/task/timeout.hpp"
#include "support/awaiting.hpp"
#include "support/captured.hpp"

using namespace cede;
using namespace cede::tests;

namespace {

// Runs what it was given whenever the test says so: the old code.
struct OldCode {
    std::function<void(std::string)> text;
    std::function<void()> nothing;
};

const testing::TestOptions with_threads = testing::TestOptions().outside_events(true);

}  // namespace

BOOST_AUTO_TEST_SUITE(await_callback_)

BOOST_AUTO_TEST_CASE(a_call_inside_start_does_not_cede) {
    testing::run([] {
        int turns = 0;
        auto other = create_task([&] { ++turns; });
        BOOST_TEST(await_callback<std::string>([](Completion<std::string> done) { done("at once"); }) == "at once");
        await_callback([](Completion<> done) { done(); });
        BOOST_TEST(turns == 0);
        await(other);
    });
    // For which no loop is needed.
    BOOST_TEST(await_callback<int>([](Completion<int> done) { done(3); }) == 3);
}

BOOST_AUTO_TEST_CASE(a_call_later_continues_the_task) {
    testing::run([] {
        OldCode old;
        auto task = create_task([&] {
            return await_callback<std::string>([&](Completion<std::string> done) { old.text = done; });
        });
        settle();
        BOOST_TEST(!task.done());
        old.text("later");
        BOOST_TEST(await(task) == "later");

        auto nothing = create_task([&] { await_callback([&](Completion<> done) { old.nothing = done; }); });
        settle();
        old.nothing();
        await(nothing);
    });
}

BOOST_AUTO_TEST_CASE(a_value_need_only_be_movable) {
    testing::run([] {
        BOOST_TEST(*await_callback<std::unique_ptr<int>>([](const Completion<std::unique_ptr<int>>& done) {
            get_running_loop().call_soon([done] { done(std::make_unique<int>(4)); });
        }) == 4);
    });
}

BOOST_AUTO_TEST_CASE(failures_of_every_kind) {
    testing::run([] {
        BOOST_CHECK_THROW(await_callback([](Completion<> done) { done.fail(std::logic_error("refused")); }), std::logic_error);
        BOOST_CHECK_THROW(await_callback([](Completion<> done) {
            done.fail(std::make_exception_ptr(std::out_of_range("refused")));
        }), std::out_of_range);
        try {
            await_callback<int>([](Completion<int> done) { done.fail(std::make_error_code(std::errc::broken_pipe)); });
            BOOST_ERROR("nothing was thrown");
        } catch (const std::system_error& error) {
            BOOST_TEST((error.code() == std::errc::broken_pipe));
        }
        BOOST_CHECK_THROW(await_callback([](Completion<> done) { done.fail(std::errc::timed_out); }), std::system_error);
        // Later.
        BOOST_CHECK_THROW(await_callback([](Completion<> done) {
            get_running_loop().call_later(1s, [done] { done.fail(std::logic_error("refused")); });
        }), std::logic_error);
    });
}

BOOST_AUTO_TEST_CASE(an_exception_of_start_leaves_the_await_and_the_completion_is_dead) {
    testing::run([] {
        OldCode old;
        bool cancelled = false;
        BOOST_CHECK_THROW(await_callback([&](Completion<> done) {
            done.on_cancel([&] { cancelled = true; });
            old.nothing = done;
            throw std::logic_error("start");
        }), std::logic_error);
        old.nothing();  // dropped
        BOOST_TEST(!cancelled);
    });
}

BOOST_AUTO_TEST_CASE(a_second_call_is_ignored_and_reported_in_debug_mode) {
    int reports = 0;
    const auto body = [&] {
        get_running_loop().set_exception_handler([&](EventLoop&, const ExceptionContext& context) {
            ++reports;
            BOOST_TEST(context.message.find("await_callback_test.cpp:") != std::string::npos);
        });
        OldCode old;
        BOOST_TEST(await_callback<std::string>([&](Completion<std::string> done) {
            old.text = done;
            done("first");
            done("second");
            done.fail(std::logic_error("third"));
        }) == "first");
        old.text("fourth, when the await is over");
    };
    testing::run(body);
    BOOST_TEST(reports == 0);
    testing::run(body, testing::TestOptions().debug(true));
    BOOST_TEST(reports == 3);
}

// As an await of a future can, whose loop is installed and does not run.
BOOST_AUTO_TEST_CASE(a_coroutine_driven_by_hand_can_wait_for_a_callback) {
    const std::unique_ptr<EventLoop> loop = new_event_loop();
    set_event_loop(loop);
    {
        OldCode old;
        Coroutine<std::string> coroutine([&] {
            return await_callback<std::string>([&](Completion<std::string> done) { old.text = done; });
        });
        const AnyFuture awaited = coroutine.send();
        BOOST_TEST(!awaited.done());
        old.text("by hand");
        loop->run_until_complete(awaited);
        BOOST_CHECK_EXCEPTION(coroutine.send(), StopIteration<std::string>,
                              [](const StopIteration<std::string>& stop) { return stop.value == "by hand"; });
    }
    set_event_loop(nullptr);
}

BOOST_AUTO_TEST_CASE(a_call_from_another_thread_wakes_the_loop) {
    testing::run([] {
        std::thread thread;
        BOOST_TEST(await_callback<std::string>([&](Completion<std::string> done) {
            thread = std::thread([done] { done("from a thread"); });
        }) == "from a thread");
        thread.join();
        BOOST_CHECK_THROW(await_callback([&](Completion<> done) {
            thread = std::thread([done] { done.fail(std::logic_error("from a thread")); });
        }), std::logic_error);
        thread.join();
        BOOST_CHECK_THROW(await_callback([&](Completion<> done) {
            thread = std::thread([mine = std::move(done)] {});
        }), BrokenCallbackError);
        thread.join();
    }, with_threads);
}

BOOST_AUTO_TEST_CASE(two_threads_race_and_one_wins) {
    testing::run([] {
        for (int round = 0; round < 200; ++round) {
            std::thread one;
            std::thread other;
            const int value = await_callback<int>([&](Completion<int> done) {
                one = std::thread([done] { done(1); });
                other = std::thread([done] { done(2); });
            });
            BOOST_TEST((value == 1 || value == 2));
            one.join();
            other.join();
        }
    }, with_threads);
}

BOOST_AUTO_TEST_CASE(a_thread_races_against_a_cancellation) {
    testing::run([] {
        int values = 0;
        int cancellations = 0;
        for (int round = 0; round < 200; ++round) {
            std::thread thread;
            auto task = create_task([&] {
                return await_callback<int>([&](Completion<int> done) { thread = std::thread([done] { done(1); }); });
            });
            turn();
            task.cancel();
            try {
                values += await(task);
            } catch (const CancelledError&) {
                ++cancellations;
            }
            thread.join();
        }
        BOOST_TEST(values + cancellations == 200);
    }, with_threads);
}

BOOST_AUTO_TEST_CASE(a_cancellation_runs_on_cancel_and_drops_a_late_call) {
    const CapturedWarnings warnings;
    testing::run([] {
        OldCode old;
        int stopped = 0;
        auto task = create_task([&] {
            await_callback<std::string>([&](Completion<std::string> done) {
                done.on_cancel([&] { ++stopped; });
                old.text = done;
            });
        });
        settle();
        task.cancel("enough");
        settle();
        BOOST_TEST(task.cancelled());
        BOOST_TEST(stopped == 1);
        old.text("late");
        old.text = nullptr;
        settle();
        BOOST_TEST(stopped == 1);
    }, testing::TestOptions().debug(true));
    BOOST_TEST(warnings.count() == 0u);
}

BOOST_AUTO_TEST_CASE(on_cancel_may_make_the_library_call_back_and_may_come_late_or_fail) {
    const CapturedUnraisables unraisables;
    testing::run([] {
        OldCode old;
        Completion<std::string> kept;
        int stopped = 0;
        BOOST_CHECK_THROW(timeout(1s, [&] {
            await_callback<std::string>([&](Completion<std::string> done) {
                kept = done;
                done.on_cancel([&] {
                    ++stopped;
                    kept("aborted");  // as a library does that reports its end whatever it is
                });
            });
        }), TimeoutError);
        BOOST_TEST(stopped == 1);
        kept.on_cancel([&] { stopped += 10; });  // cancelled already
        BOOST_TEST(stopped == 11);
        // Of one that was called it never runs.
        await_callback<std::string>([&](Completion<std::string> done) {
            kept = done;
            done("in time");
            done.on_cancel([&] { stopped += 100; });
        });
        kept.on_cancel([&] { stopped += 100; });
        BOOST_TEST(stopped == 11);
        auto task = create_task([&] {
            await_callback([&](Completion<> done) {
                old.nothing = done;
                done.on_cancel([] { throw std::logic_error("cannot stop"); });
            });
        });
        settle();
        task.cancel();
        settle();
        BOOST_TEST(task.cancelled());
    });
    BOOST_TEST(unraisables.count() == 1u);
    BOOST_TEST(unraisables.contains("cannot stop"));
}

BOOST_AUTO_TEST_CASE(a_cancellation_after_the_call_wins_and_has_nothing_to_stop) {
    testing::run([] {
        OldCode old;
        int stopped = 0;
        auto task = create_task([&] {
            await_callback([&](Completion<> done) {
                done.on_cancel([&] { ++stopped; });
                old.nothing = done;
            });
        });
        settle();
        old.nothing();
        task.cancel();
        settle();
        BOOST_TEST(task.cancelled());
        BOOST_TEST(stopped == 0);
    });
}

BOOST_AUTO_TEST_CASE(never_called_it_breaks_and_names_where_it_began) {
    testing::run([] {
        const unsigned line = __LINE__ + 1;
        const std::string text = message_of<BrokenCallbackError>([] { await_callback([](Completion<>) {}); });
        BOOST_TEST(contains(text, "await_callback_test.cpp:" + std::to_string(line)));
        // Later.
        auto kept = std::make_shared<OldCode>();
        auto task = create_task([&] { await_callback([&](Completion<> done) { kept->nothing = done; }); });
        settle();
        BOOST_TEST(!task.done());
        kept.reset();
        BOOST_CHECK_THROW(await(task), BrokenCallbackError);
    });
}

BOOST_AUTO_TEST_CASE(on_cancel_may_hold_the_completion_itself) {
    testing::run([] {
        auto task = create_task([] {
            await_callback([](Completion<> done) { done.on_cancel([done] { done(); }); });
        });
        settle();
        BOOST_TEST(!task.done());  // it holds itself, so nothing is broken; a cancellation ends it
        task.cancel();
        settle();
        BOOST_TEST(task.cancelled());
    });
}

BOOST_AUTO_TEST_CASE(after_the_loop_was_closed_calls_are_dropped) {
    Completion<int> kept;
    int stopped = 0;
    auto loop = new_event_loop();
    auto task = loop->create_task([&] {
        return await_callback<int>([&](Completion<int> done) {
            done.on_cancel([&] { ++stopped; });
            kept = done;
        });
    });
    loop->call_soon([&] { loop->stop(); });
    loop->run_forever();
    loop->set_exception_handler([](EventLoop&, const ExceptionContext&) {});  // "destroyed but it is pending"
    loop->close();
    BOOST_TEST(stopped == 1);
    kept(1);
    loop.reset();
    kept(2);
    std::thread([&] { kept(3); }).join();
    BOOST_TEST(task.cancelled());
    kept = Completion<int>();
}

BOOST_AUTO_TEST_CASE(an_empty_completion_takes_every_call) {
    const Completion<int> empty;
    empty(1);
    empty.fail(std::logic_error("nobody hears"));
    empty.on_cancel([] {});
    BOOST_TEST(empty.user_data() == nullptr);
}

BOOST_AUTO_TEST_CASE(interrupted_everywhere) {
    int started = 0;
    int ended = 0;
    const auto body = [&] {
        for (int i = 0; i < 2; ++i) {
            ++started;
            BOOST_TEST(await_callback<int>([&, i](Completion<int> done) {
                done.on_cancel([&] { ++ended; });
                get_running_loop().call_later(1s, [done, i] { done(i); });
            }) == i);
            ++ended;
        }
    };
    BOOST_TEST(testing::cancel_at_every_await(body, [&] {
        await(sleep(5s));
        // All that were started were stopped or ended, but the one that was called before its task was cancelled.
        BOOST_TEST((ended == started || ended + 1 == started));
        started = ended = 0;
    }) > 0u);
    testing::close_loop_at_every_await(body, [] {});
}

BOOST_AUTO_TEST_SUITE_END()
