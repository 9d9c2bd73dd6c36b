// What the machine can do: the same work by hand on raw Boost.Context, without errors, cancellation, results, contexts or
// anything else that a library owes its users. Nothing on this fiber can be much faster, so a row's distance from here is
// what the rest costs.
#include "support/bench.hpp"
#include "support/stacks.hpp"

#include <boost/context/fiber.hpp>

#include <queue>
#include <vector>

using bench::Delays;
using bench::Stopwatch;
using Clock = std::chrono::steady_clock;

namespace {

void sleep_for(Clock::duration time) {
    const long ns = static_cast<long>(std::chrono::nanoseconds(time).count());
    const timespec duration{ns / 1000000000, ns % 1000000000};
    nanosleep(&duration, nullptr);
}

struct Worker;

struct Task {
    void (*body)(Task&) = nullptr;
    long count = 0;
    Task* other = nullptr;
    Worker* worker = nullptr;  // from its first run on
    Task* next = nullptr;
    Task* joiner = nullptr;
    bool done = false;
    bool waiting = false;
    bool signalled = false;
};

// A fiber that runs one task after the other. It is never destroyed, for Boost would unwind it.
struct Worker {
    boost::context::fiber fiber;
    Task* task = nullptr;
    Worker* next = nullptr;
};

class Scheduler {
public:
    explicit Scheduler(long fibers) : stacks_(static_cast<std::size_t>(fibers), 64 * 1024) {}

    void ready(Task& task) {
        task.next = nullptr;
        *(first_ == nullptr ? &first_ : &last_->next) = &task;
        last_ = &task;
    }
    void run() {
        for (;;) {
            while (Task* const task = first_) {
                first_ = task->next;
                resume(*task);
            }
            if (timers_.empty()) return;
            collect_timers();
        }
    }

    // In a task:
    void suspend() { loop_ = std::move(loop_).resume(); }
    void yield() {
        ready(*current_);
        suspend();
    }
    void sleep(std::chrono::microseconds delay) {
        timers_.push({now_ + delay, current_});
        suspend();
    }
    void join(Task& task) {
        if (task.done) return;
        task.joiner = current_;
        suspend();
    }
    void signal(Task& task) {
        task.signalled = true;
        if (task.waiting) ready(task);
        task.waiting = false;
    }
    void wait() {
        Task& self = *current_;
        if (!self.signalled) {
            self.waiting = true;
            suspend();
        }
        self.signalled = false;
    }

private:
    struct Timer {
        Clock::time_point when;
        Task* task;
        friend bool operator<(const Timer& a, const Timer& b) { return a.when > b.when; }
    };

    void resume(Task& task) {
        if (task.worker == nullptr) bind(task);
        current_ = &task;
        Worker& worker = *task.worker;
        worker.fiber = std::move(worker.fiber).resume();
    }
    void bind(Task& task) {
        Worker* worker = idle_;
        if (worker == nullptr) {
            worker = new Worker;
            worker->fiber = boost::context::fiber(std::allocator_arg, stacks_.take(), bench::NoStackOfItsOwn(),
                                                  [this, worker](boost::context::fiber&& loop) {
                                                      loop_ = std::move(loop);
                                                      for (;;) run_one(*worker);
                                                      return std::move(loop_);
                                                  });
        } else {
            idle_ = worker->next;
        }
        worker->task = &task;
        task.worker = worker;
    }
    void run_one(Worker& worker) {
        Task& task = *worker.task;
        task.body(task);
        task.done = true;
        if (task.joiner != nullptr) ready(*task.joiner);
        worker.next = idle_;
        idle_ = &worker;
        suspend();
    }
    void collect_timers() {
        now_ = Clock::now();
        while (!timers_.empty() && timers_.top().when <= now_) {
            ready(*timers_.top().task);
            timers_.pop();
        }
        if (first_ != nullptr) return;
        sleep_for(timers_.top().when - now_);
    }

