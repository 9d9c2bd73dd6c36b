// 002, section 12, "Thread Safety and Concurrency Considerations": CPU-bound work belongs on threads, not in the loop.
//
// Five calculations run on the four threads of an executor; gather awaits their futures. The loop is free in the meantime.
#include <cede/cede.hpp>

#include <cstdint>
#include <iostream>
#include <vector>

std::int64_t cpu_bound_task(std::int64_t x) {
    // Simulate a CPU-intensive calculation.
    std::int64_t result = 0;
    for (std::int64_t i = 0; i < 10000000; ++i) result += i * x;
    return result;
}

int main() {
    cede::ThreadPoolExecutor executor(4);
    cede::run([&] {
        cede::EventLoop& loop = cede::get_running_loop();
        std::vector<cede::Future<std::int64_t>> jobs;
        for (int i = 0; i < 5; ++i) jobs.push_back(loop.run_in_executor(executor, cpu_bound_task, i));

        std::cout << "Results:";
        for (const std::int64_t result : cede::await(cede::gather(jobs))) std::cout << " " << result;
        std::cout << "\n";
    });
}
