// RUN: run and Runner.
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <csignal>
#include <memory>
#include <thread>

#include "cede/cede.hpp"
#include "cede/testing/testing.hpp"
#include "support/captured.hpp"

using namespace cede;
using namespace std::chrono_literals;
using tests::CapturedUnraisables;

namespace {

// Runs on virtual loops, the last of which is kept in `loop` while it lives.
struct Factory {
    EventLoop* loop = nullptr;
    int calls = 0;
    RunOptions options() {
        return RunOptions().loop_factory([this] {
            ++calls;
            auto made = std::unique_ptr<EventLoop>(new testing::VirtualTimeLoop());
            loop = made.get();
            return made;
        });
    }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(running_programs)

BOOST_AUTO_TEST_CASE(RUN_001_debug_mode) {
    BOOST_TEST(run([] { return get_running_loop().get_debug(); }, RunOptions().debug(true)));
    BOOST_TEST(!run([] { return get_running_loop().get_debug(); }, RunOptions().debug(false)));
    const bool by_default = new_event_loop()->get_debug();
    BOOST_TEST(run([] { return get_running_loop().get_debug(); }) == by_default);
}

BOOST_AUTO_TEST_CASE(the_main_task_may_have_a_larger_stack) {
    const auto usable = [] { return Fiber::current().stack_size(); };
    BOOST_TEST(run(usable, RunOptions().stack_size(std::size_t{1} << 20)) >= std::size_t{1} << 20);
    BOOST_TEST(run(usable) < std::size_t{1} << 20);
}

BOOST_AUTO_TEST_CASE(RUN_002_what_is_left_is_cancelled_and_awaited) {
    Factory factory;
    bool cleaned = false;
    Task<void> left;
    const int result = run(
        [&] {
            left = create_task([&] {
                try {
                    await(sleep(1h));
                } catch (const CancelledError&) {
                    await(sleep(1s));
                    cleaned = true;
                    throw;
                }
            });
            await(sleep(0s));
            return 4;
        },
        factory.options());
    BOOST_TEST(result == 4);
    BOOST_TEST(cleaned);
    BOOST_TEST(left.cancelled());
}

BOOST_AUTO_TEST_CASE(RUN_003_its_failure_is_reported) {
    Factory factory;
    std::vector<ExceptionContext> reports;
    const int result = run(
        [&] {
            get_running_loop().set_exception_handler(
                [&](EventLoop&, const ExceptionContext& context) { reports.push_back(context); });
            create_task([] {
                try {
                    await(sleep(1h));
                } catch (const CancelledError&) {
                    throw std::domain_error("at shutdown");
                }
            });
            await(sleep(0s));
            return 4;
        },
        factory.options());
    BOOST_TEST(result == 4);
    BOOST_REQUIRE(reports.size() == 1u);
    BOOST_TEST(tests::contains(reports[0].message, "shutdown"));
    BOOST_TEST(static_cast<bool>(reports[0].task));
    BOOST_CHECK_THROW(std::rethrow_exception(reports[0].exception), std::domain_error);
}

BOOST_AUTO_TEST_CASE(RUN_005_its_loop_is_installed_for_the_duration) {
    run([] { BOOST_TEST(&get_event_loop() == &get_running_loop()); });
    BOOST_CHECK_THROW(get_event_loop(), RuntimeError);
    Runner runner;
    EventLoop& loop = runner.get_loop();
    BOOST_TEST(&get_event_loop() == &loop);
    runner.close();
    BOOST_CHECK_THROW(get_event_loop(), RuntimeError);
}

BOOST_AUTO_TEST_CASE(RUN_006_a_factory_makes_the_loop) {
    Factory factory;
    run([&] { BOOST_TEST(&get_running_loop() == factory.loop); }, factory.options());
    BOOST_TEST(factory.calls == 1);
}

BOOST_AUTO_TEST_CASE(RUN_007_any_awaitable_is_run) {
    struct Awaitable {
        int cede_await() { return 3; }
    };
    BOOST_TEST(run(Awaitable()) == 3);
    BOOST_TEST(run(sleep(0s, 4)) == 4);
    BOOST_TEST(run([] { return sleep(0s, 5); }) == 5);
    Runner runner;
    auto future = runner.get_loop().create_future<int>();
    future.set_result(6);
    BOOST_TEST(runner.run(future) == 6);
    BOOST_TEST(*run([] { return std::unique_ptr<int>(new int(7)); }) == 7);
}

BOOST_AUTO_TEST_CASE(RUN_008_a_runner_keeps_its_loop) {
    Factory factory;
    Runner runner(factory.options());
    EventLoop& loop = runner.get_loop();
    for (int i = 0; i < 3; ++i) BOOST_TEST(runner.run([&] { return &get_running_loop(); }) == &loop);
    BOOST_TEST(factory.calls == 1);
    // What one run leaves goes on in the next.
    Task<int> slow = runner.run([] { return create_task(sleep(10s, 8)); });
    BOOST_TEST(!slow.done());
    BOOST_TEST(runner.run(slow) == 8);
}

BOOST_AUTO_TEST_CASE(RUN_009_closing_twice) {
    Runner runner;
    runner.run([] {});
    runner.close();
    runner.close();
    BOOST_CHECK_THROW(runner.get_loop(), RuntimeError);
    BOOST_CHECK_THROW(runner.run([] {}), RuntimeError);
    Runner unused;
    unused.close();
    BOOST_TEST(unused.run([] { return 1; }) == 1);  // there was nothing to close yet
}

BOOST_AUTO_TEST_CASE(the_runs_of_a_runner_share_the_context_of_the_first) {
    const ContextVar<int> var("var", 0);
    Context().run([&] {
        Runner runner;
        var.set(1);
        BOOST_TEST(runner.run([&] { return var.get(); }) == 1);
        runner.run([&] { var.set(2); });
        BOOST_TEST(runner.run([&] { return var.get(); }) == 2);
        BOOST_TEST(var.get() == 1);
        const Context given = copy_context();
        runner.run([&] { var.set(3); }, given);
        BOOST_TEST(given[var] == 3);
        BOOST_TEST(runner.run([&] { return var.get(); }) == 2);
    });
}

BOOST_AUTO_TEST_CASE(a_factory_without_a_loop) {
    BOOST_CHECK_THROW(run([] {}, RunOptions().loop_factory([] { return std::unique_ptr<EventLoop>(); })), std::invalid_argument);
    BOOST_CHECK_THROW(run([] {}, RunOptions().loop_factory([]() -> std::unique_ptr<EventLoop> { throw std::domain_error("x"); })),
                      std::domain_error);
}

// As in asyncio, whose run() is a `with Runner()`: the interrupt of a task that run() ends is no report but ends the program.
BOOST_AUTO_TEST_CASE(an_interrupt_of_what_was_left_leaves_run) {
    const CapturedUnraisables unraisable;  // the tasks' own, which nobody retrieves
    const auto leaves_behind = [] {
        create_task([] {
            try {
                await(sleep(1h));
            } catch (const CancelledError&) {
                throw SystemExit(4);
            }
        });
        await(sleep(0s));
    };
    BOOST_CHECK_THROW(run(leaves_behind), SystemExit);
    BOOST_CHECK_THROW(run([&] {
        leaves_behind();
        throw std::domain_error("main");
    }),
                      SystemExit);
    BOOST_TEST(!unraisable.contains("Runner"));
}

BOOST_AUTO_TEST_CASE(an_interrupt_in_a_group_leaves_run_once) {
    const CapturedUnraisables unraisable;
    bool cancelled = false;
    BOOST_CHECK_THROW(run([&] {
        task_group([&](TaskGroup& group) {
            group.create_task([&] {
                try {
                    await(sleep(1h));
                } catch (const CancelledError&) {
                    cancelled = true;
                    throw;
                }
            });
            group.create_task([] { throw SystemExit(3); });
        });
    }),
                      SystemExit);
    BOOST_TEST(cancelled);
    BOOST_TEST(!unraisable.contains("Runner"));
}

BOOST_AUTO_TEST_CASE(RUN_010_not_inside_a_running_loop) {
    Runner runner;
    bool started = false;
    runner.run([&] {
        BOOST_CHECK_THROW(runner.run([&] { started = true; }), RuntimeError);
        BOOST_CHECK_THROW(run([&] { started = true; }), RuntimeError);
        await(sleep(0s));
    });
    BOOST_TEST(!started);
}

BOOST_AUTO_TEST_CASE(RUN_011_the_first_interrupt_cancels_main) {
    bool cleaned = false;
    BOOST_CHECK_THROW(run([&] {
        get_running_loop().call_soon([] { raise(SIGINT); });
        try {
            await(sleep(1h));
        } catch (const CancelledError&) {
            await(sleep(1ms));  // and may clean up in peace
            cleaned = true;
            throw;
        }
    }),
                      KeyboardInterrupt);
    BOOST_TEST(cleaned);
}

BOOST_AUTO_TEST_CASE(RUN_011_main_may_absorb_it) {
    BOOST_TEST(run([] {
                   get_running_loop().call_soon([] { raise(SIGINT); });
                   try {
                       await(sleep(1h));
                   } catch (const CancelledError&) {
                   }
                   return 9;
               }) == 9);
}

// The loop looks for signals when it looks at descriptors, and main may have ended by then.
BOOST_AUTO_TEST_CASE(RUN_011_one_that_the_loop_has_not_seen_when_main_ends_counts) {
    BOOST_CHECK_THROW(run([] { return raise(SIGINT), 3; }), KeyboardInterrupt);
    BOOST_CHECK_THROW(run([] {
                          raise(SIGINT);
                          for (int i = 0; i < 10; ++i) await(sleep(0s));
                      }),
                      KeyboardInterrupt);
    BOOST_CHECK_THROW(run([] {
                          raise(SIGINT);
                          throw std::out_of_range("of main");
                      }),
                      std::out_of_range);
    BOOST_CHECK_THROW(run([] {
                          current_task().cancel();
                          raise(SIGINT);
                          await(sleep(0s));
                      }),
                      CancelledError);
    BOOST_CHECK_THROW(run([] {
                          get_running_loop().call_soon([] { raise(SIGINT); });
                          try {
                              await(sleep(1h));
                          } catch (const CancelledError&) {
                              raise(SIGINT);
                          }
                      }),
                      KeyboardInterrupt);
}

BOOST_AUTO_TEST_CASE(an_interrupt_of_one_run_is_not_the_next_ones) {
    Runner runner;
    BOOST_CHECK_THROW(runner.run([] { raise(SIGINT); }), KeyboardInterrupt);
    BOOST_TEST(runner.run([] { return await(sleep(1ms)), 4; }) == 4);
    bool told = false;
    runner.get_loop().add_signal_handler(SIGUSR1, [&] { told = true; });
    BOOST_CHECK_THROW(runner.run([] {
                          raise(SIGUSR1);
                          raise(SIGINT);
                          throw std::out_of_range("of main");
                      }),
                      std::out_of_range);
    runner.run([] { await(sleep(1ms)); });
    BOOST_TEST(told);
}

BOOST_AUTO_TEST_CASE(the_second_interrupt_is_thrown_at_once) {
    bool went_on = false;
    BOOST_CHECK_THROW(run([&] {
        get_running_loop().call_soon([] { raise(SIGINT); });
        try {
            await(sleep(1h));
        } catch (const CancelledError&) {
            raise(SIGINT);
            await(sleep(1ms));
            await(sleep(1h));
            went_on = true;
        }
    }),
                      KeyboardInterrupt);
    BOOST_TEST(!went_on);
}

BOOST_AUTO_TEST_CASE(RUN_012_the_future_that_main_awaits_is_cancelled) {
    Runner runner;
    const auto future = runner.get_loop().create_future<void>();
    BOOST_CHECK_THROW(runner.run([&] {
        get_running_loop().call_soon([] { raise(SIGINT); });
        await(future);
    }),
                      KeyboardInterrupt);
    BOOST_TEST(future.cancelled());
}

BOOST_AUTO_TEST_CASE(RUN_013_a_main_that_was_cancelled_by_somebody_too) {
    BOOST_CHECK_THROW(run([] {
        const AnyTask self = current_task();
        get_running_loop().call_soon([self] {
            self.cancel();
            raise(SIGINT);
        });
        try {
            await(sleep(1h));
        } catch (const CancelledError&) {
            await(sleep(1ms));
            throw;
        }
    }),
                      CancelledError);
}

BOOST_AUTO_TEST_CASE(RUN_014_in_another_thread_it_runs_without_the_handler) {
    int result = 0;
    std::thread([&] { result = run([] { return 5; }); }).join();
    BOOST_TEST(result == 5);
}

BOOST_AUTO_TEST_CASE(a_handler_of_the_programs_own_is_left_alone) {
    static volatile std::sig_atomic_t ran = 0;
    std::signal(SIGINT, [](int) { ran = 1; });
    run([] {
        raise(SIGINT);
        await(sleep(1ms));
    });
    BOOST_TEST(ran == 1);
    std::signal(SIGINT, SIG_DFL);
}

BOOST_AUTO_TEST_CASE(afterwards_the_signal_does_what_it_did_before) {
    run([] {});
    struct sigaction action;
    sigaction(SIGINT, nullptr, &action);
    BOOST_TEST((action.sa_handler == SIG_DFL));
}

BOOST_AUTO_TEST_CASE(an_exception_of_main_leaves_after_the_rest_was_ended) {
    bool cleaned = false;
    BOOST_CHECK_THROW(testing::run([&] {
        create_task([&] {
            try {
                await(sleep(1h));
            } catch (const CancelledError&) {
                cleaned = true;
                throw;
            }
        });
        await(sleep(0s));
        throw std::domain_error("x");
    }),
                      std::domain_error);
    BOOST_TEST(cleaned);
}

BOOST_AUTO_TEST_CASE(the_default_executor_is_joined) {
    std::atomic<bool> ended{false};
    run([&] {
        get_running_loop().run_in_executor(nullptr, [&] { ended = true; });
    });
    BOOST_TEST(ended);
}

BOOST_AUTO_TEST_CASE(with_a_runner) {
    BOOST_TEST(with(Runner(), [](Runner& runner) { return runner.run(sleep(0s, 3)); }) == 3);
}

BOOST_AUTO_TEST_CASE(RUN_004_async_generators_are_closed_after_the_tasks_that_were_left) {
    std::string order;
    // Outside of main, so that it is still open when the run ends.
    AsyncGenerator<int> generator([&](AsyncYield<int>& yield) {
        struct Closed {
            std::string& order;
            ~Closed() { order += 'g'; }
        } closed{order};
        for (int i = 0;; ++i) yield(i);
    });
    BOOST_CHECK_THROW(testing::run([&] {
        get_running_loop().set_exception_handler([&](EventLoop&, const ExceptionContext&) { order += 'r'; });
        create_task([&] {
            try {
                await(sleep(1h));
            } catch (const CancelledError&) {
                order += 't';
                throw std::domain_error("left");
            }
        });
        await(generator.next());
        await(sleep(0s));
        throw std::domain_error("main");
    }),
                      std::domain_error);
    BOOST_TEST(order == "trg");
}

BOOST_AUTO_TEST_SUITE_END()
