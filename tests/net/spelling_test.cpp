// asyncio's arguments as Python programs write them: None, keywords under their own names, positions, anything with a fileno().
#include <array>
#include <stdexcept>

#include "cede/selectors/selectors.hpp"
#include "cede/task/with.hpp"
#include "net/process_fixtures.hpp"
#include "net/sendfile_fixtures.hpp"

namespace cede {
namespace tests {
namespace {

auto said(std::string text) {
    return [text = std::move(text)](const std::exception& error) { return error.what() == text; };
}

LoopNetwork::ProtocolFactory recording() {
    return [] { return std::make_shared<Recording>(); };
}

}  // namespace

BOOST_AUTO_TEST_SUITE(spelling)

BOOST_AUTO_TEST_CASE(none_is_nullopt) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        BOOST_TEST(await(loop.create_server(recording(), absl::nullopt, 0)).sockets().size() == 2u);
        BOOST_TEST(await(loop.create_server(recording(), absl::nullopt, 0, ServerOptions().family(AF_INET))).sockets().size() ==
                   1u);
        BOOST_TEST(await(loop.create_server(recording(), nullptr, 0)).sockets().size() == 2u);
        BOOST_TEST(await(loop.create_server(recording(), nullptr, 0, ServerOptions().family(AF_INET))).sockets().size() == 1u);
        for (const AddressInfo& each : await(loop.getaddrinfo(absl::nullopt, 80))) BOOST_TEST(each.address.port() == 80);
        const auto loopback = await(loop.getaddrinfo(absl::nullopt, "80", ResolveOptions().family(AF_INET).type(SOCK_STREAM)));
        BOOST_REQUIRE(loopback.size() == 1u);
        BOOST_TEST(loopback[0].address.str() == "127.0.0.1:80");
        const auto portless = await(loop.getaddrinfo("127.0.0.1", absl::nullopt, ResolveOptions().type(SOCK_STREAM)));
        BOOST_REQUIRE(portless.size() == 1u);
        BOOST_TEST(portless[0].address.port() == 0);
        BOOST_CHECK_EXCEPTION(await(loop.getaddrinfo(absl::nullopt, absl::nullopt)), std::system_error,
                              [](const std::system_error& e) { return e.code().value() == EAI_NONAME; });
        BOOST_TEST(await(loop.run_in_executor(absl::nullopt, [](int a, int b) { return a + b; }, 1, 2)) == 3);
    });
}

BOOST_AUTO_TEST_CASE(keywords_have_asyncios_names) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        Socket bound(AF_INET, SOCK_STREAM);
        bound.bind(SocketAddress("127.0.0.1", 0));
        const Server server = await(loop.create_server(recording(), ServerOptions().sock(std::move(bound))));
        const int port = server.sockets().front().getsockname().port();
        BOOST_TEST(port == server.sockets().front().local_address().port());
        const auto local = await(loop.create_connection(recording(), "127.0.0.1", port,
                                                        ConnectionOptions().local_addr({"127.0.0.2", 0}).proto(IPPROTO_TCP)));
        BOOST_CHECK_THROW(ConnectionOptions().local_addr(SocketAddress::from_path("/x")), std::invalid_argument);
        BOOST_TEST(absl::any_cast<SocketAddress>(local.first->get_extra_info("sockname")).host() == "127.0.0.2");
        std::pair<Socket, Socket> ends = Socket::pair();
        const auto paired = await(loop.create_connection(recording(), ConnectionOptions().sock(std::move(ends.first))));
        local.first->abort();
        paired.first->abort();
        Socket datagrams(AF_INET, SOCK_DGRAM);
        datagrams.bind(SocketAddress("127.0.0.1", 0));
        const auto endpoint = await(loop.create_datagram_endpoint([] { return std::make_shared<DatagramProtocol>(); },
                                                                  DatagramOptions().sock(std::move(datagrams))));
        endpoint.first->abort();
        BOOST_TEST(await(loop.getaddrinfo("127.0.0.1", 1, ResolveOptions().proto(IPPROTO_UDP))).front().type == SOCK_DGRAM);
    });
}

