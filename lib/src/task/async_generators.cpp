// What a loop does for async generators: it knows those that have begun, and closes them when they are dropped or when it
// shuts down.
#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "base/thread_state.hpp"
#include "cede/base/exceptions.hpp"
#include "cede/base/reports.hpp"
#include "cede/coroutine/async_generator_core.hpp"
#include "cede/task/await.hpp"
#include "cede/task/gather.hpp"
#include "cede/task/task.hpp"
#include "loop/loop_impl.hpp"
#include "loop/loop_token.hpp"

namespace cede {
namespace detail {
namespace {

void close_and_report(EventLoop& loop, AsyncGeneratorCore& core) {
    try {
        core.close_here();
    } catch (const CancelledError&) {
        throw;
    } catch (const KeyboardInterrupt&) {
        throw;
    } catch (const SystemExit&) {
        throw;
    } catch (...) {
        ExceptionContext context;
        context.asyncgen = core.name();
        context.message = "an error occurred during closing of asynchronous generator '" + context.asyncgen + "'";
        context.exception = std::current_exception();
        loop.call_exception_handler(context);
    }
}

// Eager, so that its clean-up at least begins: a cancellation before that, as run() sends to every task that it finds at its
// end, would leave it to the destructor, where nothing can await.
void close_dropped(EventLoop& loop, const std::shared_ptr<AsyncGeneratorCore>& core) {
    if (core->closed()) return;
    core->dropped = true;
    auto& closings = loop.impl().async_generator_closings;
    closings.erase(std::remove_if(closings.begin(), closings.end(), [](const AnyFuture& each) { return each.done(); }),
                   closings.end());
    closings.push_back(loop.create_task([core, &loop] { close_and_report(loop, *core); },
                                        TaskOptions().name("close of async generator '" + core->name() + "'").eager(true)));
}

}  // namespace

void async_generator_begins(AsyncGeneratorCore& core) {
    EventLoop* const loop = thread_state.running;
    if (loop == nullptr) return;
    core.loop = loop->reference();
    if (loop->impl().async_generators_shut_down) {
        warn("async generator '" + core.name() + "' was begun after its loop's shutdown_asyncgens(): await its aclose()");
    }
    auto& known = loop->impl().async_generators;
    // Those that have ended are forgotten whenever the list would grow, so it stays within twice the living ones.
    if (known.size() == known.capacity()) {
        known.erase(std::remove_if(known.begin(), known.end(), [](const auto& each) { return each.expired(); }),
                    known.end());
        known.reserve(known.size() * 2 + 16);
    }
    known.push_back(std::weak_ptr<AsyncGeneratorCore>(core.shared_from_this()));
}

bool async_generator_dropped(const std::shared_ptr<AsyncGeneratorCore>& core) noexcept {
    EventLoop* const loop = core->loop.get();
    if (loop == nullptr) return false;
    try {
        Ref<HandleCore> handle(new HandleCore(*loop, [core, loop] { close_dropped(*loop, core); }, nullptr));
        if (!post(core->loop, *handle.get())) return false;
        handle.detach();
        return true;
    } catch (...) {
        return false;
    }
}

}  // namespace detail

Coroutine<void> EventLoop::shutdown_asyncgens() {
    return [this] {
        impl_->async_generators_shut_down = true;
        std::vector<Coroutine<void>> closings;
        for (const auto& known : std::exchange(impl_->async_generators, {})) {
            auto core = known.lock();
            if (core == nullptr || core->closed() || core->dropped || core->loop.get() != this) continue;
            closings.push_back([this, core] { detail::close_and_report(*this, *core); });
        }
        for (const AnyFuture& closing : std::exchange(impl_->async_generator_closings, {})) {
            if (!closing.done()) closings.push_back([closing] { detail::await_future(*closing.core()); });
        }
        if (!closings.empty()) await(gather_outcomes(std::move(closings)));
    };
}

}  // namespace cede
