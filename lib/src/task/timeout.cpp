#include "cede/task/timeout.hpp"

#include <string>

#include "base/thread_state.hpp"
#include "cede/base/exceptions.hpp"
#include "cede/base/pool.hpp"
#include "cede/base/ref_count.hpp"
#include "cede/loop/event_loop.hpp"
#include "cede/task/task.hpp"

namespace cede {
namespace detail {

class TimeoutState : public Pooled {
public:
    enum class Stage { created, entered, expiring, expired, exited };

    // The deadline counts from here, as asyncio's; where no loop runs yet, from the entry.
    TimeoutState(absl::optional<Duration> delay, absl::optional<TimePoint> when) : delay_(delay), when_(when) {
        if (thread_state.running != nullptr) begin_delay(*thread_state.running);
    }
    virtual ~TimeoutState() = default;

    void enter() {
        if (stage_ != Stage::created) throw RuntimeError("Timeout has already been entered: make a new one for each scope");
        EventLoop& loop = get_running_loop();
        task_ = current_task();
        if (!task_) throw RuntimeError("Timeout should be used inside a task");
        stage_ = Stage::entered;
        cancelling_ = task_.cancelling();
        begin_delay(loop);
        schedule();
    }

    void reschedule(absl::optional<TimePoint> when) {
        if (stage_ == Stage::created) throw RuntimeError("Timeout has not been entered");
        if (stage_ != Stage::entered) throw RuntimeError(std::string("Cannot change state of ") + name_of(stage_) + " Timeout");
        const absl::optional<TimePoint> before = std::exchange(when_, when);
        try {
            schedule();
        } catch (...) {
            when_ = before;
            throw;
        }
    }

    void exit(const std::exception_ptr& error) {
        timer_.cancel();
        timer_ = Handle();
        const AnyTask task = std::exchange(task_, AnyTask());
        if (stage_ == Stage::entered) stage_ = Stage::exited;
        if (stage_ != Stage::expiring) return;
        stage_ = Stage::expired;
        // Nobody else has cancelled since the scope was entered, so the cancellation that arrives is the deadline's.
        if (task.uncancel() <= cancelling_ && error && classify(error) == ExceptionKind::cancelled) {
            throw TimeoutError("timed out", error);
        }
    }

    absl::optional<TimePoint> when() const noexcept { return when_; }
    bool expired() const noexcept { return stage_ == Stage::expiring || stage_ == Stage::expired; }

private:
    friend void ref_acquire(TimeoutState* state) noexcept;
    friend void ref_release(TimeoutState* state) noexcept;

    static const char* name_of(Stage stage) noexcept {
        return stage == Stage::expiring ? "expiring" : stage == Stage::expired ? "expired" : "finished";
    }

    void begin_delay(const EventLoop& loop) {
        if (delay_) when_ = saturated_add(loop.time(), *delay_);
        delay_ = absl::nullopt;
    }

    void schedule() {
        // The old one goes when the new one is there, so that a failure leaves the deadline that was.
        Handle timer;
        if (when_) {
            EventLoop& loop = get_running_loop();
            const Ref<TimeoutState> self(this);
            if (*when_ <= loop.time()) {
                timer = loop.call_soon([self] { self->expire(); });
            } else {
                timer = loop.call_at(*when_, [self] { self->expire(); });
            }
        }
        timer_.cancel();
        timer_ = timer;
    }

    void expire() {
        stage_ = Stage::expiring;
        timer_ = Handle();
        task_.cancel();
    }

    RefCount references_;
    Stage stage_ = Stage::created;
    absl::optional<Duration> delay_;
    absl::optional<TimePoint> when_;
    AnyTask task_;
    Handle timer_;
    int cancelling_ = 0;
};

void ref_acquire(TimeoutState* state) noexcept { state->references_.acquire(); }

void ref_release(TimeoutState* state) noexcept {
    if (state->references_.release()) delete state;
}

Ref<TimeoutState> make_timeout(absl::optional<Duration> delay, absl::optional<TimePoint> when) {
    return Ref<TimeoutState>(new TimeoutState(delay, when));
}

}  // namespace detail

absl::optional<TimePoint> Timeout::when() const noexcept { return state_->when(); }
void Timeout::reschedule(absl::optional<TimePoint> when) const { state_->reschedule(when); }
bool Timeout::expired() const noexcept { return state_->expired(); }

Timeout& Timeout::enter() {
    state_->enter();
    return *this;
}

const Timeout& Timeout::enter() const {
    state_->enter();
    return *this;
}

bool Timeout::exit(const std::exception_ptr& error) const {
    state_->exit(error);
    return false;
}

}  // namespace cede
