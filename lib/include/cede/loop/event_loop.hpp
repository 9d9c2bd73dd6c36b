// What it is: the event loop: it runs callbacks, timers and tasks one after the other in one thread, and waits for file
// descriptors in between. loop/README.md numbers the order of one iteration.
// When to use it: `cede::run()` makes and ends one; a callback-driven program makes its own with new_event_loop(). Derive
// from SelectorEventLoop to instrument or change it: every hook is virtual.
// When not: do not share one between threads; only what is said to be thread-safe may be called from another thread, and
// in debug mode anything else throws RuntimeError there.
//
// No member function cedes unless it returns a Coroutine, which does when it is awaited. After close() everything that
// schedules throws RuntimeError.
#ifndef CEDE_LOOP_EVENT_LOOP_HPP
#define CEDE_LOOP_EVENT_LOOP_HPP

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/types/optional.h"

#include "cede/base/duration.hpp"
#include "cede/base/fwd.hpp"
#include "cede/loop/exception_context.hpp"
#include "cede/loop/executor.hpp"
#include "cede/loop/future.hpp"
#include "cede/loop/handle.hpp"
#include "cede/loop/loop_network.hpp"
#include "cede/loop/loop_traits.hpp"
#include "cede/selectors/base_selector.hpp"

namespace cede {

namespace detail {
class ExecutorJob;
struct LoopImpl;
}

// Called for each new task before its first step, with the options that it is made with, which it may change; it may keep
// the task. asyncio's factory makes the task itself; here its type is fixed, and what a factory can decide is in the options.
using TaskFactory = std::function<void(EventLoop&, const AnyTask&, TaskOptions&)>;
using ExceptionHandler = std::function<void(EventLoop&, const ExceptionContext&)>;

class EventLoop : public LoopNetwork {
public:
    using Callback = detail::Closure<void>;

    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;
    // Closes it. What is still pending is reported and unwound.
    ~EventLoop() override;

    // --- Running ---

    // Runs until stop(). Throws RuntimeError when it runs already, when another loop runs in this thread, or when it is
    // closed; a KeyboardInterrupt or SystemExit that a callback throws.
    virtual void run_forever();
    // Runs until `x` (a future, task, coroutine or callable) is done; returns its result or throws what it ended with.
    // Throws RuntimeError when stop() ended it before, std::invalid_argument for a future of another loop.
    template <class X>
    detail::AwaitedT<X> run_until_complete(X&& x);
    // Ends run_forever after the present iteration; called before it, lets it run one.
    virtual void stop();
    bool is_running() const noexcept;
    bool is_closed() const noexcept { return closed_; }
    // Drops what is scheduled, unwinds the tasks that are left, gives everything back. May be called again. Throws
    // RuntimeError while it runs.
    virtual void close();
    // One iteration: what run_forever repeats.
    virtual void run_once();
    virtual Coroutine<void> shutdown_asyncgens();
    virtual Coroutine<void> shutdown_default_executor(absl::optional<Duration> timeout = absl::nullopt);

    // --- Scheduling ---

    // Each takes the arguments of `f` behind it; a single Context there is instead what `f` runs in, by default a copy of
    // the current one.

