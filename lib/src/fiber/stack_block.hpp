// What it is: one stack: where it lies and what the sanitizers know it by. Only the fiber room uses it.
#ifndef CEDE_SRC_FIBER_STACK_BLOCK_HPP
#define CEDE_SRC_FIBER_STACK_BLOCK_HPP

#include <cstddef>
#include <cstdint>

#include "cede/fiber/stack_pool.hpp"

namespace cede {
namespace detail {

struct SizeClass;
struct StackChunk;

// A cache line: a million parked tasks have one each.
struct StackBlock {
    char* base;           // the guard's lowest byte
    std::size_t size;     // guard included
    StackChunk* chunk;
    SizeClass* size_class;
    StackBlock* next_returned;  // among those that another thread gives back
    void* tsan_fiber;     // one for the life of the stack: making one costs microseconds
    std::uint32_t guard;  // bytes of guard at the low end, 0 without one
    std::uint32_t color;  // bytes left free at the top, so that the tops of stacks fall into different cache sets
    unsigned valgrind_id;
    StackPool::Guard guard_kind;

    char* bottom() const noexcept { return base + guard; }
    char* top() const noexcept { return base + size - color; }
    std::size_t usable() const noexcept { return static_cast<std::size_t>(top() - bottom()); }
};

// Both concern the calling thread's pool. acquire_stack throws std::bad_alloc.
StackBlock* acquire_stack(std::size_t stack_size);
void release_stack(StackBlock* block) noexcept;

// On: each stack that this thread takes makes an allocation first, so that a test can let it fail like a new one.
void set_stacks_allocate(bool on);

// Makes this thread able to report the overflow of a fiber's stack: an alternate signal stack, and once for the process
// the handler.
void prepare_overflow_report() noexcept;

}  // namespace detail
}  // namespace cede

#endif
