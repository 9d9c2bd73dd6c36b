// What it is: what call_soon, call_later and call_at return: a callback that waits to be run, and can be cancelled.
// When to use it: to cancel. When not: to wait for the callback; use a Future.
//
// Copying a handle refers to the same callback. Loop's thread only; copy and destroy it on any. Nothing here cedes.
#ifndef CEDE_LOOP_HANDLE_HPP
#define CEDE_LOOP_HANDLE_HPP

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "cede/base/any_future.hpp"
#include "cede/base/closure.hpp"
#include "cede/base/context.hpp"
#include "cede/base/duration.hpp"
#include "cede/base/pool.hpp"
#include "cede/base/ref.hpp"
#include "cede/base/ref_count.hpp"
#include "cede/loop/runnable.hpp"

namespace cede {

namespace detail {

// The callback behind a Handle, a TimerHandle, a reader or writer of an fd, and a done callback.
class HandleCore final : public Runnable, public Pooled {
public:
    static constexpr std::uint32_t not_in_heap = static_cast<std::uint32_t>(-1);
    static constexpr std::uint32_t in_range = static_cast<std::uint32_t>(-2);  // among the timers that are due later

    // `record`: whether its origin is kept.
    HandleCore(EventLoop& loop, Closure<void> callback, Ref<ContextData> context, bool record = false) noexcept
        : origin_(record ? Origin::here() : Origin()), loop_(loop), callback_(std::move(callback)),
          context_(std::move(context)) {}
    virtual ~HandleCore() = default;

    void run() override;
    void discard() noexcept override { ref_release(this); }
    std::string describe() const override;
    Origin origin() const noexcept override { return origin_; }

    void cancel() noexcept;
    bool cancelled() const noexcept { return cancelled_; }
    EventLoop& loop() const noexcept { return loop_; }
    const std::type_info& callback_type() const noexcept { return callback_.type(); }
    // Runs at every event instead of once: a reader or a writer. The queue then counts as one more reference.
    void set_persistent() noexcept { persistent_ = true; }

private:
    const Origin origin_;  // first, where the base class leaves room for it

public:
    TimePoint when{};
    std::uint64_t order = 0;  // among timers of one time, and of a future's callbacks
    std::uint32_t heap_slot = not_in_heap;
    Ref<FutureCore> subject;  // the completed future that a done callback is about
    Ref<FutureCore> feeds;    // the future, or the task, that a done callback goes on to, for call graphs

private:
    friend void ref_acquire(HandleCore* core) noexcept { core->references_.acquire(); }
    friend void ref_release(HandleCore* core) noexcept {
        if (core->references_.release()) delete core;
    }

    RefCount references_;
    bool cancelled_ = false;
    bool running_ = false;
    bool persistent_ = false;
    EventLoop& loop_;
    Closure<void> callback_;
    Ref<ContextData> context_;
};

}  // namespace detail

class Handle {
public:
    Handle() noexcept = default;
    explicit Handle(detail::Ref<detail::HandleCore> core) noexcept : core_(std::move(core)) {}

    // The callback will not be run, and is destroyed with what it captured. Harmless when it has run.
    void cancel() const noexcept {
        if (core_) core_->cancel();
    }
    bool cancelled() const noexcept { return core_ && core_->cancelled(); }
    // Where it was created, the creating call last, if its loop was in debug mode; else empty.
    std::vector<StackFrame> source_traceback() const;
    // False for an empty handle.
    explicit operator bool() const noexcept { return static_cast<bool>(core_); }
    detail::HandleCore* core() const noexcept { return core_.get(); }

protected:
    detail::Ref<detail::HandleCore> core_;
};

class TimerHandle : public Handle {
public:
    using Handle::Handle;
    // The time on the loop's clock at which it is due.
    TimePoint when() const noexcept { return core_ ? core_->when : TimePoint(); }
};

}  // namespace cede

#endif
