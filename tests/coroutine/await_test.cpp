// await(coroutine): in place, delegated to, at any depth. Driven by hand; tests/task has the same inside a loop.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/context_data.hpp"
#include "base/thread_state.hpp"
#include "cede/base/context.hpp"
#include "cede/coroutine/coroutine.hpp"
#include "cede/coroutine/generator.hpp"
#include "cede/fiber/stack_pool.hpp"
#include "coroutine/fixtures.hpp"
#include "support/allocation_counter.hpp"
#include "support/instrumentation.hpp"

using cede::await;
using cede::Coroutine;
using cede::CoroutineState;
using cede::GeneratorExit;
using cede::StopIteration;
using cede::tests::AllocationCounter;
using cede::tests::AtExit;
using cede::tests::Reports;
using cede::tests::with_text;

namespace {

const std::string long_text(100, 'x');

void bare_yield() {
    cede::detail::suspend_coroutine(nullptr);
}

// Drives a coroutine to its end; returns how often it yielded.
template <class R>
int drive(Coroutine<R>& coroutine) {
    for (int yields = 0;; ++yields) {
        try {
            coroutine.send();
        } catch (const StopIteration<R>&) {
            return yields;
        }
    }
}

Coroutine<int> chain(int depth) {
    return [depth] {
        if (depth == 0) {
            bare_yield();
            return 0;
        }
        return await(chain(depth - 1)) + 1;
    };
}

}  // namespace

BOOST_AUTO_TEST_SUITE(awaiting)

BOOST_AUTO_TEST_CASE(CORO_018_a_chain_of_awaits_runs_on_one_stack) {
    auto outer = chain(100);
    const std::size_t before = cede::StackPool::figures().in_use;
    outer.send();
    BOOST_TEST(cede::StackPool::figures().in_use == before + 1);
    BOOST_CHECK_EXCEPTION(outer.send(), StopIteration<int>, [](const StopIteration<int>& s) { return s.value == 100; });
}

BOOST_AUTO_TEST_CASE(ten_thousand_awaits_may_be_nested) {
    // On the thread's own stack of 8 MiB, since nothing cedes.
    struct Deep {
        static Coroutine<int> at(int depth) {
            return [depth] { return depth == 0 ? 0 : await(at(depth - 1)) + 1; };
        }
    };
    const int depth = cede::tests::scaled(10000, 2000);
    BOOST_TEST(await(Deep::at(depth)) == depth);
}

BOOST_AUTO_TEST_CASE(awaiting_in_place_neither_allocates_nor_takes_a_stack) {
    struct Closure64 {
        char bytes[60];
        int value;
        int operator()() const { return value; }
    };
    static_assert(sizeof(Closure64) == 64, "");
    const auto function = [](int value) {
        Closure64 body{};
        body.value = value;
        return Coroutine<int>(body);
    };
    await(function(0));
    const cede::detail::Frame* const frame = cede::detail::thread_state.frame;
    const cede::Fiber* const fiber = &cede::Fiber::current();
    const auto stacks = cede::StackPool::figures();
    const AllocationCounter counter;
    int sum = 0;
    for (int i = 0; i < 100; ++i) sum += await(function(i));
    const std::size_t allocations = counter.count();
    if (AllocationCounter::available()) BOOST_TEST(allocations == 0);
    BOOST_TEST(sum == 4950);
    BOOST_TEST((cede::detail::thread_state.frame == frame && &cede::Fiber::current() == fiber));
    BOOST_TEST(cede::StackPool::figures().in_use == stacks.in_use);
    BOOST_TEST(cede::StackPool::figures().mappings == stacks.mappings);
    const cede::Fiber* inside = nullptr;
    await(Coroutine<void>([&] { inside = &cede::Fiber::current(); }));
    BOOST_TEST(inside == fiber);
}

BOOST_AUTO_TEST_CASE(driving_one_again_and_again_does_not_allocate) {
    const auto once = [] {
        Coroutine<void> coroutine([] { bare_yield(); });
        coroutine.send();
        coroutine.close();  // ends by an exception, which libstdc++ does not take from operator new
    };
    once();
    const AllocationCounter counter;
    for (int i = 0; i < 100; ++i) once();
    const std::size_t allocations = counter.count();
    if (AllocationCounter::available()) BOOST_TEST(allocations == 0);
}

