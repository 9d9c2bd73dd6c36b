#include "cede/loop/handle.hpp"

#include "cede/base/exceptions.hpp"
#include "cede/base/reports.hpp"
#include "cede/loop/event_loop.hpp"
#include "loop/loop_impl.hpp"

namespace cede {
namespace detail {

void HandleCore::run() {
    const Ref<HandleCore> queue_reference = Ref<HandleCore>::adopt(this);
    if (cancelled_) return;
    running_ = true;
    const ContextScope scope(context_);
    // Whatever way the callback is left: it is not running any more, and what will not run again is dropped.
    struct Ends {
        HandleCore& handle;
        ~Ends() {
            if (handle.cancelled_ || !handle.persistent_) handle.callback_.reset();
            handle.running_ = false;  // by now: a capture that cancels the handle as it dies must not drop the current context
            handle.subject = nullptr;
            handle.feeds = nullptr;
        }
    } ends{*this};
    try {
        callback_();
    } catch (const KeyboardInterrupt&) {
        throw;
    } catch (const SystemExit&) {
        throw;
    } catch (...) {
        ExceptionContext context;
        context.message = "Exception in callback " + describe();
        context.exception = std::current_exception();
        context.handle = Handle(Ref<HandleCore>(this));
        loop_.call_exception_handler(context);
    }
}

std::string HandleCore::describe() const { return demangle(callback_.type().name()); }

void HandleCore::cancel() noexcept {
    if (cancelled_) return;
    cancelled_ = true;
    const Ref<HandleCore> alive(this);  // the queue's reference may be the last
    if (heap_slot != not_in_heap) loop_.impl().timers.remove(*this);
    if (running_) return;  // a callback that cancels its own handle is dropped by run()
    callback_.reset();
    context_ = nullptr;
}

}  // namespace detail

std::vector<StackFrame> Handle::source_traceback() const {
    return core_ ? core_->origin().frames() : std::vector<StackFrame>();
}

}  // namespace cede
