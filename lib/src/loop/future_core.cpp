#include "cede/loop/future_core.hpp"

#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

#include "base/thread_state.hpp"
#include "cede/base/exceptions.hpp"
#include "cede/base/reports.hpp"
#include "cede/loop/event_loop.hpp"
#include "cede/loop/future.hpp"
#include "loop/loop_impl.hpp"
#include "loop/loop_token.hpp"

namespace cede {
namespace detail {

void ref_acquire(FutureCore* core) noexcept { core->references_.acquire(); }

void ref_release(FutureCore* core) noexcept {
    if (!core->references_.release()) return;
    if (!core->unretrieved_) {
        delete core;
        return;
    }
    // Reported while it still is what it was, a task with a name, and can be given to the handler, which may keep it.
    const Ref<FutureCore> alive(core);
    core->unretrieved_ = false;
    core->report_unretrieved();
}

FutureCore::FutureCore(EventLoop& loop, void* slot, bool is_task)
    : is_task_(is_task), origin_(loop.get_debug() ? Origin::here() : Origin()), slot_(slot), loop_(reference_to(loop)) {}

FutureCore::~FutureCore() {
    while (!callbacks_.empty()) callbacks_.pop_front().discard();
}

EventLoop& FutureCore::loop() const {
    if (EventLoop* loop = loop_of(loop_)) return *loop;
    throw RuntimeError("the event loop of this future or task was destroyed: keep the loop for as long as what was made on it "
                       "is used");
}

bool FutureCore::cancel(std::string message) {
    unretrieved_ = false;
    if (done()) return false;
    set_cancel_message(std::move(message));
    state_ = State::cancelled;
    schedule_callbacks();
    return true;
}

const std::string& FutureCore::cancel_message() const noexcept {
    static const std::string none;
    return cancel_message_ != nullptr ? *cancel_message_ : none;
}

void FutureCore::set_cancel_message(std::string message) noexcept {
    cancel_message_ = nullptr;
    if (message.empty()) return;
    try {
        cancel_message_.reset(new std::string(std::move(message)));
    } catch (const std::bad_alloc&) {
    }
}

void FutureCore::check() {
    if (state_ == State::finished) {
        unretrieved_ = false;
        if (exception_) std::rethrow_exception(exception_);
        return;
    }
    if (state_ == State::cancelled) std::rethrow_exception(make_cancelled_error());
    throw InvalidStateError("the result is not ready: await the future, or ask from a done callback");
}

std::exception_ptr FutureCore::exception() {
    if (state_ == State::cancelled) std::rethrow_exception(make_cancelled_error());
    if (state_ == State::pending) throw InvalidStateError("the exception is not set: the future is pending");
    unretrieved_ = false;
    return exception_;
}

std::exception_ptr FutureCore::outcome() {
    unretrieved_ = false;
    return state_ == State::cancelled ? make_cancelled_error() : exception_;
}

std::exception_ptr FutureCore::make_cancelled_error() {
    if (!exception_) exception_ = std::make_exception_ptr(CancelledError(cancel_message()));
    return exception_;
}

namespace {
[[noreturn]] void throw_done() {
    throw InvalidStateError("the future is done already: its outcome can be set once; ask done() first where it may have been "
                            "cancelled");
}
}  // namespace

void FutureCore::check_thread() const {
    if (!Origin::noted_debug_mode()) return;
    if (const EventLoop* of = loop_of(loop_)) of->check_thread();
}

void FutureCore::check_settable() const {
    check_thread();
    if (is_task_) throw RuntimeError("a task's outcome is what its coroutine returns or throws; it cannot be set");
    if (done()) throw_done();
}

void FutureCore::finish() {
    if (done()) throw_done();
    state_ = State::finished;
    schedule_callbacks();
}

void FutureCore::set_exception(std::exception_ptr exception) {
    if (done()) throw_done();
    if (exception == nullptr) throw std::invalid_argument("set_exception: the exception is null");
    try {
        std::rethrow_exception(exception);
    } catch (const StopIterationBase&) {
        exception = std::make_exception_ptr(
            RuntimeError("StopIteration interacts badly with coroutines and cannot be raised into a Future", exception));
    } catch (...) {
    }
    finish_failed(std::move(exception));
}

void FutureCore::finish_failed(std::exception_ptr exception) {
    exception_ = std::move(exception);
    state_ = State::finished;
    unretrieved_ = true;
    schedule_callbacks();
}

void FutureCore::finish_cancelled(std::exception_ptr error) {
    exception_ = std::move(error);
    state_ = State::cancelled;
    schedule_callbacks();
}

void FutureCore::add_waiter(Runnable& waiter) {
    if (!done()) return callbacks_.push_back(waiter);
    loop().enqueue(waiter);
}

CallbackId FutureCore::add_done_callback(Closure<void> callback, Ref<ContextData> context, FutureCore* feeds) {
    // Unique for the process, so that an id never names another future's callback.
    static std::atomic<std::uint64_t> next_id{1};
    EventLoop& of = loop();
    Ref<HandleCore> handle(new HandleCore(of, std::move(callback), std::move(context), of.get_debug()));
    handle->feeds = Ref<FutureCore>(feeds);
    handle->order = next_id.fetch_add(1, std::memory_order_relaxed);
    const CallbackId id = static_cast<CallbackId>(handle->order);
    if (done()) {
        handle->subject = Ref<FutureCore>(this);
        of.enqueue(*handle.get());
        handle.detach();
        return id;
    }
    callbacks_.push_back(*handle.detach());
    has_done_callbacks_ = true;
    return id;
}

bool FutureCore::remove_done_callback(CallbackId id) noexcept {
    for (Runnable* each = callbacks_.first(); each != nullptr; each = RunnableList::next(*each)) {
        HandleCore* handle = dynamic_cast<HandleCore*>(each);
        if (handle == nullptr || static_cast<CallbackId>(handle->order) != id) continue;
        callbacks_.remove(*handle);
        handle->discard();
        return true;
    }
    return false;
}

void FutureCore::schedule_callbacks() {
    if (callbacks_.empty()) return;
    if (!has_done_callbacks_ && LoopImpl::push_all(loop_, callbacks_)) return;  // tasks, as nearly always
    try {
        EventLoop& of = loop();
        while (!callbacks_.empty()) {
            Runnable& next = *callbacks_.first();
            // From here to its run, a done callback keeps the future that it is about.
            HandleCore* const handle = has_done_callbacks_ ? dynamic_cast<HandleCore*>(&next) : nullptr;
            callbacks_.remove(next);
            if (handle != nullptr) handle->subject = Ref<FutureCore>(this);
            try {
                of.enqueue(next);
            } catch (...) {
                if (handle != nullptr) handle->subject = nullptr;
                next.discard();
                throw;
            }
        }
    } catch (...) {
        // The loop is closed or gone: nobody will run them.
        while (!callbacks_.empty()) callbacks_.pop_front().discard();
        throw;
    }
}

void FutureCore::describe_report(ExceptionContext&) {}

// The last handle may die on any thread, while the report belongs to the loop's: it is posted there, and written to
// stderr when the loop has gone.
void FutureCore::report_unretrieved() noexcept {
    ExceptionContext context;
    try {
        context.message = std::string(noun()) + " exception was never retrieved";
        context.exception = exception_;
        context.future = AnyFuture(Ref<FutureCore>(this));
        describe_report(context);
        EventLoop* of = loop_.get();
        if (of != nullptr && thread_state.running == of) return of->call_exception_handler(context);
        if (post_report(loop_, context)) return;
    } catch (...) {
    }
    report_unraisable(exception_, context.message);
}

namespace {

// A report on its way to the loop that it is for; when that loop ends before, it is written out.
class PostedReport final : public Runnable {
public:
    PostedReport(EventLoop& loop, ExceptionContext context) : loop_(loop), context_(std::move(context)) {}

