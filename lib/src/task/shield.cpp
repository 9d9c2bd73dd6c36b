#include "cede/task/shield.hpp"

#include <memory>
#include <typeinfo>

#include "cede/loop/loop_owned.hpp"
#include "loop/loop_impl.hpp"

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

// What the callbacks of both futures share, which keeps both until one of them is done. Should neither ever be, the loop
// ends that.
class ShieldLink final : public LoopOwned, public std::enable_shared_from_this<ShieldLink> {
public:
    ShieldLink(FutureCore& inner, FutureCore& outer, Deliver deliver)
        : inner_(&inner), outer_(&outer), deliver_(deliver) {}

    void connect() {
        const std::shared_ptr<ShieldLink> self = shared_from_this();
        inner_->loop().impl().cycles.add(*this);
        try {
            inner_callback_ = inner_->add_done_callback([self] { self->inner_done(); }, nullptr, outer_.get());
            outer_callback_ = outer_->add_done_callback([self] { self->outer_done(); }, nullptr);
        } catch (...) {
            loop_closes();
            throw;
        }
    }

    void loop_closes() noexcept override {
        const std::shared_ptr<ShieldLink> alive = shared_from_this();
        inner_->remove_done_callback(inner_callback_);
        outer_->remove_done_callback(outer_callback_);
        disconnect();
    }

private:
    void inner_done() {
        if (!inner_) return;
        const Ref<FutureCore> inner = inner_;
        const Ref<FutureCore> outer = outer_;
        if (outer->done()) return;
        disconnect();
        if (inner->cancelled()) {
            outer->cancel(std::string());  // without the inner one's message, as in asyncio
        } else if (const std::exception_ptr error = inner->outcome()) {
            outer->set_exception(error);
        } else {
            try {
                deliver_(*inner, *outer);
            } catch (...) {  // the copy of the result
                if (!outer->done()) outer->set_exception(std::current_exception());
            }
        }
    }
    void outer_done() {
        if (!inner_) return;
        const Ref<FutureCore> inner = inner_;
        disconnect();
        if (inner->done()) return;
        inner->remove_done_callback(inner_callback_);
        if (!reports_late_exception(*inner)) inner->add_done_callback(ReportLateException{inner.get()}, nullptr);
    }
    void disconnect() noexcept {
        if (EventLoop* of = inner_->loop_or_null()) of->impl().cycles.remove(*this);
        inner_ = nullptr;
        outer_ = nullptr;
    }

    Ref<FutureCore> inner_;
    Ref<FutureCore> outer_;
    const Deliver deliver_;
    CallbackId inner_callback_{};
    CallbackId outer_callback_{};
};

}  // namespace

void shield_from_cancellation(FutureCore& inner, FutureCore& outer, Deliver deliver) {
    std::make_shared<ShieldLink>(inner, outer, deliver)->connect();
}

}  // namespace detail
}  // namespace cede
