// loop.create_datagram_endpoint: what its options mean, and which it refuses.
#include "net/dgram_fixtures.hpp"
#include "support/faults/system_calls.hpp"

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "cede/task/task.hpp"

namespace cede {
namespace tests {
namespace {

std::string refusal(DatagramOptions options) {
    try {
        await(get_running_loop().create_datagram_endpoint([] { return std::make_shared<Datagrams>(); }, options));
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "(taken)";
}

bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

// A folder for socket files, removed at the end.
struct Folder {
    Folder() { BOOST_REQUIRE(::mkdtemp(&path[0]) != nullptr); }
    ~Folder() {
        for (const std::string& file : files) ::unlink(file.c_str());
        ::rmdir(path.c_str());
    }
    std::string file(const std::string& name) {
        files.push_back(path + "/" + name);
        return files.back();
    }
    std::string path = "/tmp/cede-dgram-XXXXXX";
    std::vector<std::string> files;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(dgram_endpoint)

// DGRAM-001, DGRAM-002
BOOST_AUTO_TEST_CASE(a_server_receives_and_answers_a_connected_client) {
    in_loop([] {
        Endpoint server(on_loopback());
        Endpoint client(DatagramOptions().remote_addr("127.0.0.1", server.address().port()));
        BOOST_TEST(server.protocol->calls == "made ");
        BOOST_TEST(client.protocol->calls == "made ");
        server.protocol->on_datagram = [&] {
            server.transport->sendto("RESP:" + server.protocol->received.back(), server.protocol->senders.back());
        };
        client.transport->sendto("xxx");
        BOOST_TEST(client.receives(1));
        BOOST_TEST(server.protocol->received == Texts{"xxx"});
        BOOST_TEST(client.protocol->received == Texts{"RESP:xxx"});
        BOOST_TEST((server.protocol->senders.front() == client.socket().local_address()));
        BOOST_TEST((client.protocol->senders.front() == server.address()));
        BOOST_TEST(!server.transport->get_extra_info("peername").has_value());
        BOOST_TEST((absl::any_cast<SocketAddress>(client.transport->get_extra_info("peername")) == server.address()));
        server.transport->close();
        BOOST_TEST(until([&] { return server.protocol->losses == 1; }));
        BOOST_TEST(server.protocol->calls == "made lost ");
        BOOST_TEST(server.transport->is_closing());
    });
}

BOOST_AUTO_TEST_CASE(both_addresses_may_be_given_and_names_are_resolved) {
    in_loop([] {
        Endpoint server(DatagramOptions().local_addr("localhost", 0).family(AF_INET));
        Endpoint client(on_loopback().remote_addr("localhost", server.address().port()));
        BOOST_TEST(client.address().port() != 0);
        client.transport->sendto("hello");
        BOOST_TEST(server.receives(1));
        BOOST_TEST((server.protocol->senders.front() == client.address()));
    });
}

BOOST_AUTO_TEST_CASE(literal_addresses_say_their_family) {
    in_loop([] {
        Endpoint server(DatagramOptions().local_addr(SocketAddress("::1", 0)));
        BOOST_TEST(server.address().family() == AF_INET6);
        Endpoint client(connected_to(server.address()));
        client.transport->sendto("six");
        BOOST_TEST(server.receives(1));
        BOOST_TEST(refusal(DatagramOptions().local_addr(SocketAddress("::1", 0)).family(AF_INET)) != "(taken)");
    });
}

// DGRAM-003
BOOST_AUTO_TEST_CASE(an_existing_socket_may_be_passed) {
    in_loop([] {
        Socket mine(AF_INET, SOCK_DGRAM);
        mine.bind(SocketAddress("127.0.0.1", 0));
        mine.set_blocking(true);
        const SocketAddress address = mine.local_address();
        Endpoint server(DatagramOptions().socket(std::move(mine)));
        BOOST_TEST((server.address() == address));
        Socket theirs(AF_INET, SOCK_DGRAM);
        await(get_running_loop().sock_connect(theirs, address));
        Endpoint client(DatagramOptions().socket(std::move(theirs)));
        client.transport->sendto("it is connected");
        BOOST_TEST(server.receives(1));
        BOOST_TEST(server.protocol->received.front() == "it is connected");
    });
}

// DGRAM-003
BOOST_AUTO_TEST_CASE(a_socket_and_other_options_exclude_each_other) {
    in_loop([] {
        const auto with_socket = [] { return DatagramOptions().socket(Socket(AF_INET, SOCK_DGRAM)); };
        const char* const said = "a socket and other options";
        BOOST_TEST(contains(refusal(with_socket().local_addr("127.0.0.1", 0)), said));
        BOOST_TEST(contains(refusal(with_socket().remote_addr("127.0.0.1", 1)), said));
        BOOST_TEST(contains(refusal(with_socket().family(AF_INET)), said));
        BOOST_TEST(contains(refusal(with_socket().proto(IPPROTO_UDP)), said));
        BOOST_TEST(contains(refusal(with_socket().flags(1)), said));
        BOOST_TEST(contains(refusal(with_socket().reuse_port(true)), said));
        BOOST_TEST(contains(refusal(with_socket().allow_broadcast(true)), said));
        BOOST_TEST(contains(refusal(DatagramOptions().socket(Socket(AF_INET, SOCK_STREAM))), "a datagram socket"));
        const DatagramOptions once = with_socket();
        { Endpoint taken(once); }
        BOOST_TEST(contains(refusal(once), "taken by another endpoint"));
    });
}

// DGRAM-004
BOOST_AUTO_TEST_CASE(an_address_or_a_family_is_needed) {
    in_loop([] {
        BOOST_TEST(contains(refusal(DatagramOptions()), "needs a local_addr, a remote_addr, a family or a socket"));
        Endpoint unbound(DatagramOptions().family(AF_INET));
        BOOST_TEST(unbound.address().port() == 0);
        Endpoint server(on_loopback());
        unbound.transport->sendto("bound by this", server.address());
        BOOST_TEST(server.receives(1));
    });
}

// DGRAM-005
BOOST_AUTO_TEST_CASE(addresses_of_different_families_are_refused) {
    in_loop([] {
        BOOST_TEST(contains(refusal(DatagramOptions().local_addr("127.0.0.1", 0).remote_addr("::1", 1)),
                            "no family in common"));
        BOOST_TEST(refusal(DatagramOptions().local_addr(SocketAddress("127.0.0.1", 0)).remote_addr(SocketAddress("::1", 1))) !=
                   "(taken)");
    });
}

// DGRAM-006
BOOST_AUTO_TEST_CASE(an_address_is_a_host_and_a_port_unless_the_family_is_unix) {
    in_loop([] {
        BOOST_TEST(contains(refusal(DatagramOptions().local_addr("localhost")), "a host and a port"));
        BOOST_TEST(contains(refusal(DatagramOptions().remote_addr("localhost")), "a host and a port"));
        BOOST_TEST(contains(refusal(DatagramOptions().family(AF_UNIX).local_addr("localhost", 1)), "is a path"));
        BOOST_TEST(contains(refusal(DatagramOptions().family(AF_UNIX).remote_addr("localhost", 1)), "is a path"));
        BOOST_CHECK_THROW(await(get_running_loop().create_datagram_endpoint(
                              [] { return std::make_shared<Datagrams>(); }, DatagramOptions().local_addr("127.0.0.1", 70000))),
                          std::invalid_argument);
    });
}

// DGRAM-007
BOOST_AUTO_TEST_CASE(with_allow_broadcast_the_socket_is_not_connected) {
    in_loop([] {
        Endpoint server(on_loopback());
        Endpoint other(on_loopback());
        const CallCounter connects(SystemCall::connect);
        Endpoint client(DatagramOptions().remote_addr("127.0.0.1", server.address().port()).allow_broadcast(true));
        BOOST_TEST(connects.count() == 0);
        BOOST_TEST(client.socket().getsockopt(SOL_SOCKET, SO_BROADCAST) != 0);
        BOOST_TEST(!client.transport->get_extra_info("peername").has_value());
        client.transport->sendto("addressed");
        client.transport->sendto("and so", server.address());
        BOOST_CHECK_THROW(client.transport->sendto("elsewhere", other.address()), std::invalid_argument);
        BOOST_TEST(server.receives(2));
        // The answers to a broadcast come from anybody.
        other.transport->sendto("me, too", client.socket().local_address().port() == 0
                                               ? SocketAddress()
                                               : SocketAddress("127.0.0.1", client.socket().local_address().port()));
        BOOST_TEST(client.receives(1));
    });
}

BOOST_AUTO_TEST_CASE(several_endpoints_share_a_port_by_reuse_port) {
    in_loop([] {
        Endpoint one(on_loopback().reuse_port(true));
        Endpoint two(DatagramOptions().local_addr(one.address()).reuse_port(true));
        BOOST_TEST((one.address() == two.address()));
        BOOST_CHECK_EXCEPTION(Endpoint(DatagramOptions().local_addr(one.address())), std::system_error,
                              [](const std::system_error& e) { return e.code() == std::errc::address_in_use; });
    });
}

// DGRAM-008
BOOST_AUTO_TEST_CASE(a_stale_unix_socket_is_replaced) {
    in_loop([] {
        Folder folder;
        const std::string path = folder.file("server");
        { Endpoint before(DatagramOptions().family(AF_UNIX).local_addr(path)); }
        settle();
        struct stat status;
        BOOST_TEST(::stat(path.c_str(), &status) == 0);
        Endpoint server(DatagramOptions().family(AF_UNIX).local_addr(path));
        Endpoint client(DatagramOptions().family(AF_UNIX).local_addr(folder.file("client")).remote_addr(path));
        client.transport->sendto("over a path");
        BOOST_TEST(server.receives(1));
        server.transport->sendto("and back", server.protocol->senders.front());
        BOOST_TEST(client.receives(1));
        BOOST_TEST(client.protocol->senders.front().path() == path);
    });
}

// DGRAM-008
BOOST_AUTO_TEST_CASE(what_is_no_socket_is_not_replaced) {
    in_loop([] {
        Folder folder;
        const std::string path = folder.file("a file");
        std::fclose(std::fopen(path.c_str(), "w"));
        BOOST_CHECK_EXCEPTION(Endpoint(DatagramOptions().family(AF_UNIX).local_addr(path)), std::system_error,
                              [](const std::system_error& e) { return e.code() == std::errc::address_in_use; });
        struct stat status;
        BOOST_REQUIRE(::stat(path.c_str(), &status) == 0);
        BOOST_TEST(S_ISREG(status.st_mode));
    });
}

// DGRAM-008
BOOST_AUTO_TEST_CASE(an_unbound_unix_socket_sends_and_has_no_name) {
    in_loop([] {
        Folder folder;
        Endpoint server(DatagramOptions().local_addr(SocketAddress::from_path(folder.file("server"))));
        Endpoint nameless(DatagramOptions().family(AF_UNIX));
        nameless.transport->sendto("who am I", server.address());
        BOOST_TEST(server.receives(1));
        BOOST_TEST(server.protocol->senders.front().path() == "");
    });
}

BOOST_AUTO_TEST_CASE(a_protocol_of_another_kind_is_refused) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const int before = open_descriptors();
        BOOST_CHECK_THROW(
            await(loop.create_datagram_endpoint([] { return std::make_shared<Recording>(); }, on_loopback())),
            std::invalid_argument);
        BOOST_TEST(open_descriptors() == before);
        Endpoint endpoint(on_loopback());
        BOOST_CHECK_THROW(endpoint.transport->set_protocol(std::make_shared<Recording>()), std::invalid_argument);
        BOOST_TEST(endpoint.transport->get_protocol() == endpoint.protocol);
    });
}

BOOST_AUTO_TEST_CASE(the_first_error_is_thrown_when_no_address_works) {
    in_loop([] {
        const int before = open_descriptors();
        const auto fails_with = [](SystemCall call, int error) {
            const FailingCall failing(call, error, 1, 9);
            try {
                await(get_running_loop().create_datagram_endpoint([] { return std::make_shared<Datagrams>(); },
                                                                  on_loopback().remote_addr("127.0.0.1", 9)));
            } catch (const std::system_error& e) {
                return e.code().value();
            }
            return 0;
        };
        BOOST_TEST(fails_with(SystemCall::socket, EMFILE) == EMFILE);
        BOOST_TEST(fails_with(SystemCall::bind, EADDRNOTAVAIL) == EADDRNOTAVAIL);
        BOOST_TEST(fails_with(SystemCall::connect, ENETUNREACH) == ENETUNREACH);
        BOOST_TEST(open_descriptors() == before);
    });
}

BOOST_AUTO_TEST_CASE(a_cancelled_creation_leaves_nothing_behind) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const int before = open_descriptors();
        const auto protocol = std::make_shared<Datagrams>();
        auto creating = create_task(loop.create_datagram_endpoint(factory_of(protocol), on_loopback()));
        await(sleep(std::chrono::seconds(0)));
        BOOST_TEST(open_descriptors() == before + 1);
        creating.cancel();
        BOOST_CHECK_THROW(await(creating), CancelledError);
        settle();
        BOOST_TEST(protocol->calls == "made lost ");
        protocol->transport = nullptr;
        BOOST_TEST(open_descriptors() == before);
    });
}

