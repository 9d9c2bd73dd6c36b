#include "cede/loop/executor.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "cede/base/exceptions.hpp"
#include "cede/loop/run_in_executor.hpp"
#include "loop/loop_impl.hpp"
#include "loop/loop_token.hpp"

namespace cede {

Executor::~Executor() = default;

// Shared with the threads, so that a pool may go while a function that nobody waits for still runs.
struct ThreadPoolExecutor::Shared {
    std::mutex mutex;
    std::condition_variable work_or_end;
    std::deque<absl::AnyInvocable<void()>> queue;
    std::vector<std::thread> threads;
    std::size_t most = 0;
    std::size_t idle = 0;
    bool ended = false;

    void work() {
        std::unique_lock<std::mutex> lock(mutex);
        for (;;) {
            while (queue.empty() && !ended) {
                ++idle;
                work_or_end.wait(lock);
                --idle;
            }
            if (queue.empty()) return;
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
            shared_->threads.emplace_back([shared] { shared->work(); });
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

ExecutorJob::~ExecutorJob() = default;

void submit_job(EventLoop& loop, Executor* executor, std::shared_ptr<ExecutorJob> job) {
    std::shared_ptr<ThreadPoolExecutor> shared;
    if (executor == nullptr) {
        shared = loop.default_executor();
        executor = shared.get();
    }
    const LoopReference reference = loop.reference();
    // Made here, so that the thread has nothing left that can fail.
    EventLoop* const of = &loop;
    Ref<HandleCore> delivery(new HandleCore(*of, [job] { job->deliver(); }, snapshot_context()));
    executor->execute([job, reference, delivery]() mutable {
        job->run();
        // The future's last handle may go with the job; it must not go here, on a foreign thread, before the loop's.
        job.reset();
        if (post(reference, *delivery.get())) delivery.detach();
    });
}

}  // namespace detail

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
