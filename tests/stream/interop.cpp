// A program for interop.py, which is asyncio on the other end. Both have the same server and the same client:
//
//   server tcp | server unix PATH    says on what it listens, and serves until it is told "end"; status 1 if something was wrong
//   client tcp PORT | unix PATH      asks for each of the conversations, then for the end
//
// The first line of a connection says which conversation it is to be.
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>

#include "cede/cede.hpp"

using namespace cede;

namespace {

constexpr std::size_t much = 4 << 20;

std::string payload(std::size_t seed, std::size_t size) {
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>((seed + i) % 251);
    return bytes;
}

void check(bool holds, const std::string& what) {
    if (!holds) throw std::logic_error("wrong: " + what);
}

void send(const StreamWriter& writer, const std::string& bytes) {
    writer.write(bytes);
    await(writer.drain());
}

// In small pieces, so that the sender has to wait for the reader again and again.
std::string read_slowly(const StreamReader& reader) {
    std::string all;
    for (;;) {
        const std::string some = await(reader.read(5000));
        if (some.empty()) return all;
        all += some;
        if (all.size() % 7 == 0) await(sleep(Duration()));
    }
}

// Both directions at once, each with its end.
void exchange(const StreamReader& reader, const StreamWriter& writer, std::size_t sent, std::size_t expected) {
    task_group([&](TaskGroup& group) {
        group.create_task([&] {
            send(writer, payload(sent, much));
            writer.write_eof();
        });
        group.create_task([&] { check(read_slowly(reader) == payload(expected, much), "both ways"); });
    });
}

bool is_cut(const std::function<void()>& f) {
    try {
        f();
    } catch (const std::system_error& error) {
        return error.code() == std::errc::connection_reset || error.code() == std::errc::broken_pipe;
    }
    return false;
}

void write_until_cut(const StreamWriter& writer) {
    const std::string bytes = payload(0, much);
    for (;;) send(writer, bytes);
}

class InteropServer {
public:
    void operator()(StreamReader reader, StreamWriter writer) {
        try {
            converse(reader, writer);
        } catch (const std::exception& error) {
            std::fprintf(stderr, "interop server: %s\n", error.what());
            failed = true;
        }
        writer.close();
    }
    Event over;
    bool failed = false;

private:
    void converse(const StreamReader& reader, const StreamWriter& writer) {
        const std::string asked = await(reader.readline());
        if (asked == "echo\n") {
            for (std::string some; !(some = await(reader.read(65536))).empty();) send(writer, some);
        } else if (asked == "answer after the end\n") {
            check(await(reader.read()) == payload(1, 1000), "what came before the end");
            send(writer, payload(2, much));
        } else if (asked == "end before the question\n") {
            writer.write_eof();
            check(read_slowly(reader) == payload(3, much), "what came after the end");
        } else if (asked == "both ways\n") {
            exchange(reader, writer, 4, 5);
        } else if (asked == "reset\n") {
            writer.transport()->abort();  // with most of what the client sends unread
        } else if (asked == "be reset\n") {
            check(is_cut([&] { write_until_cut(writer); }), "a client that has gone was not noticed");
        } else {
            check(asked == "end\n", "the question");
            over.set();
        }
    }
};

using Streams = std::pair<StreamReader, StreamWriter>;

class InteropClient {
public:
    InteropClient(std::string kind, std::string address) : kind_(std::move(kind)), address_(std::move(address)) {}

    void run() {
        for (std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{100000}}) echo(size);
        converse("answer after the end\n", [](const Streams& s) {
            s.second.write(payload(1, 1000));
            s.second.write_eof();
            check(read_slowly(s.first) == payload(2, much), "the answer after the end");
        });
        converse("end before the question\n", [](const Streams& s) {
            check(await(s.first.read()).empty(), "the end before the question");
            send(s.second, payload(3, much));
            s.second.write_eof();
        });
        converse("both ways\n", [](const Streams& s) { exchange(s.first, s.second, 5, 4); });
        converse("reset\n", [](const Streams& s) { check(is_cut([&] { write_until_cut(s.second); }), "no reset"); });
        converse("be reset\n", [](const Streams& s) {
            await(s.first.readexactly(100));
            s.second.transport()->abort();
        });
        task_group([&](TaskGroup& group) {
            for (int i = 0; i < 50; ++i) group.create_task([this] { echo(10000); });
        });
        converse("end\n", [](const Streams& s) { await(s.first.read()); });
    }

private:
    template <class F>
    void converse(const std::string& about, F f) {
        const ConnectOptions options = ConnectOptions().limit(4096);
        const Streams streams = kind_ == "tcp" ? await(open_connection("127.0.0.1", address_, options))
                                               : await(open_unix_connection(address_, options));
        streams.second.write(about);
        f(streams);
        streams.second.close();
    }
    void echo(std::size_t size) {
        converse("echo\n", [&](const Streams& s) {
            s.second.write(payload(9, size));
            s.second.write_eof();
            check(await(s.first.read()) == payload(9, size), "the echo");
        });
    }

    const std::string kind_;
    const std::string address_;
};

void serve(const std::string& kind, const std::string& path) {
    InteropServer conversations;
    const auto callback = [&](StreamReader reader, StreamWriter writer) { conversations(reader, writer); };
    const ServerOptions options = ServerOptions().limit(4096);
    const Server server = kind == "tcp" ? await(start_server(callback, "127.0.0.1", 0, options))
                                        : await(start_unix_server(callback, path, options));
    std::printf("%d\n", kind == "tcp" ? server.sockets().front().local_address().port() : 0);
    std::fflush(stdout);
    await(conversations.over.wait());
    server.close();
    await(server.wait_closed());
    check(!conversations.failed, "see above");
}

}  // namespace

int main(int count, char** arguments) {
    if (count < 3) return 2;
    const std::string kind = arguments[2], address = count > 3 ? arguments[3] : "";
    try {
        cede::run([&] {
            timeout(std::chrono::seconds(100), [&] {
                if (std::strcmp(arguments[1], "server") == 0) return serve(kind, address);
                InteropClient(kind, address).run();
            });
        });
    } catch (const std::exception& error) {
        std::fprintf(stderr, "interop: %s\n", error.what());
        return 1;
    }
    return 0;
}