BOOST_AUTO_TEST_CASE(it_works_below_code_that_knows_nothing_of_it) {
    std::vector<int> numbers{3, 1, 2};
    int comparisons = 0;
    Coroutine<void> sorts([&] {
        std::sort(numbers.begin(), numbers.end(), [&](int a, int b) {
            ++comparisons;
            bare_yield();
            return a < b;
        });
    });
    BOOST_TEST(drive(sorts) == comparisons);
    BOOST_CHECK((numbers == std::vector<int>{1, 2, 3}));
    Coroutine<void> c_library([&] {
        std::qsort(numbers.data(), numbers.size(), sizeof(int), [](const void* a, const void* b) {
            bare_yield();
            return *static_cast<const int*>(b) - *static_cast<const int*>(a);
        });
    });
    BOOST_TEST(drive(c_library) > 0);
    BOOST_CHECK((numbers == std::vector<int>{3, 2, 1}));
}

BOOST_AUTO_TEST_CASE(CORO_020_close_starts_in_the_innermost_frame) {
    std::string trace;
    Coroutine<void> outer([&] {
        const AtExit<std::function<void()>> at_exit([&] { trace += "outer "; });
        await(Coroutine<void>([&] {
            const AtExit<std::function<void()>> inner([&] { trace += "inner "; });
            bare_yield();
        }));
    });
    outer.send();
    outer.close();
    BOOST_TEST(trace == "inner outer ");
}

BOOST_AUTO_TEST_CASE(a_started_coroutine_is_delegated_to) {
    std::string trace;
    Coroutine<int> inner([&] {
        for (;;) {
            try {
                bare_yield();
                return 5;
            } catch (const std::domain_error&) {
                trace += "caught ";
            }
        }
    });
    inner.send();
    Coroutine<int> outer([&] { return await(inner) + 1; });
    // As `await` of a started coroutine in Python, this resumes it first; it returns at once.
    BOOST_CHECK_EXCEPTION(outer.send(), StopIteration<int>, [](const StopIteration<int>& s) { return s.value == 6; });
    BOOST_CHECK_THROW(inner.send(), cede::RuntimeError);
}

BOOST_AUTO_TEST_CASE(CORO_019_sends_and_throws_reach_the_coroutine_delegated_to) {
    std::string trace;
    Coroutine<int> inner([&] {
        bare_yield();
        for (int i = 0;; ++i) {
            try {
                trace += "wait ";
                bare_yield();
                if (i == 2) return 5;
            } catch (const std::domain_error&) {
                trace += "caught ";
            }
        }
    });
    inner.send();
    Coroutine<int> outer([&] { return await(inner) + 1; });
    outer.send();
    outer.throw_(std::domain_error("x"));
    outer.send();
    BOOST_CHECK_EXCEPTION(outer.send(), StopIteration<int>, [](const StopIteration<int>& s) { return s.value == 6; });
    BOOST_TEST(trace == "wait caught wait wait ");
}

BOOST_AUTO_TEST_CASE(close_reaches_the_coroutine_delegated_to_first) {
    std::string trace;
    Coroutine<void> inner([&] {
        const AtExit<std::function<void()>> at_exit([&] { trace += "inner "; });
        bare_yield();
        bare_yield();
    });
    inner.send();
    Coroutine<void> outer([&] {
        const AtExit<std::function<void()>> at_exit([&] { trace += "outer "; });
        await(inner);
    });
    outer.send();
    outer.close();
    BOOST_TEST(trace == "inner outer ");
    BOOST_CHECK(inner.state() == CoroutineState::closed);
}

BOOST_AUTO_TEST_CASE(what_a_coroutine_delegated_to_throws_is_raised_in_the_awaiting_one) {
    Coroutine<int> inner([]() -> int {
        bare_yield();
        throw 42;
    });
    inner.send();
    Coroutine<int> outer([&] {
        try {
            return await(inner);
        } catch (int thrown) {
            return thrown + 1;
        }
    });
    BOOST_CHECK_EXCEPTION(outer.send(), StopIteration<int>, [](const StopIteration<int>& s) { return s.value == 43; });
}

BOOST_AUTO_TEST_CASE(two_cannot_await_the_same_coroutine) {
    Coroutine<void> inner([] {
        bare_yield();
        bare_yield();
    });
    Coroutine<void> first([&] { await(inner); });
    Coroutine<void> second([&] { await(inner); });
    first.send();  // inner runs in place, on first's stack
    BOOST_CHECK_EXCEPTION(second.send(), cede::RuntimeError, with_text("being awaited already"));
    first.send();
    BOOST_CHECK_THROW(first.send(), StopIteration<>);

    Coroutine<void> started([] {
        for (int i = 0; i < 3; ++i) bare_yield();
    });
    started.send();
    Coroutine<void> third([&] { await(started); });
    Coroutine<void> fourth([&] { await(started); });
    third.send();  // delegated to
    BOOST_CHECK_EXCEPTION(fourth.send(), cede::RuntimeError, with_text("being awaited already"));
    third.send();
    BOOST_CHECK_THROW(third.send(), StopIteration<>);
}

