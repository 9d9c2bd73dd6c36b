// What becomes of the loops in the child of a fork(). They are the parent's: their epoll is one with the parent's, so a
// change of a registration here would be one there; their tasks would run twice; their threads are not here. So in the child
// every loop counts as closed, with an error of its own, no loop is running or installed, and what the loops hold is neither
// run nor unwound. A loop that the child makes is a loop like any other.
#include "base/thread_state.hpp"
#include "loop/loop_impl.hpp"
#include "loop/signal_watch.hpp"

namespace cede {
namespace detail {

void LoopImpl::leave_to_parent(EventLoop& loop) noexcept {
    LoopImpl& self = loop.impl();
    loop.closed_ = true;
    self.forked = true;
    self.others_may_forget = false;
    self.running = false;
    self.stopping = true;  // the run call that fork() has copied ends when its callback returns
    self.left_to_parent.splice(loop.ready_);
    self.left_to_parent.splice(self.known);
    self.posted.leave_to_parent();
    if (self.signals != nullptr) self.signals->leave_to_parent();
}

}  // namespace detail
}  // namespace cede
