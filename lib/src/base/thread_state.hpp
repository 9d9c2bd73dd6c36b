// What it is: what each thread knows of itself: which fiber, coroutine, task, context and loop are current. When to use
// it: in the compiled core only. When not: in a public header; an inline function there would need the variable's
// wrapper.
//
// `__thread` rather than `thread_local`: every member starts as zero, so access is one load from the thread pointer,
// where an extern thread_local of class type costs a call to its initialisation wrapper at each use.
#ifndef CEDE_SRC_BASE_THREAD_STATE_HPP
#define CEDE_SRC_BASE_THREAD_STATE_HPP

#include "cede/base/fwd.hpp"
#include "cede/base/ref.hpp"

namespace cede {

class Fiber;
class NoSuspend;

namespace detail {

class ContextEntry;

struct ThreadState {
    Fiber* fiber;          // the fiber that runs; null until the thread's first switch
    void* exception_globals;  // what __cxa_get_globals() returns, a call and two table look-ups away; set with `fiber`
    Frame* frame;          // the innermost coroutine that runs, to which an await cedes
    TaskCore* task;        // current_task()
    TaskCore* stepped;     // whose step it is that ends when the loop is switched to; the same, but for the child of a fork()
    EventLoop* running;    // get_running_loop()
    EventLoop* installed;  // set_event_loop()
    // Where the current context is kept: the slot of the running task or handle. Null outside both: then the thread's own.
    Ref<ContextData>* context;
    // The innermost Context::run() of the current fiber, which hides the slot; null outside of one.
    ContextEntry* entered;
    // The innermost frame of a library that must not be left and continued; null without one.
    const NoSuspend* no_suspend;
    // Called by a loop that is about to block, so that a lower room can use the pause (the stack pool trims itself).
    // Returns the most nanoseconds that the loop may then block for, -1 for no wish.
    long long (*idle)();
    // A loop in debug mode runs: coroutines that are dropped unawaited are reported.
    bool debug;
};

extern __thread ThreadState thread_state;

// In the child of a fork(): nothing of the parent's loops is current any more.
void note_fork() noexcept;
// What an error that nothing is current adds then; empty else.
const char* note_of_fork() noexcept;

}  // namespace detail
}  // namespace cede

#endif
