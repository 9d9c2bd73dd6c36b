#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <typeinfo>
#include <utility>

#include "cede/base/closure.hpp"
#include "support/allocation_counter.hpp"

using cede::detail::Closure;
using cede::tests::AllocationCounter;

namespace {

// A callable of exactly N bytes that counts how many of it are alive.
template <std::size_t N>
struct Counted {
    explicit Counted(int& count) : alive(&count) { ++*alive; }
    Counted(const Counted& other) : alive(other.alive) { ++*alive; }
    Counted(Counted&& other) noexcept : alive(other.alive) { ++*alive; }
    ~Counted() { --*alive; }
    int operator()() const { return static_cast<int>(N); }

    int* alive;
    unsigned char fill[N - sizeof(int*)] = {};
};
static_assert(sizeof(Counted<64>) == 64, "the limit itself is to be tested");

struct alignas(64) OverAligned {
    bool operator()() const { return reinterpret_cast<std::uintptr_t>(this) % 64 == 0; }
};

struct ThrowsWhenMoved {
    ThrowsWhenMoved() = default;
    ThrowsWhenMoved(const ThrowsWhenMoved&) = default;
    ThrowsWhenMoved(ThrowsWhenMoved&&) noexcept(false) {}
    int operator()() const { return 5; }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(closure)

BOOST_AUTO_TEST_CASE(it_calls_what_it_holds) {
    int calls = 0;
    Closure<int> add([&calls] { return ++calls; });
    BOOST_TEST(add() == 1);
    BOOST_TEST(add() == 2);
    Closure<void> drops_the_result([&calls] { return ++calls; });
    drops_the_result();
    BOOST_TEST(calls == 3);
    Closure<double> converts([] { return 7; });
    BOOST_TEST(converts() == 7.0);
}

BOOST_AUTO_TEST_CASE(an_exception_passes_through) {
    Closure<void> throws([] { throw std::domain_error("out"); });
    BOOST_CHECK_THROW(throws(), std::domain_error);
}

BOOST_AUTO_TEST_CASE(up_to_64_bytes_are_kept_within_itself) {
    int alive = 0;
    const AllocationCounter counter;
    {
        Closure<int> closure{Counted<64>(alive)};
        Closure<int> moved(std::move(closure));
        closure = std::move(moved);
    }
    const std::size_t allocations = counter.count();
    BOOST_TEST(allocations == 0);
    BOOST_TEST_MESSAGE("allocations are counted: " << AllocationCounter::available());
}

BOOST_AUTO_TEST_CASE(beyond_64_bytes_it_allocates_once) {
    int alive = 0;
    const AllocationCounter counter;
    {
        Closure<int> closure{Counted<72>(alive)};
        Closure<int> moved(std::move(closure));
        closure = std::move(moved);
    }
    const std::size_t allocations = counter.count();
    if (AllocationCounter::available()) BOOST_TEST(allocations == 1);
}

BOOST_AUTO_TEST_CASE(exactly_one_lives_at_any_time_and_none_after_it) {
    int small = 0;
    int large = 0;
    {
        Closure<int> first{Counted<16>(small)};
        Closure<int> second{Counted<200>(large)};
        BOOST_TEST(small == 1);
        BOOST_TEST(large == 1);
        Closure<int> third(std::move(first));
        BOOST_TEST(!first);
        BOOST_TEST(small == 1);
        third = std::move(second);
        BOOST_TEST(small == 0);
        BOOST_TEST(large == 1);
        BOOST_TEST(third() == 200);
        Closure<int>& same = third;
        third = std::move(same);
        BOOST_TEST(third() == 200);
        third.reset();
        BOOST_TEST(large == 0);
        BOOST_TEST(!third);
        third.reset();
    }
    BOOST_TEST(small == 0);
    BOOST_TEST(large == 0);
}

BOOST_AUTO_TEST_CASE(it_takes_move_only_callables) {
    auto value = std::make_unique<int>(9);
    Closure<int> closure([value = std::move(value)] { return *value; });
    Closure<int> moved(std::move(closure));
    BOOST_TEST(moved() == 9);
    std::array<std::unique_ptr<int>, 20> many;
    many[19] = std::make_unique<int>(3);
    Closure<int> large([many = std::move(many)] { return *many[19]; });
    BOOST_TEST(Closure<int>(std::move(large))() == 3);
}

BOOST_AUTO_TEST_CASE(what_is_over_aligned_or_throws_when_moved_goes_to_the_heap) {
    Closure<int> closure{ThrowsWhenMoved()};
    Closure<int> moved(std::move(closure));  // noexcept: the pointer moves, not the callable
    BOOST_TEST(moved() == 5);
#if defined(__cpp_aligned_new)
    Closure<bool> aligned{OverAligned()};
    BOOST_TEST(aligned());
#endif
}

BOOST_AUTO_TEST_CASE(it_names_the_type_it_holds) {
    int alive = 0;
    BOOST_CHECK(Closure<int>().type() == typeid(void));
    BOOST_CHECK(Closure<int>(Counted<16>(alive)).type() == typeid(Counted<16>));
    BOOST_CHECK(Closure<int>(Counted<100>(alive)).type() == typeid(Counted<100>));
}

BOOST_AUTO_TEST_SUITE_END()
