#include "cede/base/pool.hpp"

#include "base/sanitizers.hpp"

#if !CEDE_ASAN && !CEDE_TSAN
#include "base/slabs.hpp"
#endif

namespace cede {
namespace detail {

#if CEDE_ASAN || CEDE_TSAN

void* pool_allocate(std::size_t size) { return ::operator new(size); }
void pool_release(void* block, std::size_t) noexcept { ::operator delete(block); }
bool pool_keeps_much() noexcept { return false; }
bool pool_give_back() noexcept { return true; }
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

// What a thread keeps of one size. Beyond it large blocks go to operator delete one by one, small ones to their slabs, half of
// them at once.
constexpr std::size_t most_kept_bytes = std::size_t{4} << 20;
// More than that of small ones is looked at when the loop rests.
constexpr std::size_t most_kept_unused = std::size_t{1} << 20;
constexpr std::chrono::milliseconds longest_look(1);
// What stays when a thread ends, for the next.
constexpr std::size_t slabs_left_behind = 4;

struct FreeList {
    Block* first;
    std::size_t bytes;
    std::size_t lowest;  // since the last look; of small blocks
};

// Plain thread-local data without a constructor: it is read at every allocation, and a guard variable or a wrapper
// function would cost as much as the list itself.
__thread FreeList lists[classes];
__thread SlabCut cuts[small_classes];
__thread bool keeps_much;      // more than most_kept_unused of one size, at some time since the last look
__thread bool kept_by_thread;  // the Drain below is armed, and has not run
__thread bool stands_aside;    // for a test
__thread bool thread_ends;

// Returns the first blocks of a small size, of `bytes` bytes together at the least.
void spill(FreeList& list, std::size_t each, std::size_t bytes) noexcept {
    if (list.first == nullptr || bytes == 0) return;
    Block* const first = list.first;
    Block* last = first;
    for (list.bytes -= each; last->next != nullptr && bytes > each; bytes -= each) {
        last = last->next;
        list.bytes -= each;
    }
    list.first = last->next;
    last->next = nullptr;
    return_to_slabs(first);
}

void empty_lists() noexcept {
    for (std::size_t index = 0; index < classes; ++index) {
        FreeList& list = lists[index];
        if (index < small_classes) {
            const std::size_t each = (index + 1) * granularity;
            spill(list, each, list.bytes);
            give_up(cuts[index], each);
            continue;
        }
        while (Block* const block = list.first) {
            list.first = block->next;
            ::operator delete(block);
        }
        list.bytes = 0;
    }
}

struct Drain {
    ~Drain() {
        thread_ends = true;
        kept_by_thread = false;
        empty_lists();
        drop_free_slabs_beyond(slabs_left_behind);
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

// It is not empty.
Block* take(FreeList& list, std::size_t bytes) noexcept {
    Block* const block = list.first;
    list.first = block->next;
    list.bytes -= bytes;
    if (list.bytes < list.lowest) list.lowest = list.bytes;
    return block;
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
        take(list, of.bytes);
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

__attribute__((noinline)) void* allocate_slowly(std::size_t size) {
    if (size > largest) return ::operator new(size);
    const SizeClass of = class_of(size);
    FreeList& list = lists[of.index];
    if (stands_aside) allocate_for_show(size);
    if (list.first != nullptr) return take(list, of.bytes);
    list.lowest = 0;
    if (of.index < small_classes && cuts[of.index].has_room()) return cuts[of.index].cut(of.bytes);
    return more(of);
}

__attribute__((noinline)) void release_slowly(void* memory, std::size_t size) noexcept {
    if (size > largest) return ::operator delete(memory);
    const SizeClass of = class_of(size);
    FreeList& list = lists[of.index];
    Block* const block = static_cast<Block*>(memory);
    const bool small = of.index < small_classes;
    if (thread_ends || (!small && list.bytes >= most_kept_bytes)) {
        if (!small) return ::operator delete(memory);
        block->next = nullptr;
        return return_to_slabs(block);
    }
    if (!kept_by_thread) drain_at_thread_end();
    put(list, block, of.bytes);
}

__attribute__((noinline)) void keep_less(FreeList& list, std::size_t each) noexcept {
    keeps_much = true;
    if (list.bytes >= most_kept_bytes) spill(list, each, most_kept_bytes / 2);
}

}  // namespace

// Both are short, and their rare cases are functions of their own, so that the common one saves no register.
void* pool_allocate(std::size_t size) {
    const std::size_t index = (size - 1) / granularity;
    if (index >= small_classes || stands_aside || lists[index].first == nullptr) return allocate_slowly(size);
    return take(lists[index], (index + 1) * granularity);
}

void pool_release(void* memory, std::size_t size) noexcept {
    const std::size_t index = (size - 1) / granularity;
    if (index >= small_classes || !kept_by_thread) return release_slowly(memory, size);
    FreeList& list = lists[index];
    const std::size_t each = (index + 1) * granularity;
    put(list, static_cast<Block*>(memory), each);
    if (list.bytes >= most_kept_unused) keep_less(list, each);
}

bool pool_keeps_much() noexcept { return keeps_much || free_slabs() > 0; }

// What nobody needed since the last look is left from a peak that is over.
bool pool_give_back() noexcept {
    const auto deadline = std::chrono::steady_clock::now() + longest_look;
    if (keeps_much) {
        keeps_much = false;
        for (std::size_t index = 0; index < small_classes; ++index) {
            FreeList& list = lists[index];
            const std::size_t each = (index + 1) * granularity;
            if (list.lowest > most_kept_unused) {
                spill(list, each, list.lowest);
                give_up(cuts[index], each);
                cuts[index].had = 0;
            } else if (list.bytes > most_kept_unused) {
                keeps_much = true;  // some were needed: once more
            }
            list.lowest = list.bytes;
        }
    }
    return drop_free_slabs(deadline);
}

void set_pool_recycling(bool on) noexcept { stands_aside = !on; }

#endif

}  // namespace detail
}  // namespace cede
