#include "cede/task/shield.hpp"

#include <typeinfo>

#include "cede/loop/event_loop.hpp"

namespace cede {
namespace detail {
namespace {

// Says what nobody will hear of any more, since the shield that waited was cancelled.
struct ReportLateException {
    FutureCore* inner;

    void operator()() const {
        if (inner->cancelled()) return;
        const std::exception_ptr error = inner->outcome();
        if (!error) return;
        ExceptionContext context;
        context.message = "exception in a shielded future, whose awaiter was cancelled";
        context.exception = error;
        context.future = AnyFuture(Ref<FutureCore>(inner));
        inner->loop().call_exception_handler(context);
    }
};

// However many shields of it are cancelled, it is reported once.
bool reports_late_exception(const FutureCore& inner) {
    for (const Runnable* each = inner.waiters().first(); each != nullptr; each = RunnableList::next(*each)) {
        const auto* handle = dynamic_cast<const HandleCore*>(each);
        if (handle != nullptr && handle->callback_type() == typeid(ReportLateException)) return true;
    }
    return false;
}

void inner_done(FutureCore& inner, FutureCore& outer, Deliver deliver) {
    if (outer.done()) return;
    if (inner.cancelled()) {
        outer.cancel(inner.cancel_message());
    } else if (const std::exception_ptr error = inner.outcome()) {
        outer.set_exception(error);
    } else {
        deliver(inner, outer);
    }
}

}  // namespace

void shield_from_cancellation(FutureCore& inner, FutureCore& outer, Deliver deliver) {
    // The inner future keeps the outer one, and the other way round, until one of them is done.
    const CallbackId id = inner.add_done_callback(
        [&inner, kept = Ref<FutureCore>(&outer), deliver] { inner_done(inner, *kept, deliver); }, nullptr);
    outer.add_done_callback(
        [kept = Ref<FutureCore>(&inner), id] {
            if (kept->done()) return;
            kept->remove_done_callback(id);
            if (!reports_late_exception(*kept)) kept->add_done_callback(ReportLateException{kept.get()}, nullptr);
        },
        nullptr);
}

}  // namespace detail
}  // namespace cede
