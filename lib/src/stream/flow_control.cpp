#include "cede/stream/flow_control.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include "cede/base/exceptions.hpp"
#include "cede/task/await.hpp"

namespace cede {
namespace detail {

void Waiters::wait(const LoopReference& loop) {
    EventLoop* const of = loop.get();
    if (of == nullptr) throw RuntimeError("the event loop of this stream was destroyed");
    const Future<void> waiter(*of);
    waiting_.push_back(waiter);
    struct Leaves {
        std::vector<Future<void>>& waiting;
        const Future<void>& waiter;
        ~Leaves() {
            const auto place = std::find(waiting.begin(), waiting.end(), waiter);
            if (place != waiting.end()) waiting.erase(place);
        }
    } leaves{waiting_, waiter};
    await_future(*waiter.core());
}

void Waiters::release(const std::exception_ptr& error) {
    for (const Future<void>& waiter : waiting_) {
        if (waiter.done()) continue;
        if (error == nullptr) {
            waiter.set_result();
        } else {
            waiter.set_exception(error);
            waiter.core()->silence();  // the task may be cancelled before it gets to see it
        }
    }
    waiting_.clear();
}

}  // namespace detail

FlowControl::FlowControl(EventLoop& loop) : loop_(loop.reference()) {}

void FlowControl::resume_writing() {
    paused_ = false;
    draining_.release(nullptr);
}

void FlowControl::connection_lost(std::exception_ptr error) {
    if (lost_) return;
    lost_ = true;
    error_ = std::move(error);
    draining_.release(error_);
    closing_.release(error_);
}

void FlowControl::drain() {
    if (lost_) throw std::system_error(ECONNRESET, std::generic_category(), "Connection lost");
    if (paused_) draining_.wait(loop_);
}

void FlowControl::wait_closed() {
    if (!lost_) return closing_.wait(loop_);
    if (error_) std::rethrow_exception(error_);
}

FlowControlMixin::FlowControlMixin() : FlowControlMixin(get_event_loop()) {}
FlowControlMixin::FlowControlMixin(EventLoop& loop) : flow_(std::make_shared<FlowControl>(loop)) {}
FlowControlMixin::~FlowControlMixin() = default;

void FlowControlMixin::pause_writing() { flow_->pause_writing(); }
void FlowControlMixin::resume_writing() { flow_->resume_writing(); }
void FlowControlMixin::connection_lost(std::exception_ptr error) { flow_->connection_lost(std::move(error)); }

}  // namespace cede
