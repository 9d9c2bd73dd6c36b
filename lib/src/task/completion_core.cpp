#include "cede/task/completion_core.hpp"

#include "base/thread_state.hpp"
#include "cede/base/reports.hpp"
#include "cede/loop/event_loop.hpp"
#include "cede/task/await.hpp"
#include "cede/task/await_callback.hpp"
#include "loop/loop_token.hpp"
#include "task/completion_keys.hpp"

namespace cede {

BrokenCallbackError::~BrokenCallbackError() = default;

namespace detail {

void ref_acquire(CompletionCore* core) noexcept { core->references_.acquire(); }

void ref_release(CompletionCore* core) noexcept {
    if (core->references_.release()) delete core;
}

CompletionCore::CompletionCore(const CallSite& where, const std::type_info& type)
    : where_(where), type_(type),
      reports_to_(thread_state.debug && thread_state.running != nullptr ? thread_state.running->reference() : LoopReference()) {}

CompletionCore::~CompletionCore() = default;

std::string CompletionCore::place() const { return std::string(where_.file) + ":" + std::to_string(where_.line); }

bool CompletionCore::claim() {
    {
        std::lock_guard<std::mutex> lock(mutex_);
        if (state_ == State::pending) {
            state_ = State::claimed;
            return true;
        }
        if (state_ == State::cancelled || state_ == State::left) return false;
    }
    report_second_call();
    return false;
}

void CompletionCore::report_second_call() const noexcept {
    if (reports_to_.token == nullptr) return;
    try {
        ExceptionContext context;
        context.message = "the Completion of the await_callback at " + place() + " was called again: the second call is ignored";
        if (!post_report(reports_to_, context)) warn(context.message);
    } catch (...) {
        report_unraisable(std::current_exception(), "the second call of a Completion was reported");
    }
}

void CompletionCore::complete(std::exception_ptr error) {
    absl::AnyInvocable<void()> unneeded;  // destroyed outside the lock: it may hold a Completion
    {
        std::lock_guard<std::mutex> lock(mutex_);
        if (state_ != State::claimed) return;
        state_ = State::done;
        error_ = std::move(error);
        unneeded = std::move(on_cancel_);
        on_cancel_ = nullptr;
        if (!waiter_) return;  // called inside start, or just after it: wait() will see
    }
    wake();
}

void CompletionCore::wake() {
    LoopReference loop;
    {
        std::lock_guard<std::mutex> lock(mutex_);
        if (!waiter_) return;
        loop = waiter_->loop_reference();
    }
    EventLoop* const running = thread_state.running;
    ref_acquire(this);
    if (running != nullptr && running == loop.get()) return run();
    if (!post(loop, *this)) discard();
}

void CompletionCore::run() {
    const Ref<CompletionCore> queued = Ref<CompletionCore>::adopt(this);
    Ref<FutureCore> waiter;
    {
        std::lock_guard<std::mutex> lock(mutex_);
        waiter = std::move(waiter_);
    }
    if (waiter && !waiter->done() && !waiter->loop().is_closed()) Future<void>(std::move(waiter)).set_result();
}

void CompletionCore::discard() noexcept { ref_release(this); }

void CompletionCore::fail(std::exception_ptr error) {
    if (claim()) complete(std::move(error));
}

void CompletionCore::dropped() noexcept {
    {
        std::lock_guard<std::mutex> lock(mutex_);
        if (state_ != State::pending) return;
        state_ = State::claimed;
    }
    std::exception_ptr error;
    try {
        error = std::make_exception_ptr(BrokenCallbackError(
            "the callback of the await_callback at " + place() + " was dropped without being called: whoever had it must "
            "call it once, or fail() it"));
    } catch (...) {
        error = std::current_exception();
    }
    complete(std::move(error));
}

std::exception_ptr make_system_error(std::error_code code) noexcept {
    try {
        return std::make_exception_ptr(std::system_error(code));
    } catch (...) {
        return std::current_exception();
    }
}

void CompletionCore::set_on_cancel(absl::AnyInvocable<void()> callback) {
    {
        std::lock_guard<std::mutex> lock(mutex_);
        if (state_ == State::pending) {
            std::swap(on_cancel_, callback);
            return;
        }
        if (state_ != State::cancelled) return;
    }
    callback();
}

void CompletionCore::wait() {
    {
        std::lock_guard<std::mutex> lock(mutex_);
        if (state_ == State::done) {
            if (error_) std::rethrow_exception(error_);
            return;
        }
    }
    try {
        const Future<void> called(get_event_loop());  // which need not run, where the coroutine is driven by hand
        bool done;
        {
            std::lock_guard<std::mutex> lock(mutex_);
            done = state_ == State::done;
            if (!done) waiter_ = called.ref();
        }
        if (!done) await_future(*called.core());
    } catch (...) {
        cancel();
        throw;
    }
    std::exception_ptr error;
    {
        std::lock_guard<std::mutex> lock(mutex_);
        error = error_;
    }
    if (error) std::rethrow_exception(std::move(error));
}

void CompletionCore::cancel() noexcept {
    absl::AnyInvocable<void()> callback;
    {
        std::lock_guard<std::mutex> lock(mutex_);
        waiter_ = nullptr;
        if (state_ == State::claimed) state_ = State::left;  // a call is under way: nothing is left to be stopped
        if (state_ != State::pending) return;
        state_ = State::cancelled;
        callback = std::move(on_cancel_);
        on_cancel_ = nullptr;
    }
    if (!callback) return;
    try {
        callback();
    } catch (...) {
        report_unraisable(std::current_exception(), "the on_cancel of a Completion ran");
    }
}

void CompletionCore::left() noexcept {
    absl::AnyInvocable<void()> unneeded;
    std::uintptr_t key;
    {
        std::lock_guard<std::mutex> lock(mutex_);
        if (state_ == State::pending || state_ == State::claimed) state_ = State::left;
        unneeded = std::move(on_cancel_);
        on_cancel_ = nullptr;
        waiter_ = nullptr;
        key = key_;
        key_ = 0;
    }
    if (key != 0) forget_completion(key);
}

std::uintptr_t CompletionCore::key() {
    std::lock_guard<std::mutex> lock(mutex_);
    if (key_ == 0 && state_ != State::cancelled && state_ != State::left) key_ = remember_completion(CompletionHandle(*this));
    return key_;
}

CompletionHandle::CompletionHandle(CompletionCore& core) noexcept : core_(&core) {
    core.handles_.fetch_add(1, std::memory_order_relaxed);
}

CompletionHandle::CompletionHandle(const CompletionHandle& other) noexcept : core_(other.core_) {
    if (core_) core_->handles_.fetch_add(1, std::memory_order_relaxed);
}

CompletionHandle::~CompletionHandle() {
    if (core_ && core_->handles_.fetch_sub(1, std::memory_order_acq_rel) == 1) core_->dropped();
}

}  // namespace detail
}  // namespace cede
