// 003, "Memory comparison": what 1,000 threads cost against 1,000 tasks and 100,000 tasks, measured.
//
// Each kind is measured in a process of its own. All of them wait, threads for a condition and tasks for a future. The
// text's "1000 threads = 8GB" is address space; what they take of the machine is less, and still more than tasks do.
// The table goes to stderr, for it differs from machine to machine. Kernel stacks are counted for the whole machine.
#include <cede/cede.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

using cede::await;

struct Memory {
    double address_space, resident, page_tables, kernel_stacks;  // KiB
    double total() const { return resident + page_tables + kernel_stacks; }
};

// The number behind `key` in a file of /proc, 0 if there is none.
double kib(const char* file, const std::string& key) {
    std::ifstream lines(file);
    for (std::string line; std::getline(lines, line);) {
        if (line.compare(0, key.size(), key) == 0) return std::stod(line.substr(key.size()));
    }
    return 0;
}

Memory memory_now() {
    const char* const status = "/proc/self/status";
    return {kib(status, "VmSize:"), kib(status, "VmRSS:"), kib(status, "VmPTE:"), kib("/proc/meminfo", "KernelStack:")};
}

Memory more_than(const Memory& before) {
    const Memory now = memory_now();
    return {now.address_space - before.address_space, now.resident - before.resident, now.page_tables - before.page_tables,
            now.kernel_stacks - before.kernel_stacks};
}

Memory measure_threads(int count) {
    const Memory before = memory_now();
    std::mutex mutex;
    std::condition_variable changed;
    int running = 0;
    bool over = false;
    std::vector<std::thread> threads;
    for (int i = 0; i < count; ++i) {
        threads.emplace_back([&] {
            std::unique_lock<std::mutex> lock(mutex);
            if (++running == count) changed.notify_all();
            changed.wait(lock, [&] { return over; });
        });
    }
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [&] { return running == count; });
    const Memory cost = more_than(before);
    over = true;
    changed.notify_all();
    lock.unlock();
    for (std::thread& thread : threads) thread.join();
    return cost;
}

Memory measure_tasks(int count) {
    return cede::run([count] {
        const Memory before = memory_now();
        const cede::Future<void> over;
        std::vector<cede::Task<void>> tasks;
        for (int i = 0; i < count; ++i) tasks.push_back(cede::create_task([over] { await(over); }));
        await(cede::sleep(std::chrono::seconds(0)));  // each runs up to its await
        const Memory cost = more_than(before);
        over.set_result();
        await(cede::gather(tasks));
        return cost;
    });
}

// Measures in a child process, which starts with nothing in use.
Memory measured(const char* what, int count, Memory (*measure)(int)) {
    int ends[2];
    if (pipe(ends) != 0) std::abort();
    const pid_t child = fork();
    if (child == 0) {
        const Memory cost = measure(count);
        _exit(write(ends[1], &cost, sizeof cost) == sizeof cost ? 0 : 1);
    }
    close(ends[1]);
    Memory cost{};
    const bool complete = read(ends[0], &cost, sizeof cost) == sizeof cost;
    close(ends[0]);
    waitpid(child, nullptr, 0);
    if (!complete) {
        std::fprintf(stderr, "%7d %-8s could not be measured\n", count, what);
        std::exit(1);
    }
    std::fprintf(stderr, "%7d %-8s %11.0f MiB %9.1f MiB %9.1f MiB %9.1f MiB %9.1f KiB\n", count, what,
                 cost.address_space / 1024, cost.resident / 1024, cost.page_tables / 1024, cost.kernel_stacks / 1024,
                 cost.total() / count);
    return cost;
}

int main() {
    std::fprintf(stderr, "%-16s %15s %13s %13s %13s %13s\n", "", "address space", "resident", "page tables",
                 "kernel stacks", "each");
    const Memory threads = measured("threads", 1000, &measure_threads);
    const Memory tasks = measured("tasks", 1000, &measure_tasks);
    measured("tasks", 100000, &measure_tasks);
    std::printf("1,000 tasks take %s memory than 1,000 threads\n", tasks.total() < threads.total() ? "less" : "more");
}
