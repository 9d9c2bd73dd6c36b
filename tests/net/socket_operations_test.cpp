// loop.sock_*
#include "net/fixtures.hpp"
#include "support/faults/system_calls.hpp"

#include "cede/task/gather.hpp"
#include "cede/task/task.hpp"

namespace cede {
namespace tests {
BOOST_AUTO_TEST_SUITE(socket_operations)

// SOCK-001
BOOST_AUTO_TEST_CASE(a_blocking_socket_is_refused_in_debug_mode) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        auto ends = Socket::pair();
        ends.first.set_blocking(true);
        char byte;
        BOOST_CHECK_THROW(await(loop.sock_recv(ends.first, 1)), std::invalid_argument);
        BOOST_CHECK_THROW(await(loop.sock_recv_into(ends.first, absl::MakeSpan(&byte, 1))), std::invalid_argument);
        BOOST_CHECK_THROW(await(loop.sock_sendall(ends.first, "x")), std::invalid_argument);
        BOOST_CHECK_THROW(await(loop.sock_accept(ends.first)), std::invalid_argument);
        BOOST_CHECK_THROW(await(loop.sock_connect(ends.first, SocketAddress("127.0.0.1", 1))), std::invalid_argument);
    });
}

// SOCK-002, SOCK-003, SOCK-007
BOOST_AUTO_TEST_CASE(connect_accept_send_and_receive) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const Socket listener = listening();
        Socket client(AF_INET, SOCK_STREAM);
        auto accepting = create_task(loop.sock_accept(listener));
        await(loop.sock_connect(client, listener.local_address()));
        auto accepted = await(std::move(accepting));
        BOOST_TEST(!accepted.first.get_blocking());
        BOOST_TEST((accepted.second == client.local_address()));
        await(loop.sock_sendall(client, "hello world"));
        BOOST_TEST(await(loop.sock_recv(accepted.first, 5)) == "hello");
        char rest[64];
        BOOST_TEST(await(loop.sock_recv_into(accepted.first, absl::MakeSpan(rest))) == 6u);
        BOOST_TEST(std::string(rest, 6) == " world");
        client.close();
        BOOST_TEST(await(loop.sock_recv(accepted.first, 5)) == "");
        BOOST_TEST(await(loop.sock_recv_into(accepted.first, absl::MakeSpan(rest))) == 0u);
    });
}

// SOCK-004
BOOST_AUTO_TEST_CASE(a_cancelled_receive_unregisters_promptly) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        auto ends = Socket::pair();
        const CallCounter changes(SystemCall::epoll_ctl);
        auto receiving = create_task(loop.sock_recv(ends.first, 10));
        await(sleep(std::chrono::seconds(0)));
        BOOST_TEST(changes.count() == 1);
        receiving.cancel();
        BOOST_CHECK_THROW(await(receiving), CancelledError);
        BOOST_TEST(changes.count() == 2);
        BOOST_TEST(!loop.remove_reader(ends.first.fd()));
        BOOST_REQUIRE(::send(ends.second.fd(), "kept", 4, 0) == 4);
        BOOST_TEST(await(loop.sock_recv(ends.first, 10)) == "kept");
    });
}

// SOCK-005
BOOST_AUTO_TEST_CASE(a_new_send_works_after_a_cancelled_one) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        auto ends = Socket::pair();
        const std::string bytes = huge();
        auto sending = create_task(loop.sock_sendall(ends.first, bytes));
        await(sleep(std::chrono::seconds(0)));
        sending.cancel();
        BOOST_CHECK_THROW(await(sending), CancelledError);
        char buffer[65536];
        while (::recv(ends.second.fd(), buffer, sizeof buffer, 0) > 0) {
        }
        auto receiving = create_task([&] {
            std::string received;
            while (received.size() < bytes.size()) received += await(loop.sock_recv(ends.second, 65536));
            return received;
        });
        await(loop.sock_sendall(ends.first, bytes));
        BOOST_TEST((await(receiving) == bytes));
    });
}