BOOST_AUTO_TEST_CASE(an_await_in_a_generator_s_body_cedes_for_whoever_drives_the_generator) {
    std::string trace;
    Coroutine<void> coroutine([&] {
        cede::Generator<int> generator([&](cede::Yield<int>& yield) {
            for (int i = 0; i < 3; ++i) {
                bare_yield();
                trace += "g ";
                yield(i);
            }
        });
        for (int value : generator) trace += std::to_string(value) + " ";
    });
    BOOST_TEST(drive(coroutine) == 3);
    BOOST_TEST(trace == "g 0 g 1 g 2 ");
}

BOOST_AUTO_TEST_CASE(a_generator_may_be_handed_from_one_coroutine_to_another) {
    cede::Generator<int> generator([&](cede::Yield<int>& yield) {
        for (int i = 0;; ++i) {
            bare_yield();
            yield(i);
        }
    });
    std::vector<int> seen;
    const auto taker = [&] { seen.push_back(generator.next()); };
    Coroutine<void> first(taker);
    Coroutine<void> second(taker);
    first.send();
    BOOST_CHECK_THROW(second.send(), std::invalid_argument);  // it awaits for first
    BOOST_CHECK_THROW(first.send(), StopIteration<>);
    Coroutine<void> third(taker);
    third.send();
    BOOST_CHECK_THROW(third.send(), StopIteration<>);
    BOOST_CHECK((seen == std::vector<int>{0, 1}));
}

BOOST_AUTO_TEST_CASE(a_generator_may_drive_a_coroutine) {
    cede::Generator<int> generator([](cede::Yield<int>& yield) {
        Coroutine<int> coroutine([] {
            bare_yield();
            bare_yield();
            return 9;
        });
        for (int i = 1;; ++i) {
            try {
                coroutine.send();
            } catch (const StopIteration<int>& stop) {
                yield(stop.value);
                return;
            }
            yield(i);
        }
    });
    std::vector<int> seen;
    for (int value : generator) seen.push_back(value);
    BOOST_CHECK((seen == std::vector<int>{1, 2, 9}));
}

BOOST_AUTO_TEST_CASE(close_unwinds_a_generator_that_awaits_and_the_coroutine_below_it) {
    std::string trace;
    Coroutine<void> coroutine([&] {
        const AtExit<std::function<void()>> outer([&] { trace += "coroutine "; });
        cede::Generator<int> generator([&](cede::Yield<int>&) {
            const AtExit<std::function<void()>> inner([&] { trace += "generator "; });
            bare_yield();
        });
        generator.next();
    });
    coroutine.send();
    coroutine.close();
    BOOST_TEST(trace == "generator coroutine ");
}

BOOST_AUTO_TEST_CASE(CORO_027_catch_blocks_may_await) {
    std::vector<std::string> seen;
    const auto body = [&seen](std::string name) {
        return [&seen, name] {
            try {
                try {
                    throw std::runtime_error(name);
                } catch (const std::exception&) {
                    bare_yield();
                    await(Coroutine<void>([] {
                        try {
                            throw std::domain_error("inner");
                        } catch (const std::exception&) {
                            bare_yield();
                        }
                    }));
                    throw;
                }
            } catch (const std::exception& error) {
                seen.push_back(error.what());
            }
        };
    };
    Coroutine<void> a(body("a"));
    Coroutine<void> b(body("b"));
    a.send();
    b.send();
    b.send();
    a.send();
    BOOST_CHECK_THROW(a.send(), StopIteration<>);
    BOOST_CHECK_THROW(b.send(), StopIteration<>);
    BOOST_CHECK((seen == std::vector<std::string>{"a", "b"}));
}

BOOST_AUTO_TEST_CASE(it_may_be_left_and_continued_inside_a_context) {
    const auto current = [] { return cede::detail::current_context_slot().get(); };
    const cede::Context first;
    const cede::Context second;
    const auto* outside = current();
    const auto in_context = [&](const cede::Context& context) {
        return Coroutine<void>([&] {
            context.run([&] {
                for (int i = 0; i < 3; ++i) {
                    BOOST_CHECK(current() == context.data().get());
                    bare_yield();
                }
            });
            BOOST_CHECK(current() != context.data().get());
        });
    };
    auto one = in_context(first);
    auto two = in_context(second);
    for (int i = 0; i < 3; ++i) {
        one.send();
        BOOST_CHECK(current() == outside);
        two.send();
        BOOST_CHECK(current() == outside);
    }
    // Ended in another order than begun, from within a third.
    const cede::Context third;
    third.run([&] {
        BOOST_CHECK_THROW(one.send(), StopIteration<>);
        BOOST_CHECK(current() == third.data().get());
    });
    BOOST_CHECK(current() == outside);
    two.close();
    BOOST_CHECK(current() == outside);
    first.run([] {});  // it is not entered any more
    second.run([] {});
}

