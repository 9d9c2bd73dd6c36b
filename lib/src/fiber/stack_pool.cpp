#include "cede/fiber/stack_pool.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <vector>

#include "base/sanitizers.hpp"
#include "base/thread_state.hpp"
#include "cede/base/closure.hpp"
#include "fiber/stack_block.hpp"
#include "fiber/stack_memory.hpp"

#if CEDE_TSAN
#include <sanitizer/tsan_interface.h>
#endif
#if defined(__has_include)
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#endif
#endif

namespace cede {
namespace detail {

// All stacks of one size.
struct SizeClass {
    std::size_t size;                                   // of one stack, guard included
    std::vector<StackBlock*> free;                      // the last is the hottest
    std::size_t trimmed = 0;                            // free[0 .. trimmed) have no memory behind them
    std::size_t low_water = 0;                          // the fewest free ones since the last look
    std::vector<std::unique_ptr<StackBlock>> blocks;    // every stack ever made
    char* chunk = nullptr;                              // the mapping that new ones are cut from
    std::size_t chunk_left = 0;                         // stacks not yet cut
    std::size_t next_chunk = 16;                        // stacks in the next mapping
    std::size_t in_use = 0;
    // The pool of the thread that made them. Null when that thread has ended: then it goes with the last stack in use.
    std::atomic<const void*> owner{nullptr};
    // A loop may be continued, or closed, by another thread than began its tasks; their stacks come home through here.
    std::mutex mutex;
    StackBlock* returned = nullptr;

    ~SizeClass();
};

namespace {

using Clock = std::chrono::steady_clock;

// 4 MiB of the stacks' top pages at most stay warm after a peak; below that trimming would cost more than it gives.
constexpr std::size_t kept_warm = 64;
constexpr std::size_t trimmed_at_once = 4096;
constexpr auto trim_period = std::chrono::milliseconds(100);
// A mapping grows to 256 MiB of address space, so that a million stacks need a thousand of them, which the kernel joins.
constexpr std::size_t largest_chunk = 1024;
// Measured: with all tops at the same page offset, 1,000 fibers evict one another (53 ns a switch), spread over 48
// cache lines they do not (15 ns).
constexpr std::size_t colors = 48;
constexpr std::size_t cache_line = 64;

struct Pool {
    std::vector<std::unique_ptr<SizeClass>> classes;
    SizeClass* common = nullptr;  // the default size's
    Clock::time_point last_look = Clock::now();
    std::size_t mappings = 0;
    std::size_t unguarded = 0;
    bool allocates = false;  // at every stack taken, for a test

