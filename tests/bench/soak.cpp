// Connections kept open for a long time, with resets and slow readers among them: does memory grow, is a descriptor left, is a
// message lost or doubled? A server and its clients, each a process with one loop.
//
//   bench_soak [CONNECTIONS] [MINUTES] [SEED]     10,000 for 10 minutes. Exit status 1 when something was wrong
//
// Every message has its number on its connection and comes back as it was. What is under way when a connection is reset is
// "cut"; what is missing for half a minute, comes twice or is damaged while the connection lives is wrong. Memory grows when
// its mean in the last quarter of the time is above that of the second quarter by more than 3 % and 4 MiB; descriptors are
// counted when all has ended.
#include "support/bench.hpp"

#include <cede/cede.hpp>

#include <dirent.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <new>
#include <string>

using cede::await;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

// What the server's process tells the other one, in memory that both have.
struct Told {
    std::atomic<int> port{0};
    std::atomic<long> resets{0};
    std::atomic<long> connections{0};
    std::atomic<long> reports{0};
    std::atomic<double> memory{0};
    std::atomic<int> descriptors{0};
    std::atomic<bool> over{false};
};

struct Header {
    std::uint32_t size;  // of the whole message
    std::uint32_t connection;
    std::uint64_t number;
};

int open_descriptors() {
    int count = -3;  // ".", ".." and the folder itself
    DIR* const folder = ::opendir("/proc/self/fd");
    while (::readdir(folder) != nullptr) ++count;
    ::closedir(folder);
    return count;
}

// splitmix64: a few bytes for each connection, where the standard's engines take kilobytes.
class Dice {
public:
    explicit Dice(std::uint64_t seed) : state_(seed << 32) {}
    std::uint64_t below(std::uint64_t n) {
        std::uint64_t z = state_ += 0x9e3779b97f4a7c15u;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return (z ^ (z >> 31)) % n;
    }
    bool once_in(std::uint64_t n) { return below(n) == 0; }

private:
    std::uint64_t state_;
};

// A connection that was reset or ended by the other side.
template <class F>
bool survives(F f) {
    try {
        f();
        return true;
    } catch (const std::system_error&) {
    } catch (const cede::IncompleteReadError&) {
    }
    return false;
}

// Small buffers in the kernel, so that a slow reader stops who writes to it.
void make_narrow(const cede::StreamWriter& writer) {
    const auto socket = absl::any_cast<cede::TransportSocket>(writer.get_extra_info("socket"));
    socket.setsockopt(SOL_SOCKET, SO_SNDBUF, 32 << 10);
    socket.setsockopt(SOL_SOCKET, SO_RCVBUF, 32 << 10);
}

// --- The server ---

void echo(cede::StreamReader reader, cede::StreamWriter writer, Told& told, Dice& dice) {
    ++told.connections;
    survives([&] {
        make_narrow(writer);
        for (;;) {
            const std::string data = await(reader.read(65536));
            if (data.empty()) break;
            if (dice.once_in(5000)) {
                ++told.resets;
                return writer.transport()->abort();
            }
            writer.write(data);
            await(writer.drain());
        }
    });
    writer.close();
    --told.connections;
}

void measure_server(Told& told) {
    told.memory = bench::memory_bytes();
    told.descriptors = open_descriptors();
}

void serve(Told& told, std::uint64_t seed) {
    Dice dice(seed);
    cede::get_running_loop().set_exception_handler([&](cede::EventLoop& loop, const cede::ExceptionContext& context) {
        ++told.reports;
        loop.default_exception_handler(context);
    });
    const cede::Server server = await(cede::start_server(
        [&](cede::StreamReader reader, cede::StreamWriter writer) { echo(reader, writer, told, dice); }, "127.0.0.1", 0,
        cede::ServerOptions().backlog(4096)));
    told.port = server.sockets().front().local_address().port();
    while (!told.over) {
        await(cede::sleep(seconds(1)));
        measure_server(told);
    }
    server.close();
    await(server.wait_closed());
}

[[noreturn]] void be_server(Told& told, std::uint64_t seed) {
    const int before = open_descriptors();
    cede::run([&] { serve(told, seed); });
    told.descriptors = open_descriptors() - before;
    std::_Exit(0);
}

// --- The clients ---

