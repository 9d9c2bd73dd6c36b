// Much data over real sockets: in order, and never more in memory than was agreed.
#include <algorithm>
#include <string>

#include <boost/test/unit_test.hpp>

#include "stream/fixtures.hpp"
#include "stream/sockets.hpp"

namespace cede {
namespace tests {

namespace {

// Byte i of a stream, so that a lost or repeated chunk shows.
std::string pattern(std::size_t from, std::size_t size) {
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>((from + i) * 2654435761u >> 13);
    return bytes;
}

constexpr std::size_t total = 8 << 20;

void send_all(const StreamWriter& writer, std::size_t most_buffered) {
    std::size_t worst = 0;
    for (std::size_t sent = 0; sent < total;) {
        const std::size_t size = std::min<std::size_t>(total - sent, 1 + sent % 70000);
        writer.write(pattern(sent, size));
        sent += size;
        worst = std::max(worst, writer.transport()->get_write_buffer_size());
        await(writer.drain());
    }
    BOOST_TEST(worst <= most_buffered);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(transfer)

BOOST_AUTO_TEST_CASE(megabytes_cross_in_both_directions_at_once) {
    run([] {
        const Server server = await(start_server(
            [](StreamReader reader, StreamWriter writer) {
                char memory[50000];
                while (const std::size_t count = await(reader.read_into(memory))) {
                    writer.write(absl::string_view(memory, count));
                    await(writer.drain());
                }
                writer.close();
            },
            "127.0.0.1", 0));
        const Streams streams = await(open_connection("127.0.0.1", port_of(server)));
        const Task<void> sender = create_task([&] {
            send_all(streams.second, 200000);
            streams.second.write_eof();
        });
        std::size_t received = 0;
        for (std::size_t i = 0;; ++i) {
            const std::string bytes = i % 2 == 0 ? await(streams.first.read(10000)) : await(streams.first.read(333333));
            if (bytes.empty()) break;
            BOOST_REQUIRE(bytes == pattern(received, bytes.size()));
            received += bytes.size();
        }
        BOOST_TEST(received == total);
        await(sender);
        hang_up(streams);
        end_server(server);
    });
}

BOOST_AUTO_TEST_CASE(STREAM_018_a_peer_that_does_not_read_is_sent_no_more_than_fits) {
    run([] {
        bool all_sent = false;
        const Server server = await(start_server(
            [&](StreamReader, StreamWriter writer) {
                send_all(writer, 200000);
                all_sent = true;
                writer.close();
            },
            "127.0.0.1", 0));
        const Streams streams = await(open_connection("127.0.0.1", port_of(server), ConnectOptions().limit(1000)));
        // Until nothing moves any more: this side has paused its transport, so the other's system takes no more.
        const auto transport = std::dynamic_pointer_cast<Transport>(streams.second.transport());
        while (transport->is_reading()) await(sleep(0s));
        for (int i = 0; i < 1000; ++i) await(sleep(0s));
        BOOST_TEST(!all_sent);
        BOOST_TEST(!transport->is_reading());
        std::size_t received = 0;
        while (received < total) {
            const std::size_t size = std::min<std::size_t>(total - received, 1 + received % 300000);
            BOOST_REQUIRE(await(streams.first.readexactly(static_cast<std::ptrdiff_t>(size))) == pattern(received, size));
            received += size;
        }
        BOOST_TEST(await(streams.first.read()) == "");
        BOOST_TEST(all_sent);
        hang_up(streams);
        end_server(server);
    });
}

BOOST_AUTO_TEST_CASE(reads_that_are_cancelled_again_and_again_lose_nothing) {
    run([] {
        constexpr std::size_t lines = 3000;
        const Server server = await(start_server(
            [](StreamReader, StreamWriter writer) {
                for (std::size_t i = 0; i < lines; ++i) {
                    const std::string line = std::to_string(i) + std::string(i % 50, '.') + "\n";
                    writer.write(line.substr(0, line.size() / 2));
                    await(sleep(0s));
                    writer.write(line.substr(line.size() / 2));
                    await(writer.drain());
                }
                writer.close();
            },
            "127.0.0.1", 0));
        const Streams streams = await(open_connection("127.0.0.1", port_of(server)));
        std::size_t next = 0;
        for (std::size_t i = 0; next < lines; ++i) {
            const Task<std::string> read = create_task(streams.first.readline());
            for (std::size_t steps = i % 5; steps > 0; --steps) await(sleep(0s));
            read.cancel();
            try {
                BOOST_REQUIRE(await(read) == std::to_string(next) + std::string(next % 50, '.') + "\n");
                ++next;
            } catch (const CancelledError&) {
            }
        }
        BOOST_TEST(await(streams.first.read()) == "");
        hang_up(streams);
        end_server(server);
    });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
