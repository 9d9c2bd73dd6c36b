#include "task/loop_group_core.hpp"

#include <string>
#include <utility>

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "base/blocked_signals.hpp"
#include "base/thread_state.hpp"
#include "cede/base/exceptions.hpp"
#include "cede/base/reports.hpp"
#include "cede/task/await.hpp"
#include "task/end_loop.hpp"

namespace cede {
namespace detail {
namespace {

// What a thread of a group knows of itself; null elsewhere.
__thread const LoopGroupCore* group_of_thread;
__thread std::size_t index_in_group;

// Blocked while a thread is made, which inherits the mask, as do those that it makes: the host takes signals. What an
// instruction raises must arrive: a blocked SIGSEGV ends the process before the report of a stack overflow.
sigset_t for_the_host() noexcept {
    return all_signals_but({SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT, SIGPROF});
}

void name_thread(const std::string& name) noexcept {
    char shown[16] = {};  // as much as the kernel keeps
    name.copy(shown, sizeof shown - 1);
#if defined(__linux__)
    pthread_setname_np(pthread_self(), shown);
#elif defined(__APPLE__)
    pthread_setname_np(shown);
#endif
}

}  // namespace

LoopGroupCore::LoopGroupCore(std::size_t size, LoopGroupOptions options)
    : options_(std::move(options)), process_(::getpid()), members_(size), threads_(size) {}

void LoopGroupCore::start() {
    try {
        const BlockedSignals blocked(for_the_host());
        for (std::size_t index = 0; index < size(); ++index) {
            members_[index].thread = std::thread([self = shared_from_this(), index] { self->run(index); });
        }
    } catch (...) {
        failed(std::current_exception());
        for (const Member& each : members_) {
            if (!each.thread.joinable()) has_ended();
        }
    }
    {
        std::unique_lock<std::mutex> lock(mutex_);
        changed_.wait(lock, [this] { return started_ == size() || error_; });
        if (started_ == size()) return;
    }
    stop();
    join_threads();
    throw_error();
}

void LoopGroupCore::run(std::size_t index) noexcept {
    group_of_thread = this;
    index_in_group = index;
    Member& self = members_[index];
    try {
        name_thread(options_.name() + std::to_string(index));
        run_loop(self, index);
    } catch (...) {
        failed(std::current_exception());
    }
    stop();  // one that ends by itself ends all: half a group would serve half of its clients
    end_loop_of(self);
    group_of_thread = nullptr;
    has_ended();
}

void LoopGroupCore::run_loop(Member& self, std::size_t index) {
    self.loop = options_.loop_factory() ? options_.loop_factory()() : new_event_loop();
    if (self.loop == nullptr) throw RuntimeError("the loop_factory of a LoopGroup has returned no loop");
    EventLoop& loop = *self.loop;
    set_event_loop(&loop);
    if (options_.debug()) loop.set_debug(*options_.debug());
    PreparedCall stop(loop, [&self] {
        if (!self.ending) self.loop->stop();
    });
    {
        std::lock_guard<std::mutex> lock(mutex_);
        if (stopping()) return;
        self.stop.emplace(std::move(stop));
    }
    if (const auto on_start = options_.on_start()) loop.run_until_complete([&] { on_start(index); });
    has_started();
    loop.run_forever();
}

void LoopGroupCore::end_loop_of(Member& self) noexcept {
    self.ending = true;
    if (self.loop == nullptr) return;
    try {
        end_loop(*self.loop);
    } catch (...) {
        failed(std::current_exception());
    }
    try {
        self.loop->close();
    } catch (...) {
        failed(std::current_exception());
    }
    set_event_loop(nullptr);
}

void LoopGroupCore::has_started() {
    std::lock_guard<std::mutex> lock(mutex_);
    ++started_;
    changed_.notify_all();
}

void LoopGroupCore::has_ended() noexcept {
    {
        std::lock_guard<std::mutex> lock(mutex_);
        if (--threads_ != 0) return;
    }
    all_ended_.state().complete([] {});
}

// What comes after the first is a consequence of it, as a rule: a start that is broken off.
void LoopGroupCore::failed(std::exception_ptr error) noexcept {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!error_) error_ = std::move(error);
    changed_.notify_all();
}

EventLoop& LoopGroupCore::loop(std::size_t index) const {
    if (index < size()) return *members_[index].loop;
    throw std::out_of_range("there is no loop " + std::to_string(index) + " in a LoopGroup of " + std::to_string(size()) +
                            ": they are numbered from 0");
}

EventLoop& LoopGroupCore::open_loop(std::size_t index) const {
    EventLoop& found = loop(index);
    if (stopping()) throw RuntimeError("this LoopGroup was stopped and takes nothing more");
    return found;
}

absl::optional<std::size_t> LoopGroupCore::current() const noexcept {
    if (group_of_thread != this || thread_state.running == nullptr) return absl::nullopt;
    if (thread_state.running != members_[index_in_group].loop.get()) return absl::nullopt;
    return index_in_group;
}

void LoopGroupCore::post(std::size_t index, GroupCall f) {
    EventLoop& to = open_loop(index);
    const Member& member = members_[index];
    to.call_soon_threadsafe([&member, f = std::move(f)]() mutable {
        if (!member.ending) f(*member.loop);
    });
}

void LoopGroupCore::stop() noexcept {
    if (in_child()) return;
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_.store(true, std::memory_order_release);
    for (Member& each : members_) {
        if (each.stop) each.stop->make();
    }
}

void LoopGroupCore::join() {
    check_outside("join()");
    join_threads();
    throw_error();
}

void LoopGroupCore::wait_stopped() {
    check_outside("wait_stopped()");
    // One for each who waits: cancelling a wait cancels what it waits for.
    const ConcurrentFuture<void> ended;
    all_ended_.add_done_callback([ended](const ConcurrentFuture<void>&) { ended.state().complete([] {}); });
    await(ended);
    throw_error();
}

void LoopGroupCore::end() noexcept {
    if (in_child()) {
        new std::shared_ptr<LoopGroupCore>(shared_from_this());  // its threads and loops are the parent's
        return;
    }
    stop();
    if (group_of_thread == this) {
        // Unless somebody joins them now.
        const std::unique_lock<std::mutex> lock(joining_, std::try_to_lock);
        if (!lock) return;
        for (Member& each : members_) {
            if (each.thread.joinable()) each.thread.detach();
        }
        return;
    }
    join_threads();
    try {
        throw_error();
    } catch (...) {
        report_unraisable(std::current_exception(), "a LoopGroup was destroyed");
    }
}

void LoopGroupCore::join_threads() {
    std::lock_guard<std::mutex> lock(joining_);
    for (Member& each : members_) {
        if (each.thread.joinable()) each.thread.join();
    }
}

void LoopGroupCore::check_outside(const char* call) const {
    if (in_child()) {
        throw RuntimeError(std::string(call) + ": this LoopGroup belongs to the parent process; make one of your own");
    }
    if (group_of_thread == this) {
        throw RuntimeError(std::string(call) +
                           " in a loop of the LoopGroup itself would wait for itself: stop() it there, and wait outside");
    }
}

void LoopGroupCore::throw_error() {
    std::exception_ptr error;
    {
        std::lock_guard<std::mutex> lock(mutex_);
        error.swap(error_);
    }
    if (error) std::rethrow_exception(error);
}

bool LoopGroupCore::in_child() const noexcept { return ::getpid() != process_; }

}  // namespace detail
}  // namespace cede
