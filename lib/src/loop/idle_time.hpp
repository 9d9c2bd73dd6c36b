// What it is: what a loop does in its pauses, before it blocks.
#ifndef CEDE_SRC_LOOP_IDLE_TIME_HPP
#define CEDE_SRC_LOOP_IDLE_TIME_HPP

#include <chrono>

#include "absl/types/optional.h"

#include "cede/base/duration.hpp"
#include "loop/owned_list.hpp"

namespace cede {
namespace detail {

class IdleTime {
public:
    // Called before a wait of `timeout`, which becomes shorter when more is left to do then.
    void use(OwnedList& tasks, absl::optional<Duration>& timeout);

private:
    using Clock = std::chrono::steady_clock;

    // Both take the time, and leave it as it is when they are done.
    void look_at_pool(Clock::time_point& now, absl::optional<Duration>& wish);
    void go_round(OwnedList& tasks, Clock::time_point& now, absl::optional<Duration>& wish);

    Clock::time_point next_look_{};
    std::size_t slabs_seen_ = 0;
    int fruitless_looks_ = 0;
    // A round is under way, and goes on at `next_`; else the next one may begin then.
    bool in_round_ = false;
    Clock::time_point next_{};
};

}  // namespace detail
}  // namespace cede

#endif
