// The exception handler of a loop.
#include <cstdio>

#include "base/context_data.hpp"
#include "cede/base/exception_group.hpp"
#include "cede/base/reports.hpp"
#include "cede/loop/event_loop.hpp"
#include "loop/loop_impl.hpp"

namespace cede {

void EventLoop::set_exception_handler(ExceptionHandler handler) { impl_->exception_handler = std::move(handler); }

const ExceptionHandler& EventLoop::get_exception_handler() const noexcept { return impl_->exception_handler; }

void EventLoop::default_exception_handler(const ExceptionContext& context) {
    std::string text = context.message.empty() ? "Unhandled exception in event loop" : context.message;
    if (context.task) text += "\n  task: " + context.task.get_name();
    if (context.exception) {
        const std::string what = format_exception(context.exception);
        text += "\n  exception:" + (what.find('\n') == std::string::npos ? " " + what : "\n" + what);
    }
    const detail::Origin origin = context.task     ? context.task.core()->origin()
                                  : context.future ? context.future.core()->origin()
                                  : context.handle ? context.handle.core()->origin()
                                                   : detail::Origin();
    if (origin) text += "\n  " + origin.str();
    std::fprintf(stderr, "cede: %s\n", text.c_str());
}

void EventLoop::call_exception_handler(const ExceptionContext& context) {
    try {
        if (impl_->exception_handler) {
            // A copy: the handler may replace itself.
            const ExceptionHandler handler = impl_->exception_handler;
            // In the context of the task that failed; that of a failing callback is the current one.
            detail::Ref<detail::ContextData> of =
                context.task ? context.task.get_context().data() : detail::current_context_slot();
            const detail::ContextScope scope(of);
            handler(*this, context);
        } else {
            default_exception_handler(context);
        }
        return;
    } catch (const KeyboardInterrupt&) {
        throw;
    } catch (const SystemExit&) {
        throw;
    } catch (...) {
        ExceptionContext second;
        second.message = "Unhandled error in exception handler";
        second.exception = std::current_exception();
        try {
            default_exception_handler(second);
        } catch (...) {
            detail::report_unraisable(std::current_exception(), "the default exception handler ran");
        }
    }
}

}  // namespace cede
