// What it is: a blocking function as something to await: it runs on a thread of the default executor while the loop goes
// on. When to use it: for blocking calls and CPU-bound work. When not: for code that awaits; a thread of the executor has
// no loop.
#ifndef CEDE_TASK_TO_THREAD_HPP
#define CEDE_TASK_TO_THREAD_HPP

#include <utility>

#include "cede/base/context.hpp"
#include "cede/loop/event_loop.hpp"
#include "cede/task/await.hpp"

namespace cede {

// When awaited, calls `f(args...)` on a thread, in a copy of the caller's context; evaluates to what it returns, throws
// what it throws. A cancellation ends the await, not the function. Throws RuntimeError when no loop runs.
template <class F, class... Args>
Coroutine<detail::CallResult<F, Args...>> to_thread(F&& f, Args&&... args) {
    using R = detail::CallResult<F, Args...>;
    return [bound = detail::Bound<std::decay_t<F>, std::decay_t<Args>...>(std::forward<F>(f),
                                                                          std::forward<Args>(args)...)]() mutable -> R {
        auto call = [bound = std::move(bound), context = copy_context()]() mutable -> R { return context.run(bound); };
        return await(get_running_loop().run_in_executor(nullptr, std::move(call)));
    };
}

}  // namespace cede

#endif
