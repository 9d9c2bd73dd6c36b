#include "cede/task/task_core.hpp"

#include <atomic>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "base/context_data.hpp"
#include "base/thread_state.hpp"
#include "cede/base/exceptions.hpp"
#include "cede/base/ref_count.hpp"
#include "cede/base/reports.hpp"
#include "cede/task/await.hpp"
#include "cede/task/gather.hpp"
#include "cede/task/task.hpp"
#include "coroutine/frame_switch.hpp"
#include "loop/loop_impl.hpp"
#include "task/task_switch.hpp"

namespace cede {
namespace detail {
namespace {

std::atomic<std::uint64_t> next_number{1};

std::uint64_t take_number() noexcept {
    if (!single_threaded()) return next_number.fetch_add(1, std::memory_order_relaxed);
    const std::uint64_t number = next_number.load(std::memory_order_relaxed);
    next_number.store(number + 1, std::memory_order_relaxed);
    return number;
}

// Without its message when there is no memory for that; the step that raises it must be made.
std::exception_ptr make_cancellation(absl::string_view message) noexcept {
    try {
        return std::make_exception_ptr(CancelledError(std::string(message)));
    } catch (...) {
        return std::make_exception_ptr(CancelledError());
    }
}

// The task and the context are current for as long as the coroutine runs.
class CurrentTask {
public:
    CurrentTask(TaskCore& task, Ref<ContextData>& context) noexcept
        : task_(thread_state.task), stepped_(thread_state.stepped), context_(context) {
        thread_state.task = thread_state.stepped = &task;
    }
    ~CurrentTask() {
        thread_state.task = task_;
        thread_state.stepped = stepped_;
    }
    CurrentTask(const CurrentTask&) = delete;
    CurrentTask& operator=(const CurrentTask&) = delete;

private:
    TaskCore* task_;
    TaskCore* stepped_;
    ContextScope context_;
};

}  // namespace

TaskCore::TaskCore(EventLoop& loop)
    : FutureCore(loop, nullptr, true), Runnable(true), runs_on_(loop), owned_(false), ended_eagerly_(false),
      number_(take_number()) {}

void TaskCore::attach(Frame& frame, void* slot) noexcept {
    frame_ = &frame;
    set_slot(slot);
}

TaskCore::~TaskCore() = default;

void TaskCore::begin(const TaskOptions& options) {
    if (!runs_on_.get_task_factory()) return start(options);
    // Copies: the factory may replace itself.
    const TaskFactory factory = runs_on_.get_task_factory();
    TaskOptions chosen = options;
    set_name(options.name());
    factory(runs_on_, AnyTask(Ref<FutureCore>(this)), chosen);
    start(chosen);
}

void TaskCore::begin() {
    if (runs_on_.get_task_factory()) return begin(TaskOptions());
    context_ = snapshot_context();
    enlist(false);
}

void TaskCore::start(const TaskOptions& options) {
    if (name_ != nullptr || !options.name().empty()) set_name(options.name());
    context_ = options.context() ? options.context()->data() : snapshot_context();
    frame_->set_stack_size(options.stack_size());
    enlist(options.eager());
}

void TaskCore::enlist(bool eager) {
    EventLoop& of = runs_on_;
    const bool runs = thread_state.running == &of;
    if (!eager || !runs) runs ? LoopImpl::push(of, *this) : of.enqueue(*this);
    ref_acquire(this);  // the loop's
    of.impl().owned.add(*this);
    owned_ = true;
    if (linked()) return;
    step();
    ended_eagerly_ = done();
}

void TaskCore::run() {
    in_pass_ = true;
    step();
}

void TaskCore::step() {
    std::exception_ptr thrown;
    if (must_cancel_ || misuse_) {
        in_pass_ = false;  // also where it is held back: then wait_for() delivers it
        thrown = take_what_to_raise();
    }
    waiting_for_ = nullptr;
    TaskCore* last;  // this one, or another that it has gone over to
    try {
        const CurrentTask current(*this, context_);
        if (thrown) {
            frame_->resume(std::move(thrown));
        } else {
            if (!frame_->fiber().has_stack()) take_stack();
            FrameSwitch::resume(*frame_, []() -> Frame& { return *thread_state.stepped->frame_; });
        }
        last = thread_state.stepped;
    } catch (...) {
        // No stack was to be had: the coroutine never ran.
        frame_->close();
        finish_failed(std::current_exception());
        return let_go();
    }
    if (!last->frame_->closed()) return last->wait_for(static_cast<FutureCore*>(last->frame_->yielded()));
    struct AtEnd {
        TaskCore& task;
        ~AtEnd() { task.let_go(); }
    } at_end{*last};
    if (!last->done()) last->complete();  // else it has, on its own stack
}

void TaskCore::take_stack() {
    frame_->take_stack(&TaskSwitch::enter);
    frame_->fiber().set_owner(this, &TaskCore::write_name);
}

// False when there is none to be had: then step() finds out, and says so.
bool TaskCore::has_stack_now() noexcept {
    try {
        take_stack();
        return true;
    } catch (...) {
        return false;
    }
}

// The loop's reference goes with the task's end.
void TaskCore::let_go() noexcept {
    if (!owned_ || !done()) return;
    owned_ = false;
    runs_on_.impl().owned.remove(*this);
    ref_release(this);
}

std::exception_ptr TaskCore::take_what_to_raise() {
    std::exception_ptr thrown = std::exchange(misuse_, nullptr);
    if (!must_cancel_ || held_back_) return thrown;
    must_cancel_ = false;
    // What was awaited counts as retrieved, and a cancellation of its own is raised as it is, message included.
    const std::exception_ptr own = waiting_for_ && waiting_for_->done() ? waiting_for_->outcome() : nullptr;
    if (own && classify(own) == ExceptionKind::cancelled) return thrown;
    return make_cancellation(cancel_message());
}

void TaskCore::complete() {
    switch (frame_->ending()) {
        case Ending::returned:
            // cancel() of itself without a further await: the value is dropped.
            if (std::exchange(must_cancel_, false)) {
                finish_cancelled(make_cancellation(cancel_message()));
            } else {
                finish();
            }
            break;
        case Ending::cancelled: finish_cancelled(frame_->take_error()); break;
        case Ending::interrupted: {
            std::exception_ptr error = frame_->take_error();
            finish_failed(error);
            std::rethrow_exception(std::move(error));
        }
        case Ending::raised:
        case Ending::generator_exit: finish_failed(frame_->take_error()); break;
    }
}

void TaskCore::wait_for(FutureCore* awaited) {
    held_back_ = frame_->waits_while_unwinding();
    if (awaited == nullptr) return runs_on_.enqueue(*this);
    if (begin_waiting(*awaited) && must_cancel_ && !held_back_ && awaited->cancel(cancel_message())) must_cancel_ = false;
}

bool TaskCore::begin_waiting(FutureCore& awaited) {
    if (&awaited == this) return step_again_with("a task cannot await itself");
    if (awaited.loop_reference() != loop_reference()) {
        return step_again_with("the awaited future belongs to another loop: bring its result over with "
                               "wrap_future(run_coroutine_threadsafe(future, its_loop)), or have the work done there and "
                               "await what LoopGroup::submit(index, f) gives");
    }
    waiting_for_ = Ref<FutureCore>(&awaited);
    awaited.add_waiter(*this);
    return true;
}

bool TaskCore::step_again_with(const char* misuse) {
    if (!held_back_) misuse_ = std::make_exception_ptr(RuntimeError(misuse));
    loop().enqueue(*this);
    return false;
}

namespace {

// The tasks that one cancel() has gone through, each marked with the next; the last one with itself.
struct CancelPath {
    TaskCore* TaskCore::*next;
    TaskCore* first = nullptr;
    ~CancelPath() {
        while (first != nullptr) {
            TaskCore* const following = std::exchange(first->*next, nullptr);
            first = following != first ? following : nullptr;
        }
    }
};

}  // namespace

// A task that awaits a task passes the request on to it, and so on: asyncio recurses, which ends in a chain of some thousand
// tasks. Here the chain is walked, from the one that is asked to the one that awaits something else.
bool TaskCore::cancel(std::string message) {
    silence();
    if (done()) return false;
    CancelPath path{&TaskCore::passes_cancel_to_};
    TaskCore* task = this;
    TaskCore* previous = nullptr;
    FutureCore* awaited;
    for (;;) {
        if (task->passes_cancel_to_ != nullptr) {  // counted when the request came through before
            if (previous != nullptr) previous->passes_cancel_to_ = previous;  // what follows may be another walk's
            task->break_ring(std::move(message));
            return true;
        }
        ++task->cancel_requests_;
        if (path.first == nullptr) path.first = task;
        awaited = task->held_back_ ? nullptr : task->waiting_for();
        const bool last = awaited == nullptr || !awaited->is_task() || awaited->done();
        task->passes_cancel_to_ = last ? task : static_cast<TaskCore*>(awaited);
        if (last) break;
        awaited->silence();
        previous = task;
        task = static_cast<TaskCore*>(awaited);
    }
    if (awaited == nullptr) {
        task->request_cancel(std::move(message));
    } else if (!awaited->cancel(message)) {
        // A gather through which the request has come already waits for this task; one that is about to be done does not.
        cancel_under_way(*awaited) ? task->break_ring(std::move(message)) : task->request_cancel(std::move(message));
    }
    return true;
}

void TaskCore::request_cancel(std::string message) {
    must_cancel_ = true;
    in_pass_ = false;
    set_cancel_message(std::move(message));
}

// Tasks that await one another in a ring: the request has come round to where it was. asyncio recurses until its stack is
// full; here this task is taken out of its wait, so that the ring opens and every one of them is cancelled in turn.
void TaskCore::break_ring(std::string message) {
    request_cancel(std::move(message));
    unlink();
    waiting_for_ = nullptr;
    loop().enqueue(*this);
}

int TaskCore::uncancel() noexcept {
    if (cancel_requests_ > 0 && --cancel_requests_ == 0) must_cancel_ = false;
    return cancel_requests_;
}

void TaskCore::unlink() noexcept {
    if (!linked()) return;
    if (waiting_for_ && !waiting_for_->done()) {
        waiting_for_->remove_waiter(*this);
    } else {
        loop().withdraw(*this);
    }
}

void TaskCore::loop_closes() noexcept {
    const Ref<TaskCore> alive(this);
    EventLoop& of = loop();
    of.impl().owned.remove(*this);
    owned_ = false;
    in_pass_ = false;  // what it awaits in its clean-up steps nobody else
    ref_release(this);
    unlink();
    try {
        ExceptionContext context;
        context.task = AnyTask(Ref<FutureCore>(this));
        context.message =
            "Task was destroyed but it is pending! Await or cancel it before its loop is closed, as cede::run() does";
        of.call_exception_handler(context);
    } catch (...) {
        report_unraisable(std::current_exception(), "a pending task was reported");
    }
    try {
        const CurrentTask current(*this, context_);
        frame_->close();
    } catch (...) {
        report_unraisable(std::current_exception(), "a pending task was closed with its loop");
    }
    const CurrentTask current(*this, context_);
    frame_->dispose();
    waiting_for_ = nullptr;
    if (!done()) finish_cancelled(make_cancellation("the event loop was closed"));
}

void TaskCore::loop_rests() noexcept {
    if (frame_->state() == CoroutineState::suspended) frame_->fiber().drop_unused_stack();
}

std::string TaskCore::name() const { return name_ == nullptr ? "Task-" + std::to_string(number_) : *name_; }

void TaskCore::set_name(std::string name) {
    name_ = name.empty() ? nullptr : std::unique_ptr<std::string>(new std::string(std::move(name)));
}

// Made when it is asked for, so that what the task sets later is seen through the handle.
Context TaskCore::context() {
    if (!context_) context_ = Ref<ContextData>(new ContextData());
    return Context(context_);
}

std::string TaskCore::describe() const { return "task '" + name() + "'"; }

void TaskCore::describe_report(ExceptionContext& context) {
    context.task = AnyTask(Ref<FutureCore>(this));
}

// In the handler of a stack overflow: no allocation, no formatted output.
void TaskCore::write_name(const void* owner, char* out, std::size_t size) {
    const TaskCore& task = *static_cast<const TaskCore*>(owner);
    const char* text = task.name_ == nullptr ? "Task-" : task.name_->c_str();
    char* const end = out + size - 1;
    for (const char* prefix = "task '"; *prefix != '\0' && out < end;) *out++ = *prefix++;
    while (*text != '\0' && out < end) *out++ = *text++;
    if (task.name_ == nullptr) {
        char digits[24];
        std::size_t count = 0;
        for (std::uint64_t left = task.number_; left != 0; left /= 10) digits[count++] = static_cast<char>('0' + left % 10);
        while (count > 0 && out < end) *out++ = digits[--count];
    }
    if (out < end) *out++ = '\'';
    *out = '\0';
}

TaskCore& task_core(const AnyFuture& handle) {
    if (!handle) throw RuntimeError("this handle is empty: it refers to no task");
    return static_cast<TaskCore&>(*handle.core());
}

void await_future(FutureCore& core) {
    if (!core.done()) {
        TaskSwitch::suspend(&core);
        if (!core.done()) {
            throw RuntimeError("await wasn't used with future: the driver resumed the coroutine before what it awaits was "
                               "done; wait for the future that send() returned");
        }
    }
    core.check();
}

void check_same_loop(const AnyFuture& future, EventLoop& loop) {
    if (&future.get_loop() != &loop) {
        throw std::invalid_argument("the future belongs to a different loop than the one specified: leave the loop out, or bring "
                                    "its result over with wrap_future(run_coroutine_threadsafe(future, its_loop))");
    }
}

void run_until_done(EventLoop& loop, FutureCore& core, bool created_here) {
    loop.check_open();
    const AnyFuture future{Ref<FutureCore>(&core)};
    const CallbackId stop = core.add_done_callback(
        [&loop, &core] {
            // An interrupt leaves the run call by itself; a stop after it would end a later one.
            if (!core.failed() || classify(core.exception()) != ExceptionKind::interrupt) loop.stop();
        },
        nullptr);
    try {
        loop.run_forever();
    } catch (...) {
        core.remove_done_callback(stop);
        // The caller gets this exception, so the report of the task's own would be a second one.
        if (created_here && core.done() && !core.cancelled()) core.exception();
        throw;
    }
    core.remove_done_callback(stop);
    if (!core.done()) throw RuntimeError("the event loop was stopped before the future completed");
}

}  // namespace detail

int AnyTask::cancelling() const { return detail::task_core(*this).cancelling(); }
int AnyTask::uncancel() const { return detail::task_core(*this).uncancel(); }
std::string AnyTask::get_name() const { return detail::task_core(*this).name(); }
void AnyTask::set_name(std::string name) const { detail::task_core(*this).set_name(std::move(name)); }
Context AnyTask::get_context() const { return detail::task_core(*this).context(); }

CoroutineView AnyTask::get_coro() const {
    detail::TaskCore& task = detail::task_core(*this);
    return task.ended_eagerly() ? CoroutineView() : CoroutineView(core_);
}

namespace {
detail::TaskCore& viewed(const detail::Ref<detail::FutureCore>& task) { return detail::task_core(AnyFuture(task)); }
}  // namespace

CoroutineState CoroutineView::state() const { return viewed(task_).frame().state(); }
AnyFuture CoroutineView::cr_await() const { return AnyFuture(detail::Ref<detail::FutureCore>(viewed(task_).waiting_for())); }

AnyTask current_task() {
    get_running_loop();
    return current_task(get_running_loop());
}

AnyTask current_task(EventLoop& loop) {
    detail::TaskCore* const task = detail::thread_state.task;
    if (task == nullptr || detail::thread_state.running != &loop) return AnyTask();
    return AnyTask(detail::Ref<detail::FutureCore>(task));
}

std::vector<AnyTask> all_tasks() { return all_tasks(get_running_loop()); }

std::vector<AnyTask> all_tasks(EventLoop& loop) {
    std::vector<AnyTask> tasks;
    detail::OwnedList& owned = loop.impl().owned;
    // Room is made outside the lock, which must not wait for the allocator.
    for (std::size_t room = owned.size() + 16;; room *= 2) {
        tasks.reserve(room);
        bool fits = true;
        owned.for_each([&](detail::LoopOwned& each) {
            fits = fits && tasks.size() < tasks.capacity();
            auto& task = static_cast<detail::TaskCore&>(each);
            if (fits) tasks.push_back(AnyTask(detail::Ref<detail::FutureCore>(&task)));
        });
        if (fits) return tasks;
        tasks.clear();
    }
}

}  // namespace cede