BOOST_AUTO_TEST_CASE(no_bytes_are_received_at_once) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        auto ends = Socket::pair();
        BOOST_TEST(await(loop.sock_recv(ends.first, 0)) == "");
        BOOST_TEST(await(loop.sock_recv_into(ends.first, absl::Span<char>())) == 0u);
        await(loop.sock_sendall(ends.second, "x"));
        BOOST_TEST(await(loop.sock_recv(ends.first, 0)) == "");
        BOOST_TEST(await(loop.sock_recv(ends.first, 1)) == "x");
        ends.first.close();
        BOOST_CHECK_EXCEPTION(await(loop.sock_recv(ends.first, 0)), std::system_error, is_bad_descriptor);
    });
}

// SOCK-006
BOOST_AUTO_TEST_CASE(a_cancelled_connect_does_not_prevent_a_later_one) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const Socket listener = listening();
        Socket client(AF_INET, SOCK_STREAM);
        auto connecting = create_task(loop.sock_connect(client, listener.local_address()));
        connecting.cancel();
        BOOST_CHECK_THROW(await(connecting), CancelledError);
        auto again = create_task(loop.sock_connect(client, listener.local_address()));
        await(sleep(std::chrono::seconds(0)));
        again.cancel();
        try {
            await(again);
        } catch (const CancelledError&) {
        }
        await(loop.sock_connect(client, listener.local_address()));
        auto accepted = await(loop.sock_accept(listener));
        await(loop.sock_sendall(client, "x"));
        BOOST_TEST(await(loop.sock_recv(accepted.first, 1)) == "x");
    });
}

BOOST_AUTO_TEST_CASE(a_refused_connect_says_so) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        Socket closed(AF_INET, SOCK_STREAM);
        closed.bind(SocketAddress("127.0.0.1", 0));
        const SocketAddress nobody = closed.local_address();
        Socket client(AF_INET, SOCK_STREAM);
        BOOST_CHECK_EXCEPTION(await(loop.sock_connect(client, nobody)), std::system_error,
                              [&](const std::system_error& e) {
                                  return e.code() == std::errc::connection_refused &&
                                         std::string(e.what()).find(nobody.str()) != std::string::npos;
                              });
    });
}

// SOCK-008
BOOST_AUTO_TEST_CASE(a_large_payload_goes_both_ways_at_once) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        auto ends = Socket::pair();
        const std::string bytes = huge();
        const auto receive_all = [&](const Socket& socket) {
            std::string received;
            while (received.size() < bytes.size()) received += await(loop.sock_recv(socket, 65536));
            return received;
        };
        auto first = create_task([&] { return receive_all(ends.first); });
        auto second = create_task([&] { return receive_all(ends.second); });
        auto there = create_task(loop.sock_sendall(ends.first, bytes));
        auto back = create_task(loop.sock_sendall(ends.second, bytes));
        await(gather(there, back));
        BOOST_TEST((await(first) == bytes));
        BOOST_TEST((await(second) == bytes));
    });
}

