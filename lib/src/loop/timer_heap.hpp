// What it is: the timers that are due next, the earliest first; among those of one time, in the order they were made. A 4-ary
// heap (J. W. J. Williams 1964; four children by D. B. Johnson 1975): half the levels of a binary one, and the children of
// a node share a cache line. When to use it: below TimerQueue, which keeps it small enough for the cache.
//
// Each timer can be found in it, so that cancelling one removes it at once. Where a timer is stands in a table of its own rather
// than in the timer, for each step of a sift moves one.
#ifndef CEDE_SRC_LOOP_TIMER_HEAP_HPP
#define CEDE_SRC_LOOP_TIMER_HEAP_HPP

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cede/loop/handle.hpp"

namespace cede {
namespace detail {

// An entry of a table of timers.
struct DueTime {
    TimePoint when;
    HandleCore* timer;

    bool operator<(const DueTime& other) const noexcept {
        return when != other.when ? when < other.when : timer->order < other.timer->order;
    }
};

class TimerHeap {
public:
    bool empty() const noexcept { return entries_.empty(); }
    std::size_t size() const noexcept { return entries_.size(); }
    TimePoint earliest() const noexcept { return entries_.front().when; }
    std::size_t capacity() const noexcept { return entries_.capacity(); }

    // Throws std::bad_alloc; not below a size that it has had.
    void push(HandleCore& timer);
    // Takes out the earliest.
    HandleCore& pop() noexcept;
    // Takes out a timer that is in the heap.
    void remove(HandleCore& timer) noexcept;
    // Takes out the latest so many, and appends them to `out`, which has room for them.
    void take_latest(std::size_t count, std::vector<DueTime>& out) noexcept;

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
    void free_slot(std::uint32_t slot) noexcept;
    void take_out(std::size_t index) noexcept;
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
    std::uint32_t free_slot_ = none;
};

}  // namespace detail
}  // namespace cede

#endif
