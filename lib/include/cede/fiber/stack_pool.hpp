// What it is: the stacks of one thread's fibers: reserved as address space in large mappings, committed page by page as
// they are touched, each with a guard below it, reused last in first out, and trimmed when a peak is over.
// When to use it: to read its figures, or to set its limits before the first fiber runs. When not: to take a stack; a
// Fiber does that.
//
// Every function concerns the calling thread's pool, and none cedes.
#ifndef CEDE_FIBER_STACK_POOL_HPP
#define CEDE_FIBER_STACK_POOL_HPP

#include <cstddef>

namespace cede {

class StackPool {
public:
    // Address space of a stack by default, but for a page more. Only touched pages cost memory, so this is no reason to choose a
    // small one.
    static constexpr std::size_t default_stack_size = 256 * 1024;
    // The smallest stack given; less leaves no room for printf or an exception.
    static constexpr std::size_t minimum_stack_size = 16 * 1024;

    // How the guards below the stacks are made. `madvise` costs no kernel mapping (Linux 6.13 and later); `mprotect`
    // costs two of the process's `vm.max_map_count`, 65,530 by default; `none` is what is left once those are spent.
    enum class Guard { madvise, mprotect, none };

    struct Figures {
        std::size_t in_use;      // stacks that belong to a fiber now
        std::size_t idle;        // stacks kept for reuse
        std::size_t resident;    // of the idle ones, those whose memory was not given back
        std::size_t unguarded;   // stacks made without a guard because the mappings were spent
        std::size_t mappings;    // calls of mmap made so far
        Guard guard;             // how guards are made at present
    };
    static Figures figures() noexcept;

    // Gives back the memory of every idle stack now, and the address space where all stacks of a mapping are idle. The pool
    // does so by itself, some 100 ms after a peak, but keeps the 64 hottest.
    static void trim() noexcept;

    // Makes guards by `guard` from now on, for tests of the fall-back. Throws std::invalid_argument when the kernel
    // does not have it.
    static void set_guard(Guard guard);
};

}  // namespace cede

#endif
