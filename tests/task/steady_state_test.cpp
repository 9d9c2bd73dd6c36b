// No allocation in the steady state. What cannot be counted in this build (under a sanitizer) is run all the same.
#include <boost/test/unit_test.hpp>

#include "cede/cede.hpp"
#include "cede/testing/testing.hpp"
#include "support/allocation_counter.hpp"

using namespace cede;
using namespace std::chrono_literals;
using tests::AllocationCounter;

namespace {

// The allocations of the second of two equal rounds of `round`, the first of which fills pools and tables.
template <class F>
std::size_t allocations_of(F round) {
    round();
    const AllocationCounter counter;
    round();
    return counter.count();
}

void say_when_not_counted() {
    if (!AllocationCounter::available()) BOOST_TEST_MESSAGE("allocations are not counted in this build");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(steady_state)

BOOST_AUTO_TEST_CASE(the_counter_sees_what_allocates) {
    if (AllocationCounter::available()) {
        BOOST_TEST(allocations_of([] { ::operator delete(::operator new(1)); }) == 1u);
    } else {
        say_when_not_counted();
    }
}

BOOST_AUTO_TEST_CASE(the_steps_of_two_tasks) {
    say_when_not_counted();
    testing::run([] {
        const auto spin = [] {
            for (;;) await(sleep(0s));
        };
        const auto a = create_task(spin), b = create_task(spin);
        BOOST_TEST(allocations_of([] {
                       for (int i = 0; i < 1000; ++i) await(sleep(0s));
                   }) == 0u);
        a.cancel();
        b.cancel();
    });
}

BOOST_AUTO_TEST_CASE(sleeping) {
    testing::run([] {
        BOOST_TEST(allocations_of([] {
                       for (int i = 0; i < 1000; ++i) await(sleep(1ms));
                   }) == 0u);
    });
}

BOOST_AUTO_TEST_CASE(futures_that_two_tasks_wake_each_other_by) {
    testing::run([] {
        Future<int> ping, pong;
        const auto other = create_task([&] {
            for (;;) {
                await(ping);
                ping = Future<int>();
                pong.set_result(2);
            }
        });
        BOOST_TEST(allocations_of([&] {
                       for (int i = 0; i < 1000; ++i) {
                           ping.set_result(1);
                           await(pong);
                           pong = Future<int>();
                       }
                   }) == 0u);
        other.cancel();
    });
}

BOOST_AUTO_TEST_CASE(callbacks_with_small_closures) {
    testing::run([] {
        EventLoop& loop = get_running_loop();
        int calls = 0;
        BOOST_TEST(allocations_of([&] {
                       for (int i = 0; i < 1000; ++i) {
                           loop.call_soon([&calls, i] { calls += i; });
                           loop.call_later(1ms, [&calls, i] { calls -= i; });
                           loop.call_later(1h, [] {}).cancel();
                           await(sleep(1ms));
                       }
                   }) == 0u);
        BOOST_TEST(calls == 0);
    });
}

BOOST_AUTO_TEST_CASE(tasks_with_small_closures) {
    testing::run([] {
        int sum = 0;
        BOOST_TEST(allocations_of([&] {
                       for (int i = 0; i < 1000; ++i) {
                           sum += await(create_task([i] { return i; }));
                           sum -= await(create_task([i] {
                               await(sleep(0s));
                               return i;
                           }));
                       }
                   }) == 0u);
        BOOST_TEST(sum == 0);
    });
}

BOOST_AUTO_TEST_CASE(coroutines_awaited_in_place) {
    testing::run([] {
        const auto twice = [](int v) -> Coroutine<int> { return [v] { return 2 * v; }; };
        int sum = 0;
        BOOST_TEST(allocations_of([&] {
                       for (int i = 0; i < 1000; ++i) sum += await(twice(i));
                   }) == 0u);
        BOOST_TEST(sum == 2 * 999000);
    });
}

BOOST_AUTO_TEST_CASE(timeouts_that_do_not_expire) {
    testing::run([] {
        BOOST_TEST(allocations_of([&] {
                       for (int i = 0; i < 1000; ++i) timeout(1s, [] { await(sleep(1ms)); });
                   }) == 0u);
    });
}

BOOST_AUTO_TEST_CASE(done_callbacks) {
    testing::run([] {
        int calls = 0;
        BOOST_TEST(allocations_of([&] {
                       for (int i = 0; i < 1000; ++i) {
                           const Future<void> future;
                           future.add_done_callback([&] { ++calls; });
                           future.set_result();
                           await(sleep(0s));
                       }
                   }) == 0u);
        BOOST_TEST(calls == 2000);
    });
}

BOOST_AUTO_TEST_CASE(all_of_it_where_a_context_variable_is_set) {
    testing::run([] {
        const ContextVar<int> variable("variable");
        variable.set(1);
        EventLoop& loop = get_running_loop();
        BOOST_TEST(allocations_of([&] {
                       for (int i = 0; i < 1000; ++i) {
                           await(sleep(1ms));
                           loop.call_soon([] {});
                           await(create_task([] {}));
                       }
                   }) == 0u);
    });
}

BOOST_AUTO_TEST_SUITE_END()
