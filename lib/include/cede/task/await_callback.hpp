// What it is: waiting for old code that calls back: `auto body = await_callback<std::string>([&](Completion<std::string> done)
// { old_get(url, done); });`. When to use it: to port callback code one call at a time. When not: where a Future is at hand;
// for many calls of one callback (put them into a Queue).
//
// Every corner is defined: a call inside `start` does not cede; a call from another thread wakes the loop; the second call is
// ignored, and reported in debug mode; a call after a cancellation, or after the loop has gone, is dropped; when the last
// copy of the Completion dies uncalled, the await throws BrokenCallbackError, which names where it began.
#ifndef CEDE_TASK_AWAIT_CALLBACK_HPP
#define CEDE_TASK_AWAIT_CALLBACK_HPP

#include <utility>

#include "cede/base/exceptions.hpp"
#include "cede/coroutine/no_suspend.hpp"
#include "cede/task/call_site.hpp"
#include "cede/task/completion.hpp"

namespace cede {

// Every copy of the Completion died, and none was called.
class BrokenCallbackError : public RuntimeError {
public:
    using RuntimeError::RuntimeError;
    ~BrokenCallbackError() override;
};

// Calls `start(Completion<R>)` at once, on this fiber, and cedes until the completion is called, unless it was; returns the
// value. Throws what start throws (the completion is then dead), what the completion was failed with, CancelledError,
// BrokenCallbackError. Loop's thread, inside a task or a driven coroutine.
template <class R = void, class F>
R await_callback(F&& start, CallSite where = CallSite::here()) {
    struct Waiting {
        detail::Ref<detail::CompletionState<R>> state;
        ~Waiting() { state->left(); }
    } waiting{detail::Ref<detail::CompletionState<R>>(new detail::CompletionState<R>(where))};
    detail::check_callback_result<decltype(std::declval<F>()(std::declval<Completion<R>>()))>();
    std::forward<F>(start)(Completion<R>(detail::CompletionHandle(*waiting.state)));
    waiting.state->wait();
    return waiting.state->take();
}

}  // namespace cede

#endif
