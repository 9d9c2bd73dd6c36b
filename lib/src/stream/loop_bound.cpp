#include "stream/loop_bound.hpp"

#include <mutex>

#include "base/thread_state.hpp"
#include "cede/base/exceptions.hpp"
#include "fiber/unwinding.hpp"
#include "loop/loop_token.hpp"

namespace cede {
namespace detail {
namespace {

// Whether the loop may be used right here. One that does not run belongs to the thread where the stream was made: others
// cannot tell whether it is about to run.
bool is_home(const LoopReference& reference, std::thread::id thread) noexcept {
    if (thread != std::this_thread::get_id()) return false;
    std::lock_guard<std::mutex> lock(reference.token->mutex);
    EventLoop* const loop = reference.get();
    return loop != nullptr && !loop->is_running() && !loop->is_closed();
}

}  // namespace

EventLoop& LoopBound::loop() const {
    if (EventLoop* loop = loop_of(loop_)) return *loop;
    throw RuntimeError("the event loop of this stream was destroyed");
}

void LoopBound::release() noexcept {
    unwound_ = is_unwinding();
    EventLoop* const running = thread_state.running;
    if ((running != nullptr && running == loop_.get()) || is_home(loop_, thread_)) {
        end(true);
    } else if (!post(loop_, *this)) {
        end(false);
    }
}

void LoopBound::end(bool with_loop) noexcept {
    ended(with_loop);
    delete this;
}

}  // namespace detail
}  // namespace cede