struct Sums {
    long messages = 0;
    long lost = 0;
    long doubled = 0;
    long damaged = 0;
    long cut = 0;
    long resets = 0;  // by us
    long cuts = 0;    // of connections, not by us
    long open = 0;
    bool over = false;
};

class Client {
public:
    Client(std::uint32_t id, std::uint64_t seed, const Told& told, Sums& sums)
        : id_(id), dice_(seed + id), told_(told), sums_(sums) {}

    void run() {
        while (!sums_.over) {
            bool ours = false;
            if (!survives([&] { ours = keep_connection(); })) {
                ++sums_.cuts;
                await(cede::sleep(milliseconds(dice_.below(100))));
            } else if (ours) {
                ++sums_.resets;
            }
            sums_.cut += static_cast<long>(next_ - expected_);
            expected_ = next_;
        }
    }

private:
    struct Open {
        Sums& sums;
        cede::StreamWriter writer;
        Open(Sums& in, cede::StreamWriter on) : sums(in), writer(std::move(on)) { ++sums.open; }
        ~Open() {
            writer.close();
            --sums.open;
        }
    };

    // True when it ended in a reset of ours.
    bool keep_connection() {
        const auto streams = await(cede::open_connection("127.0.0.1", static_cast<int>(told_.port)));
        const Open open(sums_, streams.second);
        make_narrow(streams.second);
        while (!sums_.over) {
            await(cede::sleep(milliseconds(dice_.below(4000))));
            if (dice_.once_in(500)) {
                write(streams.second, 8);
                streams.second.transport()->abort();
                return true;
            }
            if (dice_.once_in(300)) {  // a slow reader: what comes back waits in the buffers of both sides
                write(streams.second, 300);
                await(cede::sleep(milliseconds(1000 + dice_.below(2000))));
            } else {
                write(streams.second, 1 + dice_.below(8));
                await(streams.second.drain());
            }
            if (!in_time([&] {
                    while (expected_ < next_) read(streams.first);
                })) {
                sums_.lost += static_cast<long>(next_ - expected_);
                expected_ = next_;
                return false;
            }
        }
        streams.second.write_eof();
        std::string more;
        if (!in_time([&] { more = await(streams.first.read()); })) ++sums_.lost;
        if (!more.empty()) ++sums_.doubled;
        return false;
    }

    template <class F>
    static bool in_time(F f) {
        try {
            cede::timeout(seconds(30), std::move(f));
            return true;
        } catch (const cede::TimeoutError&) {
            return false;
        }
    }

    void write(const cede::StreamWriter& writer, std::uint64_t count) {
        for (; count > 0; --count) {
            const Header header = {static_cast<std::uint32_t>(sizeof(Header) + dice_.below(2000)), id_, next_};
            std::string message(header.size, fill_of(next_));
            std::memcpy(&message[0], &header, sizeof header);
            writer.write(message);
            ++next_;
        }
    }

    void read(const cede::StreamReader& reader) {
        Header header;
        const std::string head = await(reader.readexactly(sizeof header));
        std::memcpy(&header, head.data(), sizeof header);
        const std::string body = await(reader.readexactly(static_cast<std::ptrdiff_t>(header.size - sizeof header)));
        ++sums_.messages;
        if (header.number < expected_) {
            ++sums_.doubled;
            return;
        }
        sums_.lost += static_cast<long>(header.number - expected_);
        expected_ = header.number + 1;
        const bool whole = header.connection == id_ && body.find_first_not_of(fill_of(header.number)) == std::string::npos;
        if (!whole) ++sums_.damaged;
    }

    static char fill_of(std::uint64_t number) { return static_cast<char>('a' + number % 26); }

    const std::uint32_t id_;
    Dice dice_;
    const Told& told_;
    Sums& sums_;
    std::uint64_t next_ = 0;      // to be sent
    std::uint64_t expected_ = 0;  // to come back
};

