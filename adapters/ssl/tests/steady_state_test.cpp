// A kept-open connection over which messages go to and fro: no allocation of ours, however many; what OpenSSL asks malloc for is
// not seen here.
#include <string>

#include <boost/test/unit_test.hpp>

#include "support/allocation_counter.hpp"

#include "streams.hpp"

namespace cede {
namespace tests {

namespace {

constexpr int warm_up = 100;
constexpr int rounds = 300;

void read_into(const StreamReader& reader, std::string& all) {
    const absl::Span<char> memory(&all[0], all.size());
    for (std::size_t got = 0; got < all.size();) got += await(reader.read_into(memory.subspan(got)));
}

void send(const StreamWriter& writer, const std::string& message) {
    writer.write(message);
    await(writer.drain());
}

std::size_t allocations_of_messages(std::size_t size) {
    std::size_t allocations = 0;
    const auto answer = [&](StreamReader reader, StreamWriter writer) {
        std::string message(size, '\0');
        for (int i = 0; i < warm_up + rounds; ++i) {
            read_into(reader, message);
            send(writer, message);
        }
        await(reader.read());  // the end
        writer.close();
    };
    const auto exchange = [&] {
        const Server server = await(start_server(answer, "127.0.0.1", 0, ServerOptions().ssl(server_context())));
        const Streams streams = connect(server, client_context());
        std::string message(size, 'm');
        const auto ask = [&] {
            send(streams.second, message);
            read_into(streams.first, message);
        };
        for (int i = 0; i < warm_up; ++i) ask();
        const AllocationCounter counter;
        for (int i = 0; i < rounds; ++i) ask();
        allocations = counter.count();
        hang_up(streams);
        end_server(server);
    };
    run(exchange, RunOptions().debug(false));  // which has to put what it measures into words
    return allocations;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(steady_state)

BOOST_AUTO_TEST_CASE(messages_allocate_nothing) {
    if (!AllocationCounter::available()) BOOST_TEST_MESSAGE("allocations are not counted in this build");
    BOOST_TEST(allocations_of_messages(16) == 0u);
    BOOST_TEST(allocations_of_messages(1000) == 0u);
    BOOST_TEST(allocations_of_messages(30000) == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
