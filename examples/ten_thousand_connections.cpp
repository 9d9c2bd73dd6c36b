// 003, "Single thread but concurrent": 10,000 connections at a time, served by one thread.
//
// The clients are a second process, of one thread too, so that each has only its own ends of the connections to keep open.
// The server echoes nothing before all of them are. Where the limit on open files allows fewer connections it makes fewer,
// and says so on stderr; so go all numbers, for stdout must not depend on the machine.
#include <cede/cede.hpp>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <functional>
#include <iostream>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using cede::await;
using Streams = std::pair<cede::StreamReader, cede::StreamWriter>;

// As many connections as the limit on open files allows, once it is raised as far as it goes.
std::size_t allowed_connections(std::size_t wanted) {
    constexpr rlim_t others = 64;  // the standard streams, the loop's own, those of a debugger or sanitizer
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_max >= wanted + others) return wanted;
    const std::size_t allowed = limit.rlim_max > others ? static_cast<std::size_t>(limit.rlim_max - others) : 1;
    std::cerr << "the limit of " << limit.rlim_max << " open files allows " << allowed << " connections\n";
    return allowed;
}

class EchoServer {
public:
    explicit EchoServer(std::size_t expected) : expected_(expected) {}

    // One task for each connection runs this.
    void operator()(cede::StreamReader reader, cede::StreamWriter writer) {
        if (++open_ == expected_) all_are_open.set_result();
        const std::string line = await(reader.readline());
        await(all_are_open);
        writer.write("echo " + line);
        await(writer.drain());
        writer.close();
        await(writer.wait_closed());
    }

    const cede::Future<void> all_are_open;

private:
    const std::size_t expected_;
    std::size_t open_ = 0;
};

std::string threads_of_this_process() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.compare(0, 8, "Threads:") == 0) return line.substr(line.find_first_not_of(" \t", 8));
    }
    return "unknown";
}

void serve(cede::Socket listener, std::size_t count) {
    EchoServer echo(count);
    const auto options = cede::ServerOptions().backlog(1000).socket(std::move(listener));
    const cede::Server server = await(cede::start_server(std::ref(echo), options));
    cede::timeout(50s, [&] { await(echo.all_are_open); });
    std::cerr << count << " connections are open\n";
    std::cout << "all connections are open at the same time\n"
              << "threads of the server: " << threads_of_this_process() << "\n";
    server.close();
    await(server.wait_closed());  // which is when the last connection has ended
}

// An address has some 28,000 ports to connect from, and those of the last run rest for a minute: 1,000 for each address.
cede::Coroutine<Streams> connect(int port, std::size_t id) {
    const std::string from = "127.0.0." + std::to_string(1 + id / 1000);
    return cede::open_connection("127.0.0.1", port, cede::ConnectOptions().local_address(from, 0));
}

cede::Coroutine<bool> converse(Streams streams, std::size_t id) {
    return [=] {
        const std::string line = "hello " + std::to_string(id) + "\n";
        streams.second.write(line);
        const std::string answer = await(streams.first.readline());
        streams.second.close();
        await(streams.second.wait_closed());
        return answer == "echo " + line;
    };
}

bool be_all_clients(int port, std::size_t count) {
    std::vector<cede::Coroutine<bool>> conversations;
    while (conversations.size() < count) {
        // A wave fits into the queue of connections that the server has not accepted yet.
        std::vector<cede::Coroutine<Streams>> wave;
        const std::size_t begin = conversations.size();
        for (std::size_t id = begin; id < std::min(begin + 500, count); ++id) wave.push_back(connect(port, id));
        for (Streams& streams : await(cede::gather(std::move(wave)))) {
            conversations.push_back(converse(std::move(streams), conversations.size()));
        }
    }
    const std::vector<bool> echoed = await(cede::gather(std::move(conversations)));
    return std::count(echoed.begin(), echoed.end(), true) == static_cast<std::ptrdiff_t>(count);
}

int main() {
    const std::size_t count = allowed_connections(10000);
    cede::Socket listener(AF_INET, SOCK_STREAM);
    listener.bind(cede::SocketAddress("127.0.0.1", 0));
    listener.listen(1000);
    const int port = listener.local_address().port();

    const pid_t clients = fork();
    if (clients == 0) {
        listener.close();
        return cede::run([=] { return be_all_clients(port, count); }) ? 0 : 1;
    }
    cede::run([&] { serve(std::move(listener), count); });
    int status = -1;
    waitpid(clients, &status, 0);
    std::cout << (status == 0 ? "every one echoed what it was sent\n" : "the clients did not get their echoes\n");
}
