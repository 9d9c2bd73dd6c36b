// fail_every_allocation: that it reaches each allocation, and finds what it is for.
#include <boost/test/unit_test.hpp>

#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "cede/cede.hpp"
#include "cede/testing/testing.hpp"
#include "support/captured.hpp"
#include "support/instrumentation.hpp"

using namespace cede;
using namespace std::chrono_literals;
using testing::AllocationsSucceed;
using testing::fail_every_allocation;
using tests::message_of;

namespace {

// Not removed by an optimiser, which may do so with a new and its delete.
void allocate(std::size_t size = 1) {
    void* const memory = ::operator new(size);
    detail::let_escape(memory);
    ::operator delete(memory);
}

void nothing() {}

}  // namespace

BOOST_AUTO_TEST_SUITE(fail_allocations)

BOOST_AUTO_TEST_CASE(every_allocation_fails_once_and_the_last_run_is_whole) {
    if (tests::under_valgrind()) return;  // which has an operator new of its own
    const std::size_t of_the_task = fail_every_allocation([] {}, nothing);
    std::vector<int> failed(3);
    int whole = 0, checks = 0;
    const std::size_t points = fail_every_allocation(
        [&] {
            for (int i = 0; i < 3; ++i) {
                try {
                    allocate();
                } catch (const std::bad_alloc&) {
                    ++failed[static_cast<std::size_t>(i)];
                    throw;
                }
            }
            ++whole;
        },
        [&] { ++checks; });
    BOOST_TEST(points == of_the_task + 3);
    BOOST_TEST(failed == std::vector<int>(3, 1), boost::test_tools::per_element());
    BOOST_TEST(whole == 2);  // and when it was the run call, not the body, that had no memory
    BOOST_TEST(checks == static_cast<int>(points) + 1);
}

BOOST_AUTO_TEST_CASE(every_form_of_new_fails) {
    if (tests::under_valgrind()) return;
    int nulls = 0;
    fail_every_allocation(
        [&] {
            delete[] new char[100];
            std::unique_ptr<int> may_be_null(new (std::nothrow) int);
            nulls += may_be_null == nullptr;
            detail::let_escape(may_be_null.get());
        },
        nothing);
    BOOST_TEST(nulls == 1);
}

BOOST_AUTO_TEST_CASE(a_new_stack_and_the_blocks_of_the_pool_are_allocations) {
    if (tests::under_valgrind()) return;
    const auto with_a_task = [] { await(create_task([] {})); };
    testing::run(with_a_task);  // from here on there are idle stacks and blocks
    BOOST_TEST(fail_every_allocation(with_a_task, nothing) > fail_every_allocation([] {}, nothing) + 1);
    BOOST_TEST(StackPool::figures().in_use == 0u);
}

BOOST_AUTO_TEST_CASE(what_is_within_allocations_succeed_does_not_count) {
    const auto quiet = [] {
        const AllocationsSucceed all;
        allocate();
    };
    BOOST_TEST(fail_every_allocation(quiet, nothing) == fail_every_allocation([] {}, nothing));
}

BOOST_AUTO_TEST_CASE(other_threads_and_the_check_are_spared) {
    fail_every_allocation([] { await(to_thread([] { allocate(); })); }, [] { allocate(); });
}

BOOST_AUTO_TEST_CASE(a_group_of_bad_allocs_is_as_good) {
    fail_every_allocation([] { task_group([](TaskGroup& group) { group.create_task([] { allocate(); }); }); }, nothing);
}

BOOST_AUTO_TEST_CASE(what_the_check_finds_is_thrown) {
    if (tests::under_valgrind()) return;
    bool held = false;
    const auto careless = [&] {
        held = true;
        allocate();
        held = false;
    };
    const auto check = [&] {
        if (held) throw std::logic_error("held");
    };
    BOOST_TEST(message_of<std::logic_error>([&] { fail_every_allocation(careless, check); }) == "held");
}

BOOST_AUTO_TEST_CASE(another_exception_in_its_place_is_thrown) {
    if (tests::under_valgrind()) return;
    const auto disguised = [] {
        try {
            allocate();
        } catch (const std::bad_alloc&) {
            throw std::domain_error("something");
        }
    };
    BOOST_TEST(message_of<std::domain_error>([&] { fail_every_allocation(disguised, nothing); }) == "something");
    BOOST_CHECK_THROW(fail_every_allocation([] { throw std::bad_alloc(); }, nothing), std::bad_alloc);  // in the whole run
}

BOOST_AUTO_TEST_CASE(a_wakeup_that_is_lost_is_a_deadlock) {
    if (tests::under_valgrind()) return;
    const auto loses = [] {
        const Future<void> woken;
        get_running_loop().call_soon([woken] {
            allocate();
            woken.set_result();
        });
        await(woken);
    };
    BOOST_CHECK_THROW(fail_every_allocation(loses, nothing), testing::DeadlockError);
}

BOOST_AUTO_TEST_SUITE_END()
