// Generators: what next, send, throw_ and the end of the body do.
#include <boost/test/unit_test.hpp>

#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include "cede/coroutine/generator.hpp"
#include "coroutine/fixtures.hpp"

using cede::CoroutineState;
using cede::Generator;
using cede::StopIteration;
using cede::Yield;
using cede::tests::with_text;

namespace {

Generator<int> count_to(int last) {
    return [last](Yield<int>& yield) {
        for (int i = 1; i <= last; ++i) yield(i);
    };
}

// Yields what it is sent, doubled; returns the sum at a negative value.
Generator<int, int, int> doubler() {
    return [](Yield<int, int>& yield) {
        int sum = 0;
        for (int sent = yield(0); sent >= 0; sent = yield(2 * sent)) sum += sent;
        return sum;
    };
}

struct Plain {};

}  // namespace

BOOST_AUTO_TEST_SUITE(generator)

BOOST_AUTO_TEST_CASE(it_is_lazy_and_gives_its_values_in_order) {
    bool started = false;
    Generator<int> generator([&](Yield<int>& yield) {
        started = true;
        yield(1);
        yield(2);
    });
    BOOST_TEST(!started);
    BOOST_TEST(generator.next() == 1);
    BOOST_TEST(generator.next() == 2);
    BOOST_CHECK_THROW(generator.next(), StopIteration<>);
}

BOOST_AUTO_TEST_CASE(CORO_001_nothing_can_be_sent_before_it_has_started) {
    auto generator = doubler();
    BOOST_CHECK_EXCEPTION(generator.send(5), std::invalid_argument, with_text("call next() first"));
    BOOST_CHECK_THROW(generator.try_send(5), std::invalid_argument);
    BOOST_CHECK(generator.state() == CoroutineState::created);
    BOOST_TEST(generator.next() == 0);
    BOOST_TEST(generator.send(5) == 10);
}

BOOST_AUTO_TEST_CASE(next_sends_the_default_value) {
    auto generator = doubler();
    generator.next();
    BOOST_TEST(generator.send(4) == 8);
    BOOST_TEST(generator.next() == 0);
}

BOOST_AUTO_TEST_CASE(CORO_002_the_end_of_the_body_is_StopIteration_with_its_value) {
    auto generator = doubler();
    generator.next();
    generator.send(3);
    generator.send(4);
    BOOST_CHECK_EXCEPTION(generator.send(-1), StopIteration<int>, [](const StopIteration<int>& stop) { return stop.value == 7; });
    BOOST_TEST(generator.result() == 7);
    Generator<int, void, int> by_throw([](Yield<int>& yield) {
        try {
            yield(1);
        } catch (const std::domain_error&) {
        }
        return 9;
    });
    by_throw.next();
    BOOST_CHECK_EXCEPTION(by_throw.throw_(std::domain_error("x")), StopIteration<int>,
                          [](const StopIteration<int>& stop) { return stop.value == 9; });
}

BOOST_AUTO_TEST_CASE(the_value_is_given_once_and_then_the_default) {
    auto generator = doubler();
    generator.next();
    generator.send(3);
    BOOST_CHECK_THROW(generator.send(-1), StopIteration<int>);
    BOOST_CHECK_EXCEPTION(generator.next(), StopIteration<int>, [](const StopIteration<int>& stop) { return stop.value == 0; });
    BOOST_CHECK_THROW(generator.send(1), StopIteration<int>);
    BOOST_TEST(generator.result() == 3);
}

BOOST_AUTO_TEST_CASE(CORO_003_a_tuple_or_a_StopIteration_is_returned_as_it_is) {
    using Pair = std::tuple<int, std::string>;
    Generator<int, void, Pair> returns_tuple([](Yield<int>&) { return Pair(1, "one"); });
    BOOST_CHECK_EXCEPTION(returns_tuple.next(), StopIteration<Pair>,
                          [](const StopIteration<Pair>& stop) { return stop.value == Pair(1, "one"); });
    using Stop = StopIteration<int>;
    Generator<int, void, Stop> returns_stop([](Yield<int>&) { return Stop(5); });
    BOOST_CHECK_EXCEPTION(returns_stop.next(), StopIteration<Stop>,
                          [](const StopIteration<Stop>& stop) { return stop.value.value == 5; });
}

BOOST_AUTO_TEST_CASE(CORO_004_a_StopIteration_that_escapes_is_a_RuntimeError_with_that_cause) {
    Generator<int> escapes([](Yield<int>& yield) {
        yield(1);
        auto empty = count_to(0);
        empty.next();
    });
    escapes.next();
    try {
        escapes.next();
        BOOST_FAIL("nothing was thrown");
    } catch (const cede::RuntimeError& error) {
        BOOST_TEST(std::string(error.what()) == "generator raised StopIteration");
        BOOST_CHECK_THROW(std::rethrow_exception(error.cause()), StopIteration<>);
    }
    BOOST_CHECK(escapes.state() == CoroutineState::closed);
    Generator<int> thrown_in([](Yield<int>& yield) { yield(1); });
    thrown_in.next();
    BOOST_CHECK_THROW(thrown_in.throw_(StopIteration<>()), cede::RuntimeError);
}

