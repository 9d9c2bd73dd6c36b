// 002, section 14, "Event Loop Customization": LoggingEventLoop, a loop that logs each of its iterations.
//
// Every hook of the loop is virtual. The log goes to stdout but for the times, which go to stderr.
#include <cede/cede.hpp>

#include <chrono>
#include <iostream>
#include <string>

using namespace std::chrono_literals;
using cede::await;

class LoggingEventLoop : public cede::SelectorEventLoop {
public:
    void run_once() override {
        std::cout << "Running " << ready_count() << " pending callbacks\n";
        const cede::TimePoint start = time();

        cede::SelectorEventLoop::run_once();

        const cede::Duration duration = time() - start;
        std::cerr << "Callbacks processed in " << duration.seconds() << " seconds\n";
    }
};

template <class R>
R run_with_logging(cede::Coroutine<R> coro) {
    LoggingEventLoop loop;
    cede::set_event_loop(&loop);
    return loop.run_until_complete(std::move(coro));  // the loop closes itself when it goes
}

cede::Coroutine<int> add(int a, int b) {
    return [=] {
        await(cede::sleep(0s));  // lets the others run once
        return a + b;
    };
}

int main() {
    const std::string sums = run_with_logging<std::string>([] {
        const auto results = await(cede::gather(add(1, 2), add(3, 4)));
        await(cede::sleep(10ms));  // nothing is pending: the loop waits
        return std::to_string(std::get<0>(results)) + " and " + std::to_string(std::get<1>(results));
    });
    std::cout << sums << "\n";
}