// SOCK-009, SOCK-010
BOOST_AUTO_TEST_CASE(datagrams_carry_their_sender) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const Socket one(AF_INET, SOCK_DGRAM), other(AF_INET, SOCK_DGRAM);
        one.bind(SocketAddress("127.0.0.1", 0));
        other.bind(SocketAddress("127.0.0.1", 0));
        auto receiving = create_task(loop.sock_recvfrom(other, 3));
        {
            const FailingCall full(SystemCall::send, EAGAIN);
            BOOST_TEST(await(loop.sock_sendto(one, "first", other.local_address())) == 5u);
        }
        auto got = await(std::move(receiving));
        BOOST_TEST(got.first == "fir");
        BOOST_TEST((got.second == one.local_address()));
        BOOST_TEST(await(loop.sock_sendto(one, "second", other.local_address())) == 6u);
        char buffer[100] = "";
        BOOST_CHECK_THROW(await(loop.sock_recvfrom_into(other, absl::MakeSpan(buffer), sizeof buffer + 1)), std::invalid_argument);
        const auto limited = await(loop.sock_recvfrom_into(other, absl::MakeSpan(buffer), 4));
        BOOST_TEST(limited.first == 4u);
        BOOST_TEST((limited.second == one.local_address()));
        BOOST_TEST(std::string(buffer) == "seco");
        BOOST_TEST(await(loop.sock_sendto(one, "", other.local_address())) == 0u);
        BOOST_TEST(await(loop.sock_recvfrom_into(other, absl::MakeSpan(buffer))).first == 0u);
    });
}

// SOCK-011
BOOST_AUTO_TEST_CASE(connect_to_a_name_resolves_it_for_the_socket) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const Socket listener = listening();
        const int port = listener.local_address().port();
        Socket four(AF_INET, SOCK_STREAM), six(AF_INET6, SOCK_STREAM);
        await(loop.sock_connect(four, "localhost", port));
        BOOST_TEST(four.remote_address().port() == port);
        BOOST_CHECK_THROW(await(loop.sock_connect(six, "127.0.0.1", port)), std::system_error);
    });
}

// SOCK-012
BOOST_AUTO_TEST_CASE(a_transport_takes_a_socket_that_sock_connect_has_connected) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const Socket listener = listening();
        Socket client(AF_INET, SOCK_STREAM);
        await(loop.sock_connect(client, listener.local_address()));
        const int fd = client.fd();
        const auto protocol = std::make_shared<Recording>();
        auto connection =
            await(loop.create_connection(factory_of(protocol), ConnectionOptions().socket(std::move(client))));
        auto accepted = await(loop.sock_accept(listener));
        await(loop.sock_sendall(accepted.first, "to the transport"));
        BOOST_TEST(until([&] { return protocol->data == "to the transport"; }));
        // TRANS-002
        BOOST_CHECK_THROW(loop.add_reader(fd, [] {}), RuntimeError);
        BOOST_CHECK_THROW(loop.add_writer(fd, [] {}), RuntimeError);
        BOOST_CHECK_THROW(loop.remove_reader(fd), RuntimeError);
        BOOST_CHECK_THROW(loop.remove_writer(fd), RuntimeError);
        connection.first->close();
        settle();
        BOOST_TEST(!loop.remove_reader(fd));
    });
}

BOOST_AUTO_TEST_CASE(closing_the_socket_ends_those_who_wait_for_it) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        auto ends = Socket::pair();
        auto one = create_task(loop.sock_recv(ends.first, 1));
        auto two = create_task(loop.sock_recv(ends.first, 1));
        const std::string bytes = huge();
        auto sending = create_task(loop.sock_sendall(ends.first, bytes));
        await(sleep(std::chrono::seconds(0)));
        const int number = ends.first.fd();
        ends.first.close();
        const Socket reuses_the_number(AF_INET, SOCK_DGRAM);
        BOOST_TEST(reuses_the_number.fd() == number);
        BOOST_CHECK_EXCEPTION(await(one), std::system_error, is_bad_descriptor);
        BOOST_CHECK_EXCEPTION(await(two), std::system_error, is_bad_descriptor);
        BOOST_CHECK_EXCEPTION(await(sending), std::system_error, is_bad_descriptor);
        BOOST_CHECK_EXCEPTION(await(loop.sock_recv(ends.first, 1)), std::system_error, is_bad_descriptor);
        BOOST_CHECK_EXCEPTION(await(loop.sock_recv(Socket(), 1)), std::system_error, is_bad_descriptor);
    });
}

