// What it is: the timers of a loop, the earliest first; among those of one time, in the order they were made. A ladder queue
// (W. T. Tang, R. S. M. Goh, I. L.-J. Thng 2005): those that are due next are in a heap that the cache holds; all later ones lie
// unsorted in ranges of time, and a range is divided when its turn comes. So a timer is appended to an array two or three
// times, where it went up and down ten levels of one heap, of which the lower ones lay outside of the cache: of a million timers
// with callbacks that was half of the time.
//
// A timer that is cancelled leaves the heap at once. In a range it stays behind, without callback and context, until its turn
// comes, or until there are more of its kind than timers, and a thousand.
#ifndef CEDE_SRC_LOOP_TIMER_QUEUE_HPP
#define CEDE_SRC_LOOP_TIMER_QUEUE_HPP

#include <cstddef>
#include <cstdint>
#include <vector>

#include "loop/timer_heap.hpp"

namespace cede {
namespace detail {

class TimerQueue {
public:
    TimerQueue() = default;
    TimerQueue(const TimerQueue&) = delete;
    TimerQueue& operator=(const TimerQueue&) = delete;

    bool empty() const noexcept { return size_ == 0; }
    // Cancelled ones left out.
    std::size_t size() const noexcept { return size_; }
    TimePoint earliest() const noexcept { return near_.earliest(); }

    // Adds a timer, on which the caller has taken a reference. Throws std::bad_alloc.
    void push(HandleCore& timer);
    // Takes out the earliest; its reference goes to the caller.
    HandleCore& pop() noexcept;
    // Takes out a timer that is in the queue, which the caller has a reference to. It must not own anything of the user's any
    // more when the last reference goes, which may be later.
    void remove(HandleCore& timer) noexcept;

private:
    // Of times from `begin` up to the beginning of the next range.
    struct Range {
        TimePoint begin;
        std::vector<DueTime> entries;
        std::size_t first = 0;  // those before it have gone to the heap
        bool sorted = false;

        std::size_t left() const noexcept { return entries.size() - first; }
        std::vector<DueTime>::iterator front() noexcept { return entries.begin() + static_cast<std::ptrdiff_t>(first); }
    };

    static bool is_here(const DueTime& entry) noexcept { return entry.timer->heap_slot == HandleCore::in_range; }
    Range& range_of(TimePoint when) noexcept;
    void add(Range& range, HandleCore& timer);
    void set_later_ones_aside() noexcept;
    void refill() noexcept;
    bool divide_next() noexcept;
    static void sort(Range& range) noexcept;
    void pour(Range& range) noexcept;
    void sweep() noexcept;
    void make_room(std::size_t count);
    std::vector<DueTime> take_spare(std::size_t room);
    void retire(std::vector<DueTime>&& entries) noexcept;

    TimerHeap near_;             // earlier than every range; empty only when all is
    std::vector<Range> ranges_;  // the latest first
    std::vector<std::vector<DueTime>> spare_;
    std::size_t size_ = 0;
    std::size_t cancelled_ = 0;  // entries of the ranges that only wait to be dropped
    std::uint64_t next_order_ = 0;
};

}  // namespace detail
}  // namespace cede

#endif