    // Runs `f(args...)` in the next iteration, in the order of the calls.
    template <class F, class... Args>
    Handle call_soon(F&& f, Args&&... args) {
        return schedule(detail::bind_callback(std::forward<F>(f), std::forward<Args>(args)...), detail::context_for(args...));
    }
    // The same from any thread; wakes the loop if it waits.
    template <class F, class... Args>
    Handle call_soon_threadsafe(F&& f, Args&&... args) {
        return schedule_threadsafe(detail::bind_callback(std::forward<F>(f), std::forward<Args>(args)...),
                                   detail::context_for(args...));
    }
    // Runs it once `delay` has passed; what is due at the same time runs in the order of the calls.
    template <class F, class... Args>
    TimerHandle call_later(Duration delay, F&& f, Args&&... args) {
        return call_at(saturated_add(time(), delay), std::forward<F>(f), std::forward<Args>(args)...);
    }
    template <class F, class... Args>
    TimerHandle call_at(TimePoint when, F&& f, Args&&... args) {
        return schedule_at(when, detail::bind_callback(std::forward<F>(f), std::forward<Args>(args)...),
                           detail::context_for(args...));
    }
    // In any unit, as `loop.time() + 0.5s`.
    template <class Rep, class Period, class F, class... Args>
    TimerHandle call_at(std::chrono::time_point<std::chrono::steady_clock, std::chrono::duration<Rep, Period>> when, F&& f,
                        Args&&... args) {
        return schedule_at(to_time_point(when), detail::bind_callback(std::forward<F>(f), std::forward<Args>(args)...),
                           detail::context_for(args...));
    }
    // The loop's clock: std::chrono::steady_clock, unless a subclass says otherwise.
    virtual TimePoint time() const;

    template <class T = void>
    Future<T> create_future() { return Future<T>(*this); }
    template <class X>
    Task<detail::AwaitedT<X>> create_task(X&& x);
    template <class X>
    Task<detail::AwaitedT<X>> create_task(X&& x, const TaskOptions& options);
    // From here on every task made on this loop goes through `factory`; an empty one restores the default. What it throws is
    // thrown by create_task, and the coroutine is dropped. See eager_task_factory (task/task_factory.hpp).
    virtual void set_task_factory(TaskFactory factory);
    void set_task_factory(absl::nullopt_t) { set_task_factory(TaskFactory()); }
    const TaskFactory& get_task_factory() const noexcept;

    // --- File descriptors ---
    // A hang-up or an error of the descriptor runs its reader and its writer, whichever there are, until they are removed:
    // the read or write that they make tells what it is. Ready means that it was so: that read or write may still say
    // EAGAIN, and the callback runs again when it is ready again. EINTR never comes from the loop's own waiting.
    //
    // Remove both before the descriptor is closed. One that is closed earlier is forgotten by the system, and its callbacks
    // do not run any more. When its number is used again, an add_reader replaces the forgotten reader, and a forgotten
    // writer makes it throw ENOENT, once; and the other way round.

    // Runs `f(args...)` whenever `fd` can be read (written), in place of what was added before: two callbacks of one kind on
    // one descriptor cannot be; sock_recv() and its kin take turns, and a task that waits in one of them for what is added
    // here gets RuntimeError. Throws std::invalid_argument for a negative fd, RuntimeError when a transport uses it,
    // std::system_error from the system, and then the descriptor has neither of the two any more.
    template <class F, class... Args>
    void add_reader(int fd, F&& f, Args&&... args) {
        watch(fd, selectors::EVENT_READ, detail::bind_callback(std::forward<F>(f), std::forward<Args>(args)...));
    }
    template <class F, class... Args>
    void add_writer(int fd, F&& f, Args&&... args) {
        watch(fd, selectors::EVENT_WRITE, detail::bind_callback(std::forward<F>(f), std::forward<Args>(args)...));
    }
    // The same of what has a descriptor to ask for, as a Socket and a Pipe do: anything with fileno().
    template <class File, class F, class... Args, class = detail::IfHasFileno<File>>
    void add_reader(const File& file, F&& f, Args&&... args) {
        add_reader(file.fileno(), std::forward<F>(f), std::forward<Args>(args)...);
    }
    template <class File, class F, class... Args, class = detail::IfHasFileno<File>>
    void add_writer(const File& file, F&& f, Args&&... args) {
        add_writer(file.fileno(), std::forward<F>(f), std::forward<Args>(args)...);
    }
    // False when there was none, or the loop is closed. Remove it before the fd is closed. Throws std::invalid_argument for a
    // negative fd, as add_reader does.
    bool remove_reader(int fd) { return unwatch(fd, selectors::EVENT_READ); }
    bool remove_writer(int fd) { return unwatch(fd, selectors::EVENT_WRITE); }
    template <class File, class = detail::IfHasFileno<File>>
    bool remove_reader(const File& file) { return remove_reader(file.fileno()); }
    template <class File, class = detail::IfHasFileno<File>>
    bool remove_writer(const File& file) { return remove_writer(file.fileno()); }

