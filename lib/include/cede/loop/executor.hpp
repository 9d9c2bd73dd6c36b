// What it is: `Executor`, where blocking or CPU-bound work is run so that the loop goes on, and `ThreadPoolExecutor`, the
// one with threads. When to use it: through `loop.run_in_executor(pool, f)` or `to_thread(f)`. When not: for work that
// waits without blocking; that is a task.
//
// An executor may be used from any thread. Nothing here cedes.
#ifndef CEDE_LOOP_EXECUTOR_HPP
#define CEDE_LOOP_EXECUTOR_HPP

#include <cstddef>
#include <memory>

#include "absl/functional/any_invocable.h"

#include "cede/base/fwd.hpp"
#include "cede/loop/loop_traits.hpp"

namespace cede {

class Executor {
public:
    virtual ~Executor();
    // Runs `work`, which does not throw, some time on some thread. Throws RuntimeError after a shutdown.
    virtual void execute(absl::AnyInvocable<void()> work) = 0;
    // Calls `f(args...)` so; the future of its outcome, as of Python's concurrent.futures, which is cancelled with the call if
    // that has not begun, and when a shutdown drops it. In a loop's thread run_in_executor() saves the wrap_future(). Throws
    // as execute(). Defined in task/concurrent_future.hpp.
    template <class F, class... Args>
    ConcurrentFuture<detail::CallResult<F, Args...>> submit(F&& f, Args&&... args);
};

class ThreadPoolExecutor : public Executor {
public:
    // At most `max_workers` threads, made as work arrives; 0: the number of cores and four, 32 at the most.
    explicit ThreadPoolExecutor(std::size_t max_workers = 0);
    // Waits for the work that has begun or is queued.
    ~ThreadPoolExecutor() override;
    ThreadPoolExecutor(const ThreadPoolExecutor&) = delete;
    ThreadPoolExecutor& operator=(const ThreadPoolExecutor&) = delete;

    void execute(absl::AnyInvocable<void()> work) override;
    // No further work is taken. With `wait`, blocks until all is done, else the end of the program does; with
    // `cancel_queued`, drops what has not begun.
    void shutdown(bool wait = true, bool cancel_queued = false);

private:
    struct Shared;
    std::shared_ptr<Shared> shared_;  // outlives this object when it is shut down without waiting
};

}  // namespace cede

#endif
