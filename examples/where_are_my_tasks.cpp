// A service that has stopped answering, and what to ask it: `kill -USR1` makes it tell where each of its tasks stands.
//
// Three workers wait for jobs, one task holds a lock for too long, another waits for that lock, and two await each other.
// Here the program sends the signal to itself. What dump_tasks() writes goes to stderr, since it tells lines and numbers that
// change with every edit; on stdout is what does not change.
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include <cede/cede.hpp>

using namespace std::chrono_literals;
using cede::await;

namespace {

cede::TaskOptions named(const std::string& name) { return cede::TaskOptions().name(name); }

void take_a_job(cede::Queue<std::string> jobs) {
    const std::string job = await(jobs.get());
    std::cout << "working on " << job << "\n";
}

void update_account(cede::Lock lock) {
    lock.with([] { await(cede::sleep(1h)); });  // the bug: waiting for somebody else's answer while holding the lock
}

// Installs what an operator needs: from now on SIGUSR1 asks, and the loop answers between two steps of its tasks.
void dump_on_signal(cede::Future<std::string> answer) {
    cede::get_running_loop().add_signal_handler(SIGUSR1, [answer] {
        std::ostringstream dump;
        cede::dump_tasks(dump);
        std::cerr << dump.str();
        if (!answer.done()) answer.set_result(dump.str());
    });
}

void expect(const std::string& dump, const std::string& text) {
    std::cout << (dump.find(text) != std::string::npos ? "the dump says: " : "MISSING in the dump: ") << text << "\n";
}

}  // namespace

int main() {
    cede::run([] {
        const cede::Future<std::string> answer;
        dump_on_signal(answer);

        const cede::Queue<std::string> jobs;
        const cede::Lock account;
        cede::Task<> chicken;
        cede::Task<> egg;
        for (int i = 1; i <= 3; ++i) {
            cede::create_task([=] { take_a_job(jobs); }, named("worker " + std::to_string(i)));
        }
        cede::create_task([=] { update_account(account); }, named("payment"));
        cede::create_task([=] { update_account(account); }, named("refund"));
        chicken = cede::create_task([&] { await(egg); }, named("chicken"));
        egg = cede::create_task([&] { await(chicken); }, named("egg"));
        await(cede::sleep(0s));

        std::raise(SIGUSR1);
        const std::string dump = await(answer);

        // Alike tasks are told once; what a task waits in, or for whom, stands behind its name, and below it its stack.
        expect(dump, "3 tasks 'worker 1', 'worker 2', 'worker 3': waiting");
        expect(dump, "task 'payment': waiting");
        expect(dump, "task 'refund': waiting");
        expect(dump, "task 'chicken': waiting for task 'egg'");
        expect(dump, "deadlock: 'chicken' waits for 'egg' waits for 'chicken'");

        for (const cede::AnyTask& task : cede::all_tasks()) {
            if (task != cede::current_task()) task.cancel();
        }
    });
    std::cout << "cancelled what was stuck\n";
}
