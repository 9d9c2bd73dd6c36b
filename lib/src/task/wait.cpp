#include "cede/task/wait.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <utility>

#include "cede/loop/event_loop.hpp"
#include "cede/task/task.hpp"

namespace cede {
namespace detail {
namespace {

// What the callbacks of the futures share; one that was scheduled may run after the wait has been left.
struct WaitState {
    WaitState(EventLoop& loop, std::size_t count, ReturnWhen when) : over(loop), left(count), return_when(when) {}

    void one_done(FutureCore& future) {
        if (--left == 0 || return_when == FIRST_COMPLETED || (return_when == FIRST_EXCEPTION && has_failed(future))) end();
    }
    // To ask is to retrieve, so not of the last one, which ends the wait whatever it holds.
    static bool has_failed(FutureCore& future) { return !future.cancelled() && future.outcome() != nullptr; }
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
    std::vector<std::pair<const FutureCore*, std::size_t>> cores;
    cores.reserve(all.size());
    for (std::size_t i = 0; i < all.size(); ++i) cores.emplace_back(&all[i].checked_core(), i);
    std::sort(cores.begin(), cores.end());
    std::vector<std::size_t> places;
    places.reserve(all.size());
    for (std::size_t i = 0; i < cores.size(); ++i) {
        if (i == 0 || cores[i].first != cores[i - 1].first) places.push_back(cores[i].second);
    }
    std::sort(places.begin(), places.end());
    return places;
}

void wait_here(absl::Span<const AnyFuture> distinct, const WaitOptions& options) {
    if (distinct.empty()) throw std::invalid_argument("wait: the set of tasks and futures is empty");
    const ReturnWhen when = options.return_when();
    if (when != FIRST_COMPLETED && when != FIRST_EXCEPTION && when != ALL_COMPLETED) {
        throw std::invalid_argument("wait: invalid return_when value " + std::to_string(static_cast<int>(when)));
    }
    EventLoop& loop = get_running_loop();
    for (const AnyFuture& each : distinct) check_same_loop(each, loop);
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

Coroutine<WaitResult<AnyFuture>> wait(std::initializer_list<AnyFuture> handles, const WaitOptions& options) {
    return cede::wait(std::vector<AnyFuture>(handles), options);
}

}  // namespace cede