    // --- Threads ---

    // Runs `f(args...)` on a thread of `executor`, or of the default one; the future gets what it returns or throws.
    // Cancelling the future withdraws a call that no thread has come to; it does not stop one that runs.
    template <class F, class... Args>
    Future<detail::CallResult<F, Args...>> run_in_executor(Executor& executor, F&& f, Args&&... args);
    template <class F, class... Args>
    Future<detail::CallResult<F, Args...>> run_in_executor(std::nullptr_t, F&& f, Args&&... args);
    template <class F, class... Args>
    Future<detail::CallResult<F, Args...>> run_in_executor(absl::nullopt_t, F&& f, Args&&... args) {
        return run_in_executor(nullptr, std::forward<F>(f), std::forward<Args>(args)...);
    }
    // The default executor from now on. Throws std::invalid_argument for null.
    virtual void set_default_executor(std::shared_ptr<ThreadPoolExecutor> executor);
    virtual std::shared_ptr<ThreadPoolExecutor> default_executor();

    // --- Signals ---

    // Runs `f(args...)` in the loop whenever the signal arrives, in the order of arrival. Throws std::invalid_argument for a bad
    // number, RuntimeError for one that cannot be caught or when called outside the main thread.
    template <class F, class... Args>
    void add_signal_handler(int signal, F&& f, Args&&... args) {
        watch_signal(signal, detail::bind_callback(std::forward<F>(f), std::forward<Args>(args)...));
    }
    // Puts back what the signal did before; false when there was no handler.
    virtual bool remove_signal_handler(int signal);

    // --- Errors and debugging ---

    // An empty handler restores the default. An exception thrown by a handler is reported, and the loop goes on.
    virtual void set_exception_handler(ExceptionHandler handler);
    void set_exception_handler(absl::nullopt_t) { set_exception_handler(ExceptionHandler()); }
    const ExceptionHandler& get_exception_handler() const noexcept;
    // Writes the report to stderr.
    virtual void default_exception_handler(const ExceptionContext& context);
    // Gives the report to the handler. Never throws, but for a KeyboardInterrupt or SystemExit of the handler.
    virtual void call_exception_handler(const ExceptionContext& context);
    void set_debug(bool on) noexcept;
    bool get_debug() const noexcept { return debug_; }
    // In debug mode a callback or a step of a task that takes longer is reported; 100 ms to begin with.
    Duration slow_callback_duration = std::chrono::milliseconds(100);

    // --- Inside another loop ---
    // The host asks next_timeout() before each of its waits, waits no longer than that for backend_fd() to be readable, and
    // then calls poll_once(). See README.md, examples/hosted_by_glib.cpp and examples/hosted_by_libuv.cpp.

    // Becomes readable when there is work, also for what the host's own callbacks and other threads schedule; time that
    // passes is left to next_timeout(). -1 when the selector has no such fd, and once the loop is closed: take it out of the
    // host before close().
    int backend_fd() const noexcept;
    // How long the host may wait before poll_once(); zero when something is ready, nullopt for as long as it likes.
    absl::optional<Duration> next_timeout();
    // The same in milliseconds as poll(2), GLib and libuv take it: -1 for as long as it likes, and rounded up. (Rounded down,
    // the host would come back too early again and again, until the last fraction of a millisecond has passed.)
    int next_timeout_ms();
    // Does what is ready, without blocking, and returns. Throws RuntimeError when it runs already: inside its own callbacks and
    // tasks, also when these run the host, whose callbacks can ask is_running(); what a callback throws that ends a run, as
    // KeyboardInterrupt does, which a host in C must catch.
    void poll_once();

    // --- For the rooms above ---

