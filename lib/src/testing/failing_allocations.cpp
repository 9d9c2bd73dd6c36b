// The target cede::failing_allocations: replaces operator new in the program that links it, and is no part of libcede.
#include <cstddef>
#include <cstdlib>
#include <new>

#include "cede/testing/fail_allocations.hpp"

namespace {

// Plain thread-local data: operator new runs before and after everything else of a thread.
__thread std::size_t allocations;
__thread std::size_t left;  // the allocation that fails when this comes to 0; 0: none will
__thread bool failed;

bool fails_now() noexcept {
    ++allocations;
    if (left == 0 || --left != 0) return false;
    failed = true;
    return true;
}

void* reserve(std::size_t size, std::size_t alignment) noexcept {
    if (size == 0) size = 1;
    if (alignment <= alignof(std::max_align_t)) return std::malloc(size);
    void* memory = nullptr;
    return posix_memalign(&memory, alignment, size) == 0 ? memory : nullptr;
}

void* allocate_or_null(std::size_t size, std::size_t alignment = 1) noexcept {
    return fails_now() ? nullptr : reserve(size, alignment);
}

void* allocate_or_throw(std::size_t size, std::size_t alignment = 1) {
    if (fails_now()) throw std::bad_alloc();
    for (;;) {
        if (void* memory = reserve(size, alignment)) return memory;
        const std::new_handler handler = std::get_new_handler();
        if (handler == nullptr) throw std::bad_alloc();
        handler();
    }
}

// Not inlined: gcc would see free() beside operator new and warn of a mismatch.
__attribute__((noinline)) void release(void* memory) noexcept { std::free(memory); }

}  // namespace

namespace cede {
namespace detail {

void fail_allocation(std::size_t nth) noexcept {
    left = nth;
    failed = false;
}

bool allocation_has_failed() noexcept {
    left = 0;
    return failed;
}

std::size_t pause_failing() noexcept {
    const std::size_t was_left = left;
    left = 0;
    return was_left;
}

std::size_t allocations_of_thread() noexcept { return allocations; }

}  // namespace detail
}  // namespace cede

// Every form, since a sanitizer's own would otherwise take the ones that are left, and find that they do not match.
void* operator new(std::size_t size) { return allocate_or_throw(size); }
void* operator new[](std::size_t size) { return allocate_or_throw(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return allocate_or_null(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return allocate_or_null(size); }
void operator delete(void* memory) noexcept { release(memory); }
void operator delete[](void* memory) noexcept { release(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { release(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { release(memory); }
void operator delete(void* memory, std::size_t) noexcept { release(memory); }
void operator delete[](void* memory, std::size_t) noexcept { release(memory); }

#if defined(__cpp_aligned_new)
void* operator new(std::size_t size, std::align_val_t to) { return allocate_or_throw(size, static_cast<std::size_t>(to)); }
void* operator new[](std::size_t size, std::align_val_t to) { return allocate_or_throw(size, static_cast<std::size_t>(to)); }
void* operator new(std::size_t size, std::align_val_t to, const std::nothrow_t&) noexcept {
    return allocate_or_null(size, static_cast<std::size_t>(to));
}
void* operator new[](std::size_t size, std::align_val_t to, const std::nothrow_t&) noexcept {
    return allocate_or_null(size, static_cast<std::size_t>(to));
}
void operator delete(void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { release(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { release(memory); }
void operator delete(void* memory, std::align_val_t, const std::nothrow_t&) noexcept { release(memory); }
void operator delete[](void* memory, std::align_val_t, const std::nothrow_t&) noexcept { release(memory); }
#endif
