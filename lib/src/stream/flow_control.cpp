#include "cede/stream/flow_control.hpp"

#include <system_error>
#include <utility>

#include "cede/base/exceptions.hpp"
#include "loop/loop_token.hpp"

namespace cede {
FlowControl::FlowControl(EventLoop& loop) : loop_(loop.reference()) {}

void FlowControl::resume_writing() {
    paused_ = false;
    draining_.pop_and_wake_all();
}

void FlowControl::connection_lost(std::exception_ptr error) {
    if (lost_) return;
    lost_ = true;
    error_ = std::move(error);
    draining_.pop_and_wake_all();
    closing_.pop_and_wake_all();
}

EventLoop& FlowControl::loop() const {
    if (EventLoop* loop = detail::loop_of(loop_)) return *loop;
    throw RuntimeError("the event loop of this stream was destroyed");
}

void FlowControl::drain() {
    if (lost_) throw std::system_error(ECONNRESET, std::generic_category(), "Connection lost");
    if (!paused_) return;
    detail::Waiter(draining_, loop()).wait();
    if (error_) std::rethrow_exception(error_);
}

// Each task waits for itself. In asyncio they share a future, which the cancellation of one cancels for all.
void FlowControl::wait_closed() {
    if (!lost_) detail::Waiter(closing_, loop()).wait();
    if (error_) std::rethrow_exception(error_);
}

FlowControlMixin::FlowControlMixin() : FlowControlMixin(get_event_loop()) {}
FlowControlMixin::FlowControlMixin(EventLoop& loop) : flow_(std::make_shared<FlowControl>(loop)) {}
FlowControlMixin::~FlowControlMixin() = default;

void FlowControlMixin::pause_writing() { flow_->pause_writing(); }
void FlowControlMixin::resume_writing() { flow_->resume_writing(); }
void FlowControlMixin::connection_lost(std::exception_ptr error) { flow_->connection_lost(std::move(error)); }

}  // namespace cede
