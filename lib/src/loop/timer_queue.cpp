#include "loop/timer_queue.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "base/prefetch.hpp"

namespace cede {
namespace detail {

namespace {
// Of the heap: with its tables and its timers it fits in the second level of the cache.
constexpr std::size_t most_near = 1024;
constexpr std::size_t usually_near = 256;
// More streams than that are no longer appended to side by side.
constexpr std::size_t most_parts = 64;
constexpr std::size_t most_spare = 32;

// Unsigned, for the two ends of the clock are further apart than what is signed can say.
std::uint64_t ticks(TimePoint when) noexcept { return static_cast<std::uint64_t>(when.time_since_epoch().count()); }

// A range in equal parts.
struct Parts {
    std::uint64_t begin;
    unsigned shift;

    std::size_t index(TimePoint when) const noexcept { return static_cast<std::size_t>((ticks(when) - begin) >> shift); }
    TimePoint begin_of(std::size_t part) const noexcept {
        return TimePoint(TimePoint::duration(static_cast<std::int64_t>(begin + (std::uint64_t{part} << shift))));
    }
};

void prefetch_timer(const DueTime& entry) noexcept { prefetch(entry.timer, (sizeof(HandleCore) + 63) / 64); }
}  // namespace

void TimerQueue::push(HandleCore& timer) {
    timer.order = next_order_++;
    if (ranges_.empty() || timer.when < ranges_.back().begin) {
        near_.push(timer);
        if (near_.size() > most_near) set_later_ones_aside();
    } else {
        add(range_of(timer.when), timer);
    }
    ++size_;
}

HandleCore& TimerQueue::pop() noexcept {
    HandleCore& timer = near_.pop();
    --size_;
    if (near_.empty()) refill();
    return timer;
}

void TimerQueue::remove(HandleCore& timer) noexcept {
    --size_;
    if (timer.heap_slot != HandleCore::in_range) {
        near_.remove(timer);
        ref_release(&timer);
        if (near_.empty()) refill();
    } else {
        timer.heap_slot = HandleCore::not_in_heap;
        if (++cancelled_ > size_ + most_near) sweep();
    }
}

// The last one that begins no later; of two that begin at one time, the one whose timers were made later.
TimerQueue::Range& TimerQueue::range_of(TimePoint when) noexcept {
    return *std::partition_point(ranges_.begin(), ranges_.end(), [when](const Range& range) { return range.begin > when; });
}

void TimerQueue::add(Range& range, HandleCore& timer) {
    const bool in_order = !(timer.when < range.entries.back().when);
    range.entries.push_back(DueTime{timer.when, &timer});
    range.sorted = range.sorted && in_order;
    timer.heap_slot = HandleCore::in_range;
}

// Without memory for that the heap grows.
void TimerQueue::set_later_ones_aside() noexcept {
    const std::size_t count = near_.size() / 2;
    Range later;
    try {
        make_room(1);
        later.entries = take_spare(count);
    } catch (const std::bad_alloc&) {
        return;
    }
    near_.take_latest(count, later.entries);
    for (const DueTime& entry : later.entries) entry.timer->heap_slot = HandleCore::in_range;
    later.begin = later.entries.front().when;
    ranges_.push_back(std::move(later));
}

void TimerQueue::refill() noexcept {
    while (near_.empty() && !ranges_.empty()) {
        if (ranges_.back().left() <= most_near || ranges_.back().sorted) {
            pour(ranges_.back());
        } else if (!divide_next()) {
            sort(ranges_.back());
        }
    }
    // The heap has taken a crowd once, for want of memory.
    if (near_.empty() && near_.capacity() > 16 * most_near) near_ = TimerHeap();
}

// What cannot be divided, for it is all of one time or for want of memory, is sorted where it is, and taken in pieces.
void TimerQueue::sort(Range& range) noexcept {
    if (!std::is_sorted(range.front(), range.entries.end())) std::sort(range.front(), range.entries.end());
    range.sorted = true;
}

bool TimerQueue::divide_next() noexcept {
    Range& whole = ranges_.back();
    const auto by_time = [](const DueTime& a, const DueTime& b) { return a.when < b.when; };
    const auto ends = std::minmax_element(whole.front(), whole.entries.end(), by_time);
    const std::uint64_t span = ticks(ends.second->when) - ticks(ends.first->when);
    if (span == 0) return false;
    const std::size_t count = std::min(whole.left() / usually_near, most_parts);
    Parts parts{ticks(ends.first->when), 0};
    while (span >> parts.shift >= count) ++parts.shift;

    std::size_t counts[most_parts] = {};
    for (auto entry = whole.front(); entry != whole.entries.end(); ++entry) ++counts[parts.index(entry->when)];
    std::vector<DueTime> divided[most_parts];
    try {
        make_room(count);
        for (std::size_t part = 0; part < count; ++part) {
            if (counts[part] > 0) divided[part] = take_spare(counts[part]);
        }
    } catch (const std::bad_alloc&) {
        return false;
    }
    Range old = std::move(ranges_.back());
    ranges_.pop_back();
    for (auto entry = old.front(); entry != old.entries.end(); ++entry) divided[parts.index(entry->when)].push_back(*entry);
    for (std::size_t part = count; part-- > 0;) {
        if (counts[part] == 0) continue;
        Range range;
        range.begin = parts.begin_of(part);
        range.entries = std::move(divided[part]);
        ranges_.push_back(std::move(range));
    }
    retire(std::move(old.entries));
    return true;
}

// The timers were made long ago, and have left the cache: so cancelled ones are told only here, and each is fetched some time before it is looked at.
void TimerQueue::pour(Range& range) noexcept {
    constexpr std::size_t ahead = 8;
    const std::size_t end = range.first + std::min(range.left(), most_near);
    for (std::size_t i = range.first; i < std::min(range.first + ahead, end); ++i) prefetch_timer(range.entries[i]);
    for (; range.first < end; ++range.first) {
        if (range.first + ahead < end) prefetch_timer(range.entries[range.first + ahead]);
        const DueTime& entry = range.entries[range.first];
        if (is_here(entry)) {
            near_.push(*entry.timer);  // has had this size
        } else {
            ref_release(entry.timer);
            --cancelled_;
        }
    }
    if (range.left() == 0) {
        retire(std::move(range.entries));
        ranges_.pop_back();
        return;
    }
    range.begin = range.front()->when;
    if (range.first < range.left()) return;
    // Or a range that is appended to for as long as it is taken from would grow by all of them.
    range.entries.erase(range.entries.begin(), range.front());
    range.first = 0;
}

void TimerQueue::sweep() noexcept {
    for (Range& range : ranges_) {
        const auto drop = [](const DueTime& entry) {
            if (is_here(entry)) return false;
            ref_release(entry.timer);
            return true;
        };
        range.entries.erase(std::remove_if(range.front(), range.entries.end(), drop), range.entries.end());
    }
    const auto is_empty = [](const Range& range) { return range.left() == 0; };
    ranges_.erase(std::remove_if(ranges_.begin(), ranges_.end(), is_empty), ranges_.end());
    cancelled_ = 0;
}

void TimerQueue::make_room(std::size_t count) {
    if (ranges_.size() + count > ranges_.capacity()) ranges_.reserve(2 * ranges_.size() + count);
}

// So that a loop with some thousands of timers at a time allocates nothing for them in the long run.
std::vector<DueTime> TimerQueue::take_spare(std::size_t room) {
    std::vector<DueTime> entries;
    if (!spare_.empty() && room <= most_near) {
        entries = std::move(spare_.back());
        spare_.pop_back();
    }
    entries.reserve(room);
    return entries;
}

void TimerQueue::retire(std::vector<DueTime>&& entries) noexcept {
    if (entries.capacity() > most_near || spare_.size() == most_spare) return;
    entries.clear();
    try {
        spare_.push_back(std::move(entries));
    } catch (const std::bad_alloc&) {  // then there is none
    }
}

}  // namespace detail
}  // namespace cede
