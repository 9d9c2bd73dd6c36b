// What it is: `AllocationCounter`, which counts the calls of operator new on this thread since it was made.
// When to use it: in a test that promises "no allocation in the steady state".
// When not: to count malloc of C libraries; only operator new is seen.
//
// A test program that uses it gets the operator new of cede::failing_allocations. Under a sanitizer nothing is replaced for
// it, and Valgrind replaces it back: `available()` says false and `count()` is 0; a test then says so and
// checks the rest.
#ifndef CEDE_TESTS_SUPPORT_ALLOCATION_COUNTER_HPP
#define CEDE_TESTS_SUPPORT_ALLOCATION_COUNTER_HPP

#include <cstddef>

namespace cede {
namespace tests {

class AllocationCounter {
public:
    AllocationCounter() noexcept : start_(total()) {}

    // The allocations of this thread since construction. Read it before any test macro, which allocates itself.
    std::size_t count() const noexcept { return total() - start_; }

    // Whether allocations are counted in this build.
    static bool available() noexcept;

private:
    static std::size_t total() noexcept;

    std::size_t start_;
};

}  // namespace tests
}  // namespace cede

#endif
