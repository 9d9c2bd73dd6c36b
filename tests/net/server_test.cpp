// Servers: serving, closing, clients, accepting under stress.
#include "net/fixtures.hpp"
#include "support/captured.hpp"
#include "support/faults/system_calls.hpp"

#include <sys/resource.h>

#include "cede/task/task.hpp"
#include "cede/task/with.hpp"
#include "cede/testing/run.hpp"

namespace cede {
namespace tests {
namespace {

LoopNetwork::ProtocolFactory echo() {
    return [] { return std::make_shared<Echo>(); };
}

int port_of(const Server& server) { return server.sockets().front().local_address().port(); }

// A connected client, as a plain socket.
Socket client_of(const Server& server) {
    Socket client(AF_INET, SOCK_STREAM);
    await(get_running_loop().sock_connect(client, SocketAddress("127.0.0.1", port_of(server))));
    return client;
}

void check_echo(const Socket& client) {
    EventLoop& loop = get_running_loop();
    await(loop.sock_sendall(client, "ping"));
    BOOST_TEST(await(loop.sock_recv(client, 10)) == "ping");
}

bool refused(const Server&, int port) {
    Socket client(AF_INET, SOCK_STREAM);
    try {
        await(get_running_loop().sock_connect(client, SocketAddress("127.0.0.1", port)));
        return false;
    } catch (const std::system_error& error) {
        return error.code() == std::errc::connection_refused;
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(server)

// SERVER-001, SERVER-009
BOOST_AUTO_TEST_CASE(it_serves_when_told_to) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const Server server =
            await(loop.create_server(echo(), "127.0.0.1", 0, ServerOptions().start_serving(false)));
        BOOST_TEST(!server.is_serving());
        const int port = port_of(server);
        BOOST_TEST(port != 0);
        BOOST_TEST(refused(server, port));
        await(server.start_serving());
        BOOST_TEST(server.is_serving());
        await(server.start_serving());
        check_echo(client_of(server));
        server.close();
        BOOST_TEST(!server.is_serving());
        BOOST_TEST(server.sockets().empty());
        BOOST_TEST(refused(server, port));
        server.close();
        await(server.wait_closed());
        BOOST_CHECK_THROW(await(server.start_serving()), RuntimeError);
    });
}

// SERVER-001, SERVER-002
BOOST_AUTO_TEST_CASE(serve_forever_serves_until_cancelled_or_closed) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        for (bool cancels : {true, false}) {
            const Server server =
                await(loop.create_server(echo(), "127.0.0.1", 0, ServerOptions().start_serving(false)));
            const auto serving = create_task(server.serve_forever());
            await(sleep(std::chrono::seconds(0)));
            BOOST_TEST(server.is_serving());
            BOOST_CHECK_THROW(await(server.serve_forever()), RuntimeError);
            {
                const Socket client = client_of(server);
                check_echo(client);
                if (cancels) {
                    serving.cancel();
                } else {
                    server.close();
                }
                settle();
                BOOST_TEST(!server.is_serving());
                BOOST_TEST(!serving.done());  // a connection lives
            }
            BOOST_CHECK_THROW(await(serving), CancelledError);
            BOOST_CHECK_THROW(await(server.serve_forever()), RuntimeError);
        }
    });
}

// SERVER-003
BOOST_AUTO_TEST_CASE(as_a_scope_it_is_closed_at_the_end) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const Server server = await(loop.create_server(echo(), "127.0.0.1", 0));
        with(server, [&](const Server& entered) {
            BOOST_TEST((entered == server));
            check_echo(client_of(server));
        });
        BOOST_TEST(server.sockets().empty());
        BOOST_TEST(!server.is_serving());
    });
}

// SERVER-004, SERVER-005
BOOST_AUTO_TEST_CASE(wait_closed_waits_for_close_and_for_every_connection) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const Server server = await(loop.create_server(echo(), "127.0.0.1", 0));
        const auto early = create_task(server.wait_closed());
        Socket one = client_of(server), two = client_of(server);
        check_echo(one);
        check_echo(two);
        BOOST_TEST(!early.done());
        server.close();
        const auto late = create_task(server.wait_closed());
        settle();
        BOOST_TEST(!early.done());
        one.close();
        settle();
        BOOST_TEST(!early.done());
        check_echo(two);  // it lives on
        two.close();
        await(early);
        await(late);
        await(server.wait_closed());
    });
}

// SERVER-006
BOOST_AUTO_TEST_CASE(close_clients_closes_them_after_what_is_buffered) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const Server server = await(loop.create_server(echo(), "127.0.0.1", 0));
        const Socket client = client_of(server);
        check_echo(client);
        server.close();
        server.close_clients();
        await(server.wait_closed());
        BOOST_TEST(await(loop.sock_recv(client, 10)) == "");
    });
}

