// What it is: the stacks of one size that a thread has: mappings, and of their stacks those that nobody uses. Here they are
// made and trimmed; who takes one, and when it is time to trim, is `stack_pool.cpp`.
#ifndef CEDE_SRC_FIBER_SIZE_CLASS_HPP
#define CEDE_SRC_FIBER_SIZE_CLASS_HPP

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "fiber/stack_block.hpp"

namespace cede {
namespace detail {

// One mapping, and the stacks that are cut from it, one behind the other.
struct StackChunk {
    StackChunk(char* at, std::size_t room) : memory(at), stacks(room), blocks(new StackBlock[room]) {}

    char* memory;
    std::size_t stacks;       // that it has room for
    std::size_t prepared = 0;  // those that have a guard
    std::size_t made = 0;     // those that were given to somebody
    std::size_t idle = 0;     // those of them that nobody uses; counted for a trim, and not true at other times
    bool leaves = false;
    std::size_t unmapped = 0;
    std::unique_ptr<StackBlock[]> blocks;  // the first `prepared` are filled in
};

struct SizeClass {
    using Clock = std::chrono::steady_clock;
    // Measured: with all tops at the same page offset, 1,000 fibers evict one another (53 ns a switch), spread over 48
    // cache lines they do not (15 ns).
    static constexpr std::size_t most_color = 48 * 64;

    std::size_t size;                      // of one stack, guard included
    std::vector<StackBlock*> free;         // the last is the hottest
    std::size_t trimmed = 0;               // free[0 .. trimmed) have no memory behind them
    std::size_t low_water = 0;             // the fewest free ones since the last look
    std::vector<std::unique_ptr<StackChunk>> chunks;
    std::vector<std::unique_ptr<StackChunk>> leaving;  // nobody uses them any more, and part of them is unmapped
    bool trimming = false;                 // a trim has begun, and was not done at its deadline
    std::size_t room = 0;                  // stacks that `chunks` have room for
    std::size_t colored = 0;
    std::size_t in_use = 0;
    // The pool of the thread that made them. Null when that thread has ended: then it goes with the last stack in use.
    std::atomic<const void*> owner{nullptr};
    // A loop may be continued, or closed, by another thread than began its tasks; their stacks come home through here.
    std::mutex mutex;
    StackBlock* returned = nullptr;

    ~SizeClass();

    bool has_room() const noexcept { return !chunks.empty() && chunks.back()->made < chunks.back()->stacks; }
    // Throws std::bad_alloc when there is no address space.
    void map_chunk();
    // Where there is room.
    StackBlock* make_block();
    void take_returned() noexcept;
    // Gives back the memory of stacks that nobody uses, `spare` of them, the coldest first, and goes on until `deadline`. False
    // when some were left over.
    bool trim(std::size_t spare, Clock::time_point deadline) noexcept;

private:
    void prepare_more(StackChunk& chunk) noexcept;
    std::size_t choose_leaving(std::size_t spare) noexcept;
    void take_out_leaving() noexcept;
    void make_free_smaller() noexcept;
    bool unmap_leaving(Clock::time_point deadline) noexcept;
};

}  // namespace detail
}  // namespace cede

#endif
