// A program for interop.py, which is asyncio with Python's ssl on the other end. Both have the same server and the same client:
//
//   certificates FOLDER              makes the certificates that both use
//   server FOLDER                    prints two ports, the first with TLS and the second without, and serves until it is told
//                                    "end"; status 1 if something was wrong
//   client FOLDER PORT PLAIN_PORT    asks for each of the conversations, then for the end
//
// The first line of a connection says which conversation it is to be.
#include <cstdio>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <string>

#include "cede/adapters/ssl.hpp"
#include "cede/cede.hpp"

#include "certificates.hpp"

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

std::string read_slowly(const StreamReader& reader, std::size_t size) {
    std::string all;
    while (all.size() < size) {
        const std::string some = await(reader.read(5000));
        check(!some.empty(), "an early end");
        all += some;
        if (all.size() % 7 == 0) await(sleep(Duration()));
    }
    return all;
}

// Both directions at once.
void exchange(const StreamReader& reader, const StreamWriter& writer, std::size_t sent, std::size_t expected) {
    task_group([&](TaskGroup& group) {
        group.create_task([&] { send(writer, payload(sent, much)); });
        group.create_task([&] { check(read_slowly(reader, much) == payload(expected, much), "both ways"); });
    });
}

std::shared_ptr<ssl::Context> server_context(const std::string& folder) {
    const auto context = ssl::create_default_context(ssl::Purpose::CLIENT_AUTH);
    context->load_cert_chain(folder + "/server.crt", folder + "/server.key");
    return context;
}

class InteropServer {
public:
    explicit InteropServer(std::shared_ptr<ssl::Context> context) : context_(std::move(context)) {}

    void operator()(StreamReader reader, StreamWriter writer) {
        std::string about;
        try {
            converse(reader, writer, about);
        } catch (const std::exception& error) {
            std::fprintf(stderr, "interop server: %s after %s", error.what(), about.c_str());
            failed = true;
        }
        writer.close();
    }
    Event over;
    bool failed = false;

private:
    void converse(const StreamReader& reader, const StreamWriter& writer, std::string& about) {
        const std::string asked = await(reader.readline());
        about += asked;
        if (asked == "start tls\n") {
            send(writer, "go\n");
            await(writer.start_tls(context_));
            converse(reader, writer, about);
        } else if (asked == "echo\n") {
            const std::size_t size = std::stoul(await(reader.readline()));
            send(writer, await(reader.readexactly(static_cast<std::ptrdiff_t>(size))));
            check(await(reader.read()).empty(), "the end behind an echo");
        } else if (asked == "answer and end\n") {
            writer.write(payload(2, much));  // and close() must see to it
        } else if (asked == "both ways\n") {
            exchange(reader, writer, 4, 5);
        } else if (asked == "break off\n") {
            writer.write(payload(6, 8 * much));  // more than the system takes when nobody reads
            writer.transport()->abort();
            broken_off_.set();
        } else if (asked == "is it broken off\n") {
            await(broken_off_.wait());
            broken_off_.clear();
            send(writer, "yes\n");
        } else {
            check(asked == "end\n", "the question");
            over.set();
        }
    }
    const std::shared_ptr<ssl::Context> context_;
    Event broken_off_;
};

using Streams = std::pair<StreamReader, StreamWriter>;

class InteropClient {
public:
    InteropClient(const std::string& folder, std::string port, std::string plain_port)
        : context_(ssl::create_default_context(ssl::Purpose::SERVER_AUTH, ssl::VerifyLocations().cafile(folder + "/ca.pem"))),
          port_(std::move(port)), plain_port_(std::move(plain_port)) {}

    void run() {
        refuses_a_wrong_name();
        for (upgrades_ = 0; upgrades_ < 3; ++upgrades_) {  // TLS; plain and then TLS; TLS and then TLS inside
            for (std::size_t size : {std::size_t{1}, std::size_t{100000}}) echo(size);
            converse("answer and end\n", [](const Streams& s) {
                check(await(s.first.read()) == payload(2, much), "the answer before the end");
            });
            converse("both ways\n", [](const Streams& s) { exchange(s.first, s.second, 5, 4); });
            is_broken_off();
            task_group([&](TaskGroup& group) {
                for (int i = 0; i < 30; ++i) group.create_task([this] { echo(10000); });
            });
        }
        upgrades_ = 0;
        converse("end\n", [](const Streams& s) { await(s.first.read()); });
    }

private:
    Streams connect() const {
        if (upgrades_ != 1) return await(open_connection("127.0.0.1", port_, ConnectOptions().ssl(context_)));
        return await(open_connection("127.0.0.1", plain_port_));
    }
    template <class F>
    void converse(const std::string& about, F f) {
        const Streams streams = connect();
        if (upgrades_ != 0) {
            streams.second.write("start tls\n");
            check(await(streams.first.readline()) == "go\n", "the answer to start tls");
            await(streams.second.start_tls(context_, StartTlsOptions().server_hostname("localhost")));
        }
        streams.second.write(about);
        f(streams);
        streams.second.close();
        await(streams.second.wait_closed());
    }
    void echo(std::size_t size) {
        converse("echo\n", [&](const Streams& s) {
            s.second.write(std::to_string(size) + "\n" + payload(9, size));
            check(await(s.first.readexactly(static_cast<std::ptrdiff_t>(size))) == payload(9, size), "the echo");
        });
    }
    // An end or an error, according to what the system still delivers; but not all.
    void is_broken_off() {
        try {
            converse("break off\n", [&](const Streams& s) {
                converse("is it broken off\n", [](const Streams& other) {
                    check(await(other.first.readline()) == "yes\n", "the answer to is it broken off");
                });
                check(await(s.first.read()).size() < 8 * much, "too much");
            });
        } catch (const std::system_error&) {
        }
    }
    void refuses_a_wrong_name() const {
        try {
            await(open_connection("127.0.0.1", port_, ConnectOptions().ssl(context_).server_hostname("elsewhere.example")));
        } catch (const SSLCertVerificationError&) {
            return;
        }
        check(false, "a wrong name was accepted");
    }

    const std::shared_ptr<ssl::Context> context_;
    const std::string port_;
    const std::string plain_port_;
    int upgrades_ = 0;
};

int port_of(const Server& server) { return server.sockets().front().local_address().port(); }

void serve(const std::string& folder) {
    const auto context = server_context(folder);
    InteropServer conversations(context);
    const auto callback = [&](StreamReader reader, StreamWriter writer) { conversations(reader, writer); };
    const Server server = await(start_server(callback, "127.0.0.1", 0, ServerOptions().ssl(context)));
    const Server plain = await(start_server(callback, "127.0.0.1", 0));
    std::printf("%d %d\n", port_of(server), port_of(plain));
    std::fflush(stdout);
    await(conversations.over.wait());
    for (const Server& each : {server, plain}) {
        each.close();
        await(each.wait_closed());
    }
    check(!conversations.failed, "see above");
}

}  // namespace

int main(int count, char** arguments) {
    if (count < 3) return 2;
    const std::string what = arguments[1], folder = arguments[2];
    try {
        if (what == "certificates") return tests::make_certificates(folder), 0;
        cede::run([&] {
            timeout(std::chrono::seconds(100), [&] {
                if (what == "server") return serve(folder);
                InteropClient(folder, arguments[3], arguments[4]).run();
            });
        });
    } catch (const std::exception& error) {
        std::fprintf(stderr, "interop: %s\n", error.what());
        return 1;
    }
    return 0;
}
