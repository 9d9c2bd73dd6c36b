// Coroutines driven by hand: send, throw_, close, destruction. A bare yield stands for an await.
#include <boost/test/unit_test.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include "cede/coroutine/coroutine.hpp"
#include "coroutine/fixtures.hpp"

using cede::await;
using cede::Coroutine;
using cede::CoroutineState;
using cede::StopIteration;
using cede::tests::Reports;
using cede::tests::with_text;

namespace {

// What sleep(0) does, without a loop.
void bare_yield() {
    cede::detail::suspend_coroutine(nullptr);
}

Coroutine<int> returns(int value) {
    return [value] { return value; };
}
Coroutine<int> yields_then_returns(int value) {
    return [value] {
        bare_yield();
        return value;
    };
}

}  // namespace

BOOST_AUTO_TEST_SUITE(coroutine)

BOOST_AUTO_TEST_CASE(it_is_lazy) {
    bool ran = false;
    Coroutine<void> coroutine([&] { ran = true; });
    BOOST_TEST(!ran);
    BOOST_CHECK_THROW(coroutine.send(), StopIteration<>);
    BOOST_TEST(ran);
}

BOOST_AUTO_TEST_CASE(CORO_002_its_return_value_comes_by_StopIteration) {
    auto coroutine = yields_then_returns(7);
    BOOST_TEST(!coroutine.send());  // a bare yield is an empty future
    BOOST_CHECK_EXCEPTION(coroutine.send(), StopIteration<int>, [](const StopIteration<int>& s) { return s.value == 7; });
    Coroutine<int> by_throw([] {
        try {
            bare_yield();
        } catch (const std::domain_error&) {
        }
        return 8;
    });
    by_throw.send();
    BOOST_CHECK_EXCEPTION(by_throw.throw_(std::domain_error("x")), StopIteration<int>,
                          [](const StopIteration<int>& s) { return s.value == 8; });
}

BOOST_AUTO_TEST_CASE(CORO_003_a_StopIteration_is_returned_as_it_is) {
    using Stop = StopIteration<int>;
    Coroutine<Stop> coroutine([] { return Stop(5); });
    BOOST_CHECK_EXCEPTION(coroutine.send(), StopIteration<Stop>, [](const StopIteration<Stop>& s) { return s.value.value == 5; });
    Coroutine<Stop> awaited([] { return Stop(6); });
    BOOST_TEST(await(awaited).value == 6);
}

BOOST_AUTO_TEST_CASE(CORO_004_a_StopIteration_that_escapes_is_a_RuntimeError_with_that_cause) {
    const auto escapes = [] {
        return Coroutine<void>([] { returns(1).send(); });
    };
    const auto check = [](const cede::RuntimeError& error) {
        try {
            std::rethrow_exception(error.cause());
        } catch (const StopIteration<int>& stop) {
            return stop.value == 1 && error.what() == std::string("coroutine raised StopIteration");
        }
    };
    BOOST_CHECK_EXCEPTION(escapes().send(), cede::RuntimeError, check);
    BOOST_CHECK_EXCEPTION(await(escapes()), cede::RuntimeError, check);
}

BOOST_AUTO_TEST_CASE(CORO_005_throw_is_raised_where_it_waits) {
    Coroutine<void> coroutine([] {
        try {
            bare_yield();
        } catch (const std::domain_error&) {
            bare_yield();
        }
    });
    coroutine.send();
    BOOST_TEST(!coroutine.throw_(std::domain_error("x")));
    BOOST_CHECK(coroutine.state() == CoroutineState::suspended);
    BOOST_CHECK_THROW(coroutine.send(), StopIteration<>);
}

BOOST_AUTO_TEST_CASE(CORO_006_what_it_does_not_catch_comes_out_and_finishes_it) {
    bool unwound = false;
    Coroutine<void> coroutine([&] {
        const auto guard = std::shared_ptr<void>(nullptr, [&](void*) { unwound = true; });
        bare_yield();
    });
    coroutine.send();
    BOOST_CHECK_THROW(coroutine.throw_(42), int);
    BOOST_TEST(unwound);
    BOOST_CHECK(coroutine.state() == CoroutineState::closed);
}

