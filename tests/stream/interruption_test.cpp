// A whole conversation over real sockets, cancelled at each of its awaits, its loop closed at each, and with the loop's
// queue shuffled: whatever was said so far was said right, and nothing is left behind.
#include <string>

#include <boost/test/unit_test.hpp>

#include "cede/testing/testing.hpp"
#include "stream/fixtures.hpp"
#include "stream/sockets.hpp"

namespace cede {
namespace tests {

namespace {

// Servers and streams that are given back however the conversation ends.
struct Closing {
    Server server;
    ~Closing() { server.close(); }
};

std::string conversation() {
    const Closing closing{await(start_server(
        [](StreamReader reader, StreamWriter writer) {
            const std::string header = await(reader.readuntil({"\r\n", "\n"}));
            const std::string body = await(reader.readexactly(200000));
            writer.write(header);
            writer.write(body);
            await(writer.drain());
            writer.close();
            await(writer.wait_closed());
        },
        "127.0.0.1", 0))};
    const Streams streams = await(open_connection("127.0.0.1", port_of(closing.server)));
    streams.second.write("header\r\n");
    await(sleep(0s));
    for (int i = 0; i < 4; ++i) {
        streams.second.write(std::string(50000, static_cast<char>('a' + i)));
        await(streams.second.drain());
    }
    std::string answer = await(streams.first.readline());
    answer += await(streams.first.readexactly(100));
    answer += await(streams.first.read());
    streams.second.close();
    await(streams.second.wait_closed());
    end_server(closing.server);
    return answer;
}

std::string expected() {
    std::string all = "header\r\n";
    for (int i = 0; i < 4; ++i) all += std::string(50000, static_cast<char>('a' + i));
    return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(interruption)

BOOST_AUTO_TEST_CASE(a_conversation_cancelled_at_any_await_leaves_nothing) {
    const CapturedWarnings warnings;
    int before = 0;
    const std::size_t points = testing::cancel_at_every_await(
        [&] {
            before = open_descriptors();
            const CapturedReports reports(get_running_loop());
            BOOST_TEST((conversation() == expected()));
        },
        [&] {
            // The other end has to notice, too; its error is its own affair.
            get_running_loop().set_exception_handler([](EventLoop&, const ExceptionContext&) {});
            while (all_tasks().size() > 1) await(sleep(0s));
            settle();
            BOOST_TEST(open_descriptors() == before);
        });
    BOOST_TEST(points > 10u);
    BOOST_TEST(warnings.count() == 0u);
}

BOOST_AUTO_TEST_CASE(a_conversation_whose_loop_is_closed_at_any_await_leaves_nothing) {
    const CapturedWarnings warnings;
    const int before = open_descriptors();
    const std::size_t points = testing::close_loop_at_every_await(
        [] {
            get_running_loop().set_exception_handler([](EventLoop&, const ExceptionContext&) {});  // of pending tasks
            conversation();
        },
        [&] { BOOST_TEST(open_descriptors() == before); });
    BOOST_TEST(points > 10u);
    BOOST_TEST(warnings.count() == 0u);
}

BOOST_AUTO_TEST_CASE(a_conversation_goes_right_in_any_order_of_the_queue) {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        BOOST_TEST((testing::run(conversation, testing::TestOptions().seed(seed)) == expected()));
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
