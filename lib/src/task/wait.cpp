#include "cede/task/wait.hpp"

#include <memory>
#include <stdexcept>

#include "absl/container/flat_hash_set.h"

#include "cede/loop/event_loop.hpp"

namespace cede {
namespace detail {
namespace {

// What the callbacks of the futures share; one that was scheduled may run after the wait has been left.
struct WaitState {
    WaitState(EventLoop& loop, std::size_t count, ReturnWhen when) : over(loop), left(count), return_when(when) {}

    void one_done(FutureCore& future) {
        --left;
        const bool failed = return_when == FIRST_EXCEPTION && !future.cancelled() && future.outcome() != nullptr;
        if (left == 0 || return_when == FIRST_COMPLETED || failed) end();
    }
    void end() {
        timer.cancel();
        if (!over.done()) over.set_result();
    }

    const Future<void> over;
    TimerHandle timer;
    std::size_t left;
    const ReturnWhen return_when;
};

}  // namespace

std::vector<std::size_t> distinct_places(absl::Span<const AnyFuture> all) {
    std::vector<std::size_t> places;
    absl::flat_hash_set<const FutureCore*> seen;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (seen.insert(&all[i].checked_core()).second) places.push_back(i);
    }
    return places;
}

void wait_here(absl::Span<const AnyFuture> distinct, const WaitOptions& options) {
    if (distinct.empty()) throw std::invalid_argument("wait: the set of tasks and futures is empty");
    const ReturnWhen when = options.return_when();
    if (when != FIRST_COMPLETED && when != FIRST_EXCEPTION && when != ALL_COMPLETED) {
        throw std::invalid_argument("wait: invalid return_when value " + std::to_string(static_cast<int>(when)));
    }
    EventLoop& loop = get_running_loop();
    const auto state = std::make_shared<WaitState>(loop, distinct.size(), when);
    struct Callbacks {
        absl::Span<const AnyFuture> futures;
        WaitState& state;
        std::vector<CallbackId> ids;
        ~Callbacks() {
            state.timer.cancel();
            for (std::size_t i = 0; i < ids.size(); ++i) futures[i].core()->remove_done_callback(ids[i]);
        }
    } callbacks{distinct, *state, {}};
    callbacks.ids.reserve(distinct.size());
    if (options.timeout()) state->timer = loop.call_later(*options.timeout(), [state] { state->end(); });
    for (const AnyFuture& each : distinct) {
        FutureCore* const core = each.core();
        callbacks.ids.push_back(core->add_done_callback([state, core] { state->one_done(*core); }, nullptr,
                                                        state->over.core()));
    }
    await(state->over);
}

}  // namespace detail
}  // namespace cede
