#include "cede/loop/executor.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "cede/base/exceptions.hpp"
#include "cede/loop/run_in_executor.hpp"
#include "loop/left_behind.hpp"
#include "loop/loop_impl.hpp"
#include "loop/loop_token.hpp"

namespace cede {

Executor::~Executor() = default;

namespace {

// The threads of pools that nobody waits for. What they run may use anything of the program, so its end waits for them, as
// Python's does: threads that run on while static objects are destroyed would use what is gone.
class LeftBehind {
public:
    static LeftBehind& instance() {
        static LeftBehind threads;
        return threads;
    }
    ~LeftBehind() {
        if (::getpid() != process_) return;  // a forked child has the number, and perhaps the lock, but not the threads
        std::unique_lock<std::mutex> lock(mutex_);
        const std::size_t this_one = on_such_a_thread ? 1 : 0;  // which has called std::exit()
        all_ended_.wait(lock, [&] { return running_ <= this_one; });
    }
    // The number of threads that end only now, before they are let go. Without the lock, which in a forked child may be that of a
    // thread of the parent.
    void add(std::size_t count) noexcept { running_ += count; }
    // On such a thread, when it has done its work. Not by notify_all_at_thread_exit(), which would keep the lock while the
    // thread's own variables are destroyed: one of them may be a loop, which leaves threads behind in turn.
    void ends() {
        std::lock_guard<std::mutex> lock(mutex_);
        --running_;
        all_ended_.notify_all();
    }
    static __thread bool on_such_a_thread;

private:
    LeftBehind() = default;

    std::mutex mutex_;
    std::condition_variable all_ended_;
    std::atomic<std::size_t> running_{0};
    const pid_t process_ = ::getpid();
};

__thread bool LeftBehind::on_such_a_thread;

}  // namespace

// Shared with the threads, so that a pool may go while a function that nobody waits for still runs.
struct ThreadPoolExecutor::Shared {
    std::mutex mutex;
    std::condition_variable work_or_end;
    std::deque<absl::AnyInvocable<void()>> queue;
    std::vector<std::thread> threads;
    std::size_t most = 0;
    std::size_t idle = 0;
    bool ended = false;
    bool left_behind = false;

    void run() {
        LeftBehind::on_such_a_thread = true;  // or a thread of a pool that is joined, which no exit waits for
        if (work()) LeftBehind::instance().ends();
    }

    // Returns when there is nothing left to do: whether the thread was left behind.
    bool work() {
        std::unique_lock<std::mutex> lock(mutex);
        for (;;) {
            while (queue.empty() && !ended) {
                ++idle;
                work_or_end.wait(lock);
                --idle;
            }
            if (queue.empty()) return left_behind;
            absl::AnyInvocable<void()> next = std::move(queue.front());
            queue.pop_front();
            lock.unlock();
            next();
            next = nullptr;  // what it captured dies outside the lock
            lock.lock();
        }
    }
};

ThreadPoolExecutor::ThreadPoolExecutor(std::size_t max_workers) : shared_(std::make_shared<Shared>()) {
    const std::size_t cores = std::max<std::size_t>(std::thread::hardware_concurrency(), 1);
    shared_->most = max_workers != 0 ? max_workers : std::min<std::size_t>(32, cores + 4);
}

ThreadPoolExecutor::~ThreadPoolExecutor() { shutdown(true); }

void ThreadPoolExecutor::execute(absl::AnyInvocable<void()> work) {
    std::lock_guard<std::mutex> lock(shared_->mutex);
    if (shared_->ended) throw RuntimeError("cannot schedule new work after the executor was shut down");
    shared_->queue.push_back(std::move(work));
    if (shared_->queue.size() > shared_->idle && shared_->threads.size() < shared_->most) {
        try {
            std::shared_ptr<Shared> shared = shared_;
            shared_->threads.emplace_back([shared] { shared->run(); });
        } catch (...) {
            // No further thread is to be had: those there are will come to it; without any, it is the caller's error.
            if (!shared_->threads.empty()) return;
            shared_->queue.pop_back();
            throw;
        }
    }
    shared_->work_or_end.notify_one();
}

void ThreadPoolExecutor::shutdown(bool wait, bool cancel_queued) {
    std::vector<std::thread> threads;
    std::deque<absl::AnyInvocable<void()>> dropped;
    {
        std::lock_guard<std::mutex> lock(shared_->mutex);
        shared_->ended = true;
        if (cancel_queued) dropped.swap(shared_->queue);
        threads.swap(shared_->threads);
        if (!wait && !threads.empty()) {
            LeftBehind::instance().add(threads.size());
            shared_->left_behind = true;
        }
    }
    shared_->work_or_end.notify_all();
    for (std::thread& thread : threads) {
        if (wait && thread.get_id() != std::this_thread::get_id()) {
            thread.join();
        } else {
            thread.detach();
        }
    }
}

namespace detail {

void run_left_behind(absl::AnyInvocable<void()> f) {
    LeftBehind& all = LeftBehind::instance();
    all.add(1);
    try {
        std::thread([f = std::move(f), &all]() mutable {
            LeftBehind::on_such_a_thread = true;
            f();
            f = nullptr;  // what it captured may be of the program, too
            all.ends();
        }).detach();
    } catch (...) {
        all.ends();
        throw;
    }
}

ExecutorJob::~ExecutorJob() = default;

namespace {

// What an executor is given. It brings the job home once, whatever becomes of it: a job that is dropped unrun would leave
// somebody waiting for ever.
class JobCarrier {
public:
    JobCarrier(std::shared_ptr<ExecutorJob> job, const LoopReference& loop, Ref<HandleCore> delivery) noexcept
        : job_(std::move(job)), loop_(loop), delivery_(std::move(delivery)) {}
    JobCarrier(JobCarrier&&) noexcept = default;
    ~JobCarrier() { bring_home(); }

