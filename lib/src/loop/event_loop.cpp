#include "cede/loop/event_loop.hpp"

#include <algorithm>
#include <typeinfo>
#include <utility>

#include "base/prefetch.hpp"
#include "base/thread_state.hpp"
#include "cede/base/exceptions.hpp"
#include "cede/base/reports.hpp"
#include "cede/selectors/selectors.hpp"
#include "loop/environment.hpp"
#include "loop/loop_impl.hpp"
#include "loop/signal_watch.hpp"

namespace cede {
namespace detail {

LoopImpl::LoopImpl(std::unique_ptr<selectors::BaseSelector> chosen)
    : selector(chosen != nullptr ? std::move(chosen)
                                 : std::unique_ptr<selectors::BaseSelector>(new selectors::DefaultSelector())) {
    selector->register_(posted.fd(), selectors::EVENT_READ);
    selector->set_most_at_once(std::size_t{events_in_a_look});
}
LoopImpl::~LoopImpl() {
    // Its threads are in the parent, and joining them here would wait for ever.
    if (forked) new std::shared_ptr<ThreadPoolExecutor>(std::move(default_executor));
}

RunningScope::RunningScope(EventLoop& loop)
    : loop_(loop), running_(thread_state.running), frame_(thread_state.frame), task_(thread_state.task),
      context_(thread_state.context), entered_(thread_state.entered), debug_(thread_state.debug) {
    thread_state.running = &loop;
    // A coroutine that runs a loop inside itself is not what the loop's callbacks cede from.
    thread_state.frame = nullptr;
    thread_state.task = nullptr;
    thread_state.context = nullptr;
    thread_state.entered = nullptr;
    thread_state.debug = loop.get_debug();
    loop.impl().thread = std::this_thread::get_id();
    loop.impl().running = true;
    loop.impl().host_waits = false;
}

RunningScope::~RunningScope() {
    thread_state.running = running_;
    thread_state.frame = frame_;
    thread_state.task = task_;
    thread_state.context = context_;
    thread_state.entered = entered_;
    thread_state.debug = debug_;
    loop_.impl().running = false;
    loop_.impl().stopping = false;
    loop_.impl().left_in_pass = 0;  // an interrupt has left in the middle of one
    // Whoever posts while it does not run rings, for a host that waits for backend_fd().
    loop_.impl().posted.fall_asleep();
    loop_.impl().host_waits = loop_.impl().hosted;
}

}  // namespace detail

EventLoop::EventLoop(std::unique_ptr<selectors::BaseSelector> selector)
    : debug_(detail::debug_by_environment()), impl_(std::make_shared<detail::LoopImpl>(std::move(selector))) {
    reference_ = detail::LoopToken::take(*this);
    if (debug_) detail::Origin::note_debug_mode();
}

EventLoop::~EventLoop() {
    try {
        if (!is_closed()) EventLoop::close();
    } catch (...) {
        detail::report_unraisable(std::current_exception(), "an event loop was destroyed");
    }
    if (detail::thread_state.installed == this) detail::thread_state.installed = nullptr;
    reference_.token->give_back();
}

bool EventLoop::is_running() const noexcept { return impl_->running; }

void EventLoop::check_may_run() const {
    check_open();
    if (is_running()) throw RuntimeError("this event loop is already running");
    if (detail::thread_state.running != nullptr) {
        throw RuntimeError("cannot run the event loop while another loop is running in this thread");
    }
}

void EventLoop::run_forever() {
    check_may_run();
    const detail::RunningScope scope(*this);
    impl_->look_soon = true;
    impl_->plain_passes = typeid(*this) == typeid(SelectorEventLoop);  // another may override run_once() or time()
    try {
        do {
            run_once();
        } while (!impl_->stopping);
    } catch (...) {
        run_what_cannot_wait();
        throw;
    }
    run_what_cannot_wait();
    check_open();  // else this is the child of a fork() that a task or callback has made
}

void EventLoop::run_what_cannot_wait() {
    for (detail::Runnable* each = ready_.first(); each != nullptr;) {
        if (!each->cannot_wait()) {
            each = detail::RunnableList::next(*each);
            continue;
        }
        ready_.remove(*each);
        each->run();
        each = ready_.first();  // it may have taken others off
    }
}

void EventLoop::stop() {
    impl_->stopping = true;
    impl_->look_soon = true;
}

void EventLoop::run_once() {
    collect_ready();
    run_ready();
}

void EventLoop::collect_ready() {
    detail::LoopImpl& loop = *impl_;
    if (loop.posted.pending()) loop.posted.take(ready_);
    const bool idle = ready_.empty() && !loop.stopping;
    if (idle || loop.must_look()) {
        loop.look_soon = false;
        loop.steps_since_look = 0;
        absl::optional<Duration> timeout = Duration();
        if (idle) timeout = next_timeout();
        select(timeout);
        if (!loop.timers.empty()) {
            const TimePoint now = time();
            while (!loop.timers.empty() && loop.timers.earliest() <= now) enqueue(loop.timers.pop());
        }
    }
}

void EventLoop::run_ready() {
    impl_->begin_pass(ready_.size());
    if (debug_) {
        std::size_t count = std::exchange(impl_->left_in_pass, 0);  // each step comes back here, to be measured by itself
        while (count-- > 0 && !ready_.empty()) run_measured(ready_.pop_front());
    } else {
        while (detail::LoopImpl::next_in_pass(*this) != nullptr) {
            detail::Runnable& work = detail::LoopImpl::take_next(*this);
            // A handle of a crowd has left the cache since it was made.
            if (const detail::Runnable* const next = ready_.first()) detail::prefetch(next, 3);
            work.run();
        }
    }
}

void EventLoop::run_measured(detail::Runnable& work) {
    const std::string what = work.describe();
    const detail::Origin origin = work.origin();
    const TimePoint begin = time();
    work.run();
    const Duration took = time() - begin;
    if (took >= slow_callback_duration) {
        const std::string created = origin.str();
        detail::warn("Executing " + what + " took " + std::to_string(took.seconds()) + " seconds" +
                     (created.empty() ? "" : "; " + created));
    }
}

Handle EventLoop::schedule(Callback callback, detail::Ref<detail::ContextData> context) {
    check_open();
    detail::Ref<detail::HandleCore> handle(new detail::HandleCore(*this, std::move(callback), std::move(context), debug_));
    const Handle result(handle);
    enqueue(*handle.get());
    handle.detach();  // the queue's reference
    return result;
}

Handle EventLoop::schedule_threadsafe(Callback callback, detail::Ref<detail::ContextData> context) {
    if (detail::thread_state.running == this) return EventLoop::schedule(std::move(callback), std::move(context));
    detail::Ref<detail::HandleCore> handle(new detail::HandleCore(*this, std::move(callback), std::move(context), debug_));
    const Handle result(handle);
    if (!impl_->posted.push(*handle.get())) throw_closed();
    handle.detach();
    return result;
}

TimerHandle EventLoop::schedule_at(TimePoint when, Callback callback, detail::Ref<detail::ContextData> context) {
    check_open();
    check_thread();
    detail::Ref<detail::HandleCore> handle(new detail::HandleCore(*this, std::move(callback), std::move(context), debug_));
    handle->when = when;
    impl_->timers.push(*handle.get());
    const TimerHandle result(handle);
    handle.detach();  // the queue's reference
    // Due already: it goes behind what is ready now, as asyncio's next iteration would put it there.
    if (when <= time()) impl_->look_soon = true;
    if (impl_->host_waits && result.when() == impl_->timers.earliest()) impl_->posted.wake_host();
    return result;
}

void EventLoop::enqueue(detail::Runnable& work) {
    check_open();
    check_thread();
    ready_.push_back(work);
    if (impl_->host_waits) impl_->posted.wake_host();
}

TimePoint EventLoop::time() const {
    return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now());
}

