#include "support/allocation_counter.hpp"

#include <cstdlib>
#include <new>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CEDE_TESTS_COUNT_ALLOCATIONS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define CEDE_TESTS_COUNT_ALLOCATIONS 0
#endif
#endif
#if !defined(CEDE_TESTS_COUNT_ALLOCATIONS)
#define CEDE_TESTS_COUNT_ALLOCATIONS 1
#endif

namespace {

thread_local std::size_t allocations = 0;

}  // namespace

namespace cede {
namespace tests {

// Tried rather than known: Valgrind puts its own operator new before ours at run time.
bool AllocationCounter::available() noexcept {
    const std::size_t before = allocations;
    ::operator delete(::operator new(1, std::nothrow));
    return allocations != before;
}

std::size_t AllocationCounter::total() noexcept { return allocations; }

}  // namespace tests
}  // namespace cede

#if CEDE_TESTS_COUNT_ALLOCATIONS

// The array and nothrow forms of the standard library call these two, so replacing these counts all of them.
void* operator new(std::size_t size) {
    ++allocations;
    for (;;) {
        void* memory = std::malloc(size != 0 ? size : 1);
        if (memory != nullptr) return memory;
        const std::new_handler handler = std::get_new_handler();
        if (handler == nullptr) throw std::bad_alloc();
        handler();
    }
}

// Not inlined: gcc would see free() beside operator new and warn of a mismatch.
__attribute__((noinline)) void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

#if defined(__cpp_aligned_new)

void* operator new(std::size_t size, std::align_val_t alignment) {
    ++allocations;
    void* memory = nullptr;
    const std::size_t wanted = static_cast<std::size_t>(alignment);
    if (posix_memalign(&memory, wanted < sizeof(void*) ? sizeof(void*) : wanted, size != 0 ? size : 1) != 0) {
        throw std::bad_alloc();
    }
    return memory;
}

void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

#endif

#endif