BOOST_AUTO_TEST_CASE(CORO_007_throw_on_a_finished_one_is_a_RuntimeError) {
    auto coroutine = returns(1);
    BOOST_CHECK_THROW(coroutine.send(), StopIteration<int>);
    BOOST_CHECK_EXCEPTION(coroutine.throw_(std::domain_error("x")), cede::RuntimeError,
                          with_text("cannot reuse already awaited coroutine"));
}

BOOST_AUTO_TEST_CASE(CORO_008_a_finished_one_cannot_be_used_again) {
    const auto reused = with_text("cannot reuse already awaited coroutine");
    auto sent = returns(1);
    BOOST_CHECK_THROW(sent.send(), StopIteration<int>);
    BOOST_CHECK_EXCEPTION(sent.send(), cede::RuntimeError, reused);
    BOOST_CHECK_EXCEPTION(await(sent), cede::RuntimeError, reused);
    auto awaited = returns(2);
    BOOST_TEST(await(awaited) == 2);
    BOOST_CHECK_EXCEPTION(await(awaited), cede::RuntimeError, reused);
    BOOST_CHECK_EXCEPTION(awaited.send(), cede::RuntimeError, reused);
    auto failed = Coroutine<int>([]() -> int { throw std::domain_error("x"); });
    BOOST_CHECK_THROW(await(failed), std::domain_error);
    BOOST_CHECK_EXCEPTION(await(failed), cede::RuntimeError, reused);
    auto closed = returns(3);
    closed.close();
    BOOST_CHECK_EXCEPTION(await(closed), cede::RuntimeError, reused);
    auto moved = returns(4);
    const auto taken = std::move(moved);
    BOOST_CHECK_EXCEPTION(moved.send(), cede::RuntimeError, reused);
    BOOST_CHECK(taken.state() == CoroutineState::created);
}

BOOST_AUTO_TEST_CASE(throw_on_an_unstarted_one_finishes_it_without_running_it) {
    bool ran = false;
    Coroutine<void> coroutine([&] { ran = true; });
    BOOST_CHECK_THROW(coroutine.throw_(std::domain_error("x")), std::domain_error);
    BOOST_CHECK(coroutine.state() == CoroutineState::closed);
    BOOST_CHECK_THROW(coroutine.send(), cede::RuntimeError);
    BOOST_TEST(!ran);
}

BOOST_AUTO_TEST_CASE(throw_needs_an_exception) {
    auto coroutine = yields_then_returns(1);
    coroutine.send();
    BOOST_CHECK_THROW(coroutine.throw_(std::exception_ptr()), std::invalid_argument);
    BOOST_CHECK_THROW(coroutine.send(), StopIteration<int>);
}

BOOST_AUTO_TEST_CASE(CORO_009_and_010_close_unwinds_it_once) {
    int cleaned = 0;
    Coroutine<void> coroutine([&] {
        const auto guard = std::shared_ptr<void>(nullptr, [&](void*) { ++cleaned; });
        bare_yield();
    });
    coroutine.send();
    coroutine.close();
    BOOST_TEST(cleaned == 1);
    coroutine.close();
    BOOST_TEST(cleaned == 1);
    BOOST_CHECK(coroutine.state() == CoroutineState::closed);
}

BOOST_AUTO_TEST_CASE(close_on_an_unstarted_one_frees_what_it_captured) {
    const auto held = std::make_shared<int>(1);
    Coroutine<void> coroutine([held] {});
    coroutine.close();
    BOOST_TEST(held.use_count() == 1);
}

