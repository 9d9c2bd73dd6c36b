#include "cede/testing/interrupt.hpp"

#include <algorithm>
#include <cstdio>
#include <new>

#include "cede/base/exception_group.hpp"
#include "cede/base/pool.hpp"
#include "cede/task/run.hpp"
#include "cede/testing/fail_allocations.hpp"
#include "cede/testing/run.hpp"
#include "cede/testing/virtual_time_loop.hpp"
#include "fiber/stack_block.hpp"
#include "loop/loop_impl.hpp"

namespace cede {
namespace detail {
namespace {

using testing::TestOptions;
using testing::VirtualTimeLoop;

// Counts the points of one task, and interrupts at the one asked for.
class InterruptingLoop final : public VirtualTimeLoop {
public:
    InterruptingLoop(const TestOptions& options, std::size_t at, std::function<void(EventLoop&, const AnyTask&)> interrupt)
        : VirtualTimeLoop(options), at_(at), interrupt_(std::move(interrupt)) {}

    void watch_task(AnyTask task) { task_ = std::move(task); }
    void let_go() { task_ = AnyTask(); }
    std::size_t points() const noexcept { return points_; }

    void run_once() override {
        const bool steps = task_ && will_step();
        if (steps && core().waiting_for() != nullptr) pass_point();
        if (impl().stopping) return;  // at this very point, before the step
        VirtualTimeLoop::run_once();
        if (steps && task_ && !task_.done()) pass_point();
    }

private:
    TaskCore& core() { return task_core(task_); }
    bool will_step() {
        const FutureCore* awaited = core().waiting_for();
        return !task_.done() && core().linked() && (awaited == nullptr || awaited->done());
    }
    void pass_point() {
        if (++points_ == at_) interrupt_(*this, task_);
    }

    const std::size_t at_;
    const std::function<void(EventLoop&, const AnyTask&)> interrupt_;
    AnyTask task_;
    std::size_t points_ = 0;
};

// Calls `round(n)` for n = 1, 2, 3 ... until it says that the n-th point was not reached.
template <class F>
std::size_t every_point(const char* what, const TestOptions& options, F round) {
    for (std::size_t n = 1;; ++n) {
        try {
            if (!round(n)) return n - 1;
        } catch (...) {
            std::fprintf(stderr, "cede: the test failed when %s at point %zu\n", what, n);
            report_seed(options);
            throw;
        }
    }
}

void run_to_its_end(InterruptingLoop& loop, const AnyTask& task) {
    loop.watch_task(task);
    run_until_done(loop, *task.core(), true);
    loop.let_go();
    if (task.cancelled()) return;
    if (const std::exception_ptr error = task.exception()) std::rethrow_exception(error);
}

// A failure that is explained by one allocation that failed.
bool only_bad_alloc(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const std::bad_alloc&) {
        return true;
    } catch (const AnyExceptionGroup& group) {
        return std::all_of(group.exceptions().begin(), group.exceptions().end(), &only_bad_alloc);
    } catch (...) {
        return false;
    }
}

// The n-th allocation of the scope fails. What is kept for reuse stands aside, so that it is an allocation like any other.
class FailureScope {
public:
    FailureScope(const FailingAllocations& failing, std::size_t n) : failing_(failing) {
        set_pool_recycling(false);
        set_stacks_allocate(true);
        failing_.fail(n);
    }
    ~FailureScope() {
        end();
        set_stacks_allocate(false);
        set_pool_recycling(true);
    }
    FailureScope(const FailureScope&) = delete;
    FailureScope& operator=(const FailureScope&) = delete;

    // True when one has failed.
    bool end() noexcept { return failing_.has_failed(); }

private:
    const FailingAllocations& failing_;
};

// Starts the task and runs it until it is done, or until the loop itself has run out of memory. True when the n-th
// allocation was reached.
bool run_while_failing(EventLoop& loop, const StartBody& start, AnyTask& task, const FailingAllocations& failing,
                       std::size_t n) {
    FailureScope scope(failing, n);
    try {
        task = start(loop);
        run_until_done(loop, *task.core(), true);
        return scope.end();
    } catch (const std::bad_alloc&) {
        scope.end();
        return true;
    }
}

// Reports that say no more than that memory was short are what this is about.
void report_all_but_bad_alloc(EventLoop& loop, const ExceptionContext& context) {
    if (!context.exception || !only_bad_alloc(context.exception)) loop.default_exception_handler(context);
}

}  // namespace

std::size_t cancel_at_every_await(const StartBody& start, const CheckAfter& check, const TestOptions& options) {
    return every_point("cancelled", options, [&](std::size_t n) {
        InterruptingLoop* loop = nullptr;
        Runner runner(RunOptions().loop_factory([&] {
            loop = new InterruptingLoop(options, n, [](EventLoop&, const AnyTask& task) { task.cancel(); });
            return std::unique_ptr<EventLoop>(loop);
        }));
        runner.get_loop();
        run_to_its_end(*loop, start(*loop));
        runner.run(check);
        const bool reached = loop->points() >= n;
        runner.close();
        return reached;
    });
}

std::size_t close_loop_at_every_await(const StartBody& start, const CheckAfter& check, const TestOptions& options) {
    return every_point("its loop was closed", options, [&](std::size_t n) {
        bool reached = false;
        {
            InterruptingLoop loop(options, n, [&](EventLoop& of, const AnyTask&) {
                reached = true;
                of.stop();
            });
            // That tasks are left is what this is about.
            loop.set_exception_handler([](EventLoop& of, const ExceptionContext& context) {
                if (context.exception) of.default_exception_handler(context);
            });
            try {
                run_to_its_end(loop, start(loop));
            } catch (const RuntimeError&) {
                if (!reached) throw;  // else it says that the loop was stopped
            }
            loop.let_go();
        }
        check();
        return reached;
    });
}

std::size_t fail_every_allocation(const StartBody& start, const CheckAfter& check, const TestOptions& options,
                                  const FailingAllocations& failing) {
    return every_point("an allocation failed", options, [&](std::size_t n) {
        Runner runner(options_of_test_run(options));
        EventLoop& loop = runner.get_loop();
        loop.set_exception_handler(&report_all_but_bad_alloc);
        bool reached;
        {
            AnyTask task;
            reached = run_while_failing(loop, start, task, failing, n);
            if (task && !task.done()) run_until_done(loop, *task.core(), true);  // now that there is memory again
            if (task) {
                const std::exception_ptr error = task.exception();
                if (error && !(reached && only_bad_alloc(error))) std::rethrow_exception(error);
            }
        }
        runner.run(check);
        runner.close();
        return reached;
    });
}

}  // namespace detail
}  // namespace cede
