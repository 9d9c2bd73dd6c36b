// What no speed shows: whether memory comes back after a peak, whether stacks are reused without asking the system, and
// whether a crowd of ready tasks keeps a timer or a socket waiting. On cede alone; core/README.md says what each row is.
#include "support/bench.hpp"

#include <cede/cede.hpp>

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

using cede::await;
using std::chrono::seconds;

namespace {

using Tasks = std::vector<cede::Task<void>>;

void await_all(const Tasks& tasks) {
    for (const auto& task : tasks) await(task);
}

__attribute__((noinline)) void use_64_kib_of_stack() {
    volatile char block[64 * 1024];
    for (std::size_t i = 0; i < sizeof block; i += 1024) block[i] = 1;
}

// All of them alive at the same time, each with its stack used and waiting.
void reach_a_peak(long size) {
    const cede::Future<void> over;
    Tasks tasks;
    for (long i = 0; i < size; ++i) {
        tasks.push_back(cede::create_task([over] {
            use_64_kib_of_stack();
            await(over);
        }));
    }
    await(cede::sleep(seconds(0)));
    over.set_result();
    await_all(tasks);
}

double left_after_peak(long size, const char* key) {
    return cede::run([=] {
        reach_a_peak(100);
        await(cede::sleep(seconds(1)));
        const double before = bench::status_bytes(key);
        reach_a_peak(size);
        await(cede::sleep(seconds(1)));
        return bench::status_bytes(key) / before * 100;
    });
}
double peak(long size, long) { return left_after_peak(size, "VmRSS:"); }
double peak_tables(long size, long) { return left_after_peak(size, "VmPTE:"); }

long page_faults() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt;
}

double reuse(long size, long operations) {
    return cede::run([=] {
        const auto burst = [size] {
            Tasks tasks;
            for (long i = 0; i < size; ++i) tasks.push_back(cede::create_task([] { await(cede::sleep(seconds(0))); }));
            await_all(tasks);
        };
        for (int i = 0; i < 10; ++i) burst();
        const long before = page_faults();
        for (long done = 0; done < operations; done += size) burst();
        return static_cast<double>(page_faults() - before) / static_cast<double>(operations);
    });
}

// Tasks that are always ready. `each_step` is called in each step of each of them, until it says false.
template <class F>
void storm(long size, F each_step) {
    Tasks tasks;
    bool over = false;
    for (long i = 0; i < size; ++i) {
        tasks.push_back(cede::create_task([&] {
            while (!over) {
                over = !each_step();
                await(cede::sleep(seconds(0)));
            }
        }));
    }
    await_all(tasks);
}

// A timer of 10 ms that is started anew each time, and the worst it had to wait, in steps of the crowd.
class Alarm {
public:
    void start() {
        due_ = loop_.time() + std::chrono::milliseconds(10);
        due_at_ = -1;
        rung_ = false;
        loop_.call_at(due_, [this] {
            if (due_at_ >= 0) worst_ = std::max(worst_, steps_ - due_at_);
            rung_ = true;
            ++rings_;
        });
    }
    void step() {
        ++steps_;
        if (due_at_ < 0 && loop_.time() >= due_) due_at_ = steps_;
        if (rung_) start();
    }
    long rings() const { return rings_; }
    long worst() const { return worst_; }

private:
    cede::EventLoop& loop_ = cede::get_running_loop();
    cede::TimePoint due_;
    bool rung_ = false;
    long steps_ = 0;
    long due_at_ = -1;  // the step at which it was seen to be due
    long worst_ = 0;
    long rings_ = 0;
};

double fair_timer(long size, long operations) {
    return cede::run([=] {
        Alarm alarm;
        alarm.start();
        storm(size, [&] {
            alarm.step();
            return alarm.rings() < operations;
        });
        return static_cast<double>(alarm.worst());
    });
}

// The steps of the crowd between the moment a pipe becomes readable and its callback, at worst.
double fair_socket(long size, long operations) {
    return cede::run([=] {
        cede::EventLoop& loop = cede::get_running_loop();
        int ends[2];
        if (pipe(ends) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
        long steps = 0, written_at = -1, worst = 0, left = operations;
        loop.add_reader(ends[0], [&] {
            char byte;
            if (read(ends[0], &byte, 1) != 1) return;
            worst = std::max(worst, steps - written_at);
            written_at = -1;
            --left;
        });
        storm(size, [&] {
            ++steps;
            if (written_at < 0 && steps % 97 == 0) written_at = write(ends[1], "x", 1) == 1 ? steps : -1;
            return left > 0;
        });
        loop.remove_reader(ends[0]);
        close(ends[0]);
        close(ends[1]);
        return static_cast<double>(worst);
    });
}

}  // namespace

int main(int argc, char** argv) {
    return bench::main(argc, argv,
                       {{"peak", peak},
                        {"peak_tables", peak_tables},
                        {"reuse", reuse},
                        {"fair_timer", fair_timer},
                        {"fair_socket", fair_socket}});
}