// SERVER-007
BOOST_AUTO_TEST_CASE(abort_clients_drops_what_is_buffered) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const auto protocol = std::make_shared<Recording>();
        protocol->on_made = [&] { protocol->transport->write(huge()); };
        const Server server = await(loop.create_server(factory_of(protocol), "127.0.0.1", 0));
        const Socket client = client_of(server);
        BOOST_TEST(until([&] { return protocol->transport != nullptr; }));
        server.close();
        server.close_clients();
        const auto closed = create_task(server.wait_closed());
        settle();
        BOOST_TEST(!closed.done());
        server.abort_clients();
        await(closed);
        BOOST_TEST(protocol->losses == 1);
    });
}

// SERVER-008
BOOST_AUTO_TEST_CASE(it_knows_its_loop_and_an_empty_handle_nothing) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const Server server = await(loop.create_server(echo(), "127.0.0.1", 0));
        BOOST_TEST((&server.get_loop() == &loop));
        BOOST_CHECK_THROW(Server().close(), RuntimeError);
        BOOST_CHECK_THROW(static_cast<void>(Server().wait_closed()), RuntimeError);
        BOOST_TEST(!Server());
    });
}

// It serves although nobody has a handle, and the end of the loop ends it.
BOOST_AUTO_TEST_CASE(dropping_the_handle_does_not_stop_it) {
    const int before = open_descriptors();
    in_loop([] {
        Server server = await(get_running_loop().create_server(echo(), "127.0.0.1", 0));
        const int port = port_of(server);
        server = Server();
        Socket client(AF_INET, SOCK_STREAM);
        await(get_running_loop().sock_connect(client, SocketAddress("127.0.0.1", port)));
        check_echo(client);
    });
    BOOST_TEST(open_descriptors() == before);
}

// A factory that holds its server must not keep it for ever.
BOOST_AUTO_TEST_CASE(a_factory_may_close_its_own_server) {
    std::weak_ptr<int> captured;
    in_loop([&] {
        EventLoop& loop = get_running_loop();
        const auto holder = std::make_shared<Server>();
        auto token = std::make_shared<int>(1);
        captured = token;
        *holder = await(loop.create_server(
            [holder, token] {
                holder->close();
                return std::make_shared<Echo>();
            },
            "127.0.0.1", 0));
        token.reset();
        const Socket client = client_of(*holder);
        check_echo(client);
        BOOST_TEST(!holder->is_serving());
        BOOST_TEST(captured.expired());
    });
}

BOOST_AUTO_TEST_CASE(a_factory_that_fails_costs_one_connection) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        Reports reports(loop);
        int calls = 0;
        const auto factory = [&]() -> std::shared_ptr<BaseProtocol> {
            if (++calls == 1) throw std::runtime_error("no protocol");
            if (calls == 2) return nullptr;
            return std::make_shared<Echo>();
        };
        const Server server = await(loop.create_server(factory, "127.0.0.1", 0));
        BOOST_TEST(await(loop.sock_recv(client_of(server), 1)) == "");
        BOOST_TEST(await(loop.sock_recv(client_of(server), 1)) == "");
        check_echo(client_of(server));
        BOOST_REQUIRE(reports.all.size() == 2);
        BOOST_TEST(reports.all[0].message == "Error on transport creation for incoming connection");
    });
}

// SERVER-015
BOOST_AUTO_TEST_CASE(one_event_accepts_as_many_as_the_backlog) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const Server server = await(loop.create_server(echo(), "127.0.0.1", 0, ServerOptions().backlog(3)));
        std::vector<Socket> clients;
        const SocketAddress address = server.sockets().front().local_address();
        for (int i = 0; i < 4; ++i) {
            clients.emplace_back(AF_INET, SOCK_STREAM);
            ::connect(clients.back().fd(), address.data(), address.size());
        }
        const CallCounter accepts(SystemCall::accept);
        for (const Socket& client : clients) check_echo(client);
        BOOST_TEST(accepts.count() == 5);  // 3; then 1 and one that would block
    });
}

// SERVER-016
BOOST_AUTO_TEST_CASE(an_aborted_connection_is_skipped) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        Reports reports(loop);
        const Server server = await(loop.create_server(echo(), "127.0.0.1", 0));
        const FailingCall failing(SystemCall::accept, ECONNABORTED);
        const Socket client = client_of(server);
        check_echo(client);
        BOOST_TEST(failing.failed() == 1);
        BOOST_TEST(reports.all.empty());
    });
}

// SERVER-017
BOOST_AUTO_TEST_CASE(without_descriptors_it_pauses_a_second_and_says_so) {
    for (int error : {EMFILE, ENFILE, ENOBUFS, ENOMEM}) {
        testing::run([=] {
            EventLoop& loop = get_running_loop();
            Reports reports(loop);
            const Server server = await(loop.create_server(echo(), "127.0.0.1", 0));
            const FailingCall failing(SystemCall::accept, error);
            const TimePoint begin = loop.time();
            const Socket client = client_of(server);
            check_echo(client);
            BOOST_TEST((loop.time() - begin >= std::chrono::seconds(1)));
            BOOST_TEST(failing.failed() == 1);
            BOOST_REQUIRE(reports.all.size() == 1);
            BOOST_CHECK_EXCEPTION(std::rethrow_exception(reports.all[0].exception), std::system_error,
                                  [=](const std::system_error& e) { return e.code().value() == error; });
        });
    }
}