    bench::Stacks stacks_;
    boost::context::fiber loop_;
    Task* first_ = nullptr;
    Task* last_ = nullptr;
    Task* current_ = nullptr;
    Worker* idle_ = nullptr;
    Clock::time_point now_ = Clock::now();
    std::priority_queue<Timer> timers_;
};

Scheduler* scheduler;

// Runs `size` tasks of the same body beside the one that is measured, which ends last.
void run_all(std::vector<Task>& tasks, void (*body)(Task&), long count) {
    for (Task& task : tasks) {
        task.body = body;
        task.count = count;
        scheduler->ready(task);
    }
    scheduler->run();
}

class WithScheduler {
public:
    explicit WithScheduler(long fibers) : scheduler_(fibers) { scheduler = &scheduler_; }

private:
    Scheduler scheduler_;
};

double yield(long size, long operations) {
    const WithScheduler with(size);
    std::vector<Task> tasks(static_cast<std::size_t>(size));
    const Stopwatch watch;
    const long each = operations / size;
    run_all(tasks, [](Task& task) { while (task.count-- > 0) scheduler->yield(); }, each);
    return watch.ns_each(each * size);
}

void do_nothing(Task&) {}

double create(long, long operations) {
    const WithScheduler with(2);
    std::vector<Task> main(1);
    const Stopwatch watch;
    run_all(main, [](Task& self) {
        for (long n = 0; n < self.count; ++n) {
            Task task;
            task.body = do_nothing;
            scheduler->ready(task);
            scheduler->join(task);
        }
    }, operations);
    return watch.ns_each(operations);
}

double burst(long size, long) {
    const WithScheduler with(2);
    std::vector<Task> main(1);
    const Stopwatch watch;
    run_all(main, [](Task& self) {
        std::vector<Task*> tasks;
        for (long i = 0; i < self.count; ++i) {
            tasks.push_back(new Task);
            tasks.back()->body = do_nothing;
            scheduler->ready(*tasks.back());
        }
        for (Task* const task : tasks) {
            scheduler->join(*task);
            delete task;
        }
    }, size);
    return watch.ns_each(size);
}

double ping_pong(long, long operations) {
    const WithScheduler with(2);
    std::vector<Task> two(2);
    two[0].other = &two[1];
    two[1].other = &two[0];
    two[0].signalled = true;
    const Stopwatch watch;
    run_all(two, [](Task& self) {
        for (long n = 0; n < self.count; ++n) {
            scheduler->wait();
            scheduler->signal(*self.other);
        }
    }, operations);
    return watch.ns_each(operations);
}

Delays* delays;

double sleeps(long size, long) {
    const Stopwatch watch;
    const WithScheduler with(size);
    Delays random;
    delays = &random;
    std::vector<Task> tasks(static_cast<std::size_t>(size));
    run_all(tasks, [](Task&) { scheduler->sleep(delays->next()); }, 0);
    return watch.seconds();
}

double timers(long size, long) {
    struct Timer {
        Clock::time_point when;
        void (*callback)(long&);
        bool operator<(const Timer& other) const { return when > other.when; }
    };
    const Stopwatch watch;
    Delays random;
    std::priority_queue<Timer> timers;
    const Clock::time_point begin = Clock::now();
    for (long i = 0; i < size; ++i) timers.push({begin + random.next(), [](long& left) { --left; }});
    for (long left = size; left > 0;) {
        const Clock::time_point now = Clock::now();
        if (timers.top().when > now) sleep_for(timers.top().when - now);
        for (; !timers.empty() && timers.top().when <= now; timers.pop()) timers.top().callback(left);
    }
    return watch.seconds();
}

double parked(long size, long) {
    const double before = bench::memory_bytes();
    const WithScheduler with(size);
    std::vector<Task> tasks(static_cast<std::size_t>(size));
    run_all(tasks, [](Task&) { scheduler->wait(); }, 0);
    const double result = (bench::memory_bytes() - before) / static_cast<double>(size);
    for (Task& task : tasks) scheduler->signal(task);
    scheduler->run();
    return result;
}

}  // namespace

int main(int argc, char** argv) {
    return bench::main(argc, argv,
                       {{"yield", yield},
                        {"create", create},
                        {"burst", burst},
                        {"ping_pong", ping_pong},
                        {"sleeps", sleeps},
                        {"timers", timers},
                        {"parked", parked}});
}
