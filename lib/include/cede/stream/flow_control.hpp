// What it is: `FlowControl`, the part of a protocol that StreamWriter waits on: whether the transport asked to stop writing,
// and whether the connection is gone. `FlowControlMixin` is a protocol that does nothing else: asyncio's class of that name.
// When to use it: derive from the mixin, or keep a FlowControl and pass on the three calls, to put a StreamWriter on a
// protocol of your own. When not: with streams from open_connection() or start_server(); they have one.
//
// Loop's thread only.
#ifndef CEDE_STREAM_FLOW_CONTROL_HPP
#define CEDE_STREAM_FLOW_CONTROL_HPP

#include <exception>
#include <memory>

#include "cede/base/fwd.hpp"
#include "cede/loop/event_loop.hpp"
#include "cede/net/protocol.hpp"
#include "cede/task/wait_list.hpp"

namespace cede {

class FlowControl {
public:
    explicit FlowControl(EventLoop& loop);
    FlowControl(const FlowControl&) = delete;
    FlowControl& operator=(const FlowControl&) = delete;

    // What the transport calls on the protocol; none of these cedes, all are harmless when repeated.
    void pause_writing() noexcept { paused_ = true; }
    void resume_writing();
    void connection_lost(std::exception_ptr error);

    // Cedes while writing is paused; not at all otherwise, and then allocates nothing. Throws std::system_error with
    // ECONNRESET when the connection is gone, the error with which it goes meanwhile, CancelledError.
    void drain();
    // Cedes until connection_lost(). Throws the error that it was given, CancelledError.
    void wait_closed();

    bool paused() const noexcept { return paused_; }
    bool lost() const noexcept { return lost_; }

private:
    EventLoop& loop() const;

    const detail::LoopReference loop_;
    detail::WaitList draining_;
    detail::WaitList closing_;
    std::exception_ptr error_;
    bool paused_ = false;
    bool lost_ = false;
};

class FlowControlMixin : public Protocol {
public:
    // On the running loop, or on the one of set_event_loop. Throws RuntimeError without either.
    FlowControlMixin();
    explicit FlowControlMixin(EventLoop& loop);
    ~FlowControlMixin() override;

    // A deriving class that overrides one of these calls it, too.
    void pause_writing() override;
    void resume_writing() override;
    void connection_lost(std::exception_ptr error) override;

    // For a StreamWriter; outlives the protocol, so that the writer needs not keep it.
    const std::shared_ptr<FlowControl>& flow_control() const noexcept { return flow_; }

private:
    std::shared_ptr<FlowControl> flow_;
};

}  // namespace cede

#endif
