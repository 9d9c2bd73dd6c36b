#include "cede/base/pool.hpp"

#include "base/sanitizers.hpp"

namespace cede {
namespace detail {

#if CEDE_ASAN || CEDE_TSAN

void* pool_allocate(std::size_t size) { return ::operator new(size); }
void pool_release(void* block, std::size_t) noexcept { ::operator delete(block); }

#else

namespace {

constexpr std::size_t granularity = 64;
constexpr std::size_t largest = 1024;
constexpr std::size_t classes = largest / granularity;
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
__thread bool thread_ends;

struct Drain {
    ~Drain() {
        thread_ends = true;
        for (FreeList& list : lists) {
            while (Block* block = list.first) {
                list.first = block->next;
                ::operator delete(block);
            }
            list.bytes = 0;
        }
    }
};

void drain_at_thread_end() {
    static thread_local Drain drain;
    (void)drain;
    kept_by_thread = true;
}

}  // namespace

void* pool_allocate(std::size_t size) {
    if (size > largest) return ::operator new(size);
    const std::size_t index = (size - 1) / granularity;
    FreeList& list = lists[index];
    if (Block* block = list.first) {
        list.first = block->next;
        list.bytes -= (index + 1) * granularity;
        return block;
    }
    return ::operator new((index + 1) * granularity);
}

void pool_release(void* memory, std::size_t size) noexcept {
    const std::size_t index = (size - 1) / granularity;
    if (size > largest || thread_ends || lists[index].bytes >= most_kept_bytes) {
        ::operator delete(memory);
        return;
    }
    if (!kept_by_thread) drain_at_thread_end();
    FreeList& list = lists[index];
    Block* block = static_cast<Block*>(memory);
    block->next = list.first;
    list.first = block;
    list.bytes += (index + 1) * granularity;
}

#endif

}  // namespace detail
}  // namespace cede
