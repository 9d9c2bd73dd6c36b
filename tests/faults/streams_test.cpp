// Conversations by streams, with any system call failing.
#include "faults/fixtures.hpp"

#include <unistd.h>

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

}  // namespace

BOOST_AUTO_TEST_SUITE(streams)

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