    // Puts `work` at the end of the ready queue. Throws RuntimeError when the loop is closed.
    virtual void enqueue(detail::Runnable& work);
    // Takes `work` out of the ready queue again.
    void withdraw(detail::Runnable& work) noexcept { ready_.remove(work); }
    void check_open() const {
        if (closed_) throw_closed();
    }
    // Throws RuntimeError where run_forever() would.
    void check_may_run() const;
    // In debug mode throws RuntimeError outside the loop's own thread.
    void check_thread() const {
        if (debug_) check_thread_now();
    }
    detail::LoopImpl& impl() noexcept { return *impl_; }
    const detail::LoopReference& reference() const noexcept { return reference_; }

protected:
    // With the given selector, or the platform's best.
    explicit EventLoop(std::unique_ptr<selectors::BaseSelector> selector = nullptr);

    // The type-erased hooks behind the templates above.
    virtual Handle schedule(Callback callback, detail::Ref<detail::ContextData> context);
    virtual Handle schedule_threadsafe(Callback callback, detail::Ref<detail::ContextData> context);
    virtual TimerHandle schedule_at(TimePoint when, Callback callback, detail::Ref<detail::ContextData> context);
    virtual void watch(int fd, selectors::EventMask event, Callback callback);
    virtual bool unwatch(int fd, selectors::EventMask event);
    virtual void watch_signal(int signal, Callback callback);
    // A call for an executor, or for the default one where that is null; `future` gets its outcome.
    virtual void submit(Executor* executor, std::shared_ptr<detail::ExecutorJob> job, detail::FutureCore& future);
    // Waits for events at most `timeout` (nullopt: for ever) and schedules what they are for.
    virtual void select(absl::optional<Duration> timeout);

    // The two halves of run_once(): what has become ready joins the ready queue; what is in the queue now runs.
    void collect_ready();
    void run_ready();
    detail::RunnableList& ready() noexcept { return ready_; }

    // The callbacks, task steps and wakeups that the next iteration will run.
    std::size_t ready_count() const noexcept { return ready_.size(); }
    // What these are, first to last: "task 'name'" for a step of a task, the type of its callable for a callback.
    std::vector<std::string> describe_ready() const;
    // The timers that are not due yet, cancelled ones left out.
    std::size_t scheduled_count() const noexcept;
    // The functions given to threads whose outcome has not come back.
    std::size_t work_in_threads() const noexcept;
    selectors::BaseSelector& selector() noexcept;

private:
    friend struct detail::LoopImpl;
    template <class F>
    Future<detail::CallResult<F>> run_bound(Executor* executor, F&& f);
    [[noreturn]] void throw_closed() const;
    void check_thread_now() const;
    void run_measured(detail::Runnable& work);
    void run_what_cannot_wait();

    detail::RunnableList ready_;
    bool closed_ = false;
    bool debug_ = false;
    detail::LoopReference reference_;
    std::shared_ptr<detail::LoopImpl> impl_;  // not shared, but quicker to compile than a unique_ptr
};

// The loop of every platform: readiness from a selector.
class SelectorEventLoop : public EventLoop {
public:
    explicit SelectorEventLoop(std::unique_ptr<selectors::BaseSelector> selector = nullptr);
    ~SelectorEventLoop() override;
};

std::unique_ptr<EventLoop> new_event_loop();
// The loop that runs in this thread. Throws RuntimeError when none does.
EventLoop& get_running_loop();
// The running loop, else the one installed in this thread. Throws RuntimeError without either.
EventLoop& get_event_loop();
// Installs a loop, not owned, for this thread; null for none.
void set_event_loop(EventLoop* loop) noexcept;
inline void set_event_loop(EventLoop& loop) noexcept { set_event_loop(&loop); }
template <class Loop>
void set_event_loop(const std::unique_ptr<Loop>& loop) noexcept { set_event_loop(loop.get()); }
template <class Loop>
void set_event_loop(std::unique_ptr<Loop>&& loop) = delete;  // not owned: give the loop a name, which lives as long

}  // namespace cede

#include "cede/loop/run_in_executor.hpp"

#endif