    void operator()() {
        if (job_->claim()) job_->run();
        bring_home();
    }

private:
    void bring_home() noexcept {
        if (!delivery_) return;
        // The future's last handle may go with the job; it must not go here, on a foreign thread, before the loop's.
        job_.reset();
        if (post(loop_, *delivery_.get())) delivery_.detach();
        delivery_ = nullptr;
    }

    std::shared_ptr<ExecutorJob> job_;
    LoopReference loop_;
    Ref<HandleCore> delivery_;
};

}  // namespace

// A call that is cancelled before a thread has come to it never runs. The job keeps its future, so the future must not keep
// the job.
static void withdraw_when_cancelled(FutureCore& future, const std::shared_ptr<ExecutorJob>& job) {
    const std::weak_ptr<ExecutorJob> queued = job;
    future.add_done_callback(
        [queued, &future] {
            if (!future.cancelled()) return;
            if (const std::shared_ptr<ExecutorJob> cancelled = queued.lock()) cancelled->claim();
        },
        nullptr);
}

void submit_job(EventLoop& loop, Executor* executor, std::shared_ptr<ExecutorJob> job, FutureCore& future) {
    std::shared_ptr<ThreadPoolExecutor> shared;
    if (executor == nullptr) {
        shared = loop.default_executor();
        executor = shared.get();
    }
    EventLoop* const of = &loop;
    withdraw_when_cancelled(future, job);
    // Made here, so that the thread has nothing left that can fail.
    Ref<HandleCore> delivery(new HandleCore(
        loop,
        [job, of] {
            --of->impl().work_in_threads;
            job->deliver();
        },
        snapshot_context()));
    JobCarrier carrier(std::move(job), loop.reference(), std::move(delivery));
    ++loop.impl().work_in_threads;
    executor->execute(std::move(carrier));
}

}  // namespace detail

void EventLoop::submit(Executor* executor, std::shared_ptr<detail::ExecutorJob> job, detail::FutureCore& future) {
    detail::submit_job(*this, executor, std::move(job), future);
}

void EventLoop::set_default_executor(std::shared_ptr<ThreadPoolExecutor> executor) {
    if (executor == nullptr) throw std::invalid_argument("set_default_executor: the executor is null");
    impl_->default_executor = std::move(executor);
}

std::shared_ptr<ThreadPoolExecutor> EventLoop::default_executor() {
    check_open();
    if (impl_->executor_shut_down) throw RuntimeError("the default executor was shut down");
    if (impl_->default_executor == nullptr) impl_->default_executor = std::make_shared<ThreadPoolExecutor>();
    return impl_->default_executor;
}

}  // namespace cede
