#include <stdexcept>
#include <utility>

#include "cede/base/exceptions.hpp"
#include "cede/coroutine/async_generator_core.hpp"

namespace cede {
namespace detail {

AsyncGeneratorCore::~AsyncGeneratorCore() = default;

void AsyncGeneratorCore::run_body() {
    try {
        call_body();
    } catch (const StopAsyncIteration&) {
        throw RuntimeError("async generator raised StopAsyncIteration", std::current_exception());
    }
}

bool AsyncGeneratorCore::step(const char* call, std::exception_ptr thrown) {
    if (state() == CoroutineState::running) {
        throw RuntimeError(std::string(call) + "(): asynchronous generator is already running: await one step before the next");
    }
    if (closed()) return false;
    if (!begun_) {
        begun_ = true;
        async_generator_begins(*this);
    }
    resume(std::move(thrown));
    if (!closed()) return true;
    if (error()) std::rethrow_exception(take_error());
    return false;
}

void AsyncGeneratorCore::close_here() {
    if (state() == CoroutineState::running) {
        throw RuntimeError("aclose(): asynchronous generator is already running: await its step first");
    }
    close();
}

void AsyncGeneratorCore::drop(std::shared_ptr<AsyncGeneratorCore> core) noexcept {
    if (core == nullptr || core->state() != CoroutineState::suspended) return;
    // A loop can wait for clean-up that awaits. Without one the frame's end closes it, where an await is an error.
    async_generator_dropped(core);
}

void throw_stop_async_iteration() { throw StopAsyncIteration(); }

void throw_async_value_too_early() {
    throw std::invalid_argument("cannot send a value to an async generator that has not started; await next() first");
}

}  // namespace detail
}  // namespace cede
