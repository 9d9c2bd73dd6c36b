// What it is: the base of a reader's and a writer's state, which belongs to a loop's thread while its last handle may die on
// any: the object then travels to the loop, by a link of its own, so that nothing has to be allocated for it. With the loop
// gone or closed it ends where it is.
#ifndef CEDE_SRC_STREAM_LOOP_BOUND_HPP
#define CEDE_SRC_STREAM_LOOP_BOUND_HPP

#include <memory>
#include <string>
#include <thread>

#include "cede/loop/event_loop.hpp"
#include "cede/loop/future_core.hpp"
#include "cede/loop/runnable.hpp"

namespace cede {
namespace detail {

class LoopBound : public Runnable {
public:
    // Throws RuntimeError when the loop was destroyed.
    EventLoop& loop() const;
    const LoopReference& loop_reference() const noexcept { return loop_; }

    // The deleter of a std::shared_ptr.
    struct Release {
        void operator()(LoopBound* object) const noexcept { object->release(); }
    };

protected:
    explicit LoopBound(EventLoop& loop) noexcept : loop_(loop.reference()), thread_(std::this_thread::get_id()) {}
    virtual ~LoopBound() = default;

    // The last handle has died. On the loop's thread, with a loop that is not closed, or on any thread without one.
    virtual void ended(bool with_loop) noexcept = 0;
    // The last handle died because an exception unwound the stack that held it.
    bool unwound() const noexcept { return unwound_; }

private:
    void run() override { end(true); }
    void discard() noexcept override { end(false); }
    std::string describe() const override { return "the end of a stream"; }

    void release() noexcept;
    void end(bool with_loop) noexcept;

    const LoopReference loop_;
    const std::thread::id thread_;
    bool unwound_ = false;
};

}  // namespace detail
}  // namespace cede

#endif