    void run() override {
        const std::unique_ptr<PostedReport> self(this);
        loop_.call_exception_handler(context_);
    }
    void discard() noexcept override {
        const std::unique_ptr<PostedReport> self(this);
        report_unraisable(context_.exception, context_.message);
    }
    std::string describe() const override { return "the report '" + context_.message + "'"; }

private:
    EventLoop& loop_;
    ExceptionContext context_;
};

}  // namespace

bool post_report(const LoopReference& reference, ExceptionContext context) {
    if (reference.token == nullptr) return false;
    {
        std::lock_guard<std::mutex> lock(reference.token->mutex);
        EventLoop* const loop = reference.get();
        if (loop == nullptr) return false;
        if (loop->impl().thread.load() != std::this_thread::get_id()) {
            std::unique_ptr<PostedReport> report(new PostedReport(*loop, std::move(context)));
            if (loop->impl().posted.push(*report)) {
                report.release();
            } else {
                report.release()->discard();
            }
            return true;
        }
    }
    // The loop's own thread, so the loop stays. Its handler is called without the lock, for it may come back here.
    EventLoop* const loop = reference.get();
    if (loop->is_closed()) return false;
    loop->call_exception_handler(context);
    return true;
}

EventLoop& loop_for_future() {
    if (thread_state.running != nullptr) return *thread_state.running;
    if (thread_state.installed != nullptr) return *thread_state.installed;
    throw RuntimeError("no running event loop: make the future inside cede::run(), or by loop.create_future(), or "
                       "install a loop by set_event_loop()");
}

void throw_taken() {
    throw InvalidStateError("the result was moved out by the first await: a move-only result can be taken once");
}

void throw_empty_handle() { throw RuntimeError("this handle is empty: it refers to no future or task"); }

}  // namespace detail

bool AnyFuture::done() const { return checked_core().done(); }
bool AnyFuture::cancelled() const { return checked_core().cancelled(); }
std::exception_ptr AnyFuture::exception() const { return checked_core().exception(); }
bool AnyFuture::cancel(std::string message) const {
    checked_core().check_thread();
    return core_->cancel(std::move(message));
}
EventLoop& AnyFuture::get_loop() const { return checked_core().loop(); }
CallbackId AnyFuture::add_callback(detail::Closure<void> callback, detail::Ref<detail::ContextData> context) const {
    return checked_core().add_done_callback(std::move(callback), std::move(context));
}
std::vector<StackFrame> AnyFuture::source_traceback() const { return checked_core().origin().frames(); }
bool AnyFuture::remove_done_callback(CallbackId id) const {
    return checked_core().remove_done_callback(id);
}

}  // namespace cede
