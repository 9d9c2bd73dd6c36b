// A kept-open connection over which messages go to and fro: no allocation, however many.
#include <string>

#include <boost/test/unit_test.hpp>

#include "stream/fixtures.hpp"
#include "stream/sockets.hpp"
#include "support/allocation_counter.hpp"

namespace cede {
namespace tests {

namespace {

constexpr int warm_up = 200;
constexpr int rounds = 500;

// How many allocations `rounds` messages take, sent by `ask` and answered by `answer`, both called again and again.
template <class Ask, class Answer>
std::size_t allocations_of(Ask ask, Answer answer) {
    std::size_t allocations = 0;
    const auto exchange = [&] {
        const Server server = await(start_server(
            [&](StreamReader reader, StreamWriter writer) {
                for (int i = 0; i < warm_up + rounds; ++i) answer(reader, writer);
                await(reader.read());
                writer.close();
            },
            "127.0.0.1", 0));
        const Streams streams = await(open_connection("127.0.0.1", port_of(server)));
        for (int i = 0; i < warm_up; ++i) ask(streams.first, streams.second);
        const AllocationCounter counter;
        for (int i = 0; i < rounds; ++i) ask(streams.first, streams.second);
        allocations = counter.count();
        hang_up(streams);
        end_server(server);
    };
    run(exchange, RunOptions().debug(false));  // which has to put what it measures into words
    return allocations;
}

template <std::size_t size>
void send_and_read_into(const StreamReader& reader, const StreamWriter& writer) {
    static const std::string message(size, 'm');
    writer.write(message);
    await(writer.drain());
    char memory[size];
    for (std::size_t got = 0; got < size;) got += await(reader.read_into(absl::MakeSpan(memory).subspan(got)));
}

template <std::size_t size>
void read_into_and_send(const StreamReader& reader, const StreamWriter& writer) {
    char memory[size];
    for (std::size_t got = 0; got < size;) got += await(reader.read_into(absl::MakeSpan(memory).subspan(got)));
    writer.write(absl::string_view(memory, size));
    await(writer.drain());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(steady_state)

BOOST_AUTO_TEST_CASE(read_into_write_and_drain_allocate_nothing) {
    if (!AllocationCounter::available()) BOOST_TEST_MESSAGE("allocations are not counted in this build");
    BOOST_TEST(allocations_of(send_and_read_into<16>, read_into_and_send<16>) == 0u);
    BOOST_TEST(allocations_of(send_and_read_into<1000>, read_into_and_send<1000>) == 0u);
    BOOST_TEST(allocations_of(send_and_read_into<30000>, read_into_and_send<30000>) == 0u);
}

BOOST_AUTO_TEST_CASE(readexactly_and_readline_allocate_no_more_than_their_string) {
    const auto short_ask = [](const StreamReader& reader, const StreamWriter& writer) {
        writer.write("0123456789\n");
        await(writer.drain());
        if (await(reader.readexactly(11)).size() != 11) throw std::runtime_error("short");
    };
    const auto short_answer = [](const StreamReader& reader, const StreamWriter& writer) {
        writer.write(await(reader.readline()));
        await(writer.drain());
    };
    BOOST_TEST(allocations_of(short_ask, short_answer) == 0u);

    const auto long_ask = [](const StreamReader& reader, const StreamWriter& writer) {
        static const std::string message(5000, 'm');
        writer.write(message);
        await(writer.drain());
        await(reader.readexactly(5000));
    };
    const std::size_t allocations = allocations_of(long_ask, read_into_and_send<5000>);
    BOOST_TEST(allocations <= std::size_t(rounds));
    BOOST_TEST(allocations == (AllocationCounter::available() ? std::size_t(rounds) : 0u));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
