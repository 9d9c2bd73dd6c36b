// What it is: where the pool's small blocks come from: slabs of 256 KiB, each cut into blocks of one size. A slab whose blocks
// have all come back serves any size, or goes back to the system. When to use it: below `pool.cpp`, which keeps what a thread
// has free.
//
// Rather than operator new: a block costs a few instructions where it cost a hundred, no header, and in a crowd hardly a page
// fault, for after a thread's first two slabs of a size they come from huge pages, where those are quick to get (huge_pages.hpp).
// 100,000 tasks at once take half of the time by it; a million sleeping ones 24 % less instructions, a million timers 19 %.
//
// Any thread; a lock is taken. A block may be cut in one thread and come back in another.
#ifndef CEDE_SRC_BASE_SLABS_HPP
#define CEDE_SRC_BASE_SLABS_HPP

#include <chrono>
#include <cstddef>

namespace cede {
namespace detail {

struct Slab;

struct Block {
    Block* next;
};

// The part of a slab that a thread has to itself, to cut blocks from.
struct SlabCut {
    char* next;
    char* end;
    Slab* slab;
    unsigned had;  // slabs since the last peak

    bool has_room() const noexcept { return next != end; }
    Block* cut(std::size_t bytes) noexcept {
        Block* const block = reinterpret_cast<Block*>(next);
        next += bytes;
        return block;
    }
};

constexpr std::size_t slab_sizes = 16;

// More blocks of `bytes` bytes, the size of number `index`: either blocks that had come back, as a list, or room to cut some
// from. `of` is given up first. Throws std::bad_alloc.
Block* more_blocks(std::size_t index, std::size_t bytes, SlabCut& of);
// The thread cuts no more from it.
void give_up(SlabCut& of, std::size_t bytes) noexcept;
// A list of blocks that no thread keeps any more.
void return_to_slabs(Block* blocks) noexcept;

// Slabs without a block in use.
std::size_t free_slabs() noexcept;
// So many of them always stay, for the next wave, or the next thread.
constexpr std::size_t kept_slabs = 4;
// Gives the system those that nobody needed since the last call that did all; false when there were more at `deadline`.
bool drop_free_slabs(std::chrono::steady_clock::time_point deadline) noexcept;
// Gives the system the others at once.
void drop_free_slabs() noexcept;

}  // namespace detail
}  // namespace cede

#endif
