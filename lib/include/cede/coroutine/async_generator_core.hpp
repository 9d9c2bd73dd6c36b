// What it is: an async generator without its types: a frame whose body may both await and yield. When to use it: inside
// the library.
#ifndef CEDE_COROUTINE_ASYNC_GENERATOR_CORE_HPP
#define CEDE_COROUTINE_ASYNC_GENERATOR_CORE_HPP

#include <exception>
#include <memory>

#include "cede/base/loop_reference.hpp"
#include "cede/coroutine/frame.hpp"

namespace cede {
namespace detail {

// The frame is a generator's: a yield goes to whoever asked for the next item, while an await in the body finds the
// nearest coroutine, which is the consumer's, and suspends that with this fiber on top.
class AsyncGeneratorCore : public Frame, public std::enable_shared_from_this<AsyncGeneratorCore> {
public:
    virtual ~AsyncGeneratorCore();

    // Runs the body to its next yield (true) or its end (false). Throws what the body throws, and RuntimeError while
    // another step is under way; `call` names the caller's function in that error.
    bool step(const char* call, std::exception_ptr thrown);
    // Raises GeneratorExit in a body that waits at a yield; it may await in its clean-up.
    void close_here();
    // The last handle goes: the loop closes the generator, or, without a loop, this does.
    static void drop(std::shared_ptr<AsyncGeneratorCore> core) noexcept;

    // The loop of the first step.
    LoopReference loop;

protected:
    AsyncGeneratorCore() noexcept : Frame(Kind::generator) {}
    // The body; run_body() adds the rule that a StopAsyncIteration must not leave it.
    virtual void call_body() = 0;

private:
    void run_body() final;
    bool begun_ = false;
};

// Defined by the task room. The first tells the running loop, if any, of a generator, so that shutdown_asyncgens() closes
// it; the second hands a dropped one to its loop, and is false when that is gone.
void async_generator_begins(AsyncGeneratorCore& core);
bool async_generator_dropped(const std::shared_ptr<AsyncGeneratorCore>& core) noexcept;

[[noreturn]] void throw_stop_async_iteration();
[[noreturn]] void throw_async_value_too_early();

}  // namespace detail
}  // namespace cede

#endif
