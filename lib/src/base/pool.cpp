#include "cede/base/pool.hpp"

#include <utility>

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

struct BlockClass {
    std::size_t index;
    std::size_t bytes;
};

inline BlockClass class_of(std::size_t size) noexcept {
    if (size <= largest_small) {
        const std::size_t index = (size - 1) / granularity;
        return {index, (index + 1) * granularity};
    }
    BlockClass found{small_classes, largest_small * 2};
    for (; found.bytes < size; found.bytes *= 2) ++found.index;
    return found;
}

// What a thread keeps of one size. Beyond it large blocks go to operator delete one by one. Small ones are kept in two magazines
// (J. Bonwick, J. Adams 2001): when the first is full it becomes the second, and what that was goes back to the slabs, one lock
// for all. So a thread that takes and returns some never comes to the slabs at every turn. They are small, for what goes back is
// walked through, and is in the cache still: with lists of 4 MiB that was a third of the time of a million timers.
constexpr std::size_t most_kept_bytes = std::size_t{4} << 20;
constexpr std::size_t magazine_bytes = std::size_t{128} << 10;
constexpr std::chrono::milliseconds longest_look(1);

struct FreeList {
    Block* first;
    std::size_t bytes;
    // Of small blocks: the second magazine.
    Block* full_magazine;
    std::size_t full_bytes;
};

// Plain thread-local data without a constructor: it is read at every allocation, and a guard variable or a wrapper
// function would cost as much as the list itself.
__thread FreeList lists[classes];
__thread SlabCut cuts[small_classes];
__thread bool more_came_back;  // than the magazines take, of some size, since the last look
__thread bool kept_by_thread;  // the Drain below is armed, and has not run
__thread bool stands_aside;    // for a test
__thread bool thread_ends;

void empty_magazines() noexcept {
    for (std::size_t index = 0; index < small_classes; ++index) {
        FreeList& list = lists[index];
        return_to_slabs(std::exchange(list.first, nullptr));
        return_to_slabs(std::exchange(list.full_magazine, nullptr));
        list.bytes = 0;
        give_up(cuts[index], (index + 1) * granularity);
        cuts[index].had = 0;
    }
}

void empty_lists() noexcept {
    empty_magazines();
    for (std::size_t index = small_classes; index < classes; ++index) {
        FreeList& list = lists[index];
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
        drop_free_slabs();
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
    return block;
}

// The list is empty.
__attribute__((noinline)) Block* more(const BlockClass& of) {
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
    const BlockClass of = class_of(size);
    FreeList& list = lists[of.index];
    if (stands_aside) allocate_for_show(size);
    if (list.first == nullptr && list.full_magazine != nullptr) {
        list.first = std::exchange(list.full_magazine, nullptr);
        list.bytes = list.full_bytes;
    }
    if (list.first != nullptr) return take(list, of.bytes);
    if (of.index < small_classes && cuts[of.index].has_room()) return cuts[of.index].cut(of.bytes);
    return more(of);
}

__attribute__((noinline)) void release_slowly(void* memory, std::size_t size) noexcept {
    if (size > largest) return ::operator delete(memory);
    const BlockClass of = class_of(size);
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

__attribute__((noinline)) void change_magazines(FreeList& list) noexcept {
    if (list.full_magazine != nullptr) {
        return_to_slabs(list.full_magazine);
        more_came_back = true;
    }
    list.full_magazine = std::exchange(list.first, nullptr);
    list.full_bytes = std::exchange(list.bytes, 0);
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
    if (list.bytes > magazine_bytes - each) change_magazines(list);
}

bool pool_keeps_much() noexcept { return more_came_back || free_slabs() > kept_slabs; }

// After a peak the magazines go back, too: the blocks in them may lie in as many slabs, none of which would be free.
bool pool_give_back() noexcept {
    const auto deadline = std::chrono::steady_clock::now() + longest_look;
    if (std::exchange(more_came_back, false)) empty_magazines();
    return drop_free_slabs(deadline);
}

void set_pool_recycling(bool on) noexcept { stands_aside = !on; }

#endif

}  // namespace detail
}  // namespace cede
