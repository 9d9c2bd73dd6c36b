// What it is: where the pool's small blocks come from: slabs of 256 KiB, each cut into blocks of one size, which go back to
// the system when all their blocks are free. When to use it: below `pool.cpp`, which keeps what a thread has free.
//
// Rather than operator new: a block costs a few instructions where it cost a hundred, no header, and in a crowd hardly a page
// fault, for after a thread's first two slabs of a size they come from huge pages. 100,000 tasks at once take half of the time
// by it; a million sleeping ones 24 % less instructions, a million timers 19 %.
//
// Any thread; a lock is taken. A block may be cut in one thread and come back in another.
#ifndef CEDE_SRC_BASE_SLABS_HPP
#define CEDE_SRC_BASE_SLABS_HPP

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
// A block that no thread keeps any more.
void return_to_slab(Block* block) noexcept;
// Takes slabs of which all blocks are in `blocks`, each of `bytes` bytes, out of it and gives them back to the system: `most`
// bytes of blocks at the most. Returns how many bytes.
std::size_t drop_whole_slabs(Block*& blocks, std::size_t bytes, std::size_t most) noexcept;

}  // namespace detail
}  // namespace cede

#endif
