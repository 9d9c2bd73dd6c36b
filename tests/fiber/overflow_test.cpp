// A stack that overflows is reported by name and size, and the process dies as it would have died anyway.
#include <boost/test/unit_test.hpp>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "cede/cede.hpp"
#include "fiber/fixtures.hpp"
#include "support/child_process.hpp"
#include "support/instrumentation.hpp"

using cede::StackPool;
using cede::tests::ChildResult;
using cede::tests::recurse_for_ever;
using cede::tests::run_in_child;
using cede::tests::Strand;

namespace {

// A sanitizer's own handler takes over after the report, and ends the process by an exit status.
bool died(const ChildResult& child) {
    if (cede::tests::under_asan || cede::tests::under_tsan) return !child.exited_with(0) && !child.exited_with(70);
    return child.killed_by(SIGSEGV);
}

// The size that the child says its stack has.
std::string announced_size(const ChildResult& child) {
    const std::size_t at = child.err.find("usable KiB: ");
    if (at == std::string::npos) return "no announcement";
    return child.err.substr(at + 12, child.err.find('\n', at) - at - 12);
}

void announce(const cede::Fiber& fiber) {
    std::fprintf(stderr, "usable KiB: %zu\n", fiber.stack_size() / 1024);
}

template <std::size_t Step>
void overflow_in_a_strand(std::size_t stack_size = 0) {
    Strand strand(
        [](Strand& self) {
            announce(self.fiber());
            recurse_for_ever<Step>(0);
        },
        stack_size);
    strand.resume();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(overflow)

BOOST_AUTO_TEST_CASE(a_recursion_is_reported_with_the_size_of_the_stack) {
    const ChildResult child = run_in_child([] { overflow_in_a_strand<64>(); });
    BOOST_TEST(died(child), child);
    BOOST_TEST(child.said("cede: stack overflow in a coroutine, whose stack has " + announced_size(child) + " KiB."), child);
}

BOOST_AUTO_TEST_CASE(a_frame_of_12_kib_does_not_step_over_the_guard) {
    const ChildResult child = run_in_child([] { overflow_in_a_strand<12 * 1024>(); });
    BOOST_TEST(died(child), child);
    BOOST_TEST(child.said("stack overflow"), child);
}

BOOST_AUTO_TEST_CASE(a_stack_of_another_size_has_a_guard_too) {
    const ChildResult child = run_in_child([] { overflow_in_a_strand<64>(64 * 1024); });
    BOOST_TEST(died(child), child);
    const std::string size = announced_size(child);
    BOOST_TEST(std::atoi(size.c_str()) >= 64, child);
    BOOST_TEST(std::atoi(size.c_str()) < 72, child);
    BOOST_TEST(child.said("whose stack has " + size + " KiB."), child);
}

BOOST_AUTO_TEST_CASE(the_report_names_the_task) {
    const ChildResult child = run_in_child([] {
        cede::run([] {
            auto task = cede::create_task([] { recurse_for_ever<64>(0); },
                                          cede::TaskOptions().name("db").stack_size(48 * 1024));
            cede::await(task);
        });
    });
    BOOST_TEST(died(child), child);
    BOOST_TEST(child.said("stack overflow in task 'db', whose stack has 5"), child);
}

BOOST_AUTO_TEST_CASE(a_task_without_a_name_is_reported_by_its_number) {
    const ChildResult child = run_in_child([] { cede::run([] { recurse_for_ever<64>(0); }); });
    BOOST_TEST(died(child), child);
    BOOST_TEST(child.said("stack overflow in task 'Task-"), child);
}

BOOST_AUTO_TEST_CASE(a_trimmed_and_reused_stack_is_guarded_still) {
    const ChildResult child = run_in_child([] {
        {
            Strand strand([](Strand&) {});
            strand.resume();
        }
        StackPool::trim();
        overflow_in_a_strand<64>();
    });
    BOOST_TEST(died(child), child);
    BOOST_TEST(child.said("stack overflow"), child);
}

BOOST_AUTO_TEST_CASE(another_fault_on_a_fiber_is_not_called_an_overflow) {
    const ChildResult child = run_in_child([] {
        Strand strand([](Strand&) {
            // Read at run time: a constant address is a warning of its own.
            static volatile std::uintptr_t address = 8;
            volatile int* nowhere = reinterpret_cast<int*>(address);
            *nowhere = 1;
        });
        strand.resume();
    });
    BOOST_TEST(died(child), child);
    BOOST_TEST(!child.said("stack overflow in a coroutine"), child);
}

BOOST_AUTO_TEST_CASE(the_program_s_own_handler_still_gets_the_signal) {
    if (cede::tests::under_tsan) {
        BOOST_TEST_MESSAGE("skipped: ThreadSanitizer runs handlers on the stack that has overflowed");
        return;
    }
    const ChildResult child = run_in_child([] {
        struct sigaction action;
        std::memset(&action, 0, sizeof action);
        action.sa_handler = [](int) { _Exit(33); };
        action.sa_flags = SA_ONSTACK;
        sigaction(SIGSEGV, &action, nullptr);
        overflow_in_a_strand<64>();
    });
    BOOST_TEST(child.said("stack overflow"), child);
    BOOST_TEST(child.exited_with(33), child);
}

BOOST_AUTO_TEST_SUITE_END()
