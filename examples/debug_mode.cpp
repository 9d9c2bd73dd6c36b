// 002, section 13, "Debugging the Event Loop": what debug mode reports.
//
// The text's slow_operation awaits a sleep, and says that this is logged as slow. It is not, here as in asyncio: while
// it waits it holds up nobody. A step that blocks is reported, with the name of its task; so is a coroutine that nobody
// awaited.
#include <cede/cede.hpp>

#include <chrono>
#include <iostream>
#include <thread>

using namespace std::chrono_literals;
using cede::await;

cede::Coroutine<void> slow_operation() {
    return [] { await(cede::sleep(400ms)); };
}

cede::Coroutine<void> blocking_operation() {
    return [] { std::this_thread::sleep_for(400ms); };
}

// The default hook writes the line to stderr. The time it took differs from run to run, and where a thing was created is told
// as well as the build allows; so both are cut off.
void print_warning(absl::string_view text) {
    text = text.substr(0, text.find(" took "));
    std::cout << "warning: " << text.substr(0, text.find("; it was created")) << "\n";
}

int main() {
    cede::set_warning_hook(&print_warning);
    cede::run([] {
        cede::EventLoop& loop = cede::get_running_loop();
        loop.set_debug(true);
        loop.slow_callback_duration = 300ms;  // 100 ms unless said otherwise

        await(cede::create_task(slow_operation(), cede::TaskOptions().name("SlowOp")));
        std::cout << "SlowOp has waited\n";
        await(cede::create_task(blocking_operation(), cede::TaskOptions().name("BlockingOp")));
        std::cout << "BlockingOp has blocked\n";

        slow_operation().named("forgotten");  // meant to be awaited
    });
}
