// Running out of address space is an exception of whoever asked, not the end of the process.
#include <boost/test/unit_test.hpp>

#include <sys/resource.h>

#include <cstddef>
#include <cstdio>
#include <fstream>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "cede/cede.hpp"
#include "support/child_process.hpp"
#include "support/instrumentation.hpp"

using cede::StackPool;
using cede::tests::ChildResult;
using cede::tests::run_in_child;

namespace {

void require(bool condition, const char* what) {
    if (!condition) throw std::logic_error(what);
}

// Leaves `bytes` of address space beyond what the process has now.
void limit_address_space(std::size_t bytes) {
    std::size_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    const rlim_t limit = static_cast<rlim_t>(pages * 4096 + bytes);
    const struct rlimit both = {limit, limit};
    require(setrlimit(RLIMIT_AS, &both) == 0, "setrlimit");
}

using Ints = cede::Generator<int>;
Ints parked() {
    return [](cede::Yield<int>& yield) {
        yield(1);
        yield(2);
    };
}

bool cannot_be_limited() {
    if (!cede::tests::under_asan && !cede::tests::under_tsan && !cede::tests::under_valgrind()) return false;
    BOOST_TEST_MESSAGE("skipped: the tool itself reserves more address space than the limit");
    return true;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(exhaustion)

BOOST_AUTO_TEST_CASE(the_call_that_drives_a_generator_throws_and_can_be_repeated) {
    if (cannot_be_limited()) return;
    const ChildResult child = run_in_child([] {
        limit_address_space(std::size_t{64} << 20);
        std::vector<Ints> generators;
        generators.reserve(100000);
        bool refused = false;
        while (!refused) {
            generators.push_back(parked());
            try {
                generators.back().next();
            } catch (const std::bad_alloc&) {
                refused = true;
            }
        }
        // Not before most of the 64 MiB were used: mappings that are too large are tried smaller.
        require(generators.size() > 150, "too few stacks");
        Ints& last = generators.back();
        require(last.state() == cede::CoroutineState::created, "it has not started");
        require(generators.front().next() == 2, "the others go on");
        generators.front().close();
        require(last.next() == 1, "the stack given back serves it");
    });
    BOOST_TEST(child.exited_with(0), child);
}

BOOST_AUTO_TEST_CASE(a_task_without_a_stack_fails_with_bad_alloc_and_the_loop_goes_on) {
    if (cannot_be_limited()) return;
    const ChildResult child = run_in_child([] {
        cede::run([] {
            limit_address_space(std::size_t{64} << 20);
            auto gate = cede::Future<>();
            std::vector<cede::Task<int>> tasks;
            for (int i = 0; i < 1000; ++i) {
                tasks.push_back(cede::create_task([gate] {
                    cede::await(gate);
                    return 1;
                }));
            }
            cede::await(cede::sleep(std::chrono::seconds(0)));
            gate.set_result();
            int ran = 0;
            int refused = 0;
            for (auto& task : tasks) {
                try {
                    ran += cede::await(task);
                } catch (const std::bad_alloc&) {
                    ++refused;
                }
            }
            std::fprintf(stderr, "%d ran, %d refused\n", ran, refused);
            require(ran > 150 && refused > 0 && ran + refused == 1000, "each task has an outcome");
        });
    });
    BOOST_TEST(child.exited_with(0), child);
}

BOOST_AUTO_TEST_CASE(a_task_with_an_impossible_stack_size_fails_alone) {
    BOOST_TEST(cede::run([] {
        auto impossible = cede::create_task([] { return 1; }, cede::TaskOptions().stack_size(std::size_t{1} << 50));
        auto usual = cede::create_task([] { return 2; });
        BOOST_CHECK_THROW(cede::await(impossible), std::bad_alloc);
        return cede::await(usual);
    }) == 2);
}

BOOST_AUTO_TEST_SUITE_END()
