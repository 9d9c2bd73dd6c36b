#include "loop/timer_heap.hpp"

#include <algorithm>

namespace cede {
namespace detail {

void TimerHeap::push(HandleCore& timer) {
    if (free_slot_ == none) add_slot();
    const std::uint32_t slot = free_slot_;
    const Entry entry{timer.when, slot};
    entries_.push_back(entry);
    free_slot_ = places_[slot];
    timers_[slot] = &timer;
    timer.heap_slot = slot;
    sift_up(entries_.size() - 1, entry);
}

// Whichever allocation fails, what is there stays as it was.
void TimerHeap::add_slot() {
    if (timers_.size() == places_.size()) timers_.push_back(nullptr);
    places_.push_back(std::uint32_t{none});
    free_slot_ = static_cast<std::uint32_t>(places_.size() - 1);
}

void TimerHeap::free_slot(std::uint32_t slot) noexcept {
    timers_[slot]->heap_slot = none;
    places_[slot] = free_slot_;
    free_slot_ = slot;
}

HandleCore& TimerHeap::pop() noexcept {
    HandleCore& timer = *timers_[entries_.front().slot];
    take_out(0);
    return timer;
}

void TimerHeap::remove(HandleCore& timer) noexcept { take_out(places_[timer.heap_slot]); }

// What is sorted is a heap, too.
void TimerHeap::take_latest(std::size_t count, std::vector<DueTime>& out) noexcept {
    std::sort(entries_.begin(), entries_.end(), [this](const Entry& a, const Entry& b) { return before(a, b); });
    const std::size_t left = entries_.size() - count;
    for (std::size_t i = 0; i < left; ++i) places_[entries_[i].slot] = static_cast<std::uint32_t>(i);
    for (std::size_t i = left; i < entries_.size(); ++i) {
        out.push_back(DueTime{entries_[i].when, timers_[entries_[i].slot]});
        free_slot(entries_[i].slot);
    }
    entries_.resize(left);
}

void TimerHeap::take_out(std::size_t index) noexcept {
    free_slot(entries_[index].slot);
    const Entry last = entries_.back();
    entries_.pop_back();
    if (index == entries_.size()) return;
    if (index > 0 && before(last, entries_[(index - 1) / arity])) {
        sift_up(index, last);
    } else {
        sift_down(index, last);
    }
}

bool TimerHeap::made_before(const Entry& a, const Entry& b) const noexcept {
    return timers_[a.slot]->order < timers_[b.slot]->order;
}

void TimerHeap::sift_up(std::size_t index, const Entry& entry) noexcept {
    while (index > 0) {
        const std::size_t parent = (index - 1) / arity;
        if (!before(entry, entries_[parent])) break;
        put(index, entries_[parent]);
        index = parent;
    }
    put(index, entry);
}

// Without a branch on which of the two it is, which nobody can predict; that they are of one time is rare.
inline __attribute__((always_inline)) std::size_t TimerHeap::earlier(std::size_t a, std::size_t b) const noexcept {
    const Entry& first = entries_[a];
    const Entry& second = entries_[b];
    bool takes_second = second.when < first.when;
    if (__builtin_expect(second.when == first.when, 0)) takes_second = made_before(second, first);
    return a + (b - a) * static_cast<std::size_t>(takes_second);
}

inline __attribute__((always_inline)) std::size_t TimerHeap::earliest_child(std::size_t first) const noexcept {
    const std::size_t left = entries_.size() - first;
    if (left >= arity) return earlier(earlier(first, first + 1), earlier(first + 2, first + 3));
    std::size_t least = first;
    for (std::size_t child = first + 1; child < entries_.size(); ++child) least = earlier(least, child);
    return least;
}

void TimerHeap::sift_down(std::size_t index, const Entry& entry) noexcept {
    for (;;) {
        const std::size_t first = index * arity + 1;
        if (first >= entries_.size()) break;
        const std::size_t least = earliest_child(first);
        if (!before(entries_[least], entry)) break;
        put(index, entries_[least]);
        index = least;
    }
    put(index, entry);
}

}  // namespace detail
}  // namespace cede