// The mean memory in the second and in the last quarter of the time.
class Growth {
public:
    void add(double part, double memory) {
        if (part >= 0.25 && part < 0.5) early_.add(memory);
        if (part >= 0.75) late_.add(memory);
    }
    bool grows() const { return late_.mean() > early_.mean() * 1.03 + (4 << 20); }
    void print(const char* whose) const {
        std::printf("%s: %.1f MiB in the second quarter, %.1f in the last%s\n", whose, early_.mean() / (1 << 20),
                    late_.mean() / (1 << 20), grows() ? ": IT GROWS" : "");
    }

private:
    struct Mean {
        void add(double value) {
            sum += value;
            ++count;
        }
        double mean() const { return count > 0 ? sum / count : 0; }
        double sum = 0;
        int count = 0;
    };
    Mean early_, late_;
};

void print(double second, const Sums& sums, const Told& told) {
    std::printf("%5.0f s  open %ld  messages %ld  lost %ld  doubled %ld  damaged %ld  cut %ld  resets %ld + %ld  "
                "clients %.1f MiB %d fds  server %.1f MiB %d fds\n",
                second, sums.open, sums.messages, sums.lost, sums.doubled, sums.damaged, sums.cut, sums.resets,
                static_cast<long>(told.resets), bench::memory_bytes() / (1 << 20), open_descriptors(),
                told.memory / (1 << 20), static_cast<int>(told.descriptors));
    std::fflush(stdout);
}

void watch(double duration, Sums& sums, const Told& told, Growth& clients, Growth& server) {
    cede::EventLoop& loop = cede::get_running_loop();
    const cede::TimePoint begin = loop.time();
    for (int ticks = 1;; ++ticks) {
        await(cede::sleep(seconds(1)));
        const double passed = std::chrono::duration<double>(loop.time() - begin).count();
        clients.add(passed / duration, bench::memory_bytes());
        server.add(passed / duration, told.memory);
        if (ticks % 10 == 0) print(passed, sums, told);
        if (passed >= duration) break;
    }
}

// True when all was well.
bool soak(int connections, double duration, std::uint64_t seed, Told& told) {
    Sums sums;
    Growth clients, server;
    const int before = open_descriptors();
    cede::run([&] {
        cede::task_group([&](cede::TaskGroup& group) {
            for (int i = 0; i < connections; ++i) {
                group.create_task([&, i] { Client(static_cast<std::uint32_t>(i), seed, told, sums).run(); });
                if (i % 100 == 99) await(cede::sleep(milliseconds(1)));
            }
            group.create_task([&] {
                watch(duration, sums, told, clients, server);
                sums.over = true;
            });
        });
    });
    told.over = true;
    int status = 0;
    ::wait(&status);
    print(duration, sums, told);
    clients.print("clients");
    server.print("server");
    const int left = open_descriptors() - before + told.descriptors;
    const long by_nobody = sums.cuts - told.resets;
    std::printf("descriptors left: %d, connections cut by nobody: %ld, reports of the server: %ld\n", left,
                by_nobody > 0 ? by_nobody : 0, static_cast<long>(told.reports));
    return left == 0 && by_nobody <= 0 && status == 0 && told.reports == 0 && sums.lost + sums.doubled + sums.damaged == 0 &&
           sums.messages > 0 && !clients.grows() && !server.grows();
}

void allow_descriptors(int connections) {
    rlimit limit;
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur >= static_cast<rlim_t>(connections) + 100) return;
    std::fprintf(stderr, "soak: no more than %ld descriptors are allowed: raise `ulimit -n`, or ask for fewer connections\n",
                 static_cast<long>(limit.rlim_cur));
    std::exit(2);
}

}  // namespace

int main(int count, char** arguments) {
    const int connections = count > 1 ? std::atoi(arguments[1]) : 10000;
    const double minutes = count > 2 ? std::atof(arguments[2]) : 10;
    const std::uint64_t seed = count > 3 ? std::strtoull(arguments[3], nullptr, 10) : 1;
    allow_descriptors(connections);
    void* const memory = ::mmap(nullptr, sizeof(Told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return 2;
    Told& told = *::new (memory) Told();
    const pid_t server = ::fork();
    if (server < 0) return 2;
    if (server == 0) be_server(told, seed);
    while (told.port == 0) ::usleep(1000);
    bool well = false;
    try {
        well = soak(connections, minutes * 60, seed, told);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "soak: %s\n", error.what());
        ::kill(server, SIGKILL);
    }
    std::printf("%s\n", well ? "all is well" : "SOMETHING IS WRONG");
    return well ? 0 : 1;
}