BOOST_AUTO_TEST_CASE(sendfile_takes_offset_and_count_by_position) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const TemporaryFile file("0123456789");
        std::pair<Socket, Socket> ends = Socket::pair();
        BOOST_TEST(await(loop.sock_sendfile(ends.first, file.fd(), 7)) == 3);
        BOOST_TEST(await(loop.sock_sendfile(ends.first, file.fd(), 2, 3)) == 3);
        const auto made = await(loop.create_connection(recording(), ConnectionOptions().socket(std::move(ends.first))));
        BOOST_TEST(await(loop.sendfile(made.first, file.fd(), 8)) == 2);
        BOOST_TEST(await(loop.sendfile(made.first, file.fd(), 0, 1)) == 1);
        BOOST_CHECK_THROW(await(loop.sendfile(made.first, file.fd(), 0, 0)), std::invalid_argument);
        BOOST_TEST(receive_exactly(ends.second, 9) == "789234890");
        made.first->abort();
    });
}

BOOST_AUTO_TEST_CASE(a_program_and_its_arguments_one_by_one) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const auto protocol = std::make_shared<RecordingProcess>();
        const auto factory = [&] { return protocol; };
        const std::string command = "echo \"$0\"";
        await(loop.subprocess_exec(factory, "sh", "-c", command, std::string("a b"),
                                   SubprocessOptions().stdin_(subprocess::DEVNULL)));
        BOOST_TEST(eventually([&] { return protocol->lost; }));
        BOOST_TEST(protocol->data[1] == "a b\n");
        BOOST_CHECK_THROW(await(loop.subprocess_exec(factory, "/no/such/program")), std::system_error);
        const std::shared_ptr<RecordingProcess> same = await(loop.subprocess_shell(factory, "true")).second;
        BOOST_TEST(same == protocol);
    });
}

BOOST_AUTO_TEST_CASE(a_descriptor_is_asked_of_what_has_one) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        std::pair<Socket, Socket> ends = Socket::pair();
        int read = 0, written = 0;
        loop.add_reader(ends.first, [&](int by) { read += by; }, 2);
        loop.add_writer(ends.second.view(), [&] {
            if (++written == 1) BOOST_TEST(::send(ends.second.fd(), "x", 1, 0) == 1);
        });
        BOOST_TEST(until([&] { return read > 0 && written > 0; }));
        BOOST_TEST(read % 2 == 0);
        BOOST_TEST(loop.remove_reader(ends.first));
        BOOST_TEST(!loop.remove_reader(ends.first.fileno()));
        BOOST_TEST(loop.remove_writer(ends.second));
        const std::pair<Pipe, Pipe> pipe = Pipe::pair();
        loop.add_writer(pipe.second, [] {});
        BOOST_TEST(loop.remove_writer(pipe.second));
        ends.first.close();
        BOOST_CHECK_THROW(loop.add_reader(ends.first, [] {}), std::invalid_argument);
        BOOST_CHECK_THROW(loop.remove_reader(ends.first), std::invalid_argument);
    });
}

// As `transport, protocol = await loop.create_connection(...)`, and then protocol's own members.
BOOST_AUTO_TEST_CASE(a_protocol_is_what_its_factory_makes) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        struct Numbered : Protocol {
            int number = 7;
        };
        struct NumberedDatagrams : DatagramProtocol {
            int number = 8;
        };
        const auto factory = [] { return std::make_shared<Numbered>(); };
        const Server server = await(loop.create_server(recording(), "127.0.0.1", 0));
        const int port = server.sockets().front().getsockname().port();
        const auto plain = await(loop.create_connection(factory, "127.0.0.1", port));
        const auto with_options = await(loop.create_connection(factory, "127.0.0.1", port, ConnectionOptions()));
        std::pair<Socket, Socket> ends = Socket::pair();
        const auto on_socket = await(loop.create_connection(factory, ConnectionOptions().sock(std::move(ends.first))));
        const auto accepted = await(loop.connect_accepted_socket(factory, std::move(ends.second)));
        const auto datagrams = await(loop.create_datagram_endpoint([] { return std::make_shared<NumberedDatagrams>(); },
                                                                   DatagramOptions().local_addr({"127.0.0.1", 0})));
        std::pair<Pipe, Pipe> pipe = Pipe::pair();
        const auto reads = await(loop.connect_read_pipe(factory, std::move(pipe.first)));
        const auto writes = await(loop.connect_write_pipe(factory, std::move(pipe.second)));
        BOOST_TEST(plain.second->number + with_options.second->number + on_socket.second->number + accepted.second->number +
                       reads.second->number + writes.second->number == 6 * 7);
        BOOST_TEST(datagrams.second->number == 8);
        const LoopNetwork::Connection of_any_class = plain;
        Coroutine<LoopNetwork::Connection> also = loop.create_connection(factory, "127.0.0.1", port);
        await(also).first->abort();
        absl::AnyInvocable<std::shared_ptr<BaseProtocol>()> erased = factory;
        await(loop.create_connection(std::move(erased), "127.0.0.1", port)).first->abort();
        for (const auto& each : {of_any_class.first, with_options.first, on_socket.first, accepted.first}) each->abort();
        datagrams.first->abort();
        reads.first->close();
        writes.first->abort();
    });
}