BOOST_AUTO_TEST_CASE(CORO_005_throw_raises_at_the_yield_and_returns_the_next_value) {
    Generator<int> generator([](Yield<int>& yield) {
        for (int i = 0;; ++i) {
            try {
                yield(i);
            } catch (const std::domain_error&) {
                yield(100 + i);
            }
        }
    });
    BOOST_TEST(generator.next() == 0);
    BOOST_TEST(generator.throw_(std::domain_error("x")) == 100);
    BOOST_TEST(generator.next() == 1);
    BOOST_TEST(generator.throw_(std::make_exception_ptr(std::domain_error("x"))) == 101);
}

BOOST_AUTO_TEST_CASE(CORO_006_what_the_body_does_not_catch_unwinds_it_and_comes_out) {
    bool unwound = false;
    Generator<int> generator([&](Yield<int>& yield) {
        const auto guard = std::shared_ptr<void>(nullptr, [&](void*) { unwound = true; });
        yield(1);
        yield(2);
    });
    generator.next();
    BOOST_CHECK_EXCEPTION(generator.throw_(std::domain_error("mine")), std::domain_error, with_text("mine"));
    BOOST_TEST(unwound);
    BOOST_CHECK(generator.state() == CoroutineState::closed);
    BOOST_CHECK_THROW(generator.next(), StopIteration<>);
}

BOOST_AUTO_TEST_CASE(an_exception_of_the_body_comes_out_of_next_and_try_next) {
    Generator<int> generator([](Yield<int>& yield) {
        yield(1);
        throw std::domain_error("mine");
    });
    generator.next();
    BOOST_CHECK_THROW(generator.try_next(), std::domain_error);
    BOOST_TEST(!generator.try_next().has_value());
    BOOST_CHECK_THROW(generator.result(), cede::InvalidStateError);
}

BOOST_AUTO_TEST_CASE(CORO_007_throw_on_a_finished_generator_raises_the_exception_itself) {
    auto generator = count_to(0);
    BOOST_TEST(!generator.try_next().has_value());
    BOOST_CHECK_THROW(generator.throw_(std::domain_error("x")), std::domain_error);
    BOOST_CHECK_THROW(generator.throw_(std::domain_error("x")), std::domain_error);
}

BOOST_AUTO_TEST_CASE(throw_on_an_unstarted_one_finishes_it_without_running_it) {
    bool ran = false;
    Generator<int> generator([&](Yield<int>& yield) {
        ran = true;
        yield(1);
    });
    BOOST_CHECK_THROW(generator.throw_(std::domain_error("x")), std::domain_error);
    BOOST_CHECK(generator.state() == CoroutineState::closed);
    BOOST_CHECK_THROW(generator.next(), StopIteration<>);
    BOOST_TEST(!ran);
}

BOOST_AUTO_TEST_CASE(throw_needs_an_exception) {
    auto generator = count_to(3);
    generator.next();
    BOOST_CHECK_THROW(generator.throw_(std::exception_ptr()), std::invalid_argument);
    BOOST_TEST(generator.next() == 2);
}

BOOST_AUTO_TEST_CASE(any_type_can_be_thrown_in_and_out) {
    Generator<int> generator([](Yield<int>& yield) {
        try {
            yield(1);
        } catch (int thrown) {
            yield(thrown);
        }
        try {
            yield(2);
        } catch (const Plain&) {
        }
        throw std::string("not an exception");
    });
    generator.next();
    BOOST_TEST(generator.throw_(42) == 42);
    BOOST_TEST(generator.next() == 2);
    BOOST_CHECK_EXCEPTION(generator.throw_(Plain()), std::string, [](const std::string& s) { return s == "not an exception"; });
}

BOOST_AUTO_TEST_CASE(CORO_017_it_cannot_be_resumed_from_inside_its_own_body) {
    Generator<int>* self = nullptr;
    int refused = 0;
    Generator<int> generator([&](Yield<int>& yield) {
        BOOST_CHECK(self->state() == CoroutineState::running);
        BOOST_CHECK_EXCEPTION(self->next(), std::invalid_argument, with_text("already executing"));
        BOOST_CHECK_EXCEPTION(self->throw_(Plain()), std::invalid_argument, with_text("already executing"));
        BOOST_CHECK_EXCEPTION(self->close(), std::invalid_argument, with_text("already executing"));
        ++refused;
        yield(1);
    });
    self = &generator;
    BOOST_TEST(generator.next() == 1);
    BOOST_TEST(refused == 1);
    BOOST_TEST(!generator.try_next().has_value());
}

