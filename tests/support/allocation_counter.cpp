#include "support/allocation_counter.hpp"

#include <new>

#include "base/sanitizers.hpp"
#include "cede/testing/fail_allocations.hpp"

namespace cede {
namespace tests {

#if CEDE_ASAN || CEDE_TSAN

bool AllocationCounter::available() noexcept { return false; }
std::size_t AllocationCounter::total() noexcept { return 0; }

#else

// Tried rather than known: Valgrind puts its own operator new before ours at run time.
bool AllocationCounter::available() noexcept {
    const std::size_t before = total();
    ::operator delete(::operator new(1, std::nothrow));
    return total() != before;
}

std::size_t AllocationCounter::total() noexcept { return detail::allocations_of_thread(); }

#endif

}  // namespace tests
}  // namespace cede
