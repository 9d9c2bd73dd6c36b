// 003, "Detailed Execution Flow": two tasks that sleep take the time of one.
#include <cede/cede.hpp>

#include <chrono>
#include <iostream>
#include <string>

using namespace std::chrono_literals;
using cede::await;

constexpr auto one_sleep = 400ms;  // the text's second

cede::Coroutine<void> task(std::string name) {
    return [=] {
        std::cout << name << " started\n";
        await(cede::sleep(one_sleep));
        std::cout << name << " done\n";
    };
}

int main() {
    const auto start = std::chrono::steady_clock::now();
    cede::run([] { await(cede::gather(task("Task 1"), task("Task 2"))); });
    const auto total = std::chrono::steady_clock::now() - start;

    std::cerr << "Total time: " << cede::Duration(total).seconds() << " s\n";
    std::cout << (total >= one_sleep && total < 2 * one_sleep ? "as long as one sleep, not two\n" : "the wrong time\n");
}
