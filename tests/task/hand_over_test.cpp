// A task that waits goes straight over to the next one in the queue (lib/src/task/task_switch.hpp), but not in debug mode,
// where each step is measured by itself. So a program must leave the same trace in both.
#include <functional>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "cede/cede.hpp"
#include "task/hand_over.hpp"

using cede::await;
using cede::create_task;
using namespace cede::tests;
using namespace std::chrono_literals;

namespace {

BOOST_AUTO_TEST_SUITE(hand_over)

BOOST_AUTO_TEST_CASE(the_order_of_steps_callbacks_and_iterations) {
    const Trace trace = same_in_both([](const Say& say) {
        const auto counts = [&](std::string name) {
            return [&say, name] {
                for (int i = 0; i < 70; ++i) {  // more than the loop runs between two looks at the kernel
                    say(name + number(i));
                    cede::get_running_loop().call_soon([&say, name, i] { say("callback " + name + number(i)); });
                    pass();
                }
            };
        };
        side_by_side({counts("a"), counts("b"), counts("c")});
    });
    BOOST_TEST(trace.size() == 420u);
    const Trace begin(trace.begin(), trace.begin() + 9);
    BOOST_TEST(begin == (Trace{"a0", "b0", "c0", "callback a0", "a1", "callback b0", "b1", "callback c0", "c1"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(each_task_keeps_its_own_context) {
    same_in_both([](const Say& say) {
        static const cede::ContextVar<int> variable("variable", 0);
        const auto nests = [&](int mine) {
            return [&say, mine] {
                variable.set(mine);
                pass();
                cede::Context inner = cede::copy_context();
                inner.run([&] {
                    variable.set(mine * 10);
                    pass();
                    say("inside " + number(variable.get()));
                    pass();
                });
                say("outside " + number(variable.get()));
                pass();
                say("outside " + number(variable.get()) + ", inside " + number(inner.run([] { return variable.get(); })));
            };
        };
        side_by_side({nests(1), nests(2), nests(3)});
        say("here " + number(variable.get()));
    });
}

BOOST_AUTO_TEST_CASE(current_task_is_who_runs) {
    same_in_both([](const Say& say) {
        std::vector<cede::Task<void>> tasks;
        for (int i = 0; i < 3; ++i) {
            tasks.push_back(create_task(
                [&] {
                    for (int n = 0; n < 3; ++n) {
                        say(cede::current_task().get_name());
                        pass();
                    }
                },
                cede::TaskOptions().name("task " + number(i))));
        }
        for (const auto& task : tasks) await(task);
        say(cede::current_task() ? "a task" : "none");
    });
}

BOOST_AUTO_TEST_CASE(exceptions_in_flight_stay_with_their_task) {
    same_in_both([](const Say& say) {
        struct Awaits {
            ~Awaits() { pass(); }
        };
        const auto fails = [&](int mine) {
            return [&say, mine] {
                for (int n = 0; n < 3; ++n) {
                    try {
                        const Awaits while_unwinding;
                        throw std::runtime_error(number(mine));
                    } catch (const std::exception& error) {
                        pass();
                        say(error.what());
                        try {
                            pass();
                            throw;
                        } catch (const std::exception& again) {
                            say(again.what());
                        }
                    }
                }
            };
        };
        side_by_side({fails(1), [] { for (int n = 0; n < 20; ++n) pass(); }, fails(2)});
    });
}

BOOST_AUTO_TEST_CASE(inside_generators_coroutines_by_hand_and_eager_tasks) {
    same_in_both([](const Say& say) {
        const auto generates = [&] {
            cede::Generator<int> generator([](cede::Yield<int>& yield) {
                for (int i = 0; i < 4; ++i) {
                    pass();
                    yield(i);
                }
            });
            for (int value : generator) say("generated " + number(value));
        };
        const auto drives = [&] {
            cede::Coroutine<int> coroutine = [] {
                pass();
                pass();
                return 5;
            };
            for (;;) {
                try {
                    coroutine.send();
                    say("by hand");
                    pass();
                } catch (const cede::StopIteration<int>& stop) {
                    say("ended with " + number(stop.value));
                    return;
                }
            }
        };
        const auto starts = [&] {
            for (int i = 0; i < 3; ++i) {
                const auto eager = create_task(
                    [&] {
                        say("eager");
                        pass();
                        say("eager again");
                    },
                    cede::TaskOptions().eager(true));
                say("its creator");
                await(eager);
            }
        };
        side_by_side({generates, drives, starts, generates});
    });
}

BOOST_AUTO_TEST_CASE(to_a_task_that_begins) {
    same_in_both([](const Say& say) {
        const auto parent = [&](std::string name) {
            return [&say, name] {
                for (int i = 0; i < 3; ++i) {
                    const auto ends = create_task([&, i] { say(name + number(i) + " ends at once"); });
                    const auto fails = create_task([&, i]() -> int {
                        say(name + number(i) + " fails");
                        throw std::runtime_error(name);
                    });
                    const auto waits = create_task([&, i] {
                        pass();
                        say(name + number(i) + " waits");
                        await(create_task([&, i] { say(name + number(i) + " below"); }));
                    });
                    const auto never = create_task([&] { say("WRONG: it was cancelled before it began"); });
                    never.cancel();
                    await(waits);
                    try {
                        await(fails);
                    } catch (const std::runtime_error& error) {
                        say(std::string("caught ") + error.what());
                    }
                    say(std::string(ends.done() ? "done" : "pending") + (never.cancelled() ? ", cancelled" : ", not cancelled"));
                }
            };
        };
        side_by_side({parent("a"), parent("b")});
    });
}

// The task waits in a destructor that runs during unwinding when it is cancelled, and others are ready all the time.
BOOST_AUTO_TEST_CASE(a_cancellation_that_was_held_back) {
    const Trace trace = same_in_both([](const Say& say) {
        struct Cleans {
            ~Cleans() noexcept(false) {
                for (int n = 0; n < 4; ++n) pass();
            }
        };
        const auto cleans = create_task([&] {
            try {
                const Cleans at_exit;
                throw std::runtime_error("unwinds");
            } catch (const std::runtime_error& error) {
                say(error.what());
            }
            await(cede::Future<void>());
        });
        const auto busy = create_task([] { for (int n = 0; n < 20; ++n) pass(); });
        pass();
        pass();
        cleans.cancel();
        await(busy);
        say(cleans.cancelled() ? "cancelled" : "it waits for ever");
        cleans.cancel();
    });
    BOOST_TEST(trace == (Trace{"unwinds", "cancelled"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(cancelled_failed_and_ended_neighbours) {
    same_in_both([](const Say& say) {
        const cede::Future<int> result;
        const auto waits = create_task([&] {
            try {
                pass();
                await(cede::Future<void>());
            } catch (const cede::CancelledError& error) {
                say(std::string("cancelled: ") + error.what());
                pass();
                throw;
            }
        });
        const auto fails = create_task([&] {
            pass();
            pass();
            throw std::logic_error("failed");
        });
        const auto gets = create_task([&] { say("got " + number(await(result))); });
        const auto sets = create_task([&] {
            pass();
            result.set_result(7);
            waits.cancel("enough");
            for (int n = 0; n < 3; ++n) pass();
        });
        await(cede::wait({waits, fails, gets, sets}));
        say(waits.cancelled() ? "waits was cancelled" : "waits was not");
        BOOST_CHECK_THROW(await(fails), std::logic_error);
    });
}

// stop() lets the iteration end that it is called in: asyncio's programs print the same.
BOOST_AUTO_TEST_CASE(a_stop_ends_the_run_at_the_end_of_its_iteration) {
    for (int stops_at = 0; stops_at < 8; ++stops_at) {
        for (const char who : {'a', 'b', 'c'}) {
            const auto trace_until_stop = [&](bool debug) {
                const auto loop = cede::new_event_loop();
                loop->set_debug(debug);
                Trace trace;
                for (const char name : {'a', 'b', 'c'}) {
                    loop->create_task([&, name] {
                        for (int n = 0;; ++n) {
                            trace.push_back(name + number(n));
                            if (n == stops_at && name == who) loop->stop();
                            if (n == 3 && name == 'b') {  // out of the line, and back at its end
                                const cede::Future<void> later;
                                loop->call_soon([later] { later.set_result(); });
                                await(later);
                            }
                            pass();
                        }
                    });
                }
                loop->run_forever();
                for (const auto& task : cede::all_tasks(*loop)) task.cancel();
                loop->stop();
                loop->run_forever();
                return trace;
            };
            const Trace measured = trace_until_stop(true);
            BOOST_TEST(trace_until_stop(false) == measured, boost::test_tools::per_element());
        }
    }
}

BOOST_AUTO_TEST_CASE(an_interrupt_leaves_the_loop_from_where_it_was_handed_over_to) {
    const Trace trace = same_in_both([](const Say& say) {
        const auto passes = [&](std::string name, int times) {
            return [&say, name, times] {
                try {
                    for (int n = 0; n < times; ++n) pass();
                } catch (const cede::CancelledError&) {
                    say(name + " was cancelled");
                    throw;
                }
                throw cede::KeyboardInterrupt();
            };
        };
        side_by_side({passes("first", 100), passes("second", 3), passes("third", 100)});
    });
    BOOST_TEST(trace.size() == 3u);
    BOOST_TEST(trace.back() == "left by an interrupt");
}

BOOST_AUTO_TEST_CASE(a_result_is_destroyed_where_it_would_be) {
    same_in_both([](const Say& say) {
        const auto tells = [&] {
            return AtEnd([&] { say(cede::current_task() ? "destroyed in a task" : "destroyed"); });
        };
        const auto passes = [] { for (int n = 0; n < 5; ++n) pass(); };
        side_by_side({passes, [&] { await(cede::wait_for(create_task([&] { return pass(), tells(); }), 1s)); }, passes});
    });
}

BOOST_AUTO_TEST_CASE(a_loop_that_overrides_its_iteration_sees_each) {
    class Counting : public cede::SelectorEventLoop {
    public:
        void run_once() override {
            ++iterations;
            SelectorEventLoop::run_once();
        }
        void enqueue(cede::detail::Runnable& work) override {
            ++scheduled;
            SelectorEventLoop::enqueue(work);
        }
        int iterations = 0;
        int scheduled = 0;
    };
    const auto run = [](bool debug) {
        Counting loop;
        loop.set_debug(debug);
        loop.run_until_complete([] {
            side_by_side({[] { for (int n = 0; n < 10; ++n) pass(); }, [] { for (int n = 0; n < 10; ++n) pass(); }});
        });
        BOOST_TEST(loop.iterations == 14);  // asyncio's number
        BOOST_TEST(loop.scheduled >= 23);
        return loop.scheduled;
    };
    BOOST_TEST(run(false) == run(true));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