// As in asyncio, where each coroutine that is awaited is closed before the one that awaits it: what one swallows reaches the next.
BOOST_AUTO_TEST_CASE(CORO_020_a_GeneratorExit_that_the_inner_one_swallows_is_raised_in_the_outer_one) {
    std::string log;
    const auto inner = [&]() -> Coroutine<int> {
        return [&] {
            try {
                bare_yield();
            } catch (...) {  // as old code does
                log += "inner ";
            }
            return 5;
        };
    };
    const auto middle = [&]() -> Coroutine<void> {
        return [&] {
            try {
                await(inner());
            } catch (const cede::GeneratorExit&) {
                // Awaited after it, and so not ended by it.
                await(Coroutine<void>([&] { log += "cleanup "; }));
            }
        };
    };
    Coroutine<void> outer([&] {
        try {
            await(middle());
        } catch (const cede::GeneratorExit&) {
            log += "outer";
            throw;
        }
        log += "goes on";
    });
    outer.send();
    outer.close();
    BOOST_TEST(log == "inner cleanup outer");
    BOOST_CHECK(outer.state() == CoroutineState::closed);
}

BOOST_AUTO_TEST_CASE(CORO_011_one_that_awaits_after_GeneratorExit_makes_close_fail) {
    Coroutine<void> coroutine([] {
        try {
            bare_yield();
        } catch (const cede::GeneratorExit&) {
            bare_yield();
        }
    });
    coroutine.send();
    BOOST_CHECK_EXCEPTION(coroutine.close(), cede::RuntimeError, with_text("coroutine ignored GeneratorExit"));
    BOOST_CHECK_THROW(coroutine.send(), StopIteration<>);
}

BOOST_AUTO_TEST_CASE(CORO_013_an_error_of_its_clean_up_comes_out_of_close) {
    Coroutine<void> coroutine([] {
        try {
            bare_yield();
        } catch (const cede::GeneratorExit&) {
            throw std::domain_error("clean-up failed");
        }
    });
    coroutine.send();
    BOOST_CHECK_THROW(coroutine.close(), std::domain_error);
}

