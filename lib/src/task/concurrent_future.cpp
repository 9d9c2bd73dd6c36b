#include "cede/task/concurrent_future.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>

#include "base/thread_state.hpp"
#include "cede/base/reports.hpp"
#include "loop/loop_token.hpp"

namespace cede {
namespace detail {

namespace {

// One callback's failure must not keep the others, or the cancellation of the work, from happening.
void call_and_report(absl::AnyInvocable<void()>& callback) noexcept {
    try {
        callback();
    } catch (...) {
        report_unraisable(std::current_exception(), "a callback of a ConcurrentFuture ran");
    }
}

}  // namespace

struct ConcurrentState::Signal : std::condition_variable {};

ConcurrentState::ConcurrentState() : done_(std::make_shared<Signal>()) {}

ConcurrentState::~ConcurrentState() = default;

bool ConcurrentState::done() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return state_ != State::pending;
}

bool ConcurrentState::cancelled() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return state_ == State::cancelled;
}

bool ConcurrentState::running() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return state_ == State::pending && running_;
}

bool ConcurrentState::set_running_or_notify_cancel() {
    std::lock_guard<std::mutex> lock(mutex_);
    if (state_ == State::cancelled) return false;
    if (state_ == State::finished || running_) {
        throw InvalidStateError("set_running_or_notify_cancel: the work has begun already; call it once, before the work");
    }
    running_ = true;
    return true;
}

void ConcurrentState::finish(State state, std::unique_lock<std::mutex>& lock) {
    state_ = state;
    std::vector<absl::AnyInvocable<void()>> callbacks = std::move(callbacks_);
    callbacks_.clear();
    const absl::AnyInvocable<void()> dropped = std::move(on_cancel_);
    on_cancel_ = nullptr;
    done_->notify_all();
    lock.unlock();
    for (auto& callback : callbacks) call_and_report(callback);
}

bool ConcurrentState::complete(absl::FunctionRef<void()> store) {
    std::unique_lock<std::mutex> lock(mutex_);
    if (state_ != State::pending) return false;
    store();
    finish(State::finished, lock);
    return true;
}

bool ConcurrentState::fail(std::exception_ptr error, bool cancelled) {
    std::unique_lock<std::mutex> lock(mutex_);
    if (state_ != State::pending) return false;
    error_ = std::move(error);
    finish(cancelled ? State::cancelled : State::finished, lock);
    return true;
}

bool ConcurrentState::cancel() {
    std::unique_lock<std::mutex> lock(mutex_);
    if (state_ != State::pending || running_) return false;
    error_ = std::make_exception_ptr(CancelledError());
    absl::AnyInvocable<void()> on_cancel = std::move(on_cancel_);
    on_cancel_ = nullptr;
    finish(State::cancelled, lock);
    if (on_cancel) on_cancel();
    return true;
}

void ConcurrentState::wait(absl::optional<Duration> timeout) {
    std::unique_lock<std::mutex> lock(mutex_);
    const auto is_done = [this] { return state_ != State::pending; };
    if (!timeout && !is_done() && thread_state.running != nullptr && worker_.get() == thread_state.running) {
        throw RuntimeError("the loop of this thread does the work of this ConcurrentFuture, and would wait for itself: await "
                           "the future instead");
    }
    if (!timeout || *timeout >= Duration(std::chrono::hours(24 * 365))) return done_->wait(lock, is_done);
    if (!done_->wait_for(lock, std::chrono::nanoseconds(*timeout), is_done)) throw TimeoutError("timed out");
}

void ConcurrentState::check(absl::optional<Duration> timeout) {
    wait(timeout);
    if (error_) std::rethrow_exception(error_);
}

std::exception_ptr ConcurrentState::exception(absl::optional<Duration> timeout) {
    wait(timeout);
    if (cancelled()) std::rethrow_exception(error_);
    return error_;
}

void ConcurrentState::add_done_callback(absl::AnyInvocable<void()> callback) {
    {
        std::lock_guard<std::mutex> lock(mutex_);
        if (state_ == State::pending) return callbacks_.push_back(std::move(callback));
    }
    call_and_report(callback);
}

void ConcurrentState::set_on_cancel(absl::AnyInvocable<void()> callback) {
    {
        std::lock_guard<std::mutex> lock(mutex_);
        if (state_ == State::pending) {
            on_cancel_ = std::move(callback);
            return;
        }
        if (state_ != State::cancelled) return;
    }
    callback();  // cancelled before the work was there
}

void throw_concurrent_future_done() {
    throw InvalidStateError("the ConcurrentFuture is done already: its outcome can be set once, and not after a cancel(); ask "
                            "set_running_or_notify_cancel() before the work");
}

CompletionDuty::~CompletionDuty() {
    if (!state_ || state_->done()) return;
    std::exception_ptr error;
    try {
        error = std::make_exception_ptr(CancelledError(dropped_));
    } catch (const std::bad_alloc&) {
        error = std::make_exception_ptr(CancelledError());
    }
    state_->fail(std::move(error), true);
}

void cancel_from_thread(const LoopReference& loop, const AnyFuture& future) {
    Ref<HandleCore> handle;
    {
        std::lock_guard<std::mutex> lock(loop.token->mutex);
        EventLoop* const alive = loop.get();
        if (alive == nullptr) return;
        handle = Ref<HandleCore>(new HandleCore(*alive, [future] { future.cancel(); }, nullptr));
    }
    // Not by call_soon_threadsafe, which is virtual: a loop that is being destroyed changes its type before it gives up
    // its token. One that is closed has cancelled its tasks already.
    if (post(loop, *handle.get())) handle.detach();
}

}  // namespace detail
}  // namespace cede
