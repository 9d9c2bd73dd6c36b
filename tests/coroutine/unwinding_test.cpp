// Awaiting in a destructor that an exception runs: throwing there would end the process, so nothing is raised there.
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "cede/cede.hpp"
#include "coroutine/fixtures.hpp"

using cede::await;
using cede::Coroutine;
using cede::CoroutineState;
using cede::StopIteration;
using cede::tests::AtExit;
using cede::tests::Reports;
using cede::tests::with_text;
using namespace std::chrono_literals;

namespace {

using AtExitDo = AtExit<std::function<void()>>;

void bare_yield() { await(cede::sleep(0s)); }

// Cancels a task that waits below an unwinding destructor; returns what it recorded.
std::vector<std::string> cancelled_while_unwinding(const std::function<void(std::vector<std::string>&)>& unwinds) {
    std::vector<std::string> trace;
    cede::run([&] {
        auto task = cede::create_task([&] {
            unwinds(trace);
            try {
                bare_yield();
            } catch (const cede::CancelledError& error) {
                trace.push_back("cancelled: " + error.message());
                throw;
            }
        });
        bare_yield();
        task.cancel("enough");
        try {
            await(task);
        } catch (const cede::CancelledError&) {
            trace.push_back("done");
        }
    });
    return trace;
}

const std::vector<std::string> held_back{"cleaned", "unwinds", "cancelled: enough", "done"};

}  // namespace

BOOST_AUTO_TEST_SUITE(unwinding)

BOOST_AUTO_TEST_CASE(a_destructor_may_await_while_an_exception_unwinds) {
    std::string trace;
    Coroutine<void> coroutine([&] {
        try {
            const AtExitDo at_exit([&] {
                bare_yield();
                trace += "cleaned ";
            });
            throw std::domain_error("unwinds");
        } catch (const std::domain_error& error) {
            trace += error.what();
        }
    });
    coroutine.send();
    BOOST_CHECK_EXCEPTION(coroutine.throw_(std::runtime_error("x")), cede::RuntimeError, with_text("destructor"));
    BOOST_CHECK_THROW(coroutine.send(), StopIteration<>);
    BOOST_TEST(trace == "cleaned unwinds");
}

BOOST_AUTO_TEST_CASE(a_cancellation_is_held_back_until_the_next_await) {
    BOOST_TEST(cancelled_while_unwinding([](std::vector<std::string>& trace) {
        try {
            const AtExitDo at_exit([&] {
                bare_yield();
                trace.push_back("cleaned");
            });
            throw std::domain_error("unwinds");
        } catch (const std::domain_error& error) {
            trace.push_back(error.what());
        }
    }) == held_back, boost::test_tools::per_element());
}

// The destructor's own fiber is not the one that waits: a generator on top of it is.
BOOST_AUTO_TEST_CASE(it_is_held_back_below_a_generator_that_the_destructor_drives) {
    BOOST_TEST(cancelled_while_unwinding([](std::vector<std::string>& trace) {
        try {
            const AtExitDo at_exit([&] {
                cede::Generator<int> generator([&](cede::Yield<int>& yield) {
                    bare_yield();
                    yield(1);
                });
                if (generator.next() == 1) trace.push_back("cleaned");
            });
            throw std::domain_error("unwinds");
        } catch (const std::domain_error& error) {
            trace.push_back(error.what());
        }
    }) == held_back, boost::test_tools::per_element());
}

// Nor is it when the destructor belongs to a coroutine that was started elsewhere and is delegated to.
BOOST_AUTO_TEST_CASE(it_is_held_back_in_a_coroutine_delegated_to) {
    BOOST_TEST(cancelled_while_unwinding([](std::vector<std::string>& trace) {
        Coroutine<void> started([&] {
            try {
                const AtExitDo at_exit([&] {
                    bare_yield();
                    bare_yield();
                    trace.push_back("cleaned");
                });
                throw std::domain_error("unwinds");
            } catch (const std::domain_error& error) {
                trace.push_back(error.what());
            }
        });
        started.send();
        await(started);
    }) == held_back, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_catch_block_is_not_unwinding_and_is_interrupted_at_once) {
    std::vector<std::string> trace;
    cede::run([&] {
        auto task = cede::create_task([&] {
            try {
                throw std::domain_error("handled");
            } catch (const std::domain_error&) {
                try {
                    await(cede::sleep(1h));
                } catch (const cede::CancelledError&) {
                    trace.push_back("at once");
                }
            }
        });
        bare_yield();
        task.cancel();
        await(task);
    });
    BOOST_CHECK((trace == std::vector<std::string>{"at once"}));
}

BOOST_AUTO_TEST_CASE(an_await_while_GeneratorExit_unwinds_makes_close_fail) {
    bool cleaned = false;
    Coroutine<void> coroutine([&] {
        const AtExitDo at_exit([&] {
            bare_yield();
            cleaned = true;
        });
        bare_yield();
    });
    coroutine.send();
    BOOST_CHECK_EXCEPTION(coroutine.close(), cede::RuntimeError, with_text("ignored GeneratorExit"));
    BOOST_CHECK(coroutine.state() == CoroutineState::suspended);
    BOOST_CHECK_EXCEPTION(coroutine.close(), cede::RuntimeError, with_text("ignored GeneratorExit"));
    BOOST_CHECK_THROW(coroutine.send(), cede::GeneratorExit);  // it goes on unwinding
    BOOST_TEST(cleaned);
}

BOOST_AUTO_TEST_CASE(a_destructor_that_unwinds_may_run_coroutines_that_throw_and_catch) {
    std::vector<std::string> trace;
    Coroutine<void> coroutine([&] {
        try {
            const AtExitDo at_exit([&] {
                Coroutine<void> by_hand([&] {
                    bare_yield();
                    throw std::runtime_error("inside");
                });
                by_hand.send();
                bare_yield();
                try {
                    by_hand.send();
                } catch (const std::runtime_error& error) {
                    trace.push_back(error.what());
                }
            });
            throw std::domain_error("unwinds");
        } catch (const std::domain_error& error) {
            trace.push_back(error.what());
        }
    });
    coroutine.send();
    BOOST_CHECK_THROW(coroutine.send(), StopIteration<>);
    BOOST_CHECK((trace == std::vector<std::string>{"inside", "unwinds"}));
}

BOOST_AUTO_TEST_SUITE_END()