BOOST_AUTO_TEST_CASE(one_that_nobody_awaits_is_reported_once_by_its_name) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        loop.set_debug(true);
        const Warnings warnings;
        static_cast<void>(loop.create_connection([] { return std::make_shared<Recording>(); }, "127.0.0.1", 1));
        BOOST_REQUIRE(Warnings::list().size() == 1u);
        BOOST_TEST(Warnings::list().front().find("coroutine 'create_connection' was never awaited") == 0u);
    });
}

BOOST_AUTO_TEST_CASE(a_factory_that_is_none_is_an_error) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        std::pair<Socket, Socket> ends = Socket::pair();
        BOOST_CHECK_THROW(await(loop.create_connection(nullptr, ConnectionOptions().sock(std::move(ends.first)))),
                          std::invalid_argument);
        BOOST_CHECK_THROW(await(loop.create_datagram_endpoint(nullptr, DatagramOptions().local_addr("127.0.0.1", 0))),
                          std::invalid_argument);
        BOOST_CHECK_THROW(await(loop.subprocess_exec(nullptr, "true")), std::invalid_argument);
        BOOST_CHECK_THROW(await(loop.connect_read_pipe(nullptr, Pipe::pair().first)), std::invalid_argument);
    });
}

BOOST_AUTO_TEST_CASE(buffers_may_be_containers) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const std::pair<Socket, Socket> ends = Socket::pair();
        std::vector<char> bytes(16);
        std::array<char, 2> two{{}};
        std::string text(3, '-');
        await(loop.sock_sendall(ends.first, std::vector<char>{'a', 'b', 'c', 'd', 'e', 'f', 'g'}));
        BOOST_TEST(await(loop.sock_recv_into(ends.second, two)) == 2u);
        BOOST_TEST(await(loop.sock_recv_into(ends.second, text)) == 3u);
        BOOST_TEST(await(loop.sock_recv_into(ends.second, bytes)) == 2u);
        BOOST_TEST((std::string(two.begin(), two.end()) + text + std::string(bytes.begin(), bytes.begin() + 2)) == "abcdefg");
        Socket datagrams(AF_INET, SOCK_DGRAM);
        datagrams.bind({"127.0.0.1", 0});
        await(loop.sock_sendto(datagrams, "hello", datagrams.getsockname()));
        BOOST_TEST(await(loop.sock_recvfrom_into(datagrams, bytes)).first == 5u);
    });
}

BOOST_AUTO_TEST_CASE(extra_info_as_a_type) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const auto made = await(loop.create_datagram_endpoint([] { return std::make_shared<DatagramProtocol>(); },
                                                              DatagramOptions().local_addr({"127.0.0.1", 0})));
        BOOST_TEST(made.first->get_extra_info<SocketAddress>("sockname").host() == "127.0.0.1");
        BOOST_CHECK_EXCEPTION(made.first->get_extra_info<int>("sockname"), std::invalid_argument,
                              said("get_extra_info(\"sockname\") is a cede::SocketAddress, not a int"));
        BOOST_CHECK_THROW(made.first->get_extra_info<int>("nothing"), std::out_of_range);
        made.first->abort();
    });
}

BOOST_AUTO_TEST_CASE(a_selector_takes_a_socket) {
    const std::pair<Socket, Socket> ends = Socket::pair();
    selectors::DefaultSelector selector;
    with(selector, [&](selectors::BaseSelector& same) {
        BOOST_TEST(same.register_(ends.first, selectors::EVENT_READ, 5).fd == ends.first.fileno());
        BOOST_TEST(same.get_key(ends.first).data_as<int>() == 5);
        BOOST_TEST(same.modify(ends.first, selectors::EVENT_WRITE).events == selectors::EVENT_WRITE);
        BOOST_TEST(same.select(Duration()).size() == 1u);
        same.unregister(ends.first);
    });
    BOOST_CHECK_THROW(selector.get_key(ends.first), RuntimeError);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
