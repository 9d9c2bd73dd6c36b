// What it is: an async generator without its types: a frame whose body may both await and yield. When to use it: inside
// the library.
#ifndef CEDE_COROUTINE_ASYNC_GENERATOR_CORE_HPP
#define CEDE_COROUTINE_ASYNC_GENERATOR_CORE_HPP

#include <exception>
#include <memory>
#include <string>
#include <typeinfo>
#include <utility>

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
    // another step is under way; `call` names the caller's function in that error. `sent`: as Frame::set_sent(), once the step
    // cannot be refused any more.
    bool step(const char* call, void* sent, std::exception_ptr thrown = nullptr);
    // Raises GeneratorExit in a body that waits at a yield; it may await in its clean-up.
    void close_here();
    // The last handle goes: the loop closes the generator, or, without a loop, this does.
    static void drop(std::shared_ptr<AsyncGeneratorCore> core) noexcept;

    // For reports; may allocate.
    std::string name() const;
    void set_name(std::string name) noexcept { name_ = std::move(name); }

    // The loop of the last step.
    LoopReference loop;
    // Its loop closes it, in a task that shutdown_asyncgens() waits for.
    bool dropped = false;

protected:
    explicit AsyncGeneratorCore(const std::type_info& body_type) noexcept
        : Frame(Kind::async_generator), body_type_(body_type) {}

    // The body.
    virtual void call_body() = 0;

private:
    void run_body() final;
    void check_thread(const char* call);

    const std::type_info& body_type_;
    std::string name_;
    const void* thread_ = nullptr;  // names the thread of the last step
};

// What the handle of a generator, its steps under way and its iterators share: with the last of them it is dropped.
class AsyncGeneratorOwner {
public:
    explicit AsyncGeneratorOwner(std::shared_ptr<AsyncGeneratorCore> core) noexcept : core_(std::move(core)) {}
    ~AsyncGeneratorOwner() { AsyncGeneratorCore::drop(std::move(core_)); }
    AsyncGeneratorOwner(const AsyncGeneratorOwner&) = delete;
    AsyncGeneratorOwner& operator=(const AsyncGeneratorOwner&) = delete;

private:
    std::shared_ptr<AsyncGeneratorCore> core_;
};

// Defined by the task room. The first makes the running loop, if any, that of the generator, so that shutdown_asyncgens()
// closes it; the second hands a dropped one to its loop, and is false when that is gone.
void async_generator_begins(AsyncGeneratorCore& core);
bool async_generator_dropped(const std::shared_ptr<AsyncGeneratorCore>& core) noexcept;

[[noreturn]] void throw_stop_async_iteration();
[[noreturn]] void throw_async_value_too_early();
[[noreturn]] void throw_moved_from_async_generator();

}  // namespace detail
}  // namespace cede

#endif
