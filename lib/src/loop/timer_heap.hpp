// What it is: the timers of a loop, the earliest first; among those of one time, in the order they were made. A 4-ary heap
// (J. W. J. Williams 1964; four children by D. B. Johnson 1975): half the levels of a binary one, and the children of
// a node share a cache line. Each timer can be found in it, so that cancelling one removes it at once: asyncio's lazy removal
// keeps a million cancelled timeouts in memory. Where a timer is stands in a table of its own rather than in the timer, for
// each step of a sift moves one: of a million that would be a miss of the cache at every level.
#ifndef CEDE_SRC_LOOP_TIMER_HEAP_HPP
#define CEDE_SRC_LOOP_TIMER_HEAP_HPP

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cede/loop/handle.hpp"

namespace cede {
namespace detail {

class TimerHeap {
public:
    bool empty() const noexcept { return entries_.empty(); }
    std::size_t size() const noexcept { return entries_.size(); }
    TimePoint earliest() const noexcept { return entries_.front().when; }

    // Adds a timer, on which the caller has taken a reference. Throws std::bad_alloc.
    void push(HandleCore& timer);
    // Takes out the earliest; its reference goes to the caller.
    HandleCore& pop() noexcept;
    // Takes out a timer that is in the heap; its reference goes to the caller.
    void remove(HandleCore& timer) noexcept;

private:
    struct Entry {
        TimePoint when;
        std::uint32_t slot;  // of the tables below, for as long as the timer is in the heap
    };
    static constexpr std::size_t arity = 4;
    static constexpr std::uint32_t none = HandleCore::not_in_heap;

    void put(std::size_t index, const Entry& entry) noexcept {
        entries_[index] = entry;
        places_[entry.slot] = static_cast<std::uint32_t>(index);
    }
    void add_slot();
    void take_out(std::uint32_t slot) noexcept;
    bool before(const Entry& a, const Entry& b) const noexcept {
        return a.when != b.when ? a.when < b.when : made_before(a, b);
    }
    bool made_before(const Entry& a, const Entry& b) const noexcept;
    std::size_t earlier(std::size_t a, std::size_t b) const noexcept;
    std::size_t earliest_child(std::size_t first) const noexcept;
    void sift_up(std::size_t index, const Entry& entry) noexcept;
    void sift_down(std::size_t index, const Entry& entry) noexcept;

    std::vector<Entry> entries_;
    std::vector<std::uint32_t> places_;  // by slot: the index of its entry; of a free slot, the next free one
    std::vector<HandleCore*> timers_;    // by slot
    std::vector<std::uint64_t> orders_;  // by slot: how many were made before; asked for those of one time
    std::uint32_t free_slot_ = none;
    std::uint64_t next_order_ = 0;
};

}  // namespace detail
}  // namespace cede

#endif
