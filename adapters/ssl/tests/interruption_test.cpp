// A whole conversation over TLS, upgraded to a second TLS inside, cancelled at each of its awaits, its loop closed at each.
#include <string>

#include <boost/test/unit_test.hpp>

#include "cede/testing/testing.hpp"
#include "support/open_descriptors.hpp"

#include "streams.hpp"

namespace cede {
namespace tests {

namespace {

struct Closing {
    Server server;
    ~Closing() { server.close(); }
};

std::string conversation(const SharedContext& client, const SharedContext& serving) {
    const Closing closing{await(start_server(
        [&](StreamReader reader, StreamWriter writer) {
            writer.write(await(reader.readline()));
            await(writer.start_tls(serving));
            echo(reader, writer);
            await(writer.wait_closed());
        },
        "127.0.0.1", 0, ServerOptions().ssl(serving)))};
    const Streams streams = connect(closing.server, client);
    streams.second.write("go\n");
    std::string answer = await(streams.first.readline());
    await(streams.second.start_tls(client, StartTlsOptions().server_hostname("localhost")));
    streams.second.write(std::string(50000, 'x'));
    await(streams.second.drain());
    answer += await(streams.first.readexactly(50000)).substr(0, 3);
    hang_up(streams);
    end_server(closing.server);
    return answer;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(interruption)

BOOST_AUTO_TEST_CASE(a_conversation_cancelled_at_any_await_leaves_nothing) {
    const SharedContext client = client_context(), serving = server_context();
    int before = 0;
    const std::size_t points = testing::cancel_at_every_await(
        [&] {
            before = open_descriptors();
            BOOST_TEST(conversation(client, serving) == "go\nxxx");
        },
        [&] {
            // The other end has to notice, too; its error is its own affair.
            get_running_loop().set_exception_handler([](EventLoop&, const ExceptionContext&) {});
            while (all_tasks().size() > 1) await(sleep(Duration()));
            for (int i = 0; i < 1000 && open_descriptors() != before; ++i) await(sleep(Duration()));
            BOOST_TEST(open_descriptors() == before);
        });
    BOOST_TEST(points > 10u);
}

BOOST_AUTO_TEST_CASE(a_loop_closed_at_any_await_leaves_nothing) {
    const SharedContext client = client_context(), serving = server_context();
    const int before = open_descriptors();
    const std::size_t points = testing::close_loop_at_every_await(
        [&] {
            get_running_loop().set_exception_handler([](EventLoop&, const ExceptionContext&) {});  // of pending tasks
            conversation(client, serving);
        },
        [&] { BOOST_TEST(open_descriptors() == before); });
    BOOST_TEST(points > 10u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
