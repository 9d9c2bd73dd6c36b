#include "loop/timer_heap.hpp"

namespace cede {
namespace detail {

void TimerHeap::push(HandleCore& timer) {
    const Entry entry{timer.when, next_order_++, &timer};
    entries_.push_back(entry);
    sift_up(entries_.size() - 1, entry);
}

HandleCore& TimerHeap::pop() noexcept {
    HandleCore& timer = *entries_.front().timer;
    remove(timer);
    return timer;
}

void TimerHeap::remove(HandleCore& timer) noexcept {
    const std::size_t index = timer.heap_index;
    timer.heap_index = HandleCore::not_in_heap;
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
