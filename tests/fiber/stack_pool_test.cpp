#include <boost/test/unit_test.hpp>

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <new>
#include <set>
#include <thread>
#include <vector>

#include "base/sanitizers.hpp"
#include "cede/coroutine/coroutine.hpp"
#include "cede/coroutine/generator.hpp"
#include "cede/fiber/stack_pool.hpp"
#include "cede/testing/fail_allocations.hpp"
#include "fiber/fixtures.hpp"
#include "fiber/stack_block.hpp"
#include "support/allocation_counter.hpp"
#include "support/instrumentation.hpp"

using cede::StackPool;
using cede::tests::AllocationCounter;
using cede::tests::scaled;
using cede::tests::Strand;

namespace {

std::vector<std::unique_ptr<Strand>> parked(std::size_t count, std::size_t stack_size = 0) {
    std::vector<std::unique_ptr<Strand>> strands;
    for (std::size_t i = 0; i < count; ++i) {
        strands.emplace_back(new Strand([](Strand& self) { self.pause(); }, stack_size));
        strands.back()->resume();
    }
    return strands;
}
void finish(std::vector<std::unique_ptr<Strand>>& strands) {
    for (auto& strand : strands) strand->resume();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(stack_pool)

BOOST_AUTO_TEST_CASE(a_stack_is_taken_at_the_first_run_and_given_back_at_return) {
    const std::size_t before = StackPool::figures().in_use;
    cede::Generator<int> generator([](cede::Yield<int>& yield) { yield(1); });
    BOOST_TEST(StackPool::figures().in_use == before);
    generator.next();
    BOOST_TEST(StackPool::figures().in_use == before + 1);
    BOOST_TEST(!generator.try_next().has_value());
    BOOST_TEST(StackPool::figures().in_use == before);
    BOOST_TEST(StackPool::figures().idle >= 1U);
}

BOOST_AUTO_TEST_CASE(the_last_one_given_back_is_the_next_one_taken) {
    auto strands = parked(3);
    const auto* last = strands[1]->fiber().stack();
    strands[0]->resume();
    strands[2]->resume();
    strands[1]->resume();
    const std::size_t mappings = StackPool::figures().mappings;
    auto again = parked(1);
    BOOST_TEST(again[0]->fiber().stack() == last);
    BOOST_TEST(StackPool::figures().mappings == mappings);
    finish(again);
}

BOOST_AUTO_TEST_CASE(coroutines_that_never_wait_share_one_stack) {
    const int number = scaled(100000, 5000);
    std::set<const void*> seen;
    std::vector<cede::Coroutine<void>> coroutines;
    for (int i = 0; i < number; ++i) {
        coroutines.emplace_back([&seen] {
            const int here = 0;
            const volatile int* address = &here;
            seen.insert(const_cast<const int*>(address));
        });
    }
    const auto before = StackPool::figures();
    for (auto& coroutine : coroutines) BOOST_CHECK_THROW(coroutine.send(), cede::StopIteration<>);
    const auto after = StackPool::figures();
    BOOST_TEST(seen.size() == 1U);
    BOOST_TEST(after.idle + after.in_use <= before.idle + before.in_use + 1);
}

BOOST_AUTO_TEST_CASE(taking_and_giving_back_does_not_allocate) {
    Strand first([](Strand&) {});
    first.resume();
    Strand second([](Strand&) {});
    const AllocationCounter counter;
    second.resume();
    const std::size_t allocations = counter.count();
    if (AllocationCounter::available()) BOOST_TEST(allocations == 0);
}

// With all tops at the same offset, a thousand suspended fibers fall into one cache set and evict one another.
BOOST_AUTO_TEST_CASE(the_tops_of_stacks_are_spread_over_cache_sets) {
    auto strands = parked(96);
    std::map<std::uintptr_t, int> uses;
    for (const auto& strand : strands) {
        ++uses[reinterpret_cast<std::uintptr_t>(strand->fiber().stack()->top()) / 64 % 64];
    }
    BOOST_TEST(uses.size() >= 48U);
    for (const auto& each : uses) BOOST_TEST(each.second <= 2);
    finish(strands);
}

// Guards of many stacks are made by one call. The system refuses to read them, without a signal.
BOOST_AUTO_TEST_CASE(every_stack_has_its_guard_wherever_it_lies_in_a_mapping) {
    auto strands = parked(scaled(3000, 300));
    int ends[2];
    BOOST_REQUIRE(pipe(ends) == 0);
    std::size_t readable = 0, unguarded = 0;
    for (const auto& strand : strands) {
        const auto& block = *strand->fiber().stack();
        char byte;
        if (block.guard == 0) ++unguarded;
        if (write(ends[1], block.bottom() - 1, 1) != -1 || write(ends[1], block.base, 1) != -1) ++readable;
        if (write(ends[1], block.bottom(), 1) != 1 || read(ends[0], &byte, 1) != 1) ++unguarded;
    }
    close(ends[0]);
    close(ends[1]);
    BOOST_TEST(readable == unguarded);
    if (StackPool::figures().guard == StackPool::Guard::madvise) BOOST_TEST(unguarded == 0U);
    finish(strands);
}

#if !CEDE_TSAN  // whose own operator new cannot stand beside the one that lets allocations fail
// A new thread's first stack makes a pool, a mapping and the lists to keep both.
BOOST_AUTO_TEST_CASE(a_stack_can_be_had_after_any_allocation_for_one_has_failed) {
    if (!AllocationCounter::available()) {
        BOOST_TEST_MESSAGE("skipped: allocations cannot be made to fail in this build");
        return;
    }
    bool failed = true;
    for (std::size_t nth = 1; failed && nth < 100; ++nth) {
        std::thread([&] {
            Strand next([](Strand& self) { self.pause(); });
            cede::detail::fail_allocation(nth);
            try {
                next.resume();
            } catch (const std::bad_alloc&) {
            }
            failed = cede::detail::allocation_has_failed();
            if (!next.fiber().has_stack()) next.resume();
            next.resume();
            auto more = parked(100);
            finish(more);
        }).join();
    }
    BOOST_TEST(!failed);
}
#endif

BOOST_AUTO_TEST_CASE(a_stack_has_at_least_the_size_asked_for) {
    for (const std::size_t size : {std::size_t{16384}, std::size_t{65536}, std::size_t{100000}, std::size_t{1} << 20}) {
        auto strands = parked(50, size);
        for (const auto& strand : strands) {
            BOOST_TEST(strand->fiber().stack_size() >= size);
            BOOST_TEST(strand->fiber().stack_size() <= size + 12288);
        }
        finish(strands);
    }
}

// The page is so that the tops of stacks do not all lie at a distance of a power of two.
BOOST_AUTO_TEST_CASE(the_default_takes_256_kib_and_a_page_of_address_space) {
    auto strands = parked(1);
    BOOST_TEST(strands[0]->fiber().stack()->size == StackPool::default_stack_size + static_cast<std::size_t>(sysconf(_SC_PAGESIZE)));
    BOOST_TEST(strands[0]->fiber().stack_size() >= StackPool::default_stack_size - 32 * 1024);
    finish(strands);
}

BOOST_AUTO_TEST_CASE(a_tiny_size_is_raised_to_the_minimum) {
    auto strands = parked(1, 1);
    BOOST_TEST(strands[0]->fiber().stack_size() >= StackPool::minimum_stack_size);
    finish(strands);
}

BOOST_AUTO_TEST_CASE(an_impossible_size_is_bad_alloc_and_leaves_no_trace) {
    const std::size_t before = StackPool::figures().in_use;
    for (const std::size_t size : {~std::size_t{0}, std::size_t{1} << 62, std::size_t{1} << 47}) {
        Strand strand([](Strand&) {}, size);
        BOOST_CHECK_THROW(strand.resume(), std::bad_alloc);
        BOOST_TEST(!strand.fiber().has_stack());
    }
    BOOST_TEST(StackPool::figures().in_use == before);
}

BOOST_AUTO_TEST_CASE(sizes_are_pooled_apart) {
    auto small = parked(1, 32 * 1024);
    const auto* block = small[0]->fiber().stack();
    finish(small);
    auto usual = parked(1);
    BOOST_TEST(usual[0]->fiber().stack() != block);
    auto again = parked(1, 32 * 1024);
    BOOST_TEST(again[0]->fiber().stack() == block);
    finish(usual);
    finish(again);
}

BOOST_AUTO_TEST_CASE(every_thread_has_a_pool_of_its_own) {
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([] {
            if (StackPool::figures().mappings != 0) throw std::logic_error("a new thread has stacks already");
            for (int round = 0; round < 3; ++round) {
                auto strands = parked(100);
                if (StackPool::figures().in_use != 100) throw std::logic_error("miscounted");
                finish(strands);
            }
        });
    }
    for (auto& thread : threads) thread.join();
}

BOOST_AUTO_TEST_SUITE_END()
