#include "cede/base/pool.hpp"

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "base/sanitizers.hpp"

namespace cede {
namespace detail {

#if CEDE_ASAN || CEDE_TSAN

void* pool_allocate(std::size_t size) { return ::operator new(size); }
void pool_release(void* block, std::size_t) noexcept { ::operator delete(block); }
void pool_give_back() noexcept {}
void set_pool_recycling(bool) noexcept {}

#else

namespace {

// Small sizes, the objects of the core, in steps of 64 bytes; above, the buffers of streams, in powers of two.
constexpr std::size_t granularity = 64;
constexpr std::size_t largest_small = 1024;
constexpr std::size_t small_classes = largest_small / granularity;
constexpr std::size_t largest = std::size_t{256} << 10;
constexpr std::size_t classes = small_classes + 8;

struct SizeClass {
    std::size_t index;
    std::size_t bytes;
};

inline SizeClass class_of(std::size_t size) noexcept {
    if (size <= largest_small) {
        const std::size_t index = (size - 1) / granularity;
        return {index, (index + 1) * granularity};
    }
    SizeClass found{small_classes, largest_small * 2};
    for (; found.bytes < size; found.bytes *= 2) ++found.index;
    return found;
}

// What a thread keeps of one size at the most. A burst beyond it goes to operator delete, so that the memory of a peak
// goes back; below it a steady state never reaches the allocator.
constexpr std::size_t most_kept_bytes = std::size_t{4} << 20;

struct Block {
    Block* next;
};

struct FreeList {
    Block* first;
    std::size_t bytes;
};

// Plain thread-local data without a constructor: it is read at every allocation, and a guard variable or a wrapper
// function would cost as much as the list itself.
__thread FreeList lists[classes];
__thread bool kept_by_thread;  // the Drain below is armed
__thread bool stands_aside;  // for a test, or because the thread ends

void empty_lists() noexcept {
    for (FreeList& list : lists) {
        while (Block* block = list.first) {
            list.first = block->next;
            ::operator delete(block);
        }
        list.bytes = 0;
    }
}

void stand_aside() noexcept {
    stands_aside = true;
    empty_lists();
}

struct Drain {
    ~Drain() { stand_aside(); }
};

void drain_at_thread_end() {
    static thread_local Drain drain;
    (void)drain;
    kept_by_thread = true;
}

}  // namespace

void* pool_allocate(std::size_t size) {
    if (size > largest) return ::operator new(size);
    const SizeClass of = class_of(size);
    FreeList& list = lists[of.index];
    if (Block* block = list.first) {
        list.first = block->next;
        list.bytes -= of.bytes;
        return block;
    }
    return ::operator new(of.bytes);
}

void pool_release(void* memory, std::size_t size) noexcept {
    const SizeClass of = size <= largest ? class_of(size) : SizeClass{0, 0};
    if (size > largest || stands_aside || lists[of.index].bytes >= most_kept_bytes) {
        ::operator delete(memory);
        return;
    }
    if (!kept_by_thread) drain_at_thread_end();
    FreeList& list = lists[of.index];
    Block* block = static_cast<Block*>(memory);
    block->next = list.first;
    list.first = block;
    list.bytes += of.bytes;
}

// glibc by itself gives back the top of its heap only, and one block that stayed there keeps all below it.
void pool_give_back() noexcept {
    empty_lists();
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

void set_pool_recycling(bool on) noexcept {
    stands_aside = false;
    if (!on) stand_aside();
}

#endif

}  // namespace detail
}  // namespace cede
