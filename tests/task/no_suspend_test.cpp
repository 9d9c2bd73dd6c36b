#include <boost/test/unit_test.hpp>

#include "cede/coroutine/generator.hpp"
#include "cede/coroutine/no_suspend.hpp"
#include "cede/sync/queue.hpp"
#include "support/awaiting.hpp"
#include "support/captured.hpp"

using namespace cede;
using namespace cede::tests;

namespace {

// A C library that calls back in its middle.
template <class F>
void old_library(F callback) {
    const NoSuspend guard("libold");
    callback();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(no_suspend)

BOOST_AUTO_TEST_CASE(an_await_below_a_library_names_it) {
    testing::run([] {
        const std::string text = message_of<RuntimeError>([] { old_library([] { await(sleep(1s)); }); });
        BOOST_TEST(contains(text, "await below libold"));
        BOOST_CHECK_THROW(old_library([] { turn(); }), RuntimeError);
        await(sleep(1s));  // and after it all is well
    });
}

BOOST_AUTO_TEST_CASE(what_does_not_cede_may_be_awaited) {
    testing::run([] {
        const Queue<int> queue;
        queue.put_nowait(1);
        old_library([&] { BOOST_TEST(await(queue.get()) == 1); });
    });
}

BOOST_AUTO_TEST_CASE(the_innermost_library_is_named) {
    testing::run([] {
        const std::string text = message_of<RuntimeError>([] {
            const NoSuspend guard("libouter");
            old_library([] { turn(); });
        });
        BOOST_TEST(contains(text, "libold"));
        BOOST_TEST(contains(message_of<RuntimeError>([] {
            const NoSuspend guard("libouter");
            old_library([] {});
            turn();
        }), "libouter"));
    });
}

BOOST_AUTO_TEST_CASE(other_tasks_are_not_affected) {
    testing::run([] {
        int turns = 0;
        auto other = create_task([&] {
            for (int i = 0; i < 3; ++i) {
                turn();
                ++turns;
            }
        });
        settle();
        old_library([] { BOOST_CHECK_THROW(turn(), RuntimeError); });
        await(other);
        BOOST_TEST(turns == 3);
    });
}

BOOST_AUTO_TEST_CASE(a_loop_may_run_above_it) {
    old_library([] {
        testing::run([] {
            await(sleep(1s));
            BOOST_CHECK_THROW(old_library([] { turn(); }), RuntimeError);
        });
    });
}

BOOST_AUTO_TEST_CASE(generators_and_coroutines_driven_above_it_may_yield) {
    testing::run([] {
        old_library([] {
            Generator<int> numbers([](Yield<int>& yield) {
                yield(1);
                yield(2);
            });
            BOOST_TEST(numbers.next() == 1);
            BOOST_TEST(numbers.next() == 2);
            Coroutine<int> coroutine([] {
                turn();
                return 3;
            });
            BOOST_TEST(!coroutine.send());
            BOOST_CHECK_THROW(coroutine.send(), StopIteration<int>);
            // But not an await of the task's from within them.
            Generator<int> awaits([](Yield<int>& yield) {
                turn();
                yield(1);
            });
            BOOST_CHECK_THROW(awaits.next(), RuntimeError);
        });
    });
    // Nor a yield from below a library of its own.
    Generator<int> yields_below([](Yield<int>& yield) { old_library([&] { yield(1); }); });
    BOOST_CHECK_THROW(yields_below.next(), RuntimeError);
}

BOOST_AUTO_TEST_SUITE_END()
