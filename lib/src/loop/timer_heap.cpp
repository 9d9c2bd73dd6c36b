#include "loop/timer_heap.hpp"

#include <algorithm>

namespace cede {
namespace detail {

namespace {
// Above so many, the tables of a peak are given back when the last timer has gone.
constexpr std::size_t kept_when_empty = std::size_t{1} << 16;
constexpr std::size_t fit_in_cache = std::size_t{1} << 14;
}  // namespace

void TimerHeap::push(HandleCore& timer) {
    if (free_slot_ == none) add_slot();
    const std::uint32_t slot = free_slot_;
    const Entry entry{timer.when, slot};
    entries_.push_back(entry);
    free_slot_ = places_[slot];
    timers_[slot] = &timer;
    orders_[slot] = next_order_++;
    timer.heap_slot = slot;
    sift_up(entries_.size() - 1, entry);
}

// Whichever allocation fails, what is there stays as it was.
void TimerHeap::add_slot() {
    if (timers_.size() == places_.size()) timers_.push_back(nullptr);
    if (orders_.size() == places_.size()) orders_.push_back(0);
    places_.push_back(std::uint32_t{none});
    free_slot_ = static_cast<std::uint32_t>(places_.size() - 1);
}

HandleCore& TimerHeap::pop() noexcept {
    HandleCore& timer = *timers_[entries_.front().slot];
    remove(timer);
    // The next one is likely to be asked for next, and was made long ago.
    if (!entries_.empty()) __builtin_prefetch(timers_[entries_.front().slot], 1);
    return timer;
}

void TimerHeap::remove(HandleCore& timer) noexcept {
    take_out(timer.heap_slot);
    timer.heap_slot = none;
    if (entries_.empty() && entries_.capacity() > kept_when_empty) {
        std::vector<Entry>().swap(entries_);
        std::vector<std::uint32_t>().swap(places_);
        std::vector<HandleCore*>().swap(timers_);
        std::vector<std::uint64_t>().swap(orders_);
        free_slot_ = none;
    }
}

void TimerHeap::take_out(std::uint32_t slot) noexcept {
    const std::size_t index = places_[slot];
    places_[slot] = free_slot_;
    free_slot_ = slot;
    const Entry last = entries_.back();
    entries_.pop_back();
    if (index == entries_.size()) return;
    if (index > 0 && before(last, entries_[(index - 1) / arity])) {
        sift_up(index, last);
    } else {
        sift_down(index, last);
    }
}

bool TimerHeap::made_before(const Entry& a, const Entry& b) const noexcept { return orders_[a.slot] < orders_[b.slot]; }

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

// The lowest levels of a large heap lie outside the cache. All grandchildren are fetched while the children are compared, so that
// a level does not wait for the one above it.
void TimerHeap::sift_down(std::size_t index, const Entry& entry) noexcept {
    constexpr std::size_t line = 64 / sizeof(Entry);
    const bool large = entries_.size() > fit_in_cache;
    for (;;) {
        const std::size_t first = index * arity + 1;
        if (first >= entries_.size()) break;
        const std::size_t grandchild = first * arity + 1;
        if (large && grandchild + arity * arity < entries_.size()) {
            for (std::size_t i = 0; i <= arity * arity; i += line) __builtin_prefetch(&entries_[grandchild + i]);
        }
        const std::size_t least = earliest_child(first);
        if (!before(entries_[least], entry)) break;
        put(index, entries_[least]);
        index = least;
    }
    put(index, entry);
}

}  // namespace detail
}  // namespace cede
