// Which types can be yielded, sent and returned.
#include <boost/test/unit_test.hpp>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cede/coroutine/coroutine.hpp"
#include "cede/coroutine/generator.hpp"
#include "coroutine/fixtures.hpp"

using cede::Generator;
using cede::Yield;

namespace {

using Box = std::unique_ptr<int>;

// Neither copied, moved by assignment, nor made from nothing.
struct Awkward {
    explicit Awkward(int v) : value(std::make_unique<int>(v)) {}
    Awkward(Awkward&&) = default;
    Awkward& operator=(Awkward&&) = delete;
    std::unique_ptr<int> value;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(generator_types)

BOOST_AUTO_TEST_CASE(move_only_values_pass_in_all_three_directions) {
    Generator<Box, Box, Box> generator([](Yield<Box, Box>& yield) {
        Box last = std::make_unique<int>(0);
        while (Box sent = yield(std::move(last))) last = std::make_unique<int>(*sent * 2);
        return std::make_unique<int>(-1);
    });
    BOOST_TEST(*generator.next() == 0);
    BOOST_TEST(*generator.send(std::make_unique<int>(21)) == 42);
    try {
        generator.send(nullptr);
        BOOST_FAIL("nothing was thrown");
    } catch (cede::StopIteration<Box>& stop) {
        BOOST_TEST(*stop.value == -1);
    }
}

BOOST_AUTO_TEST_CASE(types_without_a_default_value_pass_too) {
    Generator<Awkward, Awkward, Awkward> generator([](Yield<Awkward, Awkward>& yield) {
        Awkward first = yield(Awkward(1));
        Awkward second = yield(Awkward(*first.value + 1));
        return Awkward(*second.value + 1);
    });
    BOOST_TEST(*generator.next().value == 1);
    BOOST_CHECK_EXCEPTION(generator.next(), std::invalid_argument, cede::tests::with_text("call send()"));
    BOOST_TEST(*generator.send(Awkward(10)).value == 11);
    BOOST_TEST(!generator.try_send(Awkward(20)).has_value());
    BOOST_TEST(*generator.result().value == 21);
}

BOOST_AUTO_TEST_CASE(a_move_only_result_is_given_by_StopIteration_once) {
    Generator<int, void, Box> generator([](Yield<int>&) { return std::make_unique<int>(3); });
    try {
        generator.next();
    } catch (cede::StopIteration<Box>& stop) {
        BOOST_TEST(*stop.value == 3);
    }
    BOOST_CHECK_EXCEPTION(generator.next(), cede::StopIteration<Box>, [](const cede::StopIteration<Box>& stop) { return stop.value == nullptr; });
}

BOOST_AUTO_TEST_CASE(iteration_refers_to_the_value_where_it_lies) {
    const std::string* address = nullptr;
    Generator<std::string> generator([&](Yield<std::string>& yield) {
        yield("one");
        yield("two");
    });
    std::string all;
    for (std::string& value : generator) {
        address = &value;
        all += std::move(value);
    }
    BOOST_TEST(all == "onetwo");
    BOOST_TEST(address != nullptr);
}

BOOST_AUTO_TEST_CASE(move_only_values_can_be_iterated_over) {
    Generator<Box> generator([](Yield<Box>& yield) {
        for (int i = 1; i <= 3; ++i) yield(std::make_unique<int>(i));
    });
    int sum = 0;
    for (Box& box : generator) sum += *box;
    BOOST_TEST(sum == 6);
}

BOOST_AUTO_TEST_CASE(large_values_pass) {
    using Large = std::array<char, 8192>;
    Generator<Large, Large> generator([](Yield<Large, Large>& yield) {
        Large value{};
        for (;;) {
            value = yield(value);
            ++value[8191];
        }
    });
    Large value = generator.next();
    for (int i = 0; i < 5; ++i) value = generator.send(value);
    BOOST_TEST(int(value[8191]) == 5);
}

BOOST_AUTO_TEST_CASE(references_pass_by_a_wrapper) {
    std::vector<int> numbers{1, 2, 3};
    Generator<std::reference_wrapper<int>> generator([&](Yield<std::reference_wrapper<int>>& yield) {
        for (int& each : numbers) yield(each);
    });
    for (int& each : generator) each *= 10;
    BOOST_CHECK((numbers == std::vector<int>{10, 20, 30}));
}

BOOST_AUTO_TEST_CASE(pointers_and_constants_pass) {
    int target = 0;
    Generator<int*, const char*> generator([&](Yield<int*, const char*>& yield) {
        const std::string sent = yield(&target);
        target = static_cast<int>(sent.size());
    });
    *generator.next() = 1;
    BOOST_CHECK_THROW(generator.send("four"), cede::StopIteration<>);
    BOOST_TEST(target == 4);
}

BOOST_AUTO_TEST_CASE(a_body_may_be_move_only_and_is_destroyed_at_the_end) {
    const auto held = std::make_shared<int>(1);
    Generator<int> generator([held, box = std::make_unique<int>(5)](Yield<int>& yield) { yield(*box); });
    BOOST_TEST(generator.next() == 5);
    BOOST_TEST(held.use_count() == 2);
    generator.try_next();
    BOOST_TEST(held.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(a_coroutine_returns_such_types_too) {
    cede::Coroutine<Awkward> coroutine([] { return Awkward(7); });
    BOOST_TEST(*cede::await(coroutine).value == 7);
    cede::Coroutine<Box> driven([] { return std::make_unique<int>(8); });
    try {
        driven.send();
        BOOST_FAIL("nothing was thrown");
    } catch (cede::StopIteration<Box>& stop) {
        BOOST_TEST(*stop.value == 8);
    }
}

BOOST_AUTO_TEST_SUITE_END()
