// Connections that are cut short: cancelled while they are made, or open when their loop ends. Nothing may leak.
#include <string>

#include <boost/test/unit_test.hpp>

#include "stream/fixtures.hpp"
#include "stream/sockets.hpp"

namespace cede {
namespace tests {

BOOST_AUTO_TEST_SUITE(shutdown_of_streams)

BOOST_AUTO_TEST_CASE(a_connection_cancelled_at_any_point_of_its_making_leaves_nothing) {
    const CapturedWarnings warnings;
    run([] {
        const CapturedReports reports(get_running_loop());
        const Server server = await(start_server(echo_lines, "127.0.0.1", 0));
        const int before = open_descriptors();
        bool made = false;
        for (int steps = 0; !made; ++steps) {
            Task<Streams> opening = create_task(open_connection("127.0.0.1", port_of(server)));
            for (int i = 0; i < steps; ++i) await(sleep(0s));
            opening.cancel();
            try {
                const Streams streams = await(opening);
                made = true;
                hang_up(streams);
            } catch (const CancelledError&) {
            }
            opening = Task<Streams>();
            settle();
            // The server's side reads the end, and goes too.
            while (all_tasks().size() > 1) await(sleep(0s));
            settle();
            BOOST_TEST(open_descriptors() == before);
        }
        end_server(server);
        BOOST_TEST(reports.all.empty());
    });
    BOOST_TEST(warnings.count() == 0u);
}

BOOST_AUTO_TEST_CASE(a_run_that_ends_with_streams_open_leaves_nothing) {
    const CapturedWarnings warnings;
    const int before = open_descriptors();
    std::vector<std::weak_ptr<WriteTransport>> transports;
    run([&] {
        const Server server = await(start_server(
            [&](StreamReader reader, StreamWriter writer) {
                transports.push_back(writer.transport());
                writer.write("hello\n");
                await(reader.read());
            },
            "127.0.0.1", 0));
        for (int i = 0; i < 3; ++i) {
            create_task([&, port = port_of(server)] {
                const Streams streams = await(open_connection("127.0.0.1", port));
                BOOST_TEST(await(streams.first.readline()) == "hello\n");
                transports.push_back(streams.second.transport());
                await(streams.first.read());
            });
        }
        while (transports.size() < 6) await(sleep(0s));
    });
    BOOST_TEST(transports.size() == 6u);
    for (const auto& transport : transports) BOOST_TEST(!transport.lock());
    BOOST_TEST(open_descriptors() == before);
    BOOST_TEST(warnings.count() == 0u);
}

BOOST_AUTO_TEST_CASE(a_loop_that_is_destroyed_in_the_middle_of_everything_leaves_nothing) {
    const CapturedWarnings warnings;
    const int before = open_descriptors();
    Streams outlives(nullptr, StreamWriter());
    std::vector<std::weak_ptr<WriteTransport>> transports;
    for (int steps = 0; steps < 40; ++steps) {
        const auto loop = new_event_loop();
        loop->set_exception_handler([](EventLoop&, const ExceptionContext&) {});  // of the pending tasks
        loop->run_until_complete([&] {
            const Server server = await(start_server(
                [&](StreamReader reader, StreamWriter writer) {
                    transports.push_back(writer.transport());
                    writer.write(std::string(10000000, 'x'));  // more than the system takes
                    await(writer.drain());
                    await(reader.read());
                },
                "127.0.0.1", 0));
            const int port = port_of(server);
            create_task([&, port] {
                outlives = await(open_connection("127.0.0.1", port));
                transports.push_back(outlives.second.transport());
                await(outlives.first.read());
            });
            for (int i = 0; i < steps; ++i) await(sleep(0s));
        });
    }
    BOOST_TEST(transports.size() > 2u);
    outlives = Streams(nullptr, StreamWriter());
    for (const auto& transport : transports) BOOST_TEST(!transport.lock());
    BOOST_TEST(open_descriptors() == before);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
