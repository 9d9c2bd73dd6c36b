// What it is: a ConcurrentFuture, which other threads complete, as a Future; and `await` of a ConcurrentFuture, which is
// that of its wrapper. When to use it: to give what a thread pool of your own, or a coroutine of another loop, gives to wait()
// or gather(). When not: only to await it; for a blocking function, where to_thread() and run_in_executor() give a Future.
//
// The two are chained as in asyncio: the outcome of the concurrent future comes to the future in its loop's thread, also
// when it was there before; cancelling the future cancels the concurrent one from the loop's next iteration, and with it
// the work behind it, unless that has begun or is done. A concurrent future that is dropped undone by whoever was to
// complete it cancels the future.
//
// The thread of `loop` only. Nothing here cedes but `await`.
#ifndef CEDE_TASK_WRAP_FUTURE_HPP
#define CEDE_TASK_WRAP_FUTURE_HPP

#include <exception>
#include <memory>
#include <utility>

#include "cede/loop/future.hpp"
#include "cede/loop/handle.hpp"
#include "cede/task/await.hpp"
#include "cede/task/concurrent_future.hpp"

namespace cede {

namespace detail {

// A call on a loop that another thread will make, prepared here so that making it cannot fail. It is made once, at the
// latest when this is destroyed.
class PreparedCall {
public:
    PreparedCall(EventLoop& loop, Closure<void> call);
    PreparedCall(PreparedCall&&) noexcept = default;
    ~PreparedCall() { make(); }
    // Any thread. Does nothing when the loop is closed or gone.
    void make() noexcept;

private:
    LoopReference loop_;
    Ref<HandleCore> handle_;
};

template <class T>
void copy_result(const ConcurrentFuture<T>& from, const Future<T>& to) { to.set_result(from.result()); }
inline void copy_result(const ConcurrentFuture<void>&, const Future<void>& to) { to.set_result(); }

// What is between the two. Only one of them is kept at a time, for a counted cycle would never be freed: the concurrent
// future keeps the link, and the link keeps it while it is on its way to the loop.
template <class T>
struct WrapLink {
    const Future<T> wrapper;
    std::shared_ptr<ConcurrentStateOf<T>> source;

    void deliver() {
        const std::shared_ptr<ConcurrentStateOf<T>> from = std::move(source);
        if (wrapper.done()) return;
        if (!from) {
            wrapper.cancel("the ConcurrentFuture was dropped before it was done");
        } else if (from->cancelled()) {
            wrapper.cancel();
        } else if (std::exception_ptr error = from->exception(absl::nullopt)) {
            wrapper.set_exception(std::move(error));
        } else {
            take(ConcurrentFuture<T>(from));
        }
    }

private:
    void take(const ConcurrentFuture<T>& from) {
        try {
            copy_result(from, wrapper);
        } catch (...) {  // its copy constructor
            if (!wrapper.done()) wrapper.set_exception(std::current_exception());
        }
    }
};

}  // namespace detail

// On `loop`; without it on the running loop, or that of set_event_loop(). Throws RuntimeError without any, and when the
// loop is closed.
template <class T>
Future<T> wrap_future(const ConcurrentFuture<T>& source, EventLoop& loop) {
    Future<T> wrapper(loop);
    const std::weak_ptr<detail::ConcurrentStateOf<T>> weak = source.shared_state();
    wrapper.add_done_callback([weak](const Future<T>& done) {
        if (!done.cancelled()) return;
        if (const auto state = weak.lock()) state->cancel();
    });
    const auto link = std::make_shared<detail::WrapLink<T>>(detail::WrapLink<T>{wrapper, nullptr});
    detail::PreparedCall call(loop, [link] { link->deliver(); });
    source.state().add_done_callback([link, weak, call = std::move(call)]() mutable {
        link->source = weak.lock();
        call.make();
    });
    return wrapper;
}
template <class T>
Future<T> wrap_future(const ConcurrentFuture<T>& source) { return wrap_future(source, detail::loop_for_future()); }

// `await(future)`. A cancellation of the awaiting task cancels the work behind it.
template <class T>
T cede_await(const ConcurrentFuture<T>& future) { return await(wrap_future(future)); }

// A Future or Task is returned as it is.
template <class T>
Future<T> wrap_future(const Future<T>& future) { return future; }

}  // namespace cede

#endif
