// Coroutines that outlive what they run on: the end of a thread, of main, and of the pool itself.
#include <boost/test/unit_test.hpp>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

#include "cede/coroutine/generator.hpp"
#include "cede/fiber/stack_pool.hpp"
#include "support/child_process.hpp"

using cede::tests::ChildResult;
using cede::tests::run_in_child;
using Ints = cede::Generator<int>;

namespace {

struct SaysWhenDestroyed {
    const char* text;
    ~SaysWhenDestroyed() { std::fprintf(stderr, "%s\n", text); }
};

Ints suspended(const char* text) {
    Ints generator([text](cede::Yield<int>& yield) {
        const SaysWhenDestroyed guard{text};
        for (int i = 0;; ++i) yield(i);
    });
    generator.next();
    return generator;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(lifetime)

// The thread's variables, the pool among them, go before the statics do.
BOOST_AUTO_TEST_CASE(a_suspended_generator_in_a_static_variable_is_closed_at_exit) {
    const ChildResult child = run_in_child([] {
        static Ints generator = suspended("cleaned up");
        std::exit(5);
    });
    BOOST_TEST(child.exited_with(5), child);
    BOOST_TEST(child.err == "cleaned up\n");
}

BOOST_AUTO_TEST_CASE(its_clean_up_may_not_start_another_one_but_may_catch_that) {
    const ChildResult child = run_in_child([] {
        struct StartsAnother {
            ~StartsAnother() {
                try {
                    suspended("never").next();
                    std::fprintf(stderr, "started\n");
                } catch (const std::bad_alloc&) {
                    std::fprintf(stderr, "refused\n");
                }
            }
        };
        static Ints generator([](cede::Yield<int>& yield) {
            const StartsAnother starts;
            yield(1);
        });
        generator.next();
        std::exit(0);
    });
    BOOST_TEST(child.exited_with(0), child);
    BOOST_TEST(child.said("refused"), child);
}

BOOST_AUTO_TEST_CASE(a_suspended_generator_in_a_thread_local_is_closed_with_its_thread) {
    const ChildResult child = run_in_child([] {
        std::thread([] {
            // Made before the thread's first fiber, so destroyed after the stack pool.
            static thread_local std::vector<Ints> generators;
            generators.push_back(suspended("first"));
            generators.push_back(suspended("second"));
        }).join();
        std::thread([] {
            suspended("warm up");
            static thread_local Ints generator = suspended("before the pool");
        }).join();
        std::exit(0);
    });
    BOOST_TEST(child.exited_with(0), child);
    BOOST_TEST(child.err == "first\nsecond\nwarm up\nbefore the pool\n");
}

BOOST_AUTO_TEST_CASE(exit_inside_a_body_leaves_the_running_generator_alone) {
    const ChildResult child = run_in_child([] {
        static Ints generator([](cede::Yield<int>&) { std::exit(6); });
        generator.next();
    });
    BOOST_TEST(child.exited_with(6), child);
    BOOST_TEST(child.said("destroyed that cannot be unwound: it is running"), child);
}

BOOST_AUTO_TEST_CASE(a_generator_that_nobody_destroys_keeps_its_stack_after_its_thread) {
    static Ints* kept = nullptr;  // reachable, so no leak to LeakSanitizer
    std::thread([] { kept = new Ints(suspended("never said")); }).join();
    BOOST_CHECK(kept->state() == cede::CoroutineState::suspended);
    BOOST_TEST(cede::StackPool::figures().mappings < 1000U);
}

BOOST_AUTO_TEST_CASE(threads_that_come_and_go_return_their_stacks) {
    for (int i = 0; i < 50; ++i) {
        std::thread([] {
            std::vector<Ints> generators;
            for (int n = 0; n < 20; ++n) {
                generators.emplace_back([](cede::Yield<int>& yield) { yield(1); });
                generators.back().next();
            }
        }).join();
    }
    BOOST_TEST(true);
}

BOOST_AUTO_TEST_CASE(fibers_run_on_several_threads_at_once) {
    std::vector<std::thread> threads;
    std::vector<int> sums(4, 0);
    for (std::size_t t = 0; t < sums.size(); ++t) {
        threads.emplace_back([&sums, t] {
            std::vector<Ints> generators;
            for (int n = 0; n < 50; ++n) {
                generators.emplace_back([n](cede::Yield<int>& yield) {
                    try {
                        throw n;
                    } catch (int thrown) {
                        for (int i = 0; i < 20; ++i) yield(thrown);
                    }
                });
            }
            for (int i = 0; i < 20; ++i) {
                for (auto& generator : generators) sums[t] += generator.next();
            }
        });
    }
    for (auto& thread : threads) thread.join();
    for (int sum : sums) BOOST_TEST(sum == 20 * (49 * 50 / 2));
}

BOOST_AUTO_TEST_SUITE_END()
