// What it is: a coroutine that the loop runs beside the others, and the future of its result: asyncio's Task.
// When to use it: to do two things at once. When not: to do one after the other; awaiting the coroutine itself costs no
// task. Where several tasks belong together, a TaskGroup lets none of them be forgotten.
//
// The loop keeps a task until it is done, so a handle may be dropped. Copying a handle refers to the same task. Loop's
// thread only; handles may be copied and destroyed on any thread.
#ifndef CEDE_TASK_TASK_HPP
#define CEDE_TASK_TASK_HPP

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "cede/base/any_task.hpp"
#include "cede/coroutine/coroutine.hpp"
#include "cede/loop/event_loop.hpp"
#include "cede/loop/future.hpp"
#include "cede/task/awaitable.hpp"
#include "cede/task/task_core.hpp"
#include "cede/task/task_options.hpp"

namespace cede {

namespace detail {

template <class R>
class TaskState final : public TaskCore {
public:
    TaskState(EventLoop& loop, Closure<R>&& body) : TaskCore(loop), frame_(std::move(body)) {
        attach(frame_, &frame_.result());
    }

private:
    BodyFrame<R> frame_;
};

}  // namespace detail

template <class T>
class Task : public Future<T> {
public:
    // Empty: refers to no task.
    Task() noexcept : Future<T>(nullptr) {}
    explicit Task(detail::Ref<detail::FutureCore> core) noexcept : Future<T>(std::move(core)) {}
    operator AnyTask() const noexcept { return AnyTask(this->core_); }

