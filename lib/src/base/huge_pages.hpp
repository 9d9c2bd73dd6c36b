// What it is: whether memory is better asked for in huge pages just now, by what the last one took. When to use it: where a crowd's
// memory comes from (slabs.cpp). When not: for memory of which only a part may be used.
//
// A huge page is had at once where the machine has one at hand, 2 MiB for less than a quarter of a millisecond: half of what a burst
// of tasks takes. But on a virtual machine whose host has taken the free memory back, which it does by whole huge pages, one took
// 1 to 6 ms, and a burst four times as long as from small pages, which come from what was used last; and a kernel that must move
// others' pages to make one may take as long. It cannot be asked before, so one that was slow is the last for a while, and for
// twice as long each time.
//
// Not for several threads at once.
#ifndef CEDE_SRC_BASE_HUGE_PAGES_HPP
#define CEDE_SRC_BASE_HUGE_PAGES_HPP

#include <chrono>

namespace cede {
namespace detail {

class HugePages {
public:
    // Small ones would not have taken so long.
    static constexpr std::chrono::nanoseconds slow() noexcept { return std::chrono::milliseconds(1); }

    // For the next piece of memory, of whatever size as long as it is always the same.
    bool wanted() noexcept {
        if (pause_left_ == 0) return true;
        --pause_left_;
        return false;
    }
    // One was wanted, and this is how long its first use took.
    void took(std::chrono::nanoseconds time) noexcept {
        if (time < slow()) {
            pause_ = first_pause;
        } else {
            pause_left_ = pause_;
            pause_ = pause_ < longest_pause ? 2 * pause_ : longest_pause;
        }
    }

private:
    // 32 MiB of slabs: a slow one makes the first of them a quarter dearer than small pages alone would be, the next half of that.
    static constexpr unsigned first_pause = 128;
    static constexpr unsigned longest_pause = 16384;

    unsigned pause_ = first_pause;
    unsigned pause_left_ = 0;
};

}  // namespace detail
}  // namespace cede

#endif
