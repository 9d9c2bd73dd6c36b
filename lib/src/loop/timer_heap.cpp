#include "loop/timer_heap.hpp"

namespace cede {
namespace detail {

namespace {
// Above so many, the tables of a peak are given back when the last timer has gone.
constexpr std::size_t kept_when_empty = std::size_t{1} << 16;
}  // namespace

void TimerHeap::push(HandleCore& timer) {
    if (free_slot_ == none) add_slot();
    const std::uint32_t slot = free_slot_;
    const Entry entry{timer.when, next_order_, slot};
    entries_.push_back(entry);
    ++next_order_;
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
    if (index > 0 && last.before(entries_[(index - 1) / arity])) {
        sift_up(index, last);
    } else {
        sift_down(index, last);
    }
}

void TimerHeap::sift_up(std::size_t index, const Entry& entry) noexcept {
    while (index > 0) {
        const std::size_t parent = (index - 1) / arity;
        if (!entry.before(entries_[parent])) break;
        put(index, entries_[parent]);
        index = parent;
    }
    put(index, entry);
}

void TimerHeap::sift_down(std::size_t index, const Entry& entry) noexcept {
    for (;;) {
        const std::size_t first = index * arity + 1;
        if (first >= entries_.size()) break;
        std::size_t least = first;
        const std::size_t end = first + arity < entries_.size() ? first + arity : entries_.size();
        for (std::size_t child = first + 1; child < end; ++child) {
            if (entries_[child].before(entries_[least])) least = child;
        }
        if (!entries_[least].before(entry)) break;
        put(index, entries_[least]);
        index = least;
    }
    put(index, entry);
}

}  // namespace detail
}  // namespace cede
