// What it is: several event loops, each in a thread of its own: `LoopGroup group(4)`. When to use it: for a server whose one
// core is full: start_server(group, ...) and create_server(group, ...) listen on every loop at once (SO_REUSEPORT), and the
// system spreads the connections. When not: for work that blocks or computes (to_thread, an executor); for many connections
// that mostly wait, of which one loop serves tens of thousands.
//
//   int main() {
//       LoopGroup group;                                          // a loop for each core that this process may use
//       run([&] {
//           const GroupServer server = await(start_server(group, serve_client, "0.0.0.0", 8080));
//           await(server.serve_forever());                        // until Ctrl-C
//       });
//   }                                                             // cancels what is left, and joins the threads
//
// Nothing migrates: a task, a connection, a timer stays on the loop that made it, and what only one loop touches needs no lock.
// Between loops there are two ways: `post` a function there, or `submit` it and await what it gives. A Future or Task of
// another loop cannot be awaited, which is an error that says so; what submit() and run_coroutine_threadsafe() give can, in a
// task of any loop. Locks, queues and streams belong to one loop: have the work done where they are.
//
// Lifetimes: tasks run until the end of the group. What they refer to is declared before the group, or kept by a shared_ptr.
//
// The end of a group: stop(), or its destructor, or a loop that ends by itself (a SystemExit; its own stop()). Then every loop
// does what run() does at its end: its tasks are cancelled and awaited, its async generators closed, its default executor joined,
// what is open is closed. What was posted and has not begun is dropped; what was submitted and has not ended is cancelled, so
// nobody waits for ever. A task that swallows its cancellation keeps the group from ending, as it keeps run() from it.
//
// Signals: the threads of a group block all but those that an instruction raises (SIGSEGV ...), SIGABRT and SIGPROF, so that a
// handler, or add_signal_handler(), of the main thread works as if there were no group.
// After fork() the child has no group: there everything throws RuntimeError, and the destructor does nothing.
//
// Every member may be called from any thread.
#ifndef CEDE_TASK_LOOP_GROUP_HPP
#define CEDE_TASK_LOOP_GROUP_HPP

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/types/optional.h"

#include "cede/task/concurrent_future.hpp"
#include "cede/task/run.hpp"
#include "cede/task/wrap_future.hpp"

namespace cede {

class LoopGroupOptions {
public:
    // Of the threads, with the number of the loop behind it: "cede-loop-3" by default. The system shows 15 characters.
    LoopGroupOptions& name(std::string prefix) { return name_ = std::move(prefix), *this; }
    // Debug mode on or off; left unset, the environment's CEDE_DEBUG tells.
    LoopGroupOptions& debug(bool on) { return debug_ = on, *this; }
    // Makes each loop, in its thread: called by several threads at the same time.
    LoopGroupOptions& loop_factory(LoopFactory factory) { return loop_factory_ = std::move(factory), *this; }
    // Runs as a task of each loop before the constructor returns: to set an exception handler, to pin the thread, to open what
    // each loop has one of. It may await, but not the group, which is not there yet. What it throws the constructor throws.
    LoopGroupOptions& on_start(std::function<void(std::size_t index)> f) { return on_start_ = std::move(f), *this; }

    const std::string& name() const noexcept { return name_; }
    const absl::optional<bool>& debug() const noexcept { return debug_; }
    const LoopFactory& loop_factory() const noexcept { return loop_factory_; }
    const std::function<void(std::size_t)>& on_start() const noexcept { return on_start_; }

private:
    std::string name_ = "cede-loop-";
    absl::optional<bool> debug_;
    LoopFactory loop_factory_;
    std::function<void(std::size_t)> on_start_;
};

namespace detail {

class LoopGroupCore;
using GroupCall = absl::AnyInvocable<void(EventLoop&)>;

// Both throw as LoopGroup::post. The loop, which takes calls still:
EventLoop& open_loop_of_group(LoopGroupCore& group, std::size_t index);
// Calls `f` in loop `index`, or drops it when the group ends first.
void call_in_group(LoopGroupCore& group, std::size_t index, GroupCall f);

template <class X>
ConcurrentFuture<AwaitedT<X>> submit_to_group(LoopGroupCore& group, std::size_t index, X&& x) {
    using R = AwaitedT<X>;
    ConcurrentFuture<R> result;
    // Before there is a coroutine, which would be one that nobody has awaited.
    result.state().set_worker(open_loop_of_group(group, index).reference());
    call_in_group(group, index, TaskForThread<R>(to_coroutine(std::forward<X>(x)), result));
    return result;
}

}  // namespace detail

class LoopGroup {
public:
    // `size` loops; 0: one for each core that this process may use. Blocks until all run; when one cannot (no thread, no
    // descriptor, an on_start that throws), those that do are ended and its error is thrown.
    explicit LoopGroup(std::size_t size = 0, LoopGroupOptions options = LoopGroupOptions());
    // stop(), then join(), whose error is reported. So it blocks: inside a task of a loop outside the group that the group's
    // tasks wait for, end the group by `with` or wait_stopped() before. In one of its own loops it does not wait.
    ~LoopGroup();
    LoopGroup(const LoopGroup&) = delete;
    LoopGroup& operator=(const LoopGroup&) = delete;

    std::size_t size() const noexcept;
    // The loop itself, for call_soon_threadsafe and its like; closed once the group has stopped, and there until the group is
    // destroyed. Throws std::out_of_range from size() on.
    EventLoop& loop(std::size_t index) const;
    // Which loop of this group runs in the calling thread; nullopt for none.
    absl::optional<std::size_t> current() const noexcept;

    // Runs `x` (a callable or coroutine) as a task of loop `index`, where it may await; those of one thread begin in the order
    // of its calls. An exception that leaves it goes to the exception handler of that loop. Throws std::out_of_range, and
    // RuntimeError when the group is stopping or has.
    template <class X>
    void post(std::size_t index, X&& x) {
        detail::open_loop_of_group(*core_, index);
        detail::call_in_group(*core_, index, [coroutine = detail::to_coroutine(std::forward<X>(x))](EventLoop& loop) mutable {
            loop.create_task(std::move(coroutine));
        });
    }
    // The same with a result: `await(group.submit(2, f))` in a task of any loop, `.result()` in a thread without one. It gives
    // what `x` returns or throws. Cancelling one side cancels the other; when the group stops first it ends cancelled.
    template <class X>
    ConcurrentFuture<detail::AwaitedT<X>> submit(std::size_t index, X&& x) {
        return detail::submit_to_group(*core_, index, std::forward<X>(x));
    }

    // Asks every loop to end; does not wait. Harmless when repeated.
    void stop() noexcept;
    // Blocks until every loop has ended and its thread is gone; without a stop(), until somebody stops the group. Throws what
    // a loop has ended with that nobody else could be told (SystemExit, KeyboardInterrupt, a failing selector), once. Throws
    // RuntimeError in a loop of this group, which would wait for itself.
    void join();
    // The same for a task: cedes until every loop has ended.
    Coroutine<void> wait_stopped() const;

    // For `with`: exit() stops the group and waits for its end, by ceding where a task runs, else by blocking.
    LoopGroup& enter() { return *this; }
    bool exit(std::exception_ptr error);

    // For the rooms above.
    const std::shared_ptr<detail::LoopGroupCore>& core() const noexcept { return core_; }

private:
    std::shared_ptr<detail::LoopGroupCore> core_;
};

}  // namespace cede

#endif