// The socket may be moved, and the lazy coroutine still means the same one.
BOOST_AUTO_TEST_CASE(an_operation_follows_a_socket_that_is_moved) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        auto ends = Socket::pair();
        auto lazy = loop.sock_recv(ends.first, 10);
        const Socket elsewhere = std::move(ends.first);
        BOOST_REQUIRE(::send(ends.second.fd(), "moved", 5, 0) == 5);
        BOOST_TEST(await(lazy) == "moved");
    });
}

BOOST_AUTO_TEST_CASE(several_readers_of_one_socket_are_served_in_turn) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        auto ends = Socket::pair(AF_UNIX, SOCK_DGRAM);
        std::vector<Task<std::string>> readers;
        for (int i = 0; i < 3; ++i) readers.push_back(create_task(loop.sock_recv(ends.first, 10)));
        await(sleep(std::chrono::seconds(0)));
        readers[0].cancel();  // and its turn goes to the next
        for (const char* text : {"b", "c"}) BOOST_REQUIRE(::send(ends.second.fd(), text, 1, 0) == 1);
        BOOST_TEST(await(readers[1]) == "b");
        BOOST_TEST(await(readers[2]) == "c");
        BOOST_CHECK_THROW(await(readers[0]), CancelledError);
    });
}

BOOST_AUTO_TEST_CASE(an_aborted_connection_is_skipped_by_accept) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const Socket listener = listening();
        Socket client(AF_INET, SOCK_STREAM);
        await(loop.sock_connect(client, listener.local_address()));
        const FailingCall failing(SystemCall::accept, ECONNABORTED, 1, 2);
        BOOST_TEST((await(loop.sock_accept(listener)).second == client.local_address()));
        BOOST_TEST(failing.failed() == 2);
    });
}

BOOST_AUTO_TEST_CASE(a_full_backlog_of_a_unix_server_is_waited_for) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const Socket listener(AF_UNIX, SOCK_STREAM);
        listener.bind(SocketAddress::from_path(std::string("\0cede-test-backlog", 18)));
        listener.listen(0);
        std::vector<Socket> clients;
        std::vector<Task<void>> connecting;
        for (int i = 0; i < 4; ++i) {
            clients.emplace_back(AF_UNIX, SOCK_STREAM);
            connecting.push_back(create_task(loop.sock_connect(clients.back(), listener.local_address())));
        }
        for (int i = 0; i < 4; ++i) await(loop.sock_accept(listener));
        await(gather(connecting));
    });
}

BOOST_AUTO_TEST_CASE(what_a_protocol_looks_at_stays_while_an_eager_task_receives) {
    struct Front final : Protocol {
        explicit Front(const Socket& socket) : backend(socket) {}
        void data_received(absl::string_view data) override {
            task = get_running_loop().create_task([this] { answer = await(get_running_loop().sock_recv(backend, 100)); },
                                                  TaskOptions().eager(true));
            request = std::string(data);
        }
        const Socket& backend;
        Task<void> task;
        std::string answer, request;
    };
    in_loop([] {
        EventLoop& loop = get_running_loop();
        auto front = Socket::pair();
        const auto back = Socket::pair();
        await(loop.sock_sendall(back.second, "the backend's answer"));
        const auto both = await(loop.create_connection([&] { return std::make_shared<Front>(back.first); },
                                                       ConnectionOptions().sock(std::move(front.first))));
        await(loop.sock_sendall(front.second, "a request"));
        BOOST_TEST(until([&] { return !both.second->request.empty(); }));
        await(both.second->task);
        BOOST_TEST(both.second->request == "a request");
        BOOST_TEST(both.second->answer == "the backend's answer");
        both.first->close();
    });
}

