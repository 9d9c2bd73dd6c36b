// 000, "Complete Step-by-Step Internals of asyncio": fetch_data() and main(), with the loop's state printed at each step.
//
// The instrument is a subclass of the event loop: it overrides one iteration, and the wait inside it. The text draws
// fetch_data() as a task of its own, which is what create_task() makes of it: that is the first run. In the second, main
// awaits the coroutine itself, as the text's code does: then it runs on main's own stack, in main's own step, and there is
// one task only.
#include <cede/cede.hpp>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using cede::await;

class InstrumentedLoop : public cede::SelectorEventLoop {
public:
    void run_once() override {
        std::cout << "-- iteration " << ++iteration_ << "\n";
        print_state();
        cede::SelectorEventLoop::run_once();
    }

protected:
    // The iteration asks the selector for events: for no time at all when there is something to run, else until the next
    // timer is due.
    void select(absl::optional<cede::Duration> timeout) override {
        const bool idle = !timeout || timeout->count() > 0;
        if (idle) std::cout << "   idle: sleeps until the timer\n";
        cede::SelectorEventLoop::select(timeout);
        if (idle) std::cout << "   the timer fires\n";
    }

private:
    void print_state() {
        const std::vector<std::string> ready = describe_ready();
        std::cout << "   ready:";
        for (const std::string& each : ready) std::cout << " " << (is_task(each) ? each : "a callback");
        std::cout << "\n   timers: " << scheduled_count() << "\n   waiting:";
        for (const cede::AnyTask& task : cede::all_tasks(*this)) {
            const std::string name = "task '" + task.get_name() + "'";
            if (std::find(ready.begin(), ready.end(), name) == ready.end()) std::cout << " " << name;
        }
        std::cout << "\n";
    }
    static bool is_task(const std::string& description) { return description.compare(0, 4, "task") == 0; }

    int iteration_ = 0;
};

cede::Coroutine<std::string> fetch_data() {
    return [] {
        std::cout << "Fetching data...\n";
        await(cede::sleep(200ms));
        std::cout << "Data fetched!\n";
        return std::string("result");
    };
}

cede::Coroutine<void> main_with_a_task() {
    return [] {
        std::cout << "Starting main\n";
        auto fetching = cede::create_task(fetch_data(), cede::TaskOptions().name("fetch_data"));
        const std::string result = await(fetching);
        std::cout << "Got: " << result << "\n";
    };
}

cede::Coroutine<void> main_with_a_coroutine() {
    return [] {
        std::cout << "Starting main\n";
        const std::string result = await(fetch_data());
        std::cout << "Got: " << result << "\n";
    };
}

void run(cede::Coroutine<void> main) {
    InstrumentedLoop loop;
    loop.run_until_complete(loop.create_task(std::move(main), cede::TaskOptions().name("main")));
}

int main() {
    std::cout << "== fetch_data() as a task\n";
    run(main_with_a_task());
    std::cout << "== fetch_data() awaited as it is\n";
    run(main_with_a_coroutine());
}
