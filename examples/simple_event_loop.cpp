// 002, sections 5 and 7, SimpleEventLoop and EventLoopWithSelector: what an event loop is, on cede's selector alone.
//
// A ready queue, timers, and callbacks for file descriptors: one iteration waits for whatever comes first, and runs what
// is ready. No fiber and no loop of cede's is involved.
#include <cede/selectors/selectors.hpp>

#include <chrono>
#include <deque>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

using namespace std::chrono_literals;
namespace selectors = cede::selectors;

class SimpleEventLoop {
public:
    using Callback = std::function<void()>;
    using Clock = std::chrono::steady_clock;

    void call_soon(Callback callback) { ready_.push_back(std::move(callback)); }
    void call_later(std::chrono::milliseconds delay, Callback callback) {
        scheduled_.emplace(Clock::now() + delay, std::move(callback));
    }
    void add_reader(int fd, Callback callback) { selector_.register_(fd, selectors::EVENT_READ, std::move(callback)); }
    void add_writer(int fd, Callback callback) { selector_.register_(fd, selectors::EVENT_WRITE, std::move(callback)); }
    void remove(int fd) { selector_.unregister(fd); }

    void run_once() {
        // Step 1: look for I/O: not waiting when something is ready, else until the next timer.
        for (const auto& event : selector_.select(timeout())) ready_.push_back(event.first.data_as<Callback>());
        // Step 2: what is due is ready.
        while (!scheduled_.empty() && scheduled_.begin()->first <= Clock::now()) {
            ready_.push_back(std::move(scheduled_.begin()->second));
            scheduled_.erase(scheduled_.begin());
        }
        // Step 3: run what is ready. What that adds is left for the next iteration.
        for (std::size_t left = ready_.size(); left > 0; --left) {
            const Callback callback = std::move(ready_.front());
            ready_.pop_front();
            callback();
        }
    }
    void run() {
        while (!ready_.empty() || !scheduled_.empty() || !selector_.get_map().empty()) run_once();
    }

private:
    absl::optional<cede::Duration> timeout() const {
        if (!ready_.empty()) return cede::Duration();
        if (scheduled_.empty()) return absl::nullopt;
        return cede::Duration(scheduled_.begin()->first - Clock::now());
    }

    std::deque<Callback> ready_;
    std::multimap<Clock::time_point, Callback> scheduled_;
    selectors::DefaultSelector selector_;
};

int main() {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) != 0) return 1;
    const int client = ends[0], server = ends[1];
    SimpleEventLoop loop;

    loop.add_reader(server, [&] {
        char question[64];
        const ssize_t size = read(server, question, sizeof question);
        if (size <= 0) return loop.remove(server);
        std::cout << "server reads: " << std::string(question, static_cast<std::size_t>(size)) << "\n";
        loop.call_later(20ms, [&] {
            if (write(server, "42", 2) == 2) std::cout << "server has thought, and writes\n";
        });
    });
    loop.add_writer(client, [&] {
        std::cout << "client can write\n";
        if (write(client, "6 * 7", 5) != 5) return;
        loop.remove(client);
        loop.add_reader(client, [&] {
            char answer[64];
            const ssize_t size = read(client, answer, sizeof answer);
            std::cout << "client reads: " << std::string(answer, static_cast<std::size_t>(size > 0 ? size : 0)) << "\n";
            loop.remove(client);
            close(client);
        });
    });
    loop.call_soon([] { std::cout << "call_soon runs first\n"; });
    loop.run();
    close(server);
    std::cout << "nothing is left to wait for\n";
}
