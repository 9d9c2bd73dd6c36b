// A queue between one who makes and three who use, in a group that ends together: the everyday shape of a concurrent program.
#include <cede/cede.hpp>

#include <iostream>
#include <stdexcept>
#include <string>

using namespace std::chrono_literals;
using cede::await;

// A Queue is a handle: the copies that the lambdas capture refer to the same queue.
cede::Coroutine<void> produce(cede::Queue<std::string> jobs, int count) {
    return [=] {
        for (int i = 1; i <= count; ++i) await(jobs.put("job " + std::to_string(i)));  // waits while the queue is full
        jobs.shutdown();  // who still gets takes what is left, then hears QueueShutDown
    };
}

cede::Coroutine<int> consume(cede::Queue<std::string> jobs, std::string spoiled) {
    return [=] {
        int done = 0;
        try {
            for (;; ++done) {
                const std::string job = await(jobs.get());
                if (job == spoiled) throw std::runtime_error(job + " is spoiled");
                await(cede::sleep(5ms));
            }
        } catch (const cede::QueueShutDown&) {
            return done;
        }
    };
}

int run_jobs(int count, std::string spoiled) {
    const cede::Queue<std::string> jobs(2);
    return cede::task_group([&](cede::TaskGroup& group) {
        group.create_task(produce(jobs, count));
        const auto a = group.create_task(consume(jobs, spoiled));
        const auto b = group.create_task(consume(jobs, spoiled));
        const auto c = group.create_task(consume(jobs, spoiled));
        return await(a) + await(b) + await(c);
    });
}

int main() {
    cede::run([] {
        std::cout << run_jobs(10, "") << " jobs done\n";

        // An exception in one task cancels the others, and leaves the group together with whatever else failed.
        try {
            run_jobs(10, "job 4");
        } catch (const cede::ExceptionGroup& errors) {
            for (const std::exception_ptr& error : errors.exceptions()) {
                try {
                    std::rethrow_exception(error);
                } catch (const std::exception& e) {
                    std::cout << "given up: " << e.what() << "\n";
                }
            }
        }

        // So does a timeout, which is told from every other cancellation.
        try {
            cede::timeout(20ms, [] { run_jobs(1000000, ""); });
        } catch (const cede::TimeoutError&) {
            std::cout << "out of time, and nobody is left: " << cede::all_tasks().size() << " task\n";
        }
    });
}