void EventLoop::select(absl::optional<Duration> timeout) {
    detail::LoopImpl& loop = *impl_;
    if (!timeout || timeout->count() > 0) {
        loop.idle_time.use(loop.owned, timeout);
        if (!loop.posted.fall_asleep()) timeout = Duration();
    }
    loop.selector->select_ready(timeout, loop.events);
    loop.posted.wake_up();
    detail::schedule_fds(*this, loop.events);
    ready_.splice(loop.known);
    if (loop.signals != nullptr) loop.signals->deliver(*this);
    if (loop.posted.pending()) loop.posted.take(ready_);
}

void EventLoop::close() {
    if (is_running()) throw RuntimeError("cannot close a running event loop: stop() it first; inside another loop, close "
                                              "it when poll_once() has returned");
    if (is_closed()) return;
    {
        // Tasks are unwound while the loop still takes what their clean-up schedules, which is then dropped.
        const detail::RunningScope scope(*this);
        while (detail::LoopOwned* owned = impl_->owned.first()) owned->loop_closes();
        while (detail::LoopOwned* cycle = impl_->cycles.first()) cycle->loop_closes();
        close_network();
    }
    closed_ = true;
    impl_->posted.close();
    ready_.splice(impl_->known);
    while (!ready_.empty()) ready_.pop_front().discard();
    while (!impl_->timers.empty()) impl_->timers.pop().discard();
    for (detail::FdSlot& slot : impl_->fds) slot = detail::FdSlot();
    impl_->signals.reset();
    {
        const std::lock_guard<std::mutex> lock(reference_.token->mutex);
        impl_->others_may_forget = false;
    }
    impl_->selector->close();
    if (impl_->default_executor != nullptr) impl_->default_executor->shutdown(false);
    impl_->default_executor.reset();
}

