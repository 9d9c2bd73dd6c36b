#include "cede/task/sleep.hpp"

#include <stdexcept>

#include "cede/loop/event_loop.hpp"
#include "cede/task/await.hpp"
#include "task/task_switch.hpp"

namespace cede {
namespace detail {

namespace {
// Apart, so that a bare yield saves no registers for it.
__attribute__((noinline)) void sleep_by_timer(Duration delay) {
    EventLoop& loop = get_running_loop();
    const Future<void> future(loop);
    struct Timer {
        TimerHandle handle;
        ~Timer() { handle.cancel(); }
    } timer{loop.call_later(delay, [future] {
        if (!future.done()) future.set_result();
    })};
    await_future(*future.core());
}
}  // namespace

void sleep_here(Duration delay) {
    if (delay.count() <= 0) return TaskSwitch::suspend(nullptr);
    sleep_by_timer(delay);
}

Coroutine<void> sleep_for_nan() {
    return [] { throw std::invalid_argument("sleep: the delay is NaN, which is not a number"); };
}

}  // namespace detail

}  // namespace cede
