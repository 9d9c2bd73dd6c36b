// What it is: a future without its type: state, exception, callbacks, and the loop it belongs to. Future<T> adds the value.
// When to use it: inside the library, for a future with a cancel() of its own (a task, a gather).
//
// The count of references is atomic; all else is for the loop's thread only.
#ifndef CEDE_LOOP_FUTURE_CORE_HPP
#define CEDE_LOOP_FUTURE_CORE_HPP

#include <cstdint>
#include <exception>
#include <memory>
#include <string>

#include "cede/base/any_future.hpp"
#include "cede/base/closure.hpp"
#include "cede/base/context.hpp"
#include "cede/base/loop_reference.hpp"
#include "cede/base/origin.hpp"
#include "cede/base/pool.hpp"
#include "cede/base/ref_count.hpp"
#include "cede/loop/runnable.hpp"

namespace cede {

namespace detail {

LoopReference reference_to(EventLoop& loop) noexcept;

class FutureCore : public Pooled {
public:
    enum class State : std::uint8_t { pending, cancelled, finished };

    bool done() const noexcept { return state_ != State::pending; }
    bool cancelled() const noexcept { return state_ == State::cancelled; }
    bool failed() const noexcept { return state_ == State::finished && exception_; }
    bool is_task() const noexcept { return is_task_; }
    // Throws RuntimeError when the loop was destroyed.
    EventLoop& loop() const;
    EventLoop* loop_or_null() const noexcept { return loop_.get(); }
    const LoopReference& loop_reference() const noexcept { return loop_; }

    virtual bool cancel(std::string message);

    // Throws what it holds: InvalidStateError while pending, the CancelledError, or the exception, which then counts as
    // retrieved. Returns when there is a value.
    void check();
    // As AnyFuture::exception().
    std::exception_ptr exception();
    // The exception or the CancelledError of something done, null for a value; marks it as retrieved.
    std::exception_ptr outcome();

    // The value is in its place: completes. Throws InvalidStateError when done.
    void finish();
    void set_exception(std::exception_ptr exception);
    // Ends it as cancelled by `error`, whose message awaiters see.
    void finish_cancelled(std::exception_ptr error);
    // In debug mode throws RuntimeError outside the loop's own thread.
    void check_thread() const;
    // Throws InvalidStateError when done, and RuntimeError for a task, whose body alone sets its outcome.
    void check_settable() const;

    // Links `waiter`, which is scheduled when this completes, at once when it has.
    void add_waiter(Runnable& waiter);
    void remove_waiter(Runnable& waiter) noexcept { callbacks_.remove(waiter); }
    // `feeds`: the future or task that waits behind the callback, for call graphs.
    CallbackId add_done_callback(Closure<void> callback, Ref<ContextData> context, FutureCore* feeds = nullptr);
    bool remove_done_callback(CallbackId id) noexcept;
    bool has_done_callbacks() const noexcept { return has_done_callbacks_; }
    bool has_waiters() const noexcept { return !callbacks_.empty(); }
    const RunnableList& waiters() const noexcept { return callbacks_; }

    // Where it was created, if its loop was in debug mode then.
    Origin origin() const noexcept { return origin_; }

    // No report if nobody ever asks for its exception.
    void silence() noexcept { unretrieved_ = false; }
    const std::string& cancel_message() const noexcept;
    // Without it when there is no memory for one.
    void set_cancel_message(std::string message) noexcept;

    // Where Future<T> finds its value: a Result<T>.
    void* slot() const noexcept { return slot_; }
    // A move-only value goes to the first who takes it.
    bool taken() const noexcept { return taken_; }
    void set_taken() noexcept { taken_ = true; }
    bool unique() const noexcept { return references_.is_one(); }
    bool has_more_references_than(int count) const noexcept { return references_.count() > count; }

protected:
    FutureCore(EventLoop& loop, void* slot, bool is_task);
    virtual ~FutureCore();
    void set_slot(void* slot) noexcept { slot_ = slot; }
    // Used again: pending as at first. Of one that has finished without an exception, and that nobody else knows.
    void rearm() noexcept {
        state_ = State::pending;
        has_done_callbacks_ = false;
    }

    // How the report of an unretrieved exception calls it.
    virtual const char* noun() const noexcept { return "Future"; }
    // Adds what the kind of future knows about itself.
    virtual void describe_report(ExceptionContext& context);
    void schedule_callbacks();
    void finish_failed(std::exception_ptr exception);
    std::exception_ptr make_cancelled_error();

    std::exception_ptr exception_;

private:
    friend void ref_acquire(FutureCore* core) noexcept;
    friend void ref_release(FutureCore* core) noexcept;
    void report_unretrieved() noexcept;

    RefCount references_;
    State state_ = State::pending;
    bool unretrieved_ = false;
    bool taken_ = false;
    bool has_done_callbacks_ = false;
    const bool is_task_;
    const Origin origin_;
    void* slot_;
    LoopReference loop_;
    RunnableList callbacks_;
    std::unique_ptr<std::string> cancel_message_;  // null: an empty one
};

// Gives the report to the handler of that loop, on its own thread; false when the loop is closed or gone.
bool post_report(const LoopReference& loop, ExceptionContext context);

// The loop that a future made here belongs to: the running one, else the installed one. Throws RuntimeError for none.
EventLoop& loop_for_future();

}  // namespace detail
}  // namespace cede

#endif
