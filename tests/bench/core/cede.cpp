// The rows of the core, on cede. core/README.md says what each measures.
#include "support/bench.hpp"

#include <cede/cede.hpp>

#include <vector>

using bench::Delays;
using bench::Stopwatch;
using cede::await;
using cede::create_task;
using std::chrono::seconds;

namespace {

using Tasks = std::vector<cede::Task<void>>;

void cede_once() { await(cede::sleep(seconds(0))); }

// So many tasks that only wait, for rows that ask whether the idle ones cost anything.
class Idle {
public:
    explicit Idle(long count) {
        tasks_.reserve(static_cast<std::size_t>(count));
        for (long i = 0; i < count; ++i) tasks_.push_back(create_task([over = over_] { await(over); }));
        cede_once();  // each runs up to its await
    }
    void end() const {
        over_.set_result();
        for (const auto& task : tasks_) await(task);
    }

private:
    const cede::Future<void> over_;
    Tasks tasks_;
};

double yield(long size, long operations) {
    return cede::run([=] {
        const long each = operations / size;
        Tasks tasks;
        tasks.reserve(static_cast<std::size_t>(size));
        for (long i = 0; i < size; ++i) {
            tasks.push_back(create_task([each] {
                for (long n = 0; n < each; ++n) cede_once();
            }));
        }
        const Stopwatch watch;
        for (const auto& task : tasks) await(task);
        return watch.ns_each(each * size);
    });
}

double create(long size, long operations) {
    return cede::run([=] {
        const Idle idle(size);
        long done = 0;
        const Stopwatch watch;
        for (long n = 0; n < operations; ++n) await(create_task([&done] { ++done; }));
        const double result = watch.ns_each(done);
        idle.end();
        return result;
    });
}

double burst(long size, long) {
    return cede::run([=] {
        long done = 0;
        Tasks tasks;
        tasks.reserve(static_cast<std::size_t>(size));
        const Stopwatch watch;
        for (long i = 0; i < size; ++i) tasks.push_back(create_task([&done] { ++done; }));
        for (const auto& task : tasks) await(task);
        return watch.ns_each(done);
    });
}

double ping_pong(long size, long operations) {
    return cede::run([=] {
        const Idle idle(size);
        cede::Future<void> ping, pong;
        const auto answers = create_task([&] {
            for (long n = 0; n < operations; ++n) {
                await(ping);
                ping = cede::Future<void>();
                pong.set_result();
            }
        });
        const Stopwatch watch;
        for (long n = 0; n < operations; ++n) {
            ping.set_result();
            await(pong);
            pong = cede::Future<void>();
        }
        const double result = watch.ns_each(operations);
        await(answers);
        idle.end();
        return result;
    });
}

double sleeps(long size, long) {
    return cede::run([=] {
        const Stopwatch watch;
        Delays delays;
        Tasks tasks;
        tasks.reserve(static_cast<std::size_t>(size));
        for (long i = 0; i < size; ++i) {
            tasks.push_back(create_task([delay = delays.next()] { await(cede::sleep(delay)); }));
        }
        for (const auto& task : tasks) await(task);
        return watch.seconds();
    });
}

double timers(long size, long) {
    return cede::run([=] {
        cede::EventLoop& loop = cede::get_running_loop();
        const Stopwatch watch;
        Delays delays;
        long left = size;
        const cede::Future<void> over;
        for (long i = 0; i < size; ++i) {
            loop.call_later(delays.next(), [&] {
                if (--left == 0) over.set_result();
            });
        }
        await(over);
        return watch.seconds();
    });
}

double parked(long size, long) {
    return cede::run([=] {
        const double before = bench::memory_bytes();
        const Idle idle(size);
        const double result = (bench::memory_bytes() - before) / static_cast<double>(size);
        idle.end();
        return result;
    });
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