    // Asks for a CancelledError to be raised where the coroutine waits; false when the task is done. The coroutine may
    // catch it, so this is no promise. `message` is carried by the error.
    bool cancel(std::string message = std::string()) const { return AnyFuture::cancel(std::move(message)); }
    // As Future's; `f` may take the Task<T> too.
    template <class F>
    CallbackId add_done_callback(F f) const {
        return this->template add_callback_as<Task>(std::move(f), detail::snapshot_context());
    }
    template <class F>
    CallbackId add_done_callback(F f, const Context& context) const {
        return this->template add_callback_as<Task>(std::move(f), context.data());
    }
    // How many cancel() calls were not undone by uncancel().
    int cancelling() const { return AnyTask(*this).cancelling(); }
    // Undoes one cancel(); the last one withdraws a request that was not delivered yet. Returns what cancelling() is then.
    int uncancel() const { return AnyTask(*this).uncancel(); }
    std::string get_name() const { return AnyTask(*this).get_name(); }
    void set_name(std::string name) const { AnyTask(*this).set_name(std::move(name)); }
    // The context it runs in.
    Context get_context() const { return AnyTask(*this).get_context(); }
    // As AnyTask's.
    std::vector<StackFrame> get_stack(std::size_t limit = 0) const { return AnyTask(*this).get_stack(limit); }
    void print_stack(std::ostream& out, std::size_t limit = 0) const { AnyTask(*this).print_stack(out, limit); }
    CoroutineView get_coro() const { return AnyTask(*this).get_coro(); }
};

namespace detail {

// A callable that returns a value is a task's body as it is; anything else becomes a coroutine first.
template <class X, class D = std::decay_t<X>, bool = HasAwait<D>::value || IsCoroutine<D>::value>
struct IsPlainBody : std::false_type {};
template <class X, class D>
struct IsPlainBody<X, D, false>
    : std::integral_constant<bool, !IsCoroutine<std::decay_t<decltype(std::declval<D&>()())>>::value> {};

template <class R, class X>
Closure<R> task_body(EventLoop& loop, X&& body, std::true_type) {
    loop.check_open();
    return Closure<R>(std::forward<X>(body));
}
template <class R, class X>
Closure<R> task_body(EventLoop& loop, X&& awaitable, std::false_type) {
    Coroutine<R> coroutine = to_coroutine(std::forward<X>(awaitable));
    if (loop.is_closed()) coroutine.close();  // so that no "never awaited" follows the error
    loop.check_open();
    if (!coroutine.started()) return coroutine.release_body();
    return Closure<R>([c = std::move(coroutine)]() mutable -> R { return await(c); });
}

template <class R, class X>
Ref<TaskCore> make_task(EventLoop& loop, X&& x) {
    return Ref<TaskCore>(new TaskState<R>(loop, task_body<R>(loop, std::forward<X>(x), IsPlainBody<X>())));
}

}  // namespace detail

template <class X>
Task<detail::AwaitedT<X>> EventLoop::create_task(X&& x, const TaskOptions& options) {
    using R = detail::AwaitedT<X>;
    detail::Ref<detail::TaskCore> core = detail::make_task<R>(*this, std::forward<X>(x));
    core->begin(options);
    return Task<R>(detail::Ref<detail::FutureCore>(std::move(core)));
}
template <class X>
Task<detail::AwaitedT<X>> EventLoop::create_task(X&& x) {
    using R = detail::AwaitedT<X>;
    detail::Ref<detail::TaskCore> core = detail::make_task<R>(*this, std::forward<X>(x));
    core->begin();
    return Task<R>(detail::Ref<detail::FutureCore>(std::move(core)));
}

// Runs `x` (a coroutine, or a callable that returns a value or a coroutine) as a task of the running loop; it takes its
// first step in the next iteration. Does not cede. Throws RuntimeError when no loop runs, or it is closed.
template <class X>
Task<detail::AwaitedT<X>> create_task(X&& x, const TaskOptions& options) {
    return get_running_loop().create_task(std::forward<X>(x), options);
}
template <class X>
Task<detail::AwaitedT<X>> create_task(X&& x) { return get_running_loop().create_task(std::forward<X>(x)); }

// A future or task as it is; a coroutine, callable or other awaitable as a task of `loop`, by default the running one.
// Throws std::invalid_argument when the future belongs to another loop than the one given.
template <class T>
Future<T> ensure_future(Future<T> future) { return future; }
template <class T>
Task<T> ensure_future(Task<T> task) { return task; }
inline AnyFuture ensure_future(AnyFuture future) { return future; }
inline AnyTask ensure_future(AnyTask task) { return task; }
template <class X>
std::enable_if_t<!detail::IsFuture<X>::value, Task<detail::AwaitedT<X>>> ensure_future(X&& x) {
    return get_event_loop().create_task(std::forward<X>(x));
}
namespace detail {
void check_same_loop(const AnyFuture& future, EventLoop& loop);
}
template <class X>
auto ensure_future(X&& x, EventLoop& loop) -> std::enable_if_t<detail::IsFuture<X>::value, std::decay_t<X>> {
    detail::check_same_loop(x, loop);
    return std::forward<X>(x);
}
template <class X>
std::enable_if_t<!detail::IsFuture<X>::value, Task<detail::AwaitedT<X>>> ensure_future(X&& x, EventLoop& loop) {
    return loop.create_task(std::forward<X>(x));
}

// The task that runs now; empty in a callback of the loop. Throws RuntimeError when no loop runs.
AnyTask current_task();
// The same for a loop that may not run: empty when it does not run a task of its own in this thread.
AnyTask current_task(EventLoop& loop);
// The tasks of the loop, the running one by default, that are not done. The form with a loop may be called from any
// thread.
std::vector<AnyTask> all_tasks();
std::vector<AnyTask> all_tasks(EventLoop& loop);

template <class X>
constexpr bool isfuture(const X&) noexcept { return detail::IsFuture<X>::value; }
template <class X>
constexpr bool iscoroutine(const X&) noexcept { return detail::IsCoroutine<X>::value; }

namespace detail {
// What ensure_future() gave as the future of a T. A handle of any type, whose T is void, tells only that it is done, or why not.
template <class T>
Future<T> with_result(Future<T> future) noexcept { return future; }
template <class T>
Future<T> with_result(AnyFuture future) noexcept { return Future<T>(std::move(future).ref()); }

void run_until_done(EventLoop& loop, FutureCore& core, bool created_here);
}

template <class X>
detail::AwaitedT<X> EventLoop::run_until_complete(X&& x) {
    check_may_run();  // first: a run that is refused must leave no task behind, and stop nobody
    const auto future = detail::with_result<detail::AwaitedT<X>>(ensure_future(std::forward<X>(x), *this));
    detail::run_until_done(*this, *future.core(), !detail::IsFuture<X>::value);
    future.result();  // throws what it ended with
    return future.take(false);
}

}  // namespace cede

#endif