BOOST_AUTO_TEST_CASE(a_generator_that_awaits_stays_in_the_context_it_is_driven_in) {
    const auto current = [] { return cede::detail::current_context_slot().get(); };
    const cede::Context first;
    const cede::Context second;
    const cede::Context inner;
    std::vector<const void*> seen;
    Coroutine<void> coroutine([&] {
        cede::Generator<int> generator([&](cede::Yield<int>& yield) {
            seen.push_back(current());
            bare_yield();
            seen.push_back(current());
            yield(1);
            bare_yield();
            seen.push_back(current());
        });
        inner.run([&] { generator.next(); });
        seen.push_back(current());
        generator.try_next();
        seen.push_back(current());
    });
    // Each step by another driver: what is not inside inner.run() is in the driver's context.
    first.run([&] { coroutine.send(); });
    second.run([&] { coroutine.send(); });
    const cede::Context third;
    third.run([&] { BOOST_CHECK_THROW(coroutine.send(), StopIteration<>); });
    const std::vector<const void*> expected{inner.data().get(), inner.data().get(), second.data().get(),
                                            third.data().get(), third.data().get()};
    BOOST_CHECK(seen == expected);
}

BOOST_AUTO_TEST_CASE(debug_mode_reports_one_that_was_never_awaited) {
    const Reports reports;
    cede::detail::thread_state.debug = true;
    { Coroutine<int> forgotten([] { return 1; }); }
    { Coroutine<int> with_a_name = Coroutine<int>([] { return 1; }).named("fetch"); }
    { await(Coroutine<int>([] { return 1; })); }
    {
        Coroutine<int> closed([] { return 1; });
        closed.close();
        Coroutine<int> driven([] { return 1; });
        BOOST_CHECK_THROW(driven.send(), StopIteration<int>);
        Coroutine<int> moved([] { return 1; });
        Coroutine<int> target = std::move(moved);
        await(target);
    }
    cede::detail::thread_state.debug = false;
    { Coroutine<int> quiet([] { return 1; }); }
    BOOST_REQUIRE(Reports::lines().size() == 2U);
    // The type of the body names the function it was written in.
    BOOST_TEST(Reports::lines()[0].find("debug_mode_reports_one_that_was_never_awaited") != std::string::npos);
    BOOST_TEST(Reports::lines()[1] ==
               "coroutine 'fetch' was never awaited: await it, or make it a task by create_task()");
}

BOOST_AUTO_TEST_CASE(a_body_may_move_its_own_handle_while_it_is_awaited) {
    std::vector<Coroutine<std::string>> coroutines;
    coroutines.push_back([&coroutines, captured = long_text] {
        for (int i = 0; i < 100; ++i) coroutines.push_back([] { return std::string(); });
        bare_yield();
        BOOST_CHECK(coroutines[0].state() == CoroutineState::running);
        BOOST_CHECK_EXCEPTION(await(coroutines[0]), cede::RuntimeError, with_text("is being awaited already"));
        BOOST_CHECK_EXCEPTION(coroutines[0].send(), std::invalid_argument, with_text("already executing"));
        BOOST_CHECK_EXCEPTION(coroutines[0].close(), std::invalid_argument, with_text("already executing"));
        return captured;
    });
    Coroutine<> outer([&] { BOOST_TEST(await(coroutines[0]) == long_text); });
    BOOST_TEST(drive(outer) == 1);
    BOOST_CHECK_EXCEPTION(await(coroutines[0]), cede::RuntimeError, with_text("cannot reuse already awaited coroutine"));
}

BOOST_AUTO_TEST_CASE(a_body_may_destroy_its_own_handle_while_it_is_awaited) {
    std::unique_ptr<Coroutine<std::string>> handle;
    handle = std::make_unique<Coroutine<std::string>>([&handle, captured = long_text] {
        handle = nullptr;
        bare_yield();
        return captured;
    });
    Coroutine<> outer([&] { BOOST_TEST(await(*handle) == long_text); });
    BOOST_TEST(drive(outer) == 1);
    Coroutine<std::string> reused([&reused, captured = long_text] {
        reused = Coroutine<std::string>([] { return std::string("second"); });
        bare_yield();
        BOOST_CHECK(reused.state() == CoroutineState::created);
        return captured;
    });
    Coroutine<> twice([&] {
        BOOST_TEST(await(reused) == long_text);
        BOOST_TEST(await(reused) == "second");
    });
    BOOST_TEST(drive(twice) == 1);
}

BOOST_AUTO_TEST_SUITE_END()
