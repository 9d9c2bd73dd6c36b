// Awaits in destructors, in catch blocks, and what a cancellation does there.
#include <boost/test/unit_test.hpp>

#include "cede/cede.hpp"
#include "cede/testing/testing.hpp"
#include "support/captured.hpp"
#include "support/instrumentation.hpp"

using namespace cede;
using namespace std::chrono_literals;

namespace {

// Awaits when it is destroyed, and says what it saw.
struct AwaitsAtEnd {
    std::string& log;
    Duration delay;
    AwaitsAtEnd(std::string& where, Duration howlong) : log(where), delay(howlong) {}
    ~AwaitsAtEnd() noexcept(false) {
        log += '(';
        await(sleep(delay));
        log += ')';
    }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(unwinding)

BOOST_AUTO_TEST_CASE(a_destructor_awaits_while_an_exception_unwinds) {
    testing::run([] {
        std::string log;
        try {
            const AwaitsAtEnd guard(log, 1s);
            throw std::domain_error("x");
        } catch (const std::domain_error& error) {
            log += error.what();
        }
        BOOST_TEST(log == "()x");
        BOOST_TEST((testing::elapsed() == Duration(1s)));
    });
}

BOOST_AUTO_TEST_CASE(many_tasks_unwind_and_wait_at_once) {
    testing::run([] {
        std::vector<Task<int>> tasks;
        for (int i = 0; i < 20; ++i) {
            tasks.push_back(create_task([i] {
                std::string log;
                try {
                    const AwaitsAtEnd outer(log, std::chrono::seconds(i % 3));
                    const AwaitsAtEnd inner(log, std::chrono::seconds(i % 5));
                    throw i;
                } catch (int thrown) {
                    await(sleep(1s));  // in a catch block, while the others handle theirs
                    try {
                        throw;
                    } catch (int again) {
                        BOOST_TEST(again == i);
                    }
                    BOOST_TEST(log == "()()");
                    return thrown;
                }
            }));
        }
        const std::vector<int> results = await(gather(tasks));
        for (int i = 0; i < 20; ++i) BOOST_TEST(results[static_cast<std::size_t>(i)] == i);
    });
}

BOOST_AUTO_TEST_CASE(a_cancellation_is_held_back_and_delivered_at_the_next_await) {
    testing::run([] {
        for (const Duration delay : {Duration(0s), Duration(10s)}) {
            std::string log;
            const auto task = create_task([&] {
                try {
                    const AwaitsAtEnd guard(log, delay);
                    throw std::domain_error("x");
                } catch (const std::domain_error&) {
                    log += 'c';
                }
                try {
                    await(sleep(1h));
                } catch (const CancelledError& cancelled) {
                    log += cancelled.message();
                    throw;
                }
            });
            await(sleep(0s));
            BOOST_TEST(log == "(");
            BOOST_TEST(task.cancel("!"));
            BOOST_TEST(task.cancelling() == 1);
            BOOST_CHECK_THROW(await(task), CancelledError);
            BOOST_TEST(log == "()c!");
        }
        BOOST_TEST((testing::elapsed() == Duration(10s)));  // the sleep in the destructor was not cut short
    });
}

BOOST_AUTO_TEST_CASE(a_held_back_cancellation_without_a_further_await_cancels_at_the_end) {
    testing::run([] {
        std::string log;
        const auto task = create_task([&] {
            try {
                const AwaitsAtEnd guard(log, 1s);
                throw std::domain_error("x");
            } catch (const std::domain_error&) {
            }
            return 1;
        });
        await(sleep(0s));
        task.cancel();
        BOOST_CHECK_THROW(await(task), CancelledError);
        BOOST_TEST(log == "()");
    });
}

BOOST_AUTO_TEST_CASE(a_held_back_cancellation_can_be_withdrawn) {
    testing::run([] {
        std::string log;
        const auto task = create_task([&] {
            try {
                const AwaitsAtEnd guard(log, 1s);
                throw std::domain_error("x");
            } catch (const std::domain_error&) {
            }
            await(sleep(1s));
            return 1;
        });
        await(sleep(0s));
        task.cancel();
        BOOST_TEST(task.uncancel() == 0);
        BOOST_TEST(await(task) == 1);
    });
}

BOOST_AUTO_TEST_CASE(the_unwinding_of_a_cancellation_may_itself_be_cancelled) {
    testing::run([] {
        std::string log;
        const auto task = create_task([&] {
            const AwaitsAtEnd guard(log, 5s);
            await(sleep(1h));
        });
        await(sleep(0s));
        task.cancel("first");
        await(sleep(1s));
        BOOST_TEST(log == "(");
        task.cancel("second");
        BOOST_CHECK_THROW(await(task), CancelledError);
        BOOST_TEST(log == "()");
        BOOST_TEST(task.cancelling() == 2);
    });
}

BOOST_AUTO_TEST_CASE(a_destructor_that_runs_in_the_ordinary_way_can_be_cancelled) {
    testing::run([] {
        std::string log;
        const auto task = create_task([&] {
            { const AwaitsAtEnd guard(log, 5s); }
            log += 'x';
        });
        await(sleep(0s));
        task.cancel();
        BOOST_CHECK_THROW(await(task), CancelledError);
        BOOST_TEST(log == "(");
    });
}

BOOST_AUTO_TEST_CASE(misuse_in_a_destructor_during_unwinding_does_not_end_the_process) {
    testing::run([] {
        Task<void> self;
        std::string log;
        self = create_task([&] {
            struct AwaitsItself {
                Task<void>& self;
                std::string& log;
                ~AwaitsItself() {
                    try {
                        await(self);
                    } catch (const RuntimeError&) {
                        log += 'r';
                    }
                }
            };
            try {
                const AwaitsItself guard{self, log};
                throw std::domain_error("x");
            } catch (const std::domain_error&) {
                log += 'x';
            }
        });
        await(self);
        BOOST_TEST(log == "rx");
    });
}

BOOST_AUTO_TEST_CASE(a_destructor_survives_a_cancellation_at_every_await) {
    std::string log;
    testing::cancel_at_every_await(
        [&] {
            log.clear();
            try {
                const AwaitsAtEnd outer(log, 1s);
                const AwaitsAtEnd inner(log, 0s);
                await(sleep(1s));
                throw std::domain_error("x");
            } catch (const std::domain_error&) {
                await(sleep(1s));
            }
        },
        [&] { BOOST_TEST(log == "()()"); });
}

BOOST_AUTO_TEST_CASE(the_loop_closes_while_a_destructor_waits_during_unwinding) {
    const tests::LostByDesign lost;
    tests::CapturedWarnings warnings;
    std::string log;
    {
        auto loop = new_event_loop();
        loop->set_exception_handler([](EventLoop&, const ExceptionContext&) {});
        tests::CapturedUnraisables unraisables;
        loop->create_task([&] {
            try {
                const AwaitsAtEnd guard(log, 1h);
                throw std::domain_error("x");
            } catch (const std::domain_error&) {
            }
        });
        loop->stop();
        loop->run_forever();
        loop->close();
        BOOST_TEST(unraisables.contains("ignored GeneratorExit"));
    }
    BOOST_TEST(log == "(");
    BOOST_TEST(warnings.contains("cannot be unwound"));
}

BOOST_AUTO_TEST_SUITE_END()
