#include "cede/fiber/stack_pool.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <vector>

#include "base/sanitizers.hpp"
#include "base/thread_state.hpp"
#include "cede/base/closure.hpp"
#include "fiber/fiber_record.hpp"
#include "fiber/size_class.hpp"
#include "fiber/stack_memory.hpp"

namespace cede {
namespace detail {

namespace {

using Clock = SizeClass::Clock;

// 4 MiB of the stacks' top pages at most stay warm after a peak; below that trimming would cost more than it gives.
constexpr std::size_t kept_warm = 64;
constexpr auto trim_period = std::chrono::milliseconds(50);
// Between two looks of the loop at what else there is to do.
constexpr auto longest_trim = std::chrono::milliseconds(1);

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
    return round_to_pages(usable + SizeClass::most_color + sizeof(FiberRecord)) + guard_size();
}

// At a distance of a power of two the tops of all stacks would share a few sets of the second level of the cache: a yield among
// a thousand took 27.6 ns, and takes 25.1.
std::size_t odd_pages(std::size_t bytes) { return bytes | round_to_pages(1); }

SizeClass& size_class(Pool& pool, std::size_t stack_size) {
    if (stack_size == 0 && pool.common != nullptr) return *pool.common;
    const std::size_t size = odd_pages(stack_size == 0 ? round_to_pages(StackPool::default_stack_size) : size_for(stack_size));
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

StackBlock* make_stack(Pool& pool, SizeClass& of) {
    if (!of.has_room()) {
        of.map_chunk();
        ++pool.mappings;
    }
    StackBlock* const block = of.make_block();
    if (block->guard == 0) ++pool.unguarded;
    return block;
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

// Those that nobody took since the last look, without the hottest ones.
std::size_t spare_stacks(const SizeClass& of) noexcept {
    return std::min(of.low_water, of.free.size() - std::min(of.free.size(), kept_warm));
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
        each->take_returned();
        const bool class_done = each->trim(spare_stacks(*each), now + longest_trim);
        whole = whole && class_done;
    }
    if (!whole) return 0;
    for (auto& each : pool->classes) {
        each->low_water = each->free.size();
        warm = warm || each->free.size() > each->trimmed + kept_warm;
    }
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

StackBlock* acquire_stack(std::size_t stack_size) {
    Pool& mine = pool();
    if (mine.allocates) let_escape(std::unique_ptr<char>(new char).get());
    SizeClass& of = size_class(mine, stack_size);
    StackBlock* block;
    if (of.free.empty()) of.take_returned();
    if (of.free.empty()) {
        block = make_stack(mine, of);
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
    of.free.push_back(block);  // within the capacity that map_chunk() reserved
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
    for (auto& each : detail::pool_of_thread->classes) {
        each->take_returned();
        each->trimming = false;  // one that the loop has begun would leave mappings
        each->trim(each->free.size(), detail::SizeClass::Clock::time_point::max());
    }
}

}  // namespace cede