std::vector<std::string> EventLoop::describe_ready() const {
    std::vector<std::string> descriptions;
    descriptions.reserve(ready_.size());
    for (const detail::Runnable* each = ready_.first(); each != nullptr; each = detail::RunnableList::next(*each)) {
        descriptions.push_back(each->describe());
    }
    return descriptions;
}

std::size_t EventLoop::scheduled_count() const noexcept { return impl_->timers.size(); }

std::size_t EventLoop::work_in_threads() const noexcept { return impl_->work_in_threads; }

selectors::BaseSelector& EventLoop::selector() noexcept { return *impl_->selector; }

void EventLoop::throw_closed() const {
    if (impl_->forked) {
        throw RuntimeError("this event loop belongs to the parent process: after fork() make one of your own, by cede::run() or "
                           "new_event_loop(), or leave the child by exec or _exit()");
    }
    throw RuntimeError("the event loop is closed: make another one, by cede::run() or new_event_loop()");
}

void EventLoop::check_thread_now() const {
    if (impl_->running && impl_->thread != std::this_thread::get_id()) {
        throw RuntimeError("this loop runs in another thread: only call_soon_threadsafe and run_coroutine_threadsafe may "
                           "be called from here");
    }
}

void EventLoop::set_debug(bool on) noexcept {
    debug_ = on;
    if (on) detail::Origin::note_debug_mode();
    if (detail::thread_state.running == this) detail::thread_state.debug = on;
}

SelectorEventLoop::SelectorEventLoop(std::unique_ptr<selectors::BaseSelector> selector) : EventLoop(std::move(selector)) {}

SelectorEventLoop::~SelectorEventLoop() = default;

std::unique_ptr<EventLoop> new_event_loop() { return std::unique_ptr<EventLoop>(new SelectorEventLoop()); }

EventLoop& get_running_loop() {
    if (EventLoop* loop = detail::thread_state.running) return *loop;
    throw RuntimeError(std::string("no running event loop: call this inside cede::run(), a task or a callback of a loop") +
                       detail::note_of_fork());
}

EventLoop& get_event_loop() { return detail::loop_for_future(); }

void set_event_loop(EventLoop* loop) noexcept { detail::thread_state.installed = loop; }

}  // namespace cede