BOOST_AUTO_TEST_CASE(a_loop_that_closes_closes_its_endpoints) {
    const int before = open_descriptors();
    const Warnings warnings;
    const auto protocol = std::make_shared<Datagrams>();
    std::weak_ptr<DatagramTransport> kept;
    {
        const std::unique_ptr<EventLoop> loop = new_event_loop();
        loop->set_debug(true);
        loop->slow_callback_duration = std::chrono::hours(1);
        auto ends = datagram_pair();
        const auto made = loop->run_until_complete(
            loop->create_datagram_endpoint(factory_of(protocol), DatagramOptions().socket(std::move(ends.first))));
        kept = made.first;
        // With datagrams that nobody has taken, and a retry of sending them in the future.
        for (int i = 0; i < 1000; ++i) made.first->sendto("unsent");
        BOOST_TEST(made.first->get_write_buffer_size() > 0u);
        loop->run_until_complete(sleep(std::chrono::seconds(0)));
        loop->close();
        BOOST_TEST(made.first->is_closing());
        made.first->sendto("into nothing");
        made.first->close();
        made.first->abort();
        BOOST_TEST(made.first->get_protocol() == nullptr);
    }
    protocol->transport = nullptr;
    BOOST_TEST(kept.expired());
    BOOST_TEST(protocol->losses == 0);
    BOOST_TEST(open_descriptors() == before);
    BOOST_REQUIRE(Warnings::list().size() == 1u);
    BOOST_TEST(contains(Warnings::list().front(), "unclosed transport"));
}

BOOST_AUTO_TEST_CASE(the_loop_keeps_an_endpoint_that_nobody_holds) {
    in_loop([] {
        struct Careless : DatagramProtocol {
            explicit Careless(Texts& to) : received(to) {}
            void connection_made(std::shared_ptr<BaseTransport>) override {}
            void datagram_received(absl::string_view data, const SocketAddress&) override { received.emplace_back(data); }
            Texts& received;
        };
        Texts received;
        auto ends = datagram_pair();
        await(get_running_loop().create_datagram_endpoint([&] { return std::make_shared<Careless>(received); },
                                                          DatagramOptions().socket(std::move(ends.first))));
        BOOST_REQUIRE(::send(ends.second.fd(), "kept", 4, 0) == 4);
        BOOST_TEST(until([&] { return received == Texts{"kept"}; }));
    });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
