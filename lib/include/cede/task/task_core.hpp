// What it is: a task without its type: the future that a coroutine's end completes, and the steps that drive the coroutine.
// When to use it: inside the library.
//
// The loop holds a task from its creation until it is done. Loop's thread only, but for the count of references.
#ifndef CEDE_TASK_TASK_CORE_HPP
#define CEDE_TASK_TASK_CORE_HPP

#include <cstdint>
#include <exception>
#include <memory>
#include <string>

#include "cede/base/any_task.hpp"
#include "cede/coroutine/frame.hpp"
#include "cede/loop/future_core.hpp"
#include "cede/loop/loop_owned.hpp"
#include "cede/loop/runnable.hpp"
#include "cede/task/task_options.hpp"

namespace cede {
namespace detail {

class TaskCore : public FutureCore, public Runnable, public LoopOwned {
public:
    bool cancel(std::string message) override;
    int cancelling() const noexcept { return cancel_requests_; }
    int uncancel() noexcept;

    std::string name() const;
    void set_name(std::string name);
    Context context();
    Frame& frame() noexcept { return *frame_; }
    // What it awaits; null when it is ready, running, or in a bare yield.
    FutureCore* waiting_for() const noexcept { return waiting_for_.get(); }

    bool ended_eagerly() const noexcept { return ended_eagerly_; }

    // Runnable: one step, the first or after a wakeup.
    void run() override;
    void discard() noexcept override {}
    std::string describe() const override;
    Origin origin() const noexcept override { return FutureCore::origin(); }
    // LoopOwned.
    void loop_closes() noexcept override;
    void loop_rests() noexcept override;

    // Hands the task to its loop and schedules its first step, or takes it, for an eager one.
    void begin(const TaskOptions& options);
    void begin();  // with none

protected:
    explicit TaskCore(EventLoop& loop);
    // The first call of the deriving class, whose members both are: they do not exist yet while this base is made.
    void attach(Frame& frame, void* slot) noexcept;
    ~TaskCore() override;

private:
    const char* noun() const noexcept override { return "Task"; }
    void describe_report(ExceptionContext& context) override;
    static void write_name(const void* task, char* out, std::size_t size);

    friend struct TaskSwitch;

    void step();
    // Before the first step.
    void take_stack();
    bool has_stack_now() noexcept;
    void let_go() noexcept;
    std::exception_ptr take_what_to_raise();
    void complete();
    void wait_for(FutureCore* awaited);
    // False for what cannot be awaited, which the next step raises.
    bool begin_waiting(FutureCore& awaited);
    bool step_again_with(const char* misuse);
    void start(const TaskOptions& options);
    void enlist(bool eager);
    void unlink() noexcept;
    void request_cancel(std::string message);
    void break_ring(std::string message);

    // What each step needs comes first, on two lines of the cache with what is ready-made above.
    Frame* frame_ = nullptr;
    EventLoop& runs_on_;  // outlives the task's steps, so that they need not ask the token
    Ref<FutureCore> waiting_for_;
    Ref<ContextData> context_;
    std::exception_ptr misuse_;  // raised at the next step: the coroutine awaited what it must not
    int cancel_requests_ = 0;
    bool must_cancel_ = false;
    // The coroutine waits in a destructor during unwinding: a cancellation stays pending until it has left it.
    bool held_back_ = false;
    bool owned_ : 1;
    bool ended_eagerly_ : 1;
    bool in_pass_ = false;  // its step may hand over to the next one: it is no eager first one, raises nothing, and nobody cancels it
    std::unique_ptr<std::string> name_;  // null: by its number
    std::uint64_t number_;
    TaskCore* passes_cancel_to_ = nullptr;  // while a cancel() goes through it; itself where that ends
};

// The task of a handle; throws RuntimeError for an empty one.
TaskCore& task_core(const AnyFuture& handle);

}  // namespace detail
}  // namespace cede

#endif
