// What it is: the way into asynchronous code: `run(main)` makes a loop, runs `main` as a task in it, and ends everything
// properly; a `Runner` does so for several mains on one loop. When to use it: once, in main(). When not: inside a running
// loop; there create_task.
#ifndef CEDE_TASK_RUN_HPP
#define CEDE_TASK_RUN_HPP

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

#include "absl/types/optional.h"

#include "cede/base/context.hpp"
#include "cede/loop/event_loop.hpp"
#include "cede/task/task.hpp"
#include "cede/task/with.hpp"

namespace cede {

using LoopFactory = std::function<std::unique_ptr<EventLoop>()>;

class RunOptions {
public:
    // Debug mode on or off; left unset, the environment's CEDE_DEBUG tells.
    RunOptions& debug(bool on) {
        debug_ = on;
        return *this;
    }
    // Makes the loop; new_event_loop() by default. With a factory the loop is not installed as the thread's own.
    RunOptions& loop_factory(LoopFactory factory) {
        loop_factory_ = std::move(factory);
        return *this;
    }
    // Of the main task's stack, in bytes; 0 for the default, 256 KiB.
    RunOptions& stack_size(std::size_t bytes) noexcept {
        stack_size_ = bytes;
        return *this;
    }
    const absl::optional<bool>& debug() const noexcept { return debug_; }
    const LoopFactory& loop_factory() const noexcept { return loop_factory_; }
    std::size_t stack_size() const noexcept { return stack_size_; }

private:
    absl::optional<bool> debug_;
    std::size_t stack_size_ = 0;
    LoopFactory loop_factory_;
};

// One loop for several runs. The destructor closes it; call close() yourself to see the errors.
class Runner {
public:
    explicit Runner(RunOptions options = RunOptions());
    ~Runner();
    Runner(const Runner&) = delete;
    Runner& operator=(const Runner&) = delete;

    // Runs `x` (a coroutine, callable, future or other awaitable) to its end; returns its result or throws what it throws.
    // In the main thread the first Ctrl-C cancels it, and a run that ends so throws KeyboardInterrupt; the second throws
    // it at once. Throws RuntimeError when a loop runs in this thread already, or the runner is closed.
    template <class X>
    detail::AwaitedT<X> run(X&& x) { return run_in(nullptr, std::forward<X>(x)); }
    template <class X>
    detail::AwaitedT<X> run(X&& x, const Context& context) { return run_in(&context, std::forward<X>(x)); }
    // The loop; made at first use, like the copy of the current context that every run shares unless it is given one. Throws
    // RuntimeError when the runner is closed, std::invalid_argument when the factory gives no loop, and what it throws.
    EventLoop& get_loop();
    // Cancels and awaits what is left, closes open async generators, ends the default executor, closes the loop. Throws a
    // KeyboardInterrupt or SystemExit of what was left; the loop is closed all the same. Harmless when repeated, or when there
    // is no loop yet, which the next call makes.
    void close();

    // For `with`.
    Runner& enter();
    bool exit(std::exception_ptr);

private:
    template <class X>
    detail::AwaitedT<X> run_in(const Context* context, X&& x);
    void prepare();
    TaskOptions task_options(const Context* context);
    void run_main(const AnyTask& main);

    RunOptions options_;
    std::unique_ptr<EventLoop> loop_;
    Context context_;
    bool installed_ = false;
    bool closed_ = false;
};

template <class X>
detail::AwaitedT<X> Runner::run_in(const Context* context, X&& x) {
    prepare();
    const auto task = loop_->create_task(std::forward<X>(x), task_options(context));
    run_main(task);
    task.result();  // throws what it ended with
    return task.take(false);
}

namespace detail {
// The end of run(), as a manager: the loop is made by what it surrounds, which looks first whether it may run here.
struct ClosesRunner {
    Runner& runner;
    void enter() const noexcept {}
    bool exit(const std::exception_ptr&) const {
        runner.close();
        return false;
    }
};
}  // namespace detail

// Runs `x` on a new loop, then cancels and awaits what it left behind, and closes the loop; what fails there is reported.
// The program's way in: throws as Runner::run does, and a KeyboardInterrupt or SystemExit of what was left behind.
template <class X>
detail::AwaitedT<X> run(X&& x, RunOptions options = RunOptions()) {
    Runner runner(std::move(options));
    return with(detail::ClosesRunner{runner}, [&]() -> detail::AwaitedT<X> { return runner.run(std::forward<X>(x)); });
}

}  // namespace cede

#endif
