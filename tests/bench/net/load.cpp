// The load: so many connections to an echo server, each with one message under way, as fast as the answers come. Reports
// how long they took and what processor time the server spent, which it reads from /proc at both ends of the same window.
//
// usage: bench_net_load PORT CONNECTIONS BYTES SECONDS SERVER_PID [IDLE], the last so many more connections that say nothing
// prints: messages/s, server CPU us for each message, p50, p99, p99.9 in us, server memory for each connection in bytes
#include "support/bench.hpp"
#include "support/server.hpp"

#include <dirent.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

using Clock = std::chrono::steady_clock;

namespace {

struct Connection {
    int fd;
    std::size_t left;  // of the answer
    Clock::time_point sent;
};

// Nanoseconds that all threads of a process have run. The clock ticks of /proc/PID/stat are too coarse.
double cpu_ns(const std::string& pid) {
    const std::string tasks = "/proc/" + pid + "/task/";
    DIR* const folder = opendir(tasks.c_str());
    bench::or_die(folder != nullptr, tasks.c_str());
    double total = 0;
    while (const dirent* const entry = readdir(folder)) {
        if (entry->d_name[0] == '.') continue;  // ".." is the process, which has a schedstat too: of its first thread
        double ns = 0;
        if (std::ifstream(tasks + entry->d_name + "/schedstat") >> ns) total += ns;
    }
    closedir(folder);
    return total;
}

int connect_to(int port, int number) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bench::or_die(fd >= 0, "socket");
    const int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + static_cast<std::uint32_t>(number) / 10000);
    bench::or_die(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0, "bind");
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    bench::or_die(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0, "connect");
    return fd;
}

class Load {
public:
    Load(int port, int connections, std::size_t bytes) : message_(bytes, 'x'), buffer_(64 * 1024) {
        connections_.reserve(static_cast<std::size_t>(connections));
        for (int i = 0; i < connections; ++i) open(port, i);
    }

    // Keeps all connections busy for so long; the latencies of what was answered, in nanoseconds.
    std::vector<double> run(double seconds) {
        std::vector<double> latencies;
        const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
        epoll_event events[256];
        for (Clock::time_point now = Clock::now(); now < end; now = Clock::now()) {
            const int count = epoll_wait(epoll_, events, 256, 100);
            for (int i = 0; i < count; ++i) receive(*static_cast<Connection*>(events[i].data.ptr), latencies);
        }
        return latencies;
    }

    void start(std::size_t connections) {
        for (std::size_t i = 0; i < connections; ++i) send_message(connections_[i]);
    }

private:
    void open(int port, int number) {
        connections_.push_back(Connection{connect_to(port, number), 0, {}});
        Connection& connection = connections_.back();
        // Servers accept in order: an answer here means that the queue of those not accepted is empty.
        if (number % 256 == 255) {
            send_message(connection);
            const ssize_t got = recv(connection.fd, buffer_.data(), message_.size(), MSG_WAITALL);
            bench::or_die(got == static_cast<ssize_t>(message_.size()), "recv");
        }
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.ptr = &connection;
        bench::or_die(epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event) == 0, "epoll_ctl");
    }
    void send_message(Connection& connection) {
        connection.left = message_.size();
        connection.sent = Clock::now();
        const ssize_t sent = send(connection.fd, message_.data(), message_.size(), MSG_NOSIGNAL);
        bench::or_die(sent == static_cast<ssize_t>(message_.size()), "send");
    }
    void receive(Connection& connection, std::vector<double>& latencies) {
        const ssize_t got = recv(connection.fd, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
        if (got < 0 && errno == EAGAIN) return;
        bench::or_die(got > 0, "the server closed a connection");
        connection.left -= static_cast<std::size_t>(got);
        if (connection.left != 0) return;
        latencies.push_back(std::chrono::duration<double, std::nano>(Clock::now() - connection.sent).count());
        send_message(connection);
    }

    const int epoll_ = epoll_create1(EPOLL_CLOEXEC);
    const std::string message_;
    std::vector<char> buffer_;
    std::vector<Connection> connections_;
};

double percentile(std::vector<double>& sorted, double part) {
    return sorted[static_cast<std::size_t>(static_cast<double>(sorted.size() - 1) * part)] / 1000;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 6 && argc != 7) {
        std::fprintf(stderr, "usage: %s PORT CONNECTIONS BYTES SECONDS SERVER_PID [IDLE]\n", argv[0]);
        return 2;
    }
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    const int busy = std::atoi(argv[2]);
    const int connections = busy + (argc == 7 ? std::atoi(argv[6]) : 0);
    const double seconds = std::atof(argv[4]);

    const std::string status = std::string("/proc/") + argv[5] + "/status";
    const double memory_before = bench::memory_bytes(status.c_str());
    Load load(std::atoi(argv[1]), connections, static_cast<std::size_t>(std::atol(argv[3])));
    load.start(static_cast<std::size_t>(busy));
    load.run(std::min(0.3, seconds));  // until buffers, caches and the server's pools are what they will be
    const double cpu_before = cpu_ns(argv[5]);
    const Clock::time_point begin = Clock::now();
    std::vector<double> latencies = load.run(seconds);
    const double took = std::chrono::duration<double>(Clock::now() - begin).count();
    const double cpu = cpu_ns(argv[5]) - cpu_before;
    if (latencies.empty()) {
        std::fprintf(stderr, "no message was answered\n");
        return 1;
    }
    std::sort(latencies.begin(), latencies.end());
    const double count = static_cast<double>(latencies.size());
    const double memory = (bench::memory_bytes(status.c_str()) - memory_before) / connections;
    std::printf("%.0f %.4f %.2f %.2f %.2f %.0f\n", count / took, cpu / count / 1000, percentile(latencies, 0.5),
                percentile(latencies, 0.99), percentile(latencies, 0.999), memory);
}