// SERVER-017, with the real thing
BOOST_AUTO_TEST_CASE(a_server_recovers_from_a_real_lack_of_descriptors) {
    testing::run([] {
        EventLoop& loop = get_running_loop();
        Reports reports(loop);
        const Server server = await(loop.create_server(echo(), "127.0.0.1", 0));
        const Socket client(AF_INET, SOCK_STREAM);
        std::vector<Socket> fillers;
        rlimit before;
        BOOST_REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
        rlimit small = before;
        small.rlim_cur = static_cast<rlim_t>(client.fd()) + 1;
        BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &small) == 0);
        try {
            for (;;) fillers.emplace_back(AF_INET, SOCK_STREAM);
        } catch (const std::system_error&) {
        }
        await(loop.sock_connect(client, SocketAddress("127.0.0.1", port_of(server))));
        BOOST_TEST(until([&] { return !reports.all.empty(); }));
        BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
        fillers.clear();
        check_echo(client);
        BOOST_TEST(reports.all.size() == 1u);
    });
}

BOOST_AUTO_TEST_CASE(closing_while_it_pauses_for_descriptors_is_final) {
    testing::run([] {
        EventLoop& loop = get_running_loop();
        Reports reports(loop);
        const Server server = await(loop.create_server(echo(), "127.0.0.1", 0));
        const FailingCall failing(SystemCall::accept, EMFILE);
        const Socket client = client_of(server);
        BOOST_TEST(until([&] { return !reports.all.empty(); }));
        server.close();
        await(server.wait_closed());
        await(sleep(std::chrono::seconds(2)));
        BOOST_TEST(reports.all.size() == 1u);
    });
}

BOOST_AUTO_TEST_CASE(another_failure_of_accept_is_reported_and_tried_again_in_a_second) {
    testing::run([] {
        EventLoop& loop = get_running_loop();
        Reports reports(loop);
        const Server server = await(loop.create_server(echo(), "127.0.0.1", 0));
        const FailingCall failing(SystemCall::accept, EPERM, 1, 3);
        const TimePoint begin = loop.time();
        check_echo(client_of(server));
        BOOST_TEST((loop.time() - begin >= std::chrono::seconds(3)));
        BOOST_TEST(reports.all.size() == 3u);
    });
}

BOOST_AUTO_TEST_CASE(an_error_of_one_connection_is_passed_over) {
    for (int error : {EPROTO, ENETDOWN, EHOSTUNREACH, EINTR}) {
        in_loop([=] {
            EventLoop& loop = get_running_loop();
            Reports reports(loop);
            const Server server = await(loop.create_server(echo(), "127.0.0.1", 0));
            const FailingCall failing(SystemCall::accept, error, 1, 3);
            check_echo(client_of(server));
            BOOST_TEST(failing.failed() == 3);
            BOOST_TEST(reports.all.empty());
        });
    }
}

BOOST_AUTO_TEST_CASE(a_pause_whose_end_the_selector_refuses_is_followed_by_another) {
    testing::run([] {
        EventLoop& loop = get_running_loop();
        Reports reports(loop);
        const Server server = await(loop.create_server(echo(), "127.0.0.1", 0));
        const FailingCall failing(SystemCall::accept, EMFILE);
        const Socket client = client_of(server);
        BOOST_TEST(until([&] { return !reports.all.empty(); }));
        settle();  // the client's socket is out of the selector again
        const FailingCall refused(SystemCall::epoll_ctl, ENOMEM);
        await(sleep(std::chrono::milliseconds(1500)));
        BOOST_TEST(refused.failed() == 1);
        check_echo(client);
        BOOST_TEST(reports.all.size() == 2u);
    });
}

// The kernel takes one all the same.
BOOST_AUTO_TEST_CASE(a_backlog_of_nothing_accepts) {
    for (const int backlog : {0, -1}) {
        in_loop([&] {
            const Server server = await(get_running_loop().create_server(echo(), "127.0.0.1", 0, ServerOptions().backlog(backlog)));
            check_echo(client_of(server));
        });
    }
}

BOOST_AUTO_TEST_CASE(an_address_that_is_none_of_ours_is_named) {
    in_loop([] {
        const std::string message = message_of<std::system_error>(
            [] { await(get_running_loop().create_server(echo(), "192.0.2.1", 81)); });
        BOOST_TEST(message.find("could not bind on any address out of 192.0.2.1:81") == 0u, message);
    });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
