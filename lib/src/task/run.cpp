#include "cede/task/run.hpp"

#include <signal.h>

#include <stdexcept>

#include "base/thread_state.hpp"
#include "cede/base/exceptions.hpp"
#include "cede/base/reports.hpp"
#include "cede/task/gather.hpp"
#include "loop/loop_impl.hpp"
#include "loop/signal_watch.hpp"
#include "task/end_loop.hpp"

namespace cede {
namespace {

// As long as asyncio waits for the default executor's threads.
constexpr std::chrono::minutes executor_patience(5);

// Ctrl-C cancels the main task for as long as this lives. Where the handler cannot be installed (another thread than the
// main one, a program that handles SIGINT itself) the run goes without.
class SigintCancels {
public:
    SigintCancels(EventLoop& loop, const AnyTask& main) : loop_(loop) {
        struct sigaction present;
        if (sigaction(SIGINT, nullptr, &present) != 0 || present.sa_handler != SIG_DFL) return;
        try {
            loop.add_signal_handler(SIGINT, [this, main] {
                if (++interrupts_ > 1 || main.done()) throw KeyboardInterrupt();
                main.cancel();
            });
            handle_ = loop.impl().signals->find(SIGINT);
        } catch (const RuntimeError&) {
        }
    }
    ~SigintCancels() {
        try {
            take_undelivered();  // or the next run would be cancelled for it
        } catch (...) {
            detail::report_unraisable(std::current_exception(), "signals were handed on at the end of a run");
        }
        if (is_in_place()) loop_.remove_signal_handler(SIGINT);
    }
    SigintCancels(const SigintCancels&) = delete;
    SigintCancels& operator=(const SigintCancels&) = delete;

    int interrupts() const noexcept { return interrupts_; }
    // Whether one came that the loop has not seen, for it looks once in so many steps, and has ended.
    bool take_undelivered() { return is_in_place() && loop_.impl().signals->take_back(loop_, SIGINT); }

private:
    // Main may have put a handler of its own in this one's place.
    bool is_in_place() const {
        return handle_ && loop_.impl().signals != nullptr && loop_.impl().signals->find(SIGINT) == handle_;
    }

    EventLoop& loop_;
    detail::Ref<detail::HandleCore> handle_;
    int interrupts_ = 0;
};

void cancel_all_tasks(EventLoop& loop) {
    const std::vector<AnyTask> left = all_tasks(loop);
    if (left.empty()) return;
    for (const AnyTask& task : left) task.cancel();
    loop.run_until_complete(detail::when_all_done(loop, left));
    for (const AnyTask& task : left) {
        if (task.cancelled()) continue;
        if (std::exception_ptr error = task.exception()) {
            ExceptionContext context;
            context.message = "unhandled exception during cede::run() shutdown";
            context.exception = std::move(error);
            context.task = task;
            loop.call_exception_handler(context);
        }
    }
}

}  // namespace

void detail::end_loop(EventLoop& loop) {
    cancel_all_tasks(loop);
    loop.run_until_complete(loop.shutdown_asyncgens());
    loop.run_until_complete(loop.shutdown_default_executor(Duration(executor_patience)));
    loop.close();
}

Runner::Runner(RunOptions options) : options_(std::move(options)) {}

Runner::~Runner() {
    try {
        close();
    } catch (...) {
        detail::report_unraisable(std::current_exception(), "a Runner was closed");
    }
}

EventLoop& Runner::get_loop() {
    if (closed_) throw RuntimeError("this Runner is closed: make another one");
    if (loop_ == nullptr) {
        loop_ = options_.loop_factory() ? options_.loop_factory()() : new_event_loop();
        if (loop_ == nullptr) throw std::invalid_argument("the loop_factory of RunOptions gave no loop");
        context_ = copy_context();
        if (!options_.loop_factory()) {
            set_event_loop(loop_.get());
            installed_ = true;
        }
        if (options_.debug()) loop_->set_debug(*options_.debug());
    }
    return *loop_;
}

void Runner::prepare() {
    if (detail::thread_state.running != nullptr) {
        throw RuntimeError("run() cannot be called from a running event loop: await the coroutine, or create_task() it");
    }
    get_loop();
}

TaskOptions Runner::task_options(const Context* context) {
    return TaskOptions().context(context != nullptr ? *context : context_).stack_size(options_.stack_size());
}

void Runner::run_main(const AnyTask& main) {
    SigintCancels sigint(*loop_, main);
    detail::run_until_done(*loop_, *main.core(), true);
    const bool came_late = sigint.take_undelivered();
    const bool cancelled = main.cancelled();
    if (!cancelled && main.exception()) return;  // which the caller gets
    if (cancelled && sigint.interrupts() > 0 && main.uncancel() == 0) throw KeyboardInterrupt();
    // It would have cancelled main, which others may have done as well; a second one ends the run by itself.
    if (came_late && (!cancelled || sigint.interrupts() > 0 || main.cancelling() == 0)) throw KeyboardInterrupt();
}

void Runner::close() {
    if (loop_ == nullptr) return;
    closed_ = true;
    struct Closes {
        Runner& runner;
        ~Closes() {
            if (runner.installed_) set_event_loop(nullptr);
            runner.loop_.reset();
        }
    } closes{*this};
    detail::end_loop(*loop_);
}

Runner& Runner::enter() {
    get_loop();
    return *this;
}

bool Runner::exit(std::exception_ptr) {
    close();
    return false;
}

}  // namespace cede
