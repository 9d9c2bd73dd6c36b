// What it is: a function that runs a body again and again, and each time lets another allocation fail: the first, the
// second, and so on, until the body comes to its end without one failing.
// When to use it: to show that something keeps its promises when memory is short: nothing leaks, nobody waits for ever, and
// the error arrives as std::bad_alloc. Run it under AddressSanitizer. When not: with a body whose course changes.
//
// It replaces the operator new of the program, which linking cede alone never does: link the target
// `cede::failing_allocations` too (pkg-config: add -lcede_failing_allocations). Without it the program does not link, for
// want of cede::detail::fail_allocation. malloc() called by C code never fails here.
#ifndef CEDE_TESTING_FAIL_ALLOCATIONS_HPP
#define CEDE_TESTING_FAIL_ALLOCATIONS_HPP

#include <cstddef>
#include <utility>

#include "cede/testing/interrupt.hpp"

namespace cede {

namespace detail {

// Those that cede::failing_allocations defines, all for the calling thread. The `nth` allocation from now on throws
// bad_alloc, or gives null in the nothrow form; 0: none.
void fail_allocation(std::size_t nth) noexcept;
// Ends that; true when it has failed. The number left is kept for resume_failing().
bool allocation_has_failed() noexcept;
std::size_t pause_failing() noexcept;
std::size_t allocations_of_thread() noexcept;

struct FailingAllocations {
    void (*fail)(std::size_t nth) noexcept;
    bool (*has_failed)() noexcept;
};

std::size_t fail_every_allocation(const StartBody& start, const CheckAfter& check, const testing::TestOptions& options,
                                  const FailingAllocations& failing);

}  // namespace detail

namespace testing {

// Runs `body` (a callable, which may return a Coroutine) as a task on a new VirtualTimeLoop; in the n-th run the n-th
// allocation fails that this thread makes from the task's creation to its end, every stack taken among them. What may come
// of it is that the body ends all the same, or by std::bad_alloc, or by a group of nothing else; anything else, and what
// check throws, is thrown, after the number was written to stderr. That somebody waits for ever is a DeadlockError. After
// each run `check()` runs as a task of the same loop, with every allocation succeeding. Returns the number of allocations.
//
// Not for the macros of a test framework, which may lose themselves when they cannot allocate: check in `check`, or within
// AllocationsSucceed.
template <class F>
std::size_t fail_every_allocation(F body, detail::CheckAfter check, const TestOptions& options = TestOptions()) {
    return detail::fail_every_allocation(detail::starts(body), check, options,
                                         {&detail::fail_allocation, &detail::allocation_has_failed});
}

// In this scope no allocation of this thread fails or counts.
class AllocationsSucceed {
public:
    AllocationsSucceed() noexcept : left_(detail::pause_failing()) {}
    ~AllocationsSucceed() {
        if (left_ != 0) detail::fail_allocation(left_);
    }
    AllocationsSucceed(const AllocationsSucceed&) = delete;
    AllocationsSucceed& operator=(const AllocationsSucceed&) = delete;

private:
    std::size_t left_;
};

}  // namespace testing
}  // namespace cede

#endif
