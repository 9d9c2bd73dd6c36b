// Conversations by streams, with any system call failing.
#include "faults/fixtures.hpp"

#include <unistd.h>

#include "support/toy_ssl.hpp"

namespace cede {
namespace tests {
namespace {

using Streams = std::pair<StreamReader, StreamWriter>;

// Ends a connection whatever happens to who uses it.
struct Closes {
    StreamWriter writer;
    ~Closes() { writer.close(); }
};

void echo(StreamReader reader, StreamWriter writer) {
    const Closes closes{writer};
    make_narrow(writer);
    for (;;) {
        const std::string data = await(reader.read(1 << 20));
        if (data.empty()) break;
        writer.write(data);
        await(writer.drain());
    }
    writer.write_eof();
}

// Sends everything while what comes back is read.
void talk(const Streams& streams, const std::string& text) {
    const Closes closes{streams.second};
    make_narrow(streams.second);
    std::string back;
    task_group([&](TaskGroup& group) {
        group.create_task([&] {
            streams.second.write(text);
            await(streams.second.drain());
            streams.second.write_eof();
        });
        group.create_task([&] { back = await(streams.first.read()); });
    });
    check_arrived(text, back);
    streams.second.close();
    await(streams.second.wait_closed());
}

void over_tcp(const std::string& text) {
    const Server server = await(start_server(&echo, "127.0.0.1", 0));
    with(server, [&](const Server&) { talk(await(open_connection("127.0.0.1", port_of(server))), text); });
}

void over_unix(const std::string& text) {
    const std::string path = "/tmp/cede_faults_" + std::to_string(::getpid());
    const Server server = await(start_unix_server(&echo, path));
    with(server, [&](const Server&) { talk(await(open_unix_connection(path)), text); });
    if (::access(path.c_str(), F_OK) == 0) throw std::logic_error("the file of the socket is left");
}

// Over TLS from the beginning, or from the first line on. TLS has no end of one direction, so the size is said. Not over TCP:
// where setting TCP_NODELAY fails, acknowledgements come later than a virtual clock waits for them before TLS's timeouts.
void over_tls(const std::string& text, bool upgraded) {
    const std::size_t size = text.size();
    const auto answer = [=](StreamReader reader, StreamWriter writer) {
        const Closes closes{writer};
        make_narrow(writer);
        if (upgraded) {
            await(reader.readline());
            writer.write("go\n");
            await(writer.start_tls(toy()));
        }
        writer.write(await(reader.readexactly(static_cast<std::ptrdiff_t>(size))));
        await(writer.drain());
        writer.close();
        await(writer.wait_closed());
    };
    const ServerOptions server_options = upgraded ? ServerOptions() : ServerOptions().ssl(toy());
    ConnectOptions options;
    if (!upgraded) options.ssl(toy()).server_hostname("toy.example");
    const std::string path = "/tmp/cede_faults_tls_" + std::to_string(::getpid());
    const Server server = await(start_unix_server(answer, path, server_options));
    with(server, [&](const Server&) {
        const Streams streams = await(open_unix_connection(path, options));
        const Closes closes{streams.second};
        make_narrow(streams.second);
        if (upgraded) {
            streams.second.write("start\n");
            if (await(streams.first.readline()) != "go\n") check_arrived("go\n", "");
            await(streams.second.start_tls(toy()));
        }
        streams.second.write(text);
        await(streams.second.drain());
        check_arrived(text, await(streams.first.read()));
        streams.second.close();
        await(streams.second.wait_closed());
    });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(streams)

BOOST_AUTO_TEST_CASE(a_conversation_over_tls) {
    BOOST_TEST(fail_every_system_call([] { over_tls("hello", false); }) > 100);
    BOOST_TEST(fail_every_system_call([] { over_tls(long_text(), false); }) > 100);
}

BOOST_AUTO_TEST_CASE(an_upgrade_to_tls) {
    BOOST_TEST(fail_every_system_call([] { over_tls("hello", true); }) > 100);
}

BOOST_AUTO_TEST_CASE(a_short_conversation) {
    BOOST_TEST(fail_every_system_call([] { over_tcp("hello"); }) > 100);
}

BOOST_AUTO_TEST_CASE(a_long_conversation) {
    BOOST_TEST(fail_every_system_call([] { over_tcp(long_text()); }) > 100);
}

BOOST_AUTO_TEST_CASE(a_conversation_over_unix_sockets) {
    BOOST_TEST(fail_every_system_call([] { over_unix("hello"); }) > 100);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