BOOST_AUTO_TEST_CASE(a_refused_send_does_not_disturb_the_one_under_way) {
    Generator<int, int>* self = nullptr;
    Generator<int, int> generator([&](Yield<int, int>& yield) {
        int sent = yield(0);
        for (;;) {
            BOOST_CHECK_THROW(self->send(99), std::invalid_argument);
            sent = yield(sent);
        }
    });
    self = &generator;
    generator.next();
    BOOST_TEST(generator.send(1) == 1);
    BOOST_TEST(generator.send(2) == 2);
}

BOOST_AUTO_TEST_CASE(CORO_021_its_state_can_be_asked) {
    Generator<int>* self = nullptr;
    CoroutineState inside = CoroutineState::closed;
    Generator<int> generator([&](Yield<int>& yield) {
        inside = self->state();
        yield(1);
    });
    self = &generator;
    BOOST_CHECK(generator.state() == CoroutineState::created);
    generator.next();
    BOOST_CHECK(inside == CoroutineState::running);
    BOOST_CHECK(generator.state() == CoroutineState::suspended);
    generator.try_next();
    BOOST_CHECK(generator.state() == CoroutineState::closed);
}

BOOST_AUTO_TEST_CASE(CORO_026_it_moves_but_does_not_copy) {
    static_assert(!std::is_copy_constructible<Generator<int>>::value, "");
    static_assert(!std::is_copy_assignable<Generator<int>>::value, "");
    static_assert(std::is_nothrow_move_constructible<Generator<int>>::value, "");
    auto generator = count_to(3);
    generator.next();
    Generator<int> moved(std::move(generator));
    BOOST_TEST(moved.next() == 2);
    BOOST_CHECK(generator.state() == CoroutineState::closed);
    BOOST_CHECK_THROW(generator.next(), cede::InvalidStateError);
    generator.close();
    generator = std::move(moved);
    BOOST_TEST(generator.next() == 3);
}

BOOST_AUTO_TEST_CASE(its_handle_may_move_while_the_body_runs) {
    std::vector<Generator<int>> all;
    all.emplace_back([&](Yield<int>& yield) {
        yield(1);
        for (int i = 0; i < 100; ++i) all.push_back(count_to(i));  // moves this generator's own handle
        yield(2);
    });
    BOOST_TEST(all[0].next() == 1);
    BOOST_TEST(all[0].next() == 2);
    BOOST_TEST(!all[0].try_next().has_value());
}

BOOST_AUTO_TEST_CASE(it_can_be_iterated_over) {
    std::vector<int> seen;
    for (int value : count_to(4)) seen.push_back(value);
    BOOST_CHECK((seen == std::vector<int>{1, 2, 3, 4}));
    for (int value : count_to(0)) BOOST_FAIL(value);
    auto generator = count_to(5);
    generator.next();
    BOOST_TEST(std::accumulate(seen.begin(), seen.end(), 0) == 10);
    int sum = 0;
    for (int value : generator) {
        if (value == 4) break;
        sum += value;
    }
    BOOST_TEST(sum == 5);
    BOOST_TEST(generator.next() == 5);  // leaving the loop does not close it
}

BOOST_AUTO_TEST_CASE(it_can_be_left_at_any_depth_of_calls) {
    struct Walk {
        Yield<int>& yield;
        void operator()(int depth) {
            if (depth == 0) return;
            (*this)(depth - 1);
            yield(depth);
            (*this)(depth - 1);
        }
    };
    Generator<int> generator([](Yield<int>& yield) { Walk{yield}(4); });
    int count = 0;
    for (int value : generator) count += value > 0 ? 1 : 0;
    BOOST_TEST(count == 15);
}

BOOST_AUTO_TEST_CASE(what_is_thrown_where_the_inner_one_has_been_ended_by_somebody_else_is_raised) {
    Generator<int> inner([](Yield<int>& yield) { yield(1); });
    bool went_on = false;
    Generator<int> outer([&](Yield<int>& yield) {
        yield.from(inner);
        went_on = true;
    });
    BOOST_TEST(outer.next() == 1);
    BOOST_CHECK_THROW(inner.next(), StopIteration<void>);
    BOOST_CHECK_THROW(outer.throw_(std::runtime_error("lost?")), std::runtime_error);
    BOOST_TEST(!went_on);
}

BOOST_AUTO_TEST_CASE(a_result_that_a_delegation_took_is_not_given_again) {
    Generator<int, void, std::string> inner([](Yield<int>& yield) -> std::string {
        yield(1);
        return "result";
    });
    Generator<int, void, std::string> outer([&](Yield<int>& yield) { return yield.from(inner); });
    BOOST_TEST(outer.next() == 1);
    BOOST_CHECK_EXCEPTION(outer.next(), StopIteration<std::string>,
                          [](const StopIteration<std::string>& stop) { return stop.value == "result"; });
    BOOST_CHECK_EXCEPTION(inner.next(), StopIteration<std::string>,
                          [](const StopIteration<std::string>& stop) { return stop.value.empty(); });
}

BOOST_AUTO_TEST_SUITE_END()
