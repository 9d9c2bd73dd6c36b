// What it is: an await_callback without its type: who has called, who waits, whether anybody still can call. When to use it:
// inside the library; Completion<R> adds the value.
//
// Any thread, except what is said to be the awaiting fiber's.
#ifndef CEDE_TASK_COMPLETION_CORE_HPP
#define CEDE_TASK_COMPLETION_CORE_HPP

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <string>
#include <typeinfo>

#include "absl/functional/any_invocable.h"

#include "cede/base/any_future.hpp"
#include "cede/base/loop_reference.hpp"
#include "cede/base/ref.hpp"
#include "cede/base/ref_count.hpp"
#include "cede/loop/runnable.hpp"
#include "cede/task/call_site.hpp"

namespace cede {
namespace detail {

class CompletionCore : private Runnable {
public:
    // `type` is that of the value.
    CompletionCore(const CallSite& where, const std::type_info& type);

    // The first call wins: true for it alone, which then stores the value, if there is one, and calls complete(). A second
    // one is reported in debug mode; one that comes when nobody waits any more is dropped in silence.
    bool claim();
    void complete(std::exception_ptr error);
    // As a claim and a completion.
    void fail(std::exception_ptr error);
    // The last Completion has died.
    void dropped() noexcept;
    void set_on_cancel(absl::AnyInvocable<void()> callback);

    // The awaiting fiber: cedes until it is complete. Throws what it was completed with; when a cancellation, or the end of
    // the loop, is raised, runs on_cancel and lets that pass.
    void wait();
    // The awaiting fiber has left the await.
    void left() noexcept;

    const std::type_info& type() const noexcept { return type_; }
    // A number for C interfaces, by which find_completion() finds this until the await is left.
    std::uintptr_t key();

protected:
    virtual ~CompletionCore();

private:
    friend void ref_acquire(CompletionCore* core) noexcept;
    friend void ref_release(CompletionCore* core) noexcept;
    friend class CompletionHandle;
    enum class State { pending, claimed, done, cancelled, left };

    void run() override;
    void discard() noexcept override;
    std::string describe() const override { return "a call of a Completion"; }
    void wake();
    void cancel() noexcept;
    std::string place() const;
    void report_second_call() const noexcept;

    RefCount references_;
    std::atomic<int> handles_{0};
    const CallSite where_;
    const std::type_info& type_;
    const LoopReference reports_to_;  // the loop in debug mode where it began, if any
    std::mutex mutex_;
    State state_ = State::pending;
    std::exception_ptr error_;
    absl::AnyInvocable<void()> on_cancel_;
    Ref<FutureCore> waiter_;
    std::uintptr_t key_ = 0;
};

// What the copies of a Completion count; the last one that dies says so.
class CompletionHandle {
public:
    CompletionHandle() noexcept = default;
    explicit CompletionHandle(CompletionCore& core) noexcept;
    CompletionHandle(const CompletionHandle& other) noexcept;
    CompletionHandle(CompletionHandle&& other) noexcept : core_(std::move(other.core_)) {}
    CompletionHandle& operator=(CompletionHandle other) noexcept {
        std::swap(core_, other.core_);
        return *this;
    }
    ~CompletionHandle();

    CompletionCore* core() const noexcept { return core_.get(); }

private:
    Ref<CompletionCore> core_;
};

// The one of this key and type; an empty handle when its await was left.
CompletionHandle find_completion(std::uintptr_t key, const std::type_info& type);

}  // namespace detail
}  // namespace cede

#endif
