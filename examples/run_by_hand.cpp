// 002, section 10, "The Event Loop Life Cycle": cede::run() written out.
//
// The main coroutine leaves three things behind, which the last steps end: a task that waits, an async generator that was
// not read to its end, and a thread of the default executor.
#include <cede/cede.hpp>

#include <chrono>
#include <iostream>
#include <memory>

using namespace std::chrono_literals;
using cede::await;

void cancel_all_tasks(cede::EventLoop& loop) {
    const std::vector<cede::AnyTask> left = cede::all_tasks(loop);
    for (const cede::AnyTask& task : left) {
        std::cout << "cancelling " << task.get_name() << "\n";
        task.cancel();
    }
    loop.run_until_complete([&] {
        for (const cede::AnyTask& task : left) {
            try {
                await(task);
            } catch (const cede::CancelledError&) {
            }
        }
    });
}

template <class R>
R simplified_run(cede::Coroutine<R> coro) {
    // Create a new event loop, and make it the current one.
    const std::unique_ptr<cede::EventLoop> loop = cede::new_event_loop();
    cede::set_event_loop(loop.get());

    // `finally`: what leaves this function, by whatever way, cleans up.
    struct Finally {
        cede::EventLoop& loop;
        ~Finally() {
            cancel_all_tasks(loop);
            loop.run_until_complete(loop.shutdown_asyncgens());
            std::cout << "async generators are closed\n";
            loop.run_until_complete(loop.shutdown_default_executor());
            std::cout << "the executor's threads have ended\n";
            loop.close();
            cede::set_event_loop(nullptr);
            std::cout << "the loop is closed: " << loop.is_closed() << "\n";
        }
    } finally{*loop};

    // Create a task for the coroutine, and run the loop until it is done.
    return loop->run_until_complete(loop->create_task(std::move(coro)));
}

struct SaysWhenItEnds {
    const char* what;
    ~SaysWhenItEnds() { std::cout << what << " is unwound\n"; }
};

int main() {
    cede::AsyncGenerator<int> numbers([](cede::AsyncYield<int>& yield) {
        const SaysWhenItEnds clean_up{"the generator"};
        for (int i = 0;; ++i) yield(i);
    });

    const int result = simplified_run<int>([&numbers] {
        cede::create_task(
            [] {
                const SaysWhenItEnds clean_up{"the background task"};
                await(cede::sleep(1h));
            },
            cede::TaskOptions().name("background"));
        await(cede::sleep(0s));  // lets it begin
        const int first = await(numbers.anext());
        return first + await(cede::to_thread([] { return 42; }));
    });
    std::cout << "result " << result << "\n";
}
