// `yield from`: one generator in place of a part of another.
#include <boost/test/unit_test.hpp>

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "cede/coroutine/coroutine.hpp"
#include "cede/coroutine/generator.hpp"
#include "coroutine/fixtures.hpp"

using cede::CoroutineState;
using cede::Generator;
using cede::GeneratorExit;
using cede::Yield;
using cede::tests::AtExit;
using cede::tests::with_text;

namespace {

// Yields what it is sent, plus one, until it is sent 0; catches domain_error and yields -1.
Generator<int, int, std::string> inner_one() {
    return [](Yield<int, int>& yield) {
        int sent = yield(1);
        while (sent != 0) {
            try {
                sent = yield(sent + 1);
            } catch (const std::domain_error&) {
                sent = yield(-1);
            }
        }
        return std::string("inner result");
    };
}

Generator<int, int, std::string> outer_one() {
    return [](Yield<int, int>& yield) {
        yield(0);
        const std::string result = yield.from(inner_one());
        yield(1000);
        return "outer of " + result;
    };
}

}  // namespace

BOOST_AUTO_TEST_SUITE(delegation)

BOOST_AUTO_TEST_CASE(to_one_that_has_a_name_and_to_a_container) {
    Generator<int, void, int> named([](Yield<int>& yield) {
        yield(1);
        yield(2);
        return 3;
    });
    Generator<int> outer([&](Yield<int>& yield) {
        yield(yield.from(named));
        yield.from(std::vector<int>{4, 5});
    });
    std::vector<int> values{outer.send()};  // Python's send(None)
    for (const int value : outer) values.push_back(value);
    BOOST_TEST(values == (std::vector<int>{1, 2, 3, 4, 5}), boost::test_tools::per_element());
    BOOST_TEST((named.state() == CoroutineState::closed));
    Generator<int> again([&](Yield<int>& yield) { yield.from(named); });
    BOOST_CHECK_THROW(again.next(), cede::InvalidStateError);
}

BOOST_AUTO_TEST_CASE(the_handle_of_one_that_has_a_name_may_move_meanwhile) {
    std::vector<Generator<int, void, std::string>> all;
    all.emplace_back([](Yield<int>& yield) {
        yield(1);
        return std::string("the result");
    });
    std::string result;
    Generator<int> outer([&](Yield<int>& yield) { result = yield.from(all.front()); });
    BOOST_TEST(outer.next() == 1);
    for (int i = 0; i < 10; ++i) all.emplace_back([](Yield<int>&) { return std::string(); });
    BOOST_TEST(!outer.try_next().has_value());
    BOOST_TEST(result == "the result");
}

BOOST_AUTO_TEST_CASE(CORO_019_values_sends_and_throws_go_through) {
    auto generator = outer_one();
    BOOST_TEST(generator.next() == 0);
    BOOST_TEST(generator.next() == 1);
    BOOST_TEST(generator.send(5) == 6);
    BOOST_TEST(generator.throw_(std::domain_error("x")) == -1);
    BOOST_TEST(generator.send(7) == 8);
    BOOST_TEST(generator.send(0) == 1000);
    BOOST_CHECK_EXCEPTION(generator.next(), cede::StopIteration<std::string>,
                          [](const cede::StopIteration<std::string>& s) { return s.value == "outer of inner result"; });
}

BOOST_AUTO_TEST_CASE(what_the_inner_one_does_not_catch_is_raised_in_the_outer_one) {
    Generator<int, int> generator([](Yield<int, int>& yield) {
        try {
            yield.from(inner_one());
        } catch (const std::runtime_error& error) {
            yield(error.what() == std::string("through") ? 77 : 0);
        }
    });
    generator.next();
    BOOST_TEST(generator.throw_(std::runtime_error("through")) == 77);
}

BOOST_AUTO_TEST_CASE(CORO_020_close_ends_the_innermost_first) {
    std::string trace;
    const auto level = [&trace](std::string name) {
        return [&trace, name] { trace += name + " "; };
    };
    Generator<int> generator([&](Yield<int>& yield) {
        const AtExit<std::function<void()>> outer(level("outer"));
        yield.from(Generator<int>([&](Yield<int>& y1) {
            const AtExit<std::function<void()>> middle(level("middle"));
            y1.from(Generator<int>([&](Yield<int>& y2) {
                const AtExit<std::function<void()>> inner(level("inner"));
                y2(1);
            }));
        }));
    });
    BOOST_TEST(generator.next() == 1);
    generator.close();
    BOOST_TEST(trace == "inner middle outer ");
}

BOOST_AUTO_TEST_CASE(an_inner_one_that_ignores_its_end_makes_close_fail) {
    Generator<int> generator([](Yield<int>& yield) {
        yield.from(Generator<int>([](Yield<int>& y) {
            try {
                y(1);
            } catch (const GeneratorExit&) {
                y(2);
            }
        }));
    });
    generator.next();
    const cede::tests::Reports reports;  // the inner one is destroyed while suspended
    BOOST_CHECK_THROW(generator.close(), cede::RuntimeError);
    BOOST_CHECK(generator.state() == CoroutineState::closed);
}