BOOST_AUTO_TEST_CASE(temporaries_are_kept_until_they_are_sent) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const auto message = [](int n) { return "message " + std::to_string(n) + ", too long to be kept within the string\n"; };
        const auto bytes = [](const std::string& text) { return std::vector<char>(text.begin(), text.end()); };
        const auto stream = Socket::pair();
        std::vector<Task<void>> tasks;
        tasks.push_back(create_task(loop.sock_sendall(stream.first, message(1))));
        tasks.push_back(create_task(loop.sock_sendall(stream.first, bytes(message(2)))));
        struct Derived : std::string {
            explicit Derived(const std::string& text) : std::string(text) {}
        };
        const auto constant = [&]() -> const std::string { return message(4); };
        tasks.push_back(create_task(loop.sock_sendall(stream.first, constant())));
        tasks.push_back(create_task(loop.sock_sendall(stream.first, Derived(message(5)))));
        await(loop.sock_sendall(stream.first, "a literal\n"));
        for (const auto& task : tasks) await(task);
        BOOST_TEST(await(loop.sock_recv(stream.second, 1000)) ==
                   "a literal\n" + message(1) + message(2) + message(4) + message(5));
        const std::vector<char> named = bytes(message(6));
        await(loop.sock_sendall(stream.first, named));
        BOOST_TEST(await(loop.sock_recv(stream.second, 1000)) == message(6));
        Socket receiver(AF_INET, SOCK_DGRAM), sender(AF_INET, SOCK_DGRAM);
        receiver.bind(SocketAddress("127.0.0.1", 0));
        const auto sending = create_task(loop.sock_sendto(sender, message(3), receiver.local_address()));
        BOOST_TEST(await(sending) == message(3).size());
        BOOST_TEST(await(loop.sock_recv(receiver, 1000)) == message(3));
        await(loop.sock_sendto(sender, named, receiver.local_address()));
        BOOST_TEST(await(loop.sock_recv(receiver, 1000)) == message(6));
    });
}

BOOST_AUTO_TEST_CASE(a_message_longer_than_the_loops_buffer_is_not_cut) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        for (const int type : {SOCK_SEQPACKET, SOCK_DGRAM}) {
            const auto ends = Socket::pair(AF_UNIX, type);
            const int room = 800000;
            ends.first.setsockopt(SOL_SOCKET, SO_SNDBUF, room);
#ifdef SO_SNDBUFFORCE
            ::setsockopt(ends.first.fd(), SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);  // above net.core.wmem_max, as root
#endif
            const std::string longer(300000, 'x');
            int given = 0;
            socklen_t size = sizeof given;
            BOOST_REQUIRE(::getsockopt(ends.first.fd(), SOL_SOCKET, SO_SNDBUF, &given, &size) == 0);
            if (given < 700000) {
                BOOST_TEST_MESSAGE("not tested: the system gives no socket room for a long message");
                return;
            }
            for (int n = 0; n < 2; ++n) await(loop.sock_sendall(ends.first, longer));
            await(loop.sock_sendall(ends.first, "next"));
            BOOST_TEST(await(loop.sock_recv(ends.second, 400000)).size() == longer.size());
            BOOST_TEST(await(loop.sock_recvfrom(ends.second, 400000)).first.size() == longer.size());
            const std::string shorter = await(loop.sock_recv(ends.second, static_cast<std::size_t>(-1)));
            BOOST_TEST(shorter == "next");
            BOOST_TEST(shorter.capacity() < 100u);
        }
    });
}

BOOST_AUTO_TEST_CASE(a_unix_socket_is_reached_by_its_path) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const std::string path = std::string("/tmp/cede_path_test_") + std::to_string(::getpid());
        ::unlink(path.c_str());
        Socket listener(AF_UNIX, SOCK_STREAM);
        listener.bind(SocketAddress::from_path(path));
        listener.listen(1);
        Socket client(AF_UNIX, SOCK_STREAM);
        await(loop.sock_connect(client, path));
        const auto accepted = await(loop.sock_accept(listener));
        await(loop.sock_sendall(client, "x"));
        BOOST_TEST(await(loop.sock_recv(accepted.first, 5)) == "x");
        ::unlink(path.c_str());
    });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
