#include <stdexcept>
#include <string>
#include <utility>

#include "base/thread_state.hpp"
#include "cede/base/closure.hpp"
#include "cede/base/exceptions.hpp"
#include "cede/base/reports.hpp"
#include "cede/coroutine/async_generator_core.hpp"

namespace cede {
namespace detail {

AsyncGeneratorCore::~AsyncGeneratorCore() = default;

// What call stacks know the body by (base/call_stack.cpp), so it must stay below it.
void AsyncGeneratorCore::run_body() {
    call_body();
    let_escape(this);  // no tail call
}

std::string AsyncGeneratorCore::name() const { return name_.empty() ? demangle(body_type_.name()) : name_; }

// The compiler may keep the address of a thread_local across a wait, so a body must not wake up in another thread. It may
// when its whole loop has moved there, as the tasks of that loop do.
void AsyncGeneratorCore::check_thread(const char* call) {
    EventLoop* const running = thread_state.running;
    const bool at_home = thread_ == nullptr || thread_ == &thread_state || (running != nullptr && loop.get() == running);
    if (!at_home) {
        throw RuntimeError(std::string(call) + "(): this async generator was begun in another thread: await its steps there, "
                           "for example by run_coroutine_threadsafe()");
    }
    thread_ = &thread_state;
}

bool AsyncGeneratorCore::step(const char* call, void* sent, std::exception_ptr thrown) {
    if (state() == CoroutineState::running) {
        throw RuntimeError(std::string(call) + "(): asynchronous generator is already running: await one step before the next");
    }
    if (closed()) return false;
    check_thread(call);
    if (thread_state.running != nullptr && loop.get() != thread_state.running) async_generator_begins(*this);
    set_sent(sent);  // not before: an iterator looks at the last item for as long as no step has begun
    resume(std::move(thrown));
    if (!closed()) return true;
    if (error()) std::rethrow_exception(take_error());
    return false;
}

void AsyncGeneratorCore::close_here() {
    if (state() == CoroutineState::running) {
        throw RuntimeError("aclose(): asynchronous generator is already running: await its step first");
    }
    if (state() == CoroutineState::suspended) check_thread("aclose");
    close();
}

void AsyncGeneratorCore::drop(std::shared_ptr<AsyncGeneratorCore> core) noexcept {
    if (core == nullptr || core->state() != CoroutineState::suspended) return;
    // A loop can wait for clean-up that awaits. Without one the frame's end closes it, where an await is an error.
    if (async_generator_dropped(core) || core->thread_ == &thread_state) return;
    warn("an async generator was dropped in another thread after its loop had gone: its clean-up does not run, and its stack "
         "is lost. Drop it in the thread that ran it, or before its loop is closed");
    core->abandon();
}

void throw_stop_async_iteration() { throw StopAsyncIteration(); }

void throw_async_value_too_early() {
    throw std::invalid_argument("cannot send a value to an async generator that has not started; await next() first");
}

void throw_moved_from_async_generator() {
    throw RuntimeError("this async generator was moved from: use the one that it was moved to");
}

}  // namespace detail
}  // namespace cede