    Pool() { prepare_overflow_report(); }
    ~Pool();
};

__thread Pool* pool_of_thread;

struct PoolOwner {
    Pool pool;
    PoolOwner() { pool_of_thread = &pool; }
    ~PoolOwner() {
        pool_of_thread = nullptr;
        thread_state.idle = nullptr;
    }
};

Pool& pool() {
    if (pool_of_thread == nullptr) {
        static thread_local PoolOwner owner;
        (void)owner;
        if (pool_of_thread == nullptr) throw std::bad_alloc();  // the thread ends; its stacks have gone already
    }
    return *pool_of_thread;
}

// The address space of a stack in which `wanted` bytes can be used, whatever its colour.
std::size_t size_for(std::size_t wanted) {
    if (wanted > (std::size_t{1} << 40)) throw std::bad_alloc();
    const std::size_t usable = wanted < StackPool::minimum_stack_size ? StackPool::minimum_stack_size : wanted;
    return round_to_pages(usable + colors * cache_line) + guard_size();
}

SizeClass& size_class(Pool& pool, std::size_t stack_size) {
    if (stack_size == 0 && pool.common != nullptr) return *pool.common;
    const std::size_t size = stack_size == 0 ? round_to_pages(StackPool::default_stack_size) : size_for(stack_size);
    SizeClass* found = nullptr;
    for (auto& each : pool.classes) {
        if (each->size == size) found = each.get();
    }
    if (found == nullptr) {
        pool.classes.emplace_back(new SizeClass());
        found = pool.classes.back().get();
        found->size = size;
        found->owner = &pool;
    }
    if (stack_size == 0) pool.common = found;
    return *found;
}

void map_chunk(Pool& pool, SizeClass& of) {
    for (std::size_t count = of.next_chunk; count > 0; count /= 2) {
        if (char* memory = map_stacks(count * of.size)) {
            of.chunk = memory;
            of.chunk_left = count;
            of.next_chunk = count < largest_chunk ? count * 2 : count;
            ++pool.mappings;
            return;
        }
    }
    throw std::bad_alloc();
}

// So that giving a stack back never allocates, nor does keeping the block once it is made.
void make_room_for_one(SizeClass& of) {
    if (of.blocks.size() < of.blocks.capacity() && of.blocks.size() < of.free.capacity()) return;
    const std::size_t room = of.blocks.size() < 16 ? 16 : of.blocks.size() * 2;
    of.free.reserve(room);
    of.blocks.reserve(room);
}

StackBlock* make_block(Pool& pool, SizeClass& of) {
    if (of.chunk_left == 0) map_chunk(pool, of);
    make_room_for_one(of);
    std::unique_ptr<StackBlock> block(new StackBlock());
    block->base = of.chunk;
    block->size = of.size;
    block->guard_kind = install_guard(of.chunk);
    block->guard = block->guard_kind != StackPool::Guard::none ? guard_size() : 0;
    block->color = of.blocks.size() % colors * cache_line;
    block->size_class = &of;
    if (block->guard == 0) ++pool.unguarded;
#if CEDE_TSAN
    block->tsan_fiber = __tsan_create_fiber(0);
#endif
#ifdef VALGRIND_STACK_REGISTER
    block->valgrind_id = VALGRIND_STACK_REGISTER(block->bottom(), block->base + block->size);
#endif
    of.blocks.push_back(std::move(block));
    of.chunk += of.size;
    --of.chunk_left;
    return of.blocks.back().get();
}

void take_returned(SizeClass& of) noexcept {
    std::lock_guard<std::mutex> lock(of.mutex);
    while (StackBlock* block = of.returned) {
        of.returned = block->next_returned;
        --of.in_use;
        of.free.push_back(block);  // within the capacity that make_block() reserved
    }
}

void release_elsewhere(StackBlock* block) noexcept {
    SizeClass& of = *block->size_class;
    std::unique_lock<std::mutex> lock(of.mutex);
    if (of.owner.load(std::memory_order_relaxed) != nullptr) {
        block->next_returned = of.returned;
        of.returned = block;
        return;
    }
    if (--of.in_use != 0) return;
    lock.unlock();
    delete &of;
}

// Gives back the memory of idle stacks, the coldest first, down to the `keep` hottest; false when some were left over.
bool trim_class(SizeClass& of, std::size_t idle, std::size_t keep, std::size_t at_once) noexcept {
    const std::size_t spare = of.free.size() > keep ? of.free.size() - keep : 0;
    const std::size_t end = idle < spare ? idle : spare;
    while (of.trimmed < end && at_once > 0) {
        const StackBlock& block = *of.free[of.trimmed];
        drop_memory(block.bottom(), block.size - block.guard);
        ++of.trimmed;
        --at_once;
    }
    return of.trimmed >= end;
}

// The loop is about to block. A stack that nobody took for a whole period belongs to a peak that is over.
long long idle() {
    Pool* pool = pool_of_thread;
    if (pool == nullptr) return -1;
    const Clock::time_point now = Clock::now();
    const auto since = now - pool->last_look;
    if (since < trim_period) return std::chrono::nanoseconds(trim_period - since).count();
    bool whole = true;
    bool warm = false;
    for (auto& each : pool->classes) {
        take_returned(*each);
        const bool class_done = trim_class(*each, each->low_water, kept_warm, trimmed_at_once);
        whole = whole && class_done;
        if (class_done) each->low_water = each->free.size();
        warm = warm || each->free.size() > each->trimmed + kept_warm;
    }
    if (!whole) return 1000000;
    pool->last_look = now;
    if (warm) return std::chrono::nanoseconds(trim_period).count();
    thread_state.idle = nullptr;
    return -1;
}

Pool::~Pool() {
    for (auto& each : classes) {
        // Somebody still has a stack, a coroutine in a static variable for one: it may be closed yet, so all stay.
        std::unique_lock<std::mutex> lock(each->mutex);
        for (StackBlock* block = each->returned; block != nullptr; block = block->next_returned) --each->in_use;
        each->returned = nullptr;
        each->owner.store(nullptr, std::memory_order_relaxed);
        if (each->in_use != 0) each.release();  // before the lock goes, for the last stack's thread deletes it
    }
}

}  // namespace

SizeClass::~SizeClass() {
    // Stacks lie side by side in the order in which they were cut: one call for each run, where one for each stack took a
    // second for a million.
    char* run = nullptr;
    char* run_end = nullptr;
    for (auto& block : blocks) {
#if CEDE_TSAN
        __tsan_destroy_fiber(block->tsan_fiber);
#endif
#ifdef VALGRIND_STACK_DEREGISTER
        VALGRIND_STACK_DEREGISTER(block->valgrind_id);
#endif
        guard_unmapped(block->guard_kind);
        if (block->base != run_end) {
            unmap_stacks(run, static_cast<std::size_t>(run_end - run));
            run = block->base;
        }
        run_end = block->base + block->size;
    }
    unmap_stacks(run, static_cast<std::size_t>(run_end - run));
    unmap_stacks(chunk, chunk_left * size);
}

StackBlock* acquire_stack(std::size_t stack_size) {
    Pool& mine = pool();
    if (mine.allocates) let_escape(std::unique_ptr<char>(new char).get());
    SizeClass& of = size_class(mine, stack_size);
    StackBlock* block;
    if (of.free.empty()) take_returned(of);
    if (of.free.empty()) {
        block = make_block(mine, of);
    } else {
        block = of.free.back();
        of.free.pop_back();
        if (of.free.size() < of.low_water) of.low_water = of.free.size();
        if (of.free.size() < of.trimmed) of.trimmed = of.free.size();
    }
    ++of.in_use;
    return block;
}

void release_stack(StackBlock* block) noexcept {
    SizeClass& of = *block->size_class;
    if (pool_of_thread == nullptr || of.owner.load(std::memory_order_relaxed) != pool_of_thread) {
        return release_elsewhere(block);
    }
    --of.in_use;
    of.free.push_back(block);  // within the capacity that make_block() reserved
    if (thread_state.idle == nullptr && of.free.size() > of.trimmed + kept_warm) {
        for (auto& each : pool_of_thread->classes) each->low_water = 0;
        pool_of_thread->last_look = Clock::now();
        thread_state.idle = &idle;
    }
}

void set_stacks_allocate(bool on) { pool().allocates = on; }

}  // namespace detail

// For whoever takes their address; C++17 needs no such line.
constexpr std::size_t StackPool::default_stack_size;
constexpr std::size_t StackPool::minimum_stack_size;

StackPool::Figures StackPool::figures() noexcept {
    Figures figures{0, 0, 0, 0, 0, detail::current_guard()};
    if (const detail::Pool* pool = detail::pool_of_thread) {
        for (const auto& each : pool->classes) {
            figures.in_use += each->in_use;
            figures.idle += each->free.size();
            figures.resident += each->free.size() - each->trimmed;
        }
        figures.unguarded = pool->unguarded;
        figures.mappings = pool->mappings;
    }
    return figures;
}

void StackPool::trim() noexcept {
    if (detail::pool_of_thread == nullptr) return;
    for (auto& each : detail::pool_of_thread->classes) detail::trim_class(*each, each->free.size(), 0, each->free.size());
}

}  // namespace cede