BOOST_AUTO_TEST_CASE(CORO_015_and_016_destruction_unwinds_it_and_reports_what_goes_wrong) {
    const Reports reports;
    bool unwound = false;
    {
        Coroutine<void> quiet([&] {
            const auto guard = std::shared_ptr<void>(nullptr, [&](void*) { unwound = true; });
            bare_yield();
        });
        quiet.send();
        Coroutine<void> fails([] {
            try {
                bare_yield();
            } catch (const cede::GeneratorExit&) {
                throw std::domain_error("clean-up failed");
            }
        });
        fails.send();
    }
    BOOST_TEST(unwound);
    BOOST_REQUIRE(Reports::lines().size() == 1U);
    BOOST_TEST(Reports::lines()[0].find("clean-up failed") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(CORO_017_it_cannot_be_resumed_from_inside_its_own_body) {
    Coroutine<void>* self = nullptr;
    Coroutine<void> coroutine([&] {
        BOOST_CHECK(self->state() == CoroutineState::running);
        BOOST_CHECK_EXCEPTION(self->send(), std::invalid_argument, with_text("already executing"));
        BOOST_CHECK_THROW(self->close(), std::invalid_argument);
        BOOST_CHECK_EXCEPTION(await(*self), cede::RuntimeError, with_text("being awaited already"));
    });
    self = &coroutine;
    BOOST_CHECK_THROW(coroutine.send(), StopIteration<>);
    Coroutine<void> inline_one([&] {
        BOOST_CHECK_THROW(self->send(), std::invalid_argument);
        BOOST_CHECK_EXCEPTION(await(*self), cede::RuntimeError, with_text("being awaited already"));
    });
    self = &inline_one;
    await(inline_one);
}

BOOST_AUTO_TEST_CASE(CORO_021_its_state_and_what_it_awaits_can_be_asked) {
    Coroutine<void> coroutine([] { bare_yield(); });
    BOOST_CHECK(coroutine.state() == CoroutineState::created);
    BOOST_TEST(!coroutine.cr_await());
    coroutine.send();
    BOOST_CHECK(coroutine.state() == CoroutineState::suspended);
    BOOST_TEST(!coroutine.cr_await());  // of a bare yield
    BOOST_CHECK_THROW(coroutine.send(), StopIteration<>);
    BOOST_CHECK(coroutine.state() == CoroutineState::closed);
    BOOST_TEST(!coroutine.cr_await());
}

BOOST_AUTO_TEST_CASE(CORO_022_a_coroutine_that_is_returned_does_not_run) {
    bool ran = false;
    Coroutine<Coroutine<int>> outer([&] {
        return Coroutine<int>([&] {
            ran = true;
            return 5;
        });
    });
    Coroutine<int> inner = await(outer);
    BOOST_TEST(!ran);
    BOOST_TEST(await(inner) == 5);
}

BOOST_AUTO_TEST_CASE(CORO_026_it_moves_but_does_not_copy) {
    static_assert(!std::is_copy_constructible<Coroutine<int>>::value, "");
    static_assert(!std::is_copy_assignable<Coroutine<int>>::value, "");
    static_assert(std::is_nothrow_move_constructible<Coroutine<int>>::value, "");
    static_assert(std::is_nothrow_move_assignable<Coroutine<int>>::value, "");
    auto coroutine = yields_then_returns(7);
    coroutine.send();
    auto moved = std::move(coroutine);
    BOOST_CHECK(coroutine.state() == CoroutineState::closed);
    BOOST_CHECK_THROW(moved.send(), StopIteration<int>);
    moved = returns(3);
    BOOST_TEST(await(moved) == 3);
}

BOOST_AUTO_TEST_CASE(its_handle_may_move_while_the_body_runs) {
    std::vector<Coroutine<int>> all;
    all.emplace_back([&] {
        bare_yield();
        for (int i = 0; i < 100; ++i) all.push_back(returns(i));
        return 5;
    });
    all[0].send();
    BOOST_CHECK_EXCEPTION(all[0].send(), StopIteration<int>, [](const StopIteration<int>& s) { return s.value == 5; });
    for (auto& each : all) each.close();
}

BOOST_AUTO_TEST_CASE(an_await_outside_every_coroutine_is_refused) {
    BOOST_CHECK_EXCEPTION(bare_yield(), cede::RuntimeError, with_text("await outside a task"));
    auto started = yields_then_returns(1);
    started.send();
    BOOST_CHECK_EXCEPTION(await(started), cede::RuntimeError, with_text("await outside a task"));
    BOOST_CHECK(started.state() == CoroutineState::suspended);
    BOOST_TEST(await(returns(4)) == 4);  // nothing cedes here
}

BOOST_AUTO_TEST_CASE(each_coroutine_driven_by_hand_cedes_to_its_own_driver) {
    std::string trace;
    Coroutine<void> outer([&] {
        Coroutine<void> inner([&] {
            trace += "i1 ";
            bare_yield();
            trace += "i2 ";
        });
        inner.send();
        trace += "o1 ";
        bare_yield();
        BOOST_CHECK_THROW(inner.send(), StopIteration<>);
        trace += "o2 ";
    });
    outer.send();
    trace += "main ";
    BOOST_CHECK_THROW(outer.send(), StopIteration<>);
    BOOST_TEST(trace == "i1 o1 main i2 o2 ");
}

// CORO-004, GEN: a driver would take it for the end.
BOOST_AUTO_TEST_CASE(a_stop_iteration_thrown_into_what_has_not_started_is_an_error) {
    cede::Coroutine<int> coroutine = [] { return 1; };
    BOOST_CHECK_EXCEPTION(coroutine.throw_(cede::StopIteration<int>(3)), cede::RuntimeError,
                          [](const cede::RuntimeError& e) { return e.what() == std::string("coroutine raised StopIteration"); });
    BOOST_CHECK(coroutine.state() == cede::CoroutineState::closed);
    cede::Generator<int> generator = [](cede::Yield<int>& yield) { yield(1); };
    BOOST_CHECK_EXCEPTION(generator.throw_(cede::StopIteration<void>()), cede::RuntimeError,
                          [](const cede::RuntimeError& e) { return e.what() == std::string("generator raised StopIteration"); });
}

BOOST_AUTO_TEST_SUITE_END()
