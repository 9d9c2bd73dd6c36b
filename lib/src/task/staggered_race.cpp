#include "cede/task/staggered_race.hpp"

#include <algorithm>
#include <memory>

#include "cede/base/exception_group.hpp"
#include "cede/base/exceptions.hpp"
#include "cede/loop/event_loop.hpp"
#include "cede/task/task.hpp"
#include "cede/task/wait_for.hpp"

namespace cede {
namespace detail {
namespace {

// Follows CPython's asyncio/staggered.py: each task waits for its turn, makes the task that waits for the next turn, and runs
// its candidate.
//
// The tasks share it, since one that is closed with its loop may outlive the one that waits for them.
class Race : public std::enable_shared_from_this<Race> {
public:
    Race(std::size_t candidates, std::function<void(std::size_t)> run, absl::optional<Duration> delay)
        : loop_(get_running_loop()), candidates_(candidates), run_(std::move(run)), delay_(delay) {}

    RaceOutcome run() {
        start_next(Future<void>(nullptr));
        std::exception_ptr cancellation;
        while (!running_.empty()) {
            all_done_ = Future<void>(loop_);
            try {
                await(all_done_);
            } catch (const CancelledError& error) {
                cancellation = std::current_exception();
                cancel_running(error.message());
            } catch (...) {
                cancel_running(std::string());
                throw;
            }
            all_done_ = Future<void>(nullptr);
        }
        if (!unexpected_.empty()) {
            std::rethrow_exception(make_exception_group("staggered race failed", std::move(unexpected_)));
        }
        if (cancellation) std::rethrow_exception(std::move(cancellation));
        return std::move(outcome_);
    }

private:
    void start_next(Future<void> previous_failed) {
        const std::shared_ptr<Race> self = shared_from_this();
        const AnyTask task = loop_.create_task([self, previous_failed] { self->run_one(previous_failed); },
                                               TaskOptions().eager(false));
        running_.push_back(task);
        task.core()->add_done_callback([self, core = task.core()] { self->task_done(*core); }, nullptr,
                                      parent_.core());
    }

    void run_one(const Future<void>& previous_failed) {
        if (previous_failed) {
            try {
                await(wait_for(previous_failed, delay_));
            } catch (const TimeoutError&) {
            }
        }
        if (outcome_.exceptions.size() == candidates_) return;
        const std::size_t number = outcome_.exceptions.size();
        const Future<void> failed(loop_);
        outcome_.exceptions.push_back(nullptr);
        start_next(failed);
        try {
            run_(number);
        } catch (const KeyboardInterrupt&) {
            throw;
        } catch (const SystemExit&) {
            throw;
        } catch (const GeneratorExit&) {
            throw;  // the loop closes
        } catch (...) {
            outcome_.exceptions[number] = std::current_exception();
            if (!failed.done()) failed.set_result();
            return;
        }
        // One that absorbs the cancellation and succeeds after the winner has come too late.
        if (outcome_.winner) return;
        outcome_.winner = number;
        cancel_running(std::string());
    }

    // All but the task that calls: its cancellation would be left over when it returns.
    void cancel_running(const std::string& message) {
        const AnyTask caller = current_task();
        const std::vector<AnyTask> running = running_;
        for (const AnyTask& each : running) {
            if (each != caller) each.cancel(message);
        }
    }

    void task_done(FutureCore& core) {
        const auto is_it = [&](const AnyTask& each) { return each.core() == &core; };
        running_.erase(std::remove_if(running_.begin(), running_.end(), is_it), running_.end());
        if (running_.empty() && all_done_ && !all_done_.done()) all_done_.set_result();
        if (core.cancelled()) return;
        if (const std::exception_ptr error = core.outcome()) unexpected_.push_back(error);
    }

    EventLoop& loop_;
    const AnyTask parent_ = current_task();
    const std::size_t candidates_;
    const std::function<void(std::size_t)> run_;
    const absl::optional<Duration> delay_;
    RaceOutcome outcome_;
    std::vector<AnyTask> running_;
    std::vector<std::exception_ptr> unexpected_;
    Future<void> all_done_{nullptr};
};

}  // namespace

RaceOutcome run_staggered_race(std::size_t candidates, std::function<void(std::size_t)> run,
                               absl::optional<Duration> delay) {
    return std::make_shared<Race>(candidates, std::move(run), delay)->run();
}

}  // namespace detail
}  // namespace cede
