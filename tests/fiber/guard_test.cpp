// How guards are made, and what happens when they cannot be. Every case is a process of its own: the choice is the
// process's, and a spent budget stays spent.
#include <boost/test/unit_test.hpp>

#include <csignal>
#include <cstddef>
#include <cstdio>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "fiber/fixtures.hpp"
#include "support/child_process.hpp"
#include "support/instrumentation.hpp"

using cede::StackPool;
using cede::tests::ChildResult;
using cede::tests::run_in_child;
using cede::tests::Strand;

namespace {

constexpr bool sanitized = cede::tests::under_asan || cede::tests::under_tsan;

void require(bool condition, const char* what) {
    if (!condition) throw std::logic_error(what);
}

bool has_free_guards() {
    try {
        StackPool::set_guard(StackPool::Guard::madvise);
        return true;
    } catch (const std::invalid_argument&) {
        return false;
    }
}

std::size_t mprotect_budget() {
    std::size_t most = 65530;
    std::ifstream("/proc/sys/vm/max_map_count") >> most;
    return most / 4;
}

std::vector<std::unique_ptr<Strand>> parked(std::size_t count) {
    std::vector<std::unique_ptr<Strand>> strands;
    for (std::size_t i = 0; i < count; ++i) {
        strands.emplace_back(new Strand([](Strand& self) { self.pause(); }, StackPool::minimum_stack_size));
        strands.back()->resume();
    }
    return strands;
}

std::size_t occurrences(const std::string& text, const std::string& of) {
    std::size_t count = 0;
    for (std::size_t at = text.find(of); at != std::string::npos; at = text.find(of, at + 1)) ++count;
    return count;
}

// Of another size than any test before, so that the stack is a new one.
constexpr std::size_t fresh_size = 200 * 1024;

}  // namespace

BOOST_AUTO_TEST_SUITE(guard)

BOOST_AUTO_TEST_CASE(the_best_guard_the_kernel_has_is_chosen) {
    const ChildResult child = run_in_child([] {
        const bool free_ones = has_free_guards();
        parked(1)[0]->resume();
        require(StackPool::figures().guard == (free_ones ? StackPool::Guard::madvise : StackPool::Guard::mprotect), "guard");
        require(StackPool::figures().unguarded == 0, "unguarded");
    });
    BOOST_TEST(child.exited_with(0), child);
}

BOOST_AUTO_TEST_CASE(a_guard_made_by_mprotect_catches_an_overflow) {
    const ChildResult child = run_in_child([] {
        StackPool::set_guard(StackPool::Guard::mprotect);
        Strand([](Strand&) { cede::tests::recurse_for_ever<64>(0); }, fresh_size).resume();
    });
    BOOST_TEST((sanitized ? !child.exited_with(0) : child.killed_by(SIGSEGV)), child);
    BOOST_TEST(child.said("cede: stack overflow"), child);
}

BOOST_AUTO_TEST_CASE(stacks_without_a_guard_are_counted) {
    const ChildResult child = run_in_child([] {
        StackPool::set_guard(StackPool::Guard::none);
        Strand strand([](Strand&) {}, fresh_size);
        strand.resume();
        const auto figures = StackPool::figures();
        require(figures.unguarded == 1, "unguarded");
        require(figures.guard == StackPool::Guard::none, "guard");
    });
    BOOST_TEST(child.exited_with(0), child);
}

BOOST_AUTO_TEST_CASE(spent_mappings_are_said_once_and_do_not_stop_anything) {
    if (cede::tests::under_tsan || cede::tests::under_valgrind() || mprotect_budget() > 100000) {
        BOOST_TEST_MESSAGE("skipped: it needs some 16,000 fibers, more than this tool can hold");
        return;
    }
    const ChildResult child = run_in_child([] {
        StackPool::set_guard(StackPool::Guard::mprotect);
        std::thread([] {
            auto strands = parked(mprotect_budget() + 100);
            require(StackPool::figures().unguarded == 100, "unguarded");
            require(StackPool::figures().guard == StackPool::Guard::none, "spent");
            for (auto& strand : strands) strand->resume();
        }).join();
        // The stacks of that thread have gone, and their mappings with them.
        require(StackPool::figures().guard == StackPool::Guard::mprotect, "given back");
        auto strands = parked(10);
        require(StackPool::figures().unguarded == 0, "guarded again");
        for (auto& strand : strands) strand->resume();
    });
    BOOST_TEST(child.exited_with(0), child);
    BOOST_TEST(occurrences(child.err, "vm.max_map_count is used") == 1U, child);
}

BOOST_AUTO_TEST_SUITE_END()
