#include "cede/base/pool.hpp"

#include "base/sanitizers.hpp"

#if !CEDE_ASAN && !CEDE_TSAN
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "base/slabs.hpp"
#endif

namespace cede {
namespace detail {

#if CEDE_ASAN || CEDE_TSAN

void* pool_allocate(std::size_t size) { return ::operator new(size); }
void pool_release(void* block, std::size_t) noexcept { ::operator delete(block); }
bool pool_keeps_much() noexcept { return false; }
void pool_give_back() noexcept {}
void set_pool_recycling(bool) noexcept {}

#else

namespace {

// Small sizes, the objects of the core, in steps of 64 bytes, from slabs; above, the buffers of streams, in powers of two, from
// operator new.
constexpr std::size_t granularity = 64;
constexpr std::size_t small_classes = slab_sizes;
constexpr std::size_t largest_small = granularity * small_classes;
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

// What a thread keeps of one size: large blocks beyond it go to operator delete at once, small ones to the system when the loop
// rests.
constexpr std::size_t most_kept_bytes = std::size_t{4} << 20;
constexpr std::size_t most_kept_small = std::size_t{1} << 20;
// So much given back that the rest of the program has had a peak, too.
constexpr std::size_t bytes_of_a_peak = std::size_t{32} << 20;

struct FreeList {
    Block* first;
    std::size_t bytes;
    std::size_t lowest;  // since the last look; of small blocks
};

// Plain thread-local data without a constructor: it is read at every allocation, and a guard variable or a wrapper
// function would cost as much as the list itself.
__thread FreeList lists[classes];
__thread SlabCut cuts[small_classes];
__thread bool keeps_much;      // more than most_kept_bytes of one size, at some time since the last look
__thread bool kept_by_thread;  // the Drain below is armed
__thread bool stands_aside;    // for a test
__thread bool thread_ends;

void empty_lists() noexcept {
    for (std::size_t index = 0; index < classes; ++index) {
        FreeList& list = lists[index];
        while (Block* const block = list.first) {
            list.first = block->next;
            index < small_classes ? return_to_slab(block) : ::operator delete(block);
        }
        list.bytes = 0;
        if (index < small_classes) give_up(cuts[index], (index + 1) * granularity);
    }
}

struct Drain {
    ~Drain() {
        thread_ends = true;
        empty_lists();
    }
};

void drain_at_thread_end() {
    static thread_local Drain drain;
    (void)drain;
    kept_by_thread = true;
}

void put(FreeList& list, Block* block, std::size_t bytes) noexcept {
    block->next = list.first;
    list.first = block;
    list.bytes += bytes;
}

// The list is empty.
__attribute__((noinline)) Block* more(const SizeClass& of) {
    if (of.index >= small_classes) return static_cast<Block*>(::operator new(of.bytes));
    if (!kept_by_thread && !thread_ends) drain_at_thread_end();
    FreeList& list = lists[of.index];
    SlabCut& cut = cuts[of.index];
    for (Block* block = more_blocks(of.index, of.bytes, cut); block != nullptr;) {
        Block* const next = block->next;
        put(list, block, of.bytes);
        block = next;
    }
    Block* block = list.first;
    if (block == nullptr) {
        block = cut.cut(of.bytes);
    } else {
        list.first = block->next;
        list.bytes -= of.bytes;
    }
    if (thread_ends) empty_lists();  // nobody comes to do it later
    return block;
}

// As if there were no pool: an allocation that can be counted, and can be made to fail.
__attribute__((noinline)) void allocate_for_show(std::size_t size) {
    void* const memory = ::operator new(size);
    asm volatile("" : : "r"(memory) : "memory");  // or the compiler leaves out the pair
    ::operator delete(memory);
}

}  // namespace

void* pool_allocate(std::size_t size) {
    if (size > largest) return ::operator new(size);
    const SizeClass of = class_of(size);
    FreeList& list = lists[of.index];
    if (stands_aside) allocate_for_show(size);
    if (Block* block = list.first) {
        list.first = block->next;
        list.bytes -= of.bytes;
        if (list.bytes < list.lowest) list.lowest = list.bytes;
        return block;
    }
    list.lowest = 0;
    if (of.index < small_classes && cuts[of.index].has_room()) return cuts[of.index].cut(of.bytes);
    return more(of);
}

void pool_release(void* memory, std::size_t size) noexcept {
    if (size > largest) return ::operator delete(memory);
    const SizeClass of = class_of(size);
    FreeList& list = lists[of.index];
    Block* const block = static_cast<Block*>(memory);
    const bool small = of.index < small_classes;
    if (thread_ends) return small ? return_to_slab(block) : ::operator delete(memory);
    if (small && list.bytes >= most_kept_small) keeps_much = true;
    if (!small && list.bytes >= most_kept_bytes) return ::operator delete(memory);
    if (!kept_by_thread) drain_at_thread_end();
    put(list, block, of.bytes);
}

bool pool_keeps_much() noexcept { return keeps_much; }

// Blocks that nobody needed since the last look are those of a peak that is over.
void pool_give_back() noexcept {
    keeps_much = false;
    std::size_t given = 0;
    for (std::size_t index = 0; index < small_classes; ++index) {
        FreeList& list = lists[index];
        // Once more when some were needed, not when none was: then what is left shares its slabs with blocks in use.
        keeps_much = keeps_much || (list.bytes > most_kept_small && list.lowest < list.bytes);
        if (list.lowest > most_kept_small) {
            const std::size_t bytes = (index + 1) * granularity;
            give_up(cuts[index], bytes);
            const std::size_t dropped = drop_whole_slabs(list.first, bytes, list.lowest);
            list.bytes -= dropped;
            given += dropped;
            cuts[index].had = 0;
        }
        list.lowest = list.bytes;
    }
#ifdef __GLIBC__
    // By itself glibc gives back the top of its heap only, and one block that stayed there keeps all below it.
    if (given >= bytes_of_a_peak) malloc_trim(0);
#endif
    (void)given;
}

void set_pool_recycling(bool on) noexcept { stands_aside = !on; }

#endif

}  // namespace detail
}  // namespace cede
