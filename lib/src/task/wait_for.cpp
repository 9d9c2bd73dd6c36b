#include "cede/task/wait_for.hpp"

#include "cede/base/exceptions.hpp"

namespace cede {
namespace detail {

void cancel_and_wait(const AnyFuture& future) {
    Future<void> done(nullptr);
    CallbackId id;
    try {
        done = Future<void>(get_running_loop());
        id = future.core()->add_done_callback(
            [done] {
                if (!done.done()) done.set_result();
            },
            nullptr, done.core());
    } catch (...) {
        future.cancel();  // whoever gives up waiting for it must not leave it running
        throw;
    }
    struct Remove {
        const AnyFuture& future;
        CallbackId id;
        ~Remove() { future.core()->remove_done_callback(id); }
    } remove{future, id};
    future.cancel();
    await(done);
}

void expire_at_once(const AnyFuture& future) {
    if (future.done()) return;
    cancel_and_wait(future);
    // Whatever ends with a CancelledError, as in asyncio: a gather that was cancelled holds one and is not cancelled() itself.
    const std::exception_ptr outcome = future.core()->outcome();
    if (outcome && classify(outcome) == ExceptionKind::cancelled) throw TimeoutError("timed out", outcome);
}

}  // namespace detail
}  // namespace cede
