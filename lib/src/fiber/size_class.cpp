#include "fiber/size_class.hpp"

#include <algorithm>
#include <new>

#include "base/sanitizers.hpp"
#include "fiber/stack_memory.hpp"

#if CEDE_TSAN
#include <sanitizer/tsan_interface.h>

#include "base/blocked_signals.hpp"
#endif
#if defined(__has_include)
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#endif
#endif

namespace cede {
namespace detail {
namespace {

// A mapping grows to 256 MiB of address space, so that a million stacks need a thousand of them, which the kernel joins.
constexpr std::size_t smallest_chunk = 16;
constexpr std::size_t largest_chunk = 1024;
// Guards made by one system call, once a program has this many stacks. A chunk's all at once would fill half a megabyte of page
// tables for one stack.
constexpr std::size_t prepared_at_once = 64;
// Milliseconds at the most if every page of it was used.
constexpr std::size_t bytes_unmapped_at_once = std::size_t{16} << 20;
constexpr std::size_t cache_line = 64;

// What sanitizers and the budget of guards know of stacks that have gone.
void forget_blocks(const StackChunk& chunk) noexcept {
    for (std::size_t i = 0; i < chunk.prepared; ++i) guard_unmapped(chunk.blocks[i].guard_kind);
#if CEDE_TSAN
    // To make or destroy a fiber ThreadSanitizer switches to it for a moment: a signal that came then would be kept with that one,
    // and die with it.
    const BlockedSignals none;
    for (std::size_t i = 0; i < chunk.made; ++i) __tsan_destroy_fiber(chunk.blocks[i].tsan_fiber);
#endif
#ifdef VALGRIND_STACK_DEREGISTER
    for (std::size_t i = 0; i < chunk.made; ++i) VALGRIND_STACK_DEREGISTER(chunk.blocks[i].valgrind_id);
#endif
}

}  // namespace

void SizeClass::map_chunk() {
    const std::size_t wanted = std::min(std::max(room, smallest_chunk), largest_chunk);
    for (std::size_t count = wanted; count > 0; count /= 2) {
        char* const memory = map_stacks(count * size);
        if (memory == nullptr) continue;
        try {
            std::unique_ptr<StackChunk> chunk(new StackChunk(memory, count));
            // So that giving a stack back never allocates. Before the chunk is known, whose memory goes on failure.
            if (free.capacity() < room + count) free.reserve(std::max(room + count, 2 * free.capacity()));
            if (chunks.size() == chunks.capacity()) chunks.reserve(2 * chunks.size() + 8);
            leaving.reserve(chunks.capacity());
            chunks.push_back(std::move(chunk));
        } catch (...) {
            unmap_stacks(memory, count * size);
            throw;
        }
        room += count;
        return;
    }
    throw std::bad_alloc();
}

void SizeClass::prepare_more(StackChunk& chunk) noexcept {
    const std::size_t wanted = chunk.stacks < prepared_at_once ? 1 : std::min(prepared_at_once, chunk.stacks - chunk.prepared);
    char* base = chunk.memory + chunk.prepared * size;
    const std::size_t guarded = install_guards(base, size, wanted);
    for (std::size_t i = 0; i < wanted; ++i, base += size) {
        StackBlock& block = chunk.blocks[chunk.prepared++];
        block = StackBlock();
        block.base = base;
        block.size = size;
        block.chunk = &chunk;
        block.size_class = this;
        block.guard_kind = i < guarded ? StackPool::Guard::madvise : install_guard(base);
        block.guard = block.guard_kind != StackPool::Guard::none ? static_cast<std::uint32_t>(guard_size()) : 0;
    }
}

StackBlock* SizeClass::make_block() {
    StackChunk& chunk = *chunks.back();
    if (chunk.made == chunk.prepared) prepare_more(chunk);
    StackBlock& block = chunk.blocks[chunk.made++];
    block.color = static_cast<std::uint32_t>(colored++ * cache_line % most_color);
#if CEDE_TSAN
    {
        const BlockedSignals none;
        block.tsan_fiber = __tsan_create_fiber(0);
    }
#endif
#ifdef VALGRIND_STACK_REGISTER
    block.valgrind_id = VALGRIND_STACK_REGISTER(block.bottom(), block.base + block.size);
#endif
    return &block;
}

void SizeClass::take_returned() noexcept {
    std::lock_guard<std::mutex> lock(mutex);
    while (StackBlock* block = returned) {
        returned = block->next_returned;
        --in_use;
        free.push_back(block);  // within the capacity that map_chunk() reserved
    }
}

bool SizeClass::trim(std::size_t spare, Clock::time_point deadline) noexcept {
    if (!unmap_leaving(deadline)) return false;
    if (!trimming) {
        trimming = true;
        spare -= choose_leaving(spare);
        take_out_leaving();
        if (!unmap_leaving(deadline)) return false;
    }
    while (trimmed < spare && Clock::now() < deadline) {
        const StackBlock& block = *free[trimmed++];
        drop_memory(block.bottom(), block.size - block.guard);
    }
    trimming = trimmed < spare;
    return !trimming;
}

// A mapping of which no stack is in use goes whole, the youngest first: the only way to get its page tables back, too. Marks
// those that leave `spare` stacks less at the most, and returns how many less.
std::size_t SizeClass::choose_leaving(std::size_t spare) noexcept {
    if (spare < smallest_chunk) return 0;
    for (auto& chunk : chunks) chunk->idle = 0;
    for (const StackBlock* block : free) ++block->chunk->idle;
    std::size_t gone = 0;
    for (auto chunk = chunks.rbegin(); chunk != chunks.rend(); ++chunk) {
        StackChunk& each = **chunk;
        each.leaves = each.idle == each.made && each.made <= spare - gone;
        if (each.leaves) gone += each.made;
    }
    return gone;
}

void SizeClass::take_out_leaving() noexcept {
    const auto leaves = [](const StackBlock* block) { return block->chunk->leaves; };
    const auto cold_end = free.begin() + static_cast<std::ptrdiff_t>(trimmed);
    trimmed -= static_cast<std::size_t>(std::count_if(free.begin(), cold_end, leaves));
    const std::size_t before = free.size();
    free.erase(std::remove_if(free.begin(), free.end(), leaves), free.end());
    low_water -= std::min(low_water, before - free.size());
    auto stays = chunks.begin();
    for (auto& chunk : chunks) {
        if (!chunk->leaves) {
            std::swap(*stays++, chunk);
            continue;
        }
        room -= chunk->stacks;
        leaving.push_back(std::move(chunk));  // within the capacity that map_chunk() reserved
    }
    chunks.erase(stays, chunks.end());
    make_free_smaller();
}

// Or eight bytes for each stack of a peak would stay for good.
void SizeClass::make_free_smaller() noexcept {
    if (free.capacity() < 1024 || free.capacity() < 4 * room) return;
    try {
        std::vector<StackBlock*> smaller;
        smaller.reserve(room);
        smaller.assign(free.begin(), free.end());
        free.swap(smaller);
    } catch (const std::bad_alloc&) {
    }
}

// In pieces, for the pages of a whole one can take a hundred milliseconds to give back, and somebody may want to run.
bool SizeClass::unmap_leaving(Clock::time_point deadline) noexcept {
    while (!leaving.empty()) {
        StackChunk& chunk = *leaving.back();
        while (chunk.unmapped < chunk.stacks) {
            if (Clock::now() >= deadline) return false;
            const std::size_t at_once = std::max<std::size_t>(1, bytes_unmapped_at_once / size);
            const std::size_t count = std::min(at_once, chunk.stacks - chunk.unmapped);
            unmap_stacks(chunk.memory + chunk.unmapped * size, count * size);
            chunk.unmapped += count;
        }
        forget_blocks(chunk);
        leaving.pop_back();
    }
    return true;
}

SizeClass::~SizeClass() {
    for (auto* each : {&chunks, &leaving}) {
        for (auto& chunk : *each) {
            unmap_stacks(chunk->memory + chunk->unmapped * size, (chunk->stacks - chunk->unmapped) * size);
            forget_blocks(*chunk);
        }
    }
}

}  // namespace detail
}  // namespace cede
