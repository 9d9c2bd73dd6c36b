// What `tr | sort | uniq -c` is in the shell, in two ways: with the bytes going through this program, which can look at them
// on their way, and with pipes of the system, which leave it out of it. Then what can go wrong with a child.
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include <cede/cede.hpp>

using namespace std::chrono_literals;
using cede::Process;
using cede::SubprocessOptions;
using cede::await;
using cede::create_subprocess_exec;
using cede::subprocess::PIPE;

namespace {

const std::string text = "the quick brown fox jumps over the lazy dog and the dog sleeps";

const std::vector<std::vector<std::string>> stages = {{"tr", " ", "\n"}, {"sort"}, {"uniq", "-c"}};

// From one child to the next, in pieces, as fast as the slower of the two. Returns how many bytes went by.
std::size_t pump(const cede::StreamReader& from, const cede::StreamWriter& to) {
    std::size_t bytes = 0;
    for (;;) {
        const std::string piece = await(from.read(4096));
        if (piece.empty()) break;
        bytes += piece.size();
        to.write(piece);
        await(to.drain());
    }
    to.close();
    return bytes;
}

std::string through_streams() {
    std::vector<Process> children;
    for (const std::vector<std::string>& stage : stages) {
        children.push_back(await(create_subprocess_exec(stage, SubprocessOptions().stdin_(PIPE).stdout_(PIPE))));
    }
    return cede::task_group([&](cede::TaskGroup& group) {
        std::vector<cede::Task<std::size_t>> pumps;
        for (std::size_t i = 0; i + 1 < children.size(); ++i) {
            const auto from = children[i].stdout_();
            const auto to = children[i + 1].stdin_();
            pumps.push_back(group.create_task([=] { return pump(from, to); }));
        }
        children.front().stdin_().write(text);
        children.front().stdin_().close();
        const std::string result = await(children.back().stdout_().read());
        for (std::size_t i = 0; i < pumps.size(); ++i) {
            std::cout << stages[i].front() << " -> " << stages[i + 1].front() << ": " << await(pumps[i]) << " bytes\n";
        }
        for (const Process& child : children) await(child.wait());
        return result;
    });
}

std::string through_pipes_of_the_system() {
    std::vector<Process> children;
    cede::Pipe input;  // of the stage that comes next; none for the first, which gets one to us
    for (std::size_t i = 0; i < stages.size(); ++i) {
        SubprocessOptions options;
        options.stdin_(i == 0 ? PIPE : input.fd());
        std::pair<cede::Pipe, cede::Pipe> link = cede::Pipe::pair();
        options.stdout_(i + 1 < stages.size() ? link.second.fd() : PIPE);
        children.push_back(await(create_subprocess_exec(stages[i], options)));
        input = std::move(link.first);
        // The write end closes here: were it open in this program too, the next stage would never see the end.
    }
    children.front().stdin_().write(text);
    children.front().stdin_().close();
    std::string result = *await(children.back().communicate()).first;
    for (const Process& child : children) await(child.wait());
    return result;
}

void what_can_go_wrong() {
    try {
        await(create_subprocess_exec("no-such-program"));
    } catch (const std::system_error& error) {
        std::cout << "start: " << error.what() << "\n";
    }

    const Process slow = await(create_subprocess_exec("sleep", "1000"));
    try {
        cede::timeout(10ms, [&] { await(slow.wait()); });
    } catch (const cede::TimeoutError&) {
        slow.terminate();
        std::cout << "slow: terminated, return code " << await(slow.wait()) << "\n";
    }

    // It closes its input at once; what it was sent is lost, which communicate() takes for its own business.
    const Process deaf = await(create_subprocess_shell("exit 0", SubprocessOptions().stdin_(PIPE)));
    await(deaf.communicate(std::string(1000000, 'x')));
    std::cout << "deaf: return code " << *deaf.returncode() << "\n";
}

}  // namespace

int main() {
    cede::run([] {
        const std::string result = through_streams();
        std::cout << result;
        std::cout << (through_pipes_of_the_system() == result ? "the same" : "another result")
                  << " by pipes of the system\n";
        what_can_go_wrong();
    });
}
