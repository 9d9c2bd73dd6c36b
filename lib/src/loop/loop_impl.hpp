// What it is: the parts of an event loop that users and subclasses do not see.
#ifndef CEDE_SRC_LOOP_LOOP_IMPL_HPP
#define CEDE_SRC_LOOP_LOOP_IMPL_HPP

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "base/thread_state.hpp"
#include "cede/loop/event_loop.hpp"
#include "loop/fd_slot.hpp"
#include "loop/idle_time.hpp"
#include "loop/owned_list.hpp"
#include "loop/loop_token.hpp"
#include "loop/posted_queue.hpp"
#include "loop/timer_queue.hpp"

namespace cede {
namespace detail {

class AsyncGeneratorCore;
class SignalWatch;

struct LoopImpl {
    explicit LoopImpl(std::unique_ptr<selectors::BaseSelector> chosen);
    ~LoopImpl();

    // Handles run between two looks at the kernel while there is always something ready: a look costs 136 ns, so one in
    // 61 is lost in the noise, and a readable socket or a due timer waits for 61 steps at the most. (Go's scheduler
    // looks at its global queue every 61 ticks for the same reason.)
    static constexpr std::size_t steps_between_looks = 61;
    // Ready descriptors taken by one look, the others by the next, in turn. What was read for a crowd would have left the cache when
    // the tasks get to it, an iteration later: with 1,000 connections ready and 16 KiB from each, all of them at once cost
    // 20 us for an echoed message, 64 at a time 12 (11.4 and 8.9 with 10,000 and 64 B; 32 at a time are no better).
    static constexpr std::size_t events_in_a_look = 64;

    std::unique_ptr<selectors::BaseSelector> selector;
    std::vector<selectors::ReadyFd> events;
    std::vector<FdSlot> fds;  // by number
    TimerQueue timers;
    PostedQueue posted;
    RunnableList known;  // events that no look has to tell of: see call_after_look()
    std::size_t steps_since_look = 0;
    // Of the iteration that runs, or ran last: who does something once in each keeps it, and compares.
    std::uint64_t iteration = 1;
    // What the iteration that is under way has still to run.
    std::size_t left_in_pass = 0;
    // run_forever() was called last for a loop that adds nothing to an iteration.
    bool plain_passes = false;
    // Something changed that the next iteration must see in asyncio's order: an fd was added, a timer is due already.
    bool look_soon = true;
    std::atomic<bool> running{false};
    bool stopping = false;
    // A host has asked for backend_fd(); and, while the loop does not run, waits for it: it must hear of what its own callbacks
    // schedule, which it may not look for once it waits (Asio).
    bool hosted = false;
    bool host_waits = false;
    // This is the child of a fork(), and the loop the parent's: see fork.cpp.
    bool forked = false;
    RunnableList left_to_parent;
    // Guarded by the token's mutex: false once the selector closes, or is the parent's.
    bool others_may_forget = true;
    // Whose loop this is: the thread that runs it, or ran or made it last.
    std::atomic<std::thread::id> thread{std::this_thread::get_id()};
    OwnedList owned;  // the tasks that are not done
    IdleTime idle_time;
    // What keeps itself alive through what it waits for (a gather and its children), which a collector would find: such a
    // cycle ends when it is done, or here with its loop.
    OwnedList cycles;
    ExceptionHandler exception_handler;
    TaskFactory task_factory;
    std::shared_ptr<ThreadPoolExecutor> default_executor;
    bool executor_shut_down = false;
    // Calls on their way to a thread and back, which no descriptor or timer stands for: whoever asks whether anything can
    // still happen (the virtual clock) must count them. Loop's thread only.
    std::size_t work_in_threads = 0;
    std::unique_ptr<SignalWatch> signals;
    // Those that have begun on this loop, some of them gone.
    std::vector<std::weak_ptr<AsyncGeneratorCore>> async_generators;
    // The tasks that close those that were dropped, some of them done.
    std::vector<AnyFuture> async_generator_closings;
    bool async_generators_shut_down = false;

