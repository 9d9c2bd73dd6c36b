// A server on every loop of a LoopGroup, as protocols see it. Worth most under ThreadSanitizer.
#include <algorithm>
#include <atomic>
#include <future>
#include <set>
#include <thread>

#include "net/fixtures.hpp"
#include "support/faults/system_calls.hpp"

#include "cede/stream/streams.hpp"
#include "cede/task/gather.hpp"
#include "cede/task/loop_group.hpp"
#include "cede/task/wait_for.hpp"

namespace cede {
namespace tests {
namespace {

using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;

// Greets with the number of its loop, and stays until the client goes.
class Number : public Protocol {
public:
    explicit Number(LoopGroup& group) : group_(group) {}
    void connection_made(std::shared_ptr<BaseTransport> made) override {
        as<Transport>(made)->write(std::to_string(*group_.current()) + "\n");
    }

private:
    LoopGroup& group_;
};

auto numbers(LoopGroup& group) {
    return [&group] { return std::make_shared<Number>(group); };
}

// Connects, and learns which loop it has come to.
std::pair<int, std::pair<StreamReader, StreamWriter>> connect_to(const std::string& host, int port) {
    const auto streams = await(open_connection(host, port));
    return {std::stoi(await(streams.first.readline())), streams};
}

// Which loops of the group serve: tries until each has, since the system decides by a hash.
std::set<int> loops_that_serve(const GroupServer& server, std::size_t enough) {
    std::set<int> seen;
    for (int i = 0; i < 2000 && seen.size() < enough; ++i) {
        auto connection = connect_to("127.0.0.1", server.port());
        seen.insert(connection.first);
        connection.second.second.transport()->abort();
    }
    return seen;
}

bool refused(int port) {
    try {
        await(open_connection("127.0.0.1", port)).second.close();
    } catch (const std::system_error&) {
        return true;
    }
    return false;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(group_server)

BOOST_AUTO_TEST_CASE(every_loop_listens_on_one_port_and_serves) {
    LoopGroup group(3);
    in_loop([&] {
        const GroupServer server = await(create_server(group, numbers(group), "127.0.0.1", 0));
        BOOST_TEST(server.is_serving());
        BOOST_TEST(server.addresses().size() == 1u);
        BOOST_TEST(server.port() != 0);
        BOOST_TEST(loops_that_serve(server, 3).size() == 3u);
        server.close();
        server.close();
        BOOST_TEST(!server.is_serving());
        await(server.wait_closed());
        BOOST_TEST(refused(server.port()));
    });
}

BOOST_AUTO_TEST_CASE(port_0_is_one_port_for_all_addresses_and_loops) {
    LoopGroup group(2);
    in_loop([&] {
        const GroupServer server = await(create_server(group, numbers(group), "", 0));
        for (const SocketAddress& each : server.addresses()) BOOST_TEST(each.port() == server.port());
        for (const SocketAddress& each : server.addresses()) {
            auto connection = connect_to(each.family() == AF_INET ? "127.0.0.1" : "::1", server.port());
            connection.second.second.close();
        }
        server.close();
        await(server.wait_closed());
    });
}

BOOST_AUTO_TEST_CASE(a_loop_of_the_group_may_start_it_and_so_may_run) {
    LoopGroup group(2);
    const GroupServer server =
        group.submit(1, [&] { return await(create_server(group, numbers(group), "127.0.0.1", 0)); }).result();
    const GroupServer other = run(create_server(group, numbers(group), "127.0.0.1", 0));
    BOOST_TEST((server != other));
    in_loop([&] {
        BOOST_TEST(loops_that_serve(server, 2).size() == 2u);
        BOOST_TEST(loops_that_serve(other, 2).size() == 2u);
        with(server, [&](const GroupServer& entered) { BOOST_TEST((entered == server)); });
        BOOST_TEST(refused(server.port()));
    });
    other.close();  // any thread
    run(other.wait_closed());
}

BOOST_AUTO_TEST_CASE(connections_outlive_close_and_wait_closed_waits_for_them) {
    LoopGroup group(2);
    in_loop([&] {
        const GroupServer server = await(create_server(group, numbers(group), "127.0.0.1", 0));
        const auto connection = connect_to("127.0.0.1", server.port());
        server.close();
        BOOST_CHECK_THROW(await(wait_for(server.wait_closed(), 20ms)), TimeoutError);
        connection.second.second.close();
        await(server.wait_closed());
    });
}

BOOST_AUTO_TEST_CASE(clients_are_closed_and_aborted_on_every_loop) {
    LoopGroup group(3);
    in_loop([&] {
        for (const bool abort : {false, true}) {
            const GroupServer server = await(create_server(group, numbers(group), "127.0.0.1", 0));
            std::vector<std::pair<StreamReader, StreamWriter>> clients;
            for (int i = 0; i < 20; ++i) clients.push_back(connect_to("127.0.0.1", server.port()).second);
            abort ? server.abort_clients() : server.close_clients();
            for (const auto& client : clients) {
                BOOST_TEST(await(client.first.read()) == "");
                client.second.close();
            }
            server.close();
            await(server.wait_closed());
        }
    });
}

BOOST_AUTO_TEST_CASE(serving_can_begin_later_and_end_in_three_ways) {
    auto group = std::unique_ptr<LoopGroup>(new LoopGroup(2));
    in_loop([&] {
        const ServerOptions later = ServerOptions().start_serving(false);
        const GroupServer server = await(create_server(*group, numbers(*group), "127.0.0.1", 0, later));
        BOOST_TEST(!server.is_serving());
        BOOST_TEST(refused(server.port()));
        const auto serving = create_task(server.serve_forever());
        BOOST_TEST(until([&] { return server.is_serving(); }));
        await(sleep(1ms));
        BOOST_CHECK_THROW(await(server.serve_forever()), RuntimeError);
        BOOST_TEST(loops_that_serve(server, 2).size() == 2u);
        serving.cancel();
        BOOST_CHECK_THROW(await(serving), CancelledError);
        BOOST_TEST(refused(server.port()));
        BOOST_CHECK_THROW(await(server.serve_forever()), RuntimeError);
        BOOST_CHECK_THROW(await(server.start_serving()), RuntimeError);

        const GroupServer closed = await(create_server(*group, numbers(*group), "127.0.0.1", 0, later));
        await(closed.start_serving());
        const auto ends = create_task(closed.serve_forever());
        await(sleep(1ms));
        std::thread([&] { closed.close(); }).join();
        BOOST_CHECK_THROW(await(ends), CancelledError);

        const GroupServer stopped = await(create_server(*group, numbers(*group), "127.0.0.1", 0));
        const auto goes_down = create_task(stopped.serve_forever());
        await(sleep(1ms));
        group->stop();
        BOOST_CHECK_THROW(await(goes_down), CancelledError);
        await(group->wait_stopped());
        BOOST_TEST(!stopped.is_serving());
        BOOST_TEST(refused(stopped.port()));
        stopped.close();
        stopped.abort_clients();
        await(stopped.wait_closed());
        BOOST_CHECK_THROW(await(create_server(*group, numbers(*group), "127.0.0.1", 0)), RuntimeError);
        group = nullptr;
        BOOST_TEST(stopped.port() != 0);  // a handle may outlive all of it
    });
}

BOOST_AUTO_TEST_CASE(it_is_all_or_nothing) {
    LoopGroup group(3);
    in_loop([&] {
        await(create_server(group, numbers(group), "127.0.0.1", 0)).close();
        const Server taken = await(get_running_loop().create_server([] { return std::make_shared<Echo>(); }, "127.0.0.1", 0));
        const int port = taken.sockets().front().local_address().port();
        for (int i = 0; i < 3; ++i) group.submit(static_cast<std::size_t>(i), sleep(0s)).result();
        const int before = open_descriptors();
        BOOST_CHECK_EXCEPTION(await(create_server(group, numbers(group), "127.0.0.1", port)), std::system_error,
                              [](const std::system_error& e) { return e.code() == std::errc::address_in_use; });
        BOOST_TEST(open_descriptors() == before);
        // The second and the third of each call that a socket needs.
        for (const SystemCall call : {SystemCall::socket, SystemCall::bind, SystemCall::listen, SystemCall::epoll_ctl}) {
            for (const int which : {1, 2, 3}) {
                const FailingCall failing(call, ENOMEM, which);
                BOOST_CHECK_THROW(await(create_server(group, numbers(group), "127.0.0.1", 0)), std::system_error);
                BOOST_TEST(failing.failed() == 1);
                BOOST_TEST(open_descriptors() == before);
            }
        }
        BOOST_CHECK_THROW(await(create_server(group, numbers(group), "127.0.0.1", 0,
                                              ServerOptions().socket(Socket(AF_INET, SOCK_STREAM)))),
                          std::invalid_argument);
        BOOST_CHECK_THROW(GroupServer().close(), RuntimeError);
    });
}

BOOST_AUTO_TEST_CASE(a_start_that_is_cancelled_leaves_nothing) {
    LoopGroup group(2);
    in_loop([&] {
        await(create_server(group, numbers(group), "127.0.0.1", 0)).close();
        int before = 0;
        for (int turns = 0; turns < 12; ++turns) {
            const auto starting = create_task(create_server(group, numbers(group), "127.0.0.1", 0));
            for (int i = 0; i < turns; ++i) await(sleep(0s));
            starting.cancel();
            try {
                await(starting).close();
            } catch (const CancelledError&) {
            }
            for (int i = 0; i < 2; ++i) await(group.submit(static_cast<std::size_t>(i), [] { await(sleep(1ms)); }));
            if (turns == 0) before = open_descriptors();
            BOOST_TEST(open_descriptors() == before);
        }
    });
}

BOOST_AUTO_TEST_CASE(the_end_of_the_group_closes_what_its_servers_have) {
    const int before = [] {
        in_loop([] {});
        return open_descriptors();
    }();
    in_loop([&] {
        LoopGroup group(2);
        const GroupServer server = await(create_server(group, numbers(group), "127.0.0.1", 0));
        const auto connection = connect_to("127.0.0.1", server.port());
        group.stop();
        await(group.wait_stopped());
        BOOST_CHECK(await(connection.second.first.read()) == "");
        connection.second.second.close();
    });
    BOOST_TEST(open_descriptors() == before);
}

BOOST_AUTO_TEST_CASE(several_hosts) {
    LoopGroup group(2);
    run([&] {
        const std::vector<std::string> hosts{"127.0.0.1", "127.0.0.2"};
        const auto greet = [](StreamReader&, StreamWriter& writer) {
            writer.write("0\n");
            writer.close();
        };
        for (const GroupServer& server :
             {await(create_server(group, numbers(group), {"127.0.0.1", "127.0.0.2"}, 0)),
              await(create_server(group, numbers(group), hosts, 0)), await(start_server(group, greet, hosts, 0)),
              await(start_server(group, greet, {"127.0.0.1", "127.0.0.2"}, 0))}) {
            BOOST_REQUIRE(server.addresses().size() == 2u);
            BOOST_TEST(server.addresses()[0].port() == server.addresses()[1].port());
            for (const std::string& host : hosts) connect_to(host, server.port()).second.second.close();
            server.close();
            await(server.wait_closed());
        }
        for (const GroupServer& everywhere :
             {await(create_server(group, numbers(group), absl::nullopt, 0)), await(create_server(group, numbers(group), nullptr, 0)),
              await(start_server(group, greet, nullptr, 0))}) {
            BOOST_TEST(everywhere.addresses().size() == 2u);
            everywhere.close();
        }
    });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
