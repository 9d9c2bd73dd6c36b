// The two members of EventLoop by which a run ends what was started on its loop.
#include <system_error>

#include "cede/base/exceptions.hpp"
#include "cede/base/reports.hpp"
#include "cede/task/timeout.hpp"
#include "loop/left_behind.hpp"
#include "loop/loop_impl.hpp"
#include "loop/loop_token.hpp"

#include "cede/task/await.hpp"

namespace cede {

Coroutine<void> EventLoop::shutdown_default_executor(absl::optional<Duration> timeout_) {
    return [this, timeout_] {
        impl_->executor_shut_down = true;
        const std::shared_ptr<ThreadPoolExecutor> executor = std::move(impl_->default_executor);
        impl_->default_executor = nullptr;
        if (executor == nullptr) return;
        // Joining blocks, so a thread does it; one that must be given up goes on by itself, up to the end of the program.
        const Future<void> joined = create_future<void>();
        const detail::LoopReference loop = reference();
        detail::Ref<detail::HandleCore> delivery(new detail::HandleCore(
            *this,
            [this, joined] {
                --impl_->work_in_threads;
                if (!joined.done()) joined.set_result();
            },
            nullptr));
        try {
            detail::run_left_behind([executor, loop, delivery]() mutable {
                executor->shutdown(true);
                if (detail::post(loop, *delivery.get())) delivery.detach();
            });
        } catch (const std::system_error&) {
            executor->shutdown(false, true);
            detail::warn("no thread was to be had to join those of the default executor: they go on by themselves");
            return;
        }
        ++impl_->work_in_threads;
        try {
            timeout(timeout_, [&] { await(joined); });
        } catch (const TimeoutError&) {
            detail::warn("the default executor did not finish joining its threads in time");
        }
    };
}

}  // namespace cede