    // What is run next in the iteration that is under way; null at its end.
    static Runnable* next_in_pass(EventLoop& loop) noexcept {
        return loop.impl_->left_in_pass > 0 ? loop.ready_.first() : nullptr;
    }
    // What is run next, also by the next iteration, where that begins with no more than counting what is ready: of which
    // the step that asks, the last one of this iteration, is one if it `comes_back`.
    static Runnable* next_to_run(EventLoop& loop, bool comes_back) noexcept {
        LoopImpl& self = *loop.impl_;
        if (self.left_in_pass == 0 && self.plain_passes && !self.stopping && !self.must_look() && !self.posted.pending() &&
            !loop.debug_) {
            self.begin_pass(loop.ready_.size() + (comes_back ? 1 : 0));
        }
        return next_in_pass(loop);
    }
    // What these `count` steps schedule in turn belongs to the next iteration.
    void begin_pass(std::size_t count) noexcept {
        left_in_pass = count;
        steps_since_look += count;
        ++iteration;
    }
    bool must_look() const noexcept { return look_soon || steps_since_look >= steps_between_looks; }
    static bool is_plain(const EventLoop& loop) noexcept { return loop.impl_->plain_passes; }
    // Takes that one off the queue.
    static Runnable& take_next(EventLoop& loop) noexcept {
        --loop.impl_->left_in_pass;
        return loop.ready_.pop_front();
    }
    // As EventLoop::enqueue(), of a loop that runs in this thread and is not closed; a subclass's own is asked.
    static void push(EventLoop& loop, Runnable& work) {
        loop.impl_->plain_passes ? loop.ready_.push_back(work) : loop.enqueue(work);
    }
    // push(), then take_next(), of a queue that is not empty.
    static void take_turns(EventLoop& loop, Runnable& work) {
        if (!loop.impl_->plain_passes) {
            loop.enqueue(work);
            take_next(loop);
            return;
        }
        --loop.impl_->left_in_pass;
        loop.ready_.take_turns(work);
    }
    // Whether what comes next has to be fetched: fewer find themselves in the cache.
    static bool in_crowd(const EventLoop& loop) noexcept { return loop.impl_->left_in_pass > 32; }
    // As EventLoop::enqueue() for each of `list`, in one step, where nothing but the queue is concerned: the loop runs in this
    // thread, and is none of a user's. False, and `list` untouched, elsewhere.
    static bool push_all(const LoopReference& reference, RunnableList& list) noexcept {
        EventLoop* const loop = thread_state.running;
        if (loop == nullptr || loop->reference_ != reference || !loop->impl_->plain_passes) return false;
        loop->ready_.splice(list);
        return true;
    }

    // Runs `callback` as that of an event which the next look finds, and finds last: who knows already that a descriptor is ready
    // saves to register it, and waits no iteration less or more. (Of two events of one look epoll would tell that one first which
    // came first; no order is promised.) Only of a loop that tells_known(). Throws as add_reader() does.
    static Ref<HandleCore> call_after_look(EventLoop& loop, Closure<void> callback);
    // A loop of a user's looks by itself, and a host by the descriptors alone.
    bool tells_known() const noexcept { return plain_passes && !hosted; }

    FdSlot& slot(int fd);
    FdSlot* find_slot(int fd) noexcept {
        return fd >= 0 && static_cast<std::size_t>(fd) < fds.size() ? &fds[static_cast<std::size_t>(fd)] : nullptr;
    }
    // In the child of a fork(): the loop counts as closed from here on, and nothing of it is run, unwound or freed.
    static void leave_to_parent(EventLoop& loop) noexcept;
    // Brings the selector in line with who waits for `fd`. Throws std::system_error.
    void update(int fd, FdSlot& slot);
    void renew(int fd, FdSlot& slot);
    // Somebody else waits for `events` from here on than the line in this slot, which stays while it is awaited for the
    // other kind. True when there is a registration left that may be another file's: renew() it.
    bool displace_line(int fd, FdSlot& slot, selectors::EventMask events) noexcept;
    // Throws RuntimeError for a descriptor that a transport uses.
    static void check_not_owned(int fd, const FdSlot& slot) {
        if (slot.transport != nullptr) throw_owned(fd);
    }
    [[noreturn]] static void throw_owned(int fd);
    // Any thread: what a descriptor that is about to be closed has left in the system's set of that loop, if that is still
    // there. The slot does not know of it: renew() it in the loop's thread.
    static void forget(const LoopReference& loop, int fd) noexcept;
    // Those that are registered though nobody waits for them.
    std::size_t idle_descriptors() const noexcept;
};

// Schedules who waits for what descriptors are ready for.
void schedule_fds(EventLoop& loop, const std::vector<selectors::ReadyFd>& events);

// Makes a loop the running one of this thread for a scope, with no coroutine, task or context current.
class RunningScope {
public:
    explicit RunningScope(EventLoop& loop);
    ~RunningScope();
    RunningScope(const RunningScope&) = delete;
    RunningScope& operator=(const RunningScope&) = delete;

private:
    EventLoop& loop_;
    EventLoop* running_;
    Frame* frame_;
    TaskCore* task_;
    Ref<ContextData>* context_;
    ContextEntry* entered_;
    bool debug_;
};

}  // namespace detail
}  // namespace cede

#endif
