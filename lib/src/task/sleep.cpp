#include "cede/task/sleep.hpp"

#include "cede/loop/event_loop.hpp"
#include "cede/task/await.hpp"
#include "task/task_switch.hpp"

namespace cede {
namespace detail {

void sleep_here(Duration delay) {
    if (delay.count() <= 0) return TaskSwitch::suspend(nullptr);
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

}  // namespace detail

Coroutine<void> sleep(Duration delay) {
    return [delay] {
        // Here rather than below: one function less to return from behind the switch (fiber/switch.hpp).
        if (delay.count() <= 0) return detail::TaskSwitch::suspend(nullptr);
        detail::sleep_here(delay);
    };
}

}  // namespace cede