// As yield from calls next() on it first, the yield it waits in returns the default.
BOOST_AUTO_TEST_CASE(a_started_generator_can_be_delegated_to) {
    auto inner = inner_one();
    BOOST_TEST(inner.next() == 1);
    BOOST_TEST(inner.send(4) == 5);
    Generator<int, int, std::string> outer([&](Yield<int, int>& yield) { return yield.from(std::move(inner)); });
    BOOST_CHECK_EXCEPTION(outer.next(), cede::StopIteration<std::string>,
                          [](const cede::StopIteration<std::string>& s) { return s.value == "inner result"; });
}

BOOST_AUTO_TEST_CASE(an_error_of_the_inner_one_comes_out_with_its_type) {
    Generator<int> generator([](Yield<int>& yield) {
        yield.from(Generator<int>([](Yield<int>& y) {
            y(1);
            throw 42;
        }));
    });
    generator.next();
    BOOST_CHECK_EXCEPTION(generator.next(), int, [](int thrown) { return thrown == 42; });
}

BOOST_AUTO_TEST_CASE(delegation_may_be_deep) {
    struct Nested {
        static Generator<int> at(int depth) {
            return [depth](Yield<int>& yield) {
                if (depth > 0) yield.from(at(depth - 1));
                yield(depth);
            };
        }
    };
    int expected = 0;
    for (int value : Nested::at(100)) BOOST_TEST(value == expected++);
    BOOST_TEST(expected == 101);
}

BOOST_AUTO_TEST_CASE(an_outer_yield_may_be_used_inside_an_inner_body) {
    Generator<int> outer([](Yield<int>& yield) {
        Generator<int> inner([&](Yield<int>& inner_yield) {
            yield(1);  // leaves both
            inner_yield(2);
            yield(3);
        });
        while (auto value = inner.try_next()) yield(10 * *value);
    });
    std::vector<int> seen;
    for (int value : outer) seen.push_back(value);
    BOOST_CHECK((seen == std::vector<int>{1, 20, 3}));
}

BOOST_AUTO_TEST_CASE(a_yield_outside_its_own_body_is_refused) {
    Yield<int>* escaped = nullptr;
    Generator<int> owner([&](Yield<int>& yield) {
        escaped = &yield;
        yield(1);
    });
    owner.next();
    Generator<int> other([&](Yield<int>&) { (*escaped)(5); });
    BOOST_CHECK_EXCEPTION(other.next(), cede::RuntimeError, with_text("outside its body"));
    BOOST_CHECK_THROW((*escaped)(6), cede::RuntimeError);
    BOOST_TEST(!owner.try_next().has_value());
    Generator<int> drives([](Yield<int>& yield) {
        cede::Coroutine<void> coroutine([&] { yield(1); });
        coroutine.send();
    });
    BOOST_CHECK_EXCEPTION(drives.next(), cede::RuntimeError, with_text("a coroutine that the body drives"));
}

BOOST_AUTO_TEST_CASE(nothing_is_raised_through_an_outer_one_into_a_destructor_that_unwinds) {
    Generator<int, void, std::string> generator([](Yield<int>& yield) {
        return yield.from(Generator<int, void, std::string>([](Yield<int>& inner) {
            try {
                const AtExit<std::function<void()>> at_exit([&] { inner(1); });
                throw std::domain_error("unwinds");
            } catch (const std::domain_error& error) {
                return std::string(error.what());
            }
        }));
    });
    BOOST_TEST(generator.next() == 1);
    BOOST_CHECK_THROW(generator.throw_(std::runtime_error("x")), cede::RuntimeError);
    BOOST_CHECK_THROW(generator.close(), cede::RuntimeError);
    BOOST_TEST(!generator.try_next().has_value());
    BOOST_TEST(generator.result() == "unwinds");
}

// PEP 380: a GeneratorExit that is thrown in closes the inner one, as close() does.
BOOST_AUTO_TEST_CASE(a_thrown_generator_exit_closes_the_inner_one) {
    std::string log;
    Generator<int, void, int> generator([&](Yield<int>& yield) {
        try {
            yield.from(Generator<int, void>([&](Yield<int>& inner) {
                try {
                    inner(1);
                } catch (const GeneratorExit&) {
                    log += "inner closed;";
                }
            }));
        } catch (const GeneratorExit&) {
            log += "outer raised;";
            yield(2);
        }
        return 3;
    });
    BOOST_TEST(generator.next() == 1);
    BOOST_TEST(generator.throw_(GeneratorExit()) == 2);
    BOOST_TEST(log == "inner closed;outer raised;");

    Generator<int> ignored([](Yield<int>& yield) {
        yield.from(Generator<int>([](Yield<int>& inner) {
            try {
                inner(1);
            } catch (const GeneratorExit&) {
                inner(2);
            }
        }));
    });
    BOOST_TEST(ignored.next() == 1);
    BOOST_CHECK_EXCEPTION(ignored.throw_(GeneratorExit()), cede::RuntimeError, with_text("ignored GeneratorExit"));
}

BOOST_AUTO_TEST_SUITE_END()
