// start_server on every loop of a LoopGroup: a task for each client, in the loop that has accepted it.
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <set>

#include "cede/cede.hpp"
#include "stream/sockets.hpp"
#include "support/captured.hpp"

namespace cede {
namespace tests {
namespace {

using std::chrono_literals::operator""s;

// A line comes back with the number of the loop, and of the clients that this copy of the callback has had.
struct Numbered {
    LoopGroup* group;
    int clients = 0;  // of one loop: no lock

    Coroutine<void> operator()(StreamReader reader, StreamWriter writer) {
        ++clients;
        return [this, reader, writer] {
            for (const std::string& line : reader) {
                writer.write(std::to_string(*group->current()) + " " + std::to_string(clients) + " " + line);
                await(writer.drain());
            }
            writer.close();
        };
    }
};

std::string ask(int port, const std::string& line) {
    const Streams streams = await(open_connection("127.0.0.1", port));
    streams.second.write(line + "\n");
    const std::string answer = await(streams.first.readline());
    hang_up(streams);
    return answer;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(group_server)

BOOST_AUTO_TEST_CASE(each_loop_has_a_copy_of_the_callback_and_its_clients) {
    LoopGroup group(3);
    run([&] {
        const GroupServer server = await(start_server(group, Numbered{&group}, "127.0.0.1", 0));
        int clients[3] = {};
        std::set<int> loops;
        for (int i = 0; i < 2000 && loops.size() < 3; ++i) {
            const std::string answer = ask(server.port(), "hello");
            const int loop = answer.at(0) - '0';
            BOOST_REQUIRE((loop >= 0 && loop < 3));
            BOOST_TEST(answer == std::to_string(loop) + " " + std::to_string(++clients[loop]) + " hello\n");
            loops.insert(loop);
        }
        BOOST_TEST(loops.size() == 3u);
        server.close();
        await(server.wait_closed());
    });
}

BOOST_AUTO_TEST_CASE(many_clients_at_once) {
    LoopGroup group(3);
    std::atomic<int> served{0};
    const GroupServer server = run(start_server(group, [&](StreamReader reader, StreamWriter writer) {
        for (const std::string& line : reader) writer.write(line);
        await(writer.drain());
        writer.close();
        ++served;
    }, "127.0.0.1", 0));
    // The clients are tasks of the same loops: nothing minds.
    for (std::size_t i = 0; i < group.size(); ++i) {
        group.post(i, [&] {
            task_group([&](TaskGroup& clients) {
                for (int c = 0; c < 40; ++c) {
                    clients.create_task([&, c] {
                        const std::string line = "client " + std::to_string(c);
                        if (ask(server.port(), line) != line + "\n") served = -1000000;
                    });
                }
            });
        });
    }
    run([&] {
        while (served >= 0 && served < 120) await(sleep(std::chrono::milliseconds(1)));
        server.close();
        await(server.wait_closed());
    });
    BOOST_TEST(served == 120);
}

BOOST_AUTO_TEST_CASE(the_end_of_the_group_cancels_the_tasks_of_the_clients) {
    std::atomic<int> cancelled{0};
    run([&] {
        std::vector<Streams> clients;
        with(LoopGroup(2), [&](LoopGroup& group) {
            const GroupServer server = await(start_server(group, [&](StreamReader reader, StreamWriter writer) {
                writer.write("in\n");
                try {
                    await(reader.readline());
                } catch (const CancelledError&) {
                    writer.write("bye\n");
                    await(writer.drain());
                    ++cancelled;
                    throw;
                }
            }, "127.0.0.1", 0));
            for (int i = 0; i < 10; ++i) {
                clients.push_back(await(open_connection("127.0.0.1", server.port())));
                BOOST_TEST(await(clients.back().first.readline()) == "in\n");
            }
        });
        BOOST_TEST(cancelled == 10);
        for (const Streams& client : clients) {
            BOOST_TEST(await(client.first.read()) == "bye\n");
            client.second.close();
        }
    });
}

BOOST_AUTO_TEST_CASE(a_limit_of_zero_is_told_at_once) {
    LoopGroup group(1);
    BOOST_CHECK_THROW(run(start_server(group, Numbered{&group}, "127.0.0.1", 0, ServerOptions().limit(0))),
                      std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
