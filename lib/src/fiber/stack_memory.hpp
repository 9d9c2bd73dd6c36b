// What it is: what the stack pool asks of the kernel: address space, guards, and giving memory back.
#ifndef CEDE_SRC_FIBER_STACK_MEMORY_HPP
#define CEDE_SRC_FIBER_STACK_MEMORY_HPP

#include <cstddef>

#include "cede/fiber/stack_pool.hpp"

namespace cede {
namespace detail {

std::size_t round_to_pages(std::size_t bytes) noexcept;
std::size_t guard_size() noexcept;

// Address space that commits as it is touched; null when the kernel has none left.
char* map_stacks(std::size_t bytes) noexcept;
void unmap_stacks(char* memory, std::size_t bytes) noexcept;

// Makes the lowest guard_size() bytes at `base` fault, and says how; `none` when that is not to be had any more (a warning
// says so once).
StackPool::Guard install_guard(char* base) noexcept;
// The same at `count` stacks of `size` bytes that lie side by side, in one call where the kernel can. Returns how many of them,
// the first ones, have a guard by madvise now; the others have none yet.
std::size_t install_guards(char* base, std::size_t size, std::size_t count) noexcept;
// A guard of this kind has gone with its stack: what it cost can be spent again.
void guard_unmapped(StackPool::Guard kind) noexcept;
StackPool::Guard current_guard() noexcept;

// Gives the memory back, in whole pages from `memory` on; guards stay, the address space too.
void drop_memory(char* memory, std::size_t bytes) noexcept;

}  // namespace detail
}  // namespace cede

#endif
