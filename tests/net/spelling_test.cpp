// asyncio's arguments as Python programs write them: None, keywords under their own names, positions, anything with a fileno().
#include "net/process_fixtures.hpp"
#include "net/sendfile_fixtures.hpp"

namespace cede {
namespace tests {
namespace {

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
        for (const AddressInfo& each : await(loop.getaddrinfo(absl::nullopt, 80))) BOOST_TEST(each.address.port() == 80);
        const auto loopback = await(loop.getaddrinfo(absl::nullopt, "80", ResolveOptions().family(AF_INET).type(SOCK_STREAM)));
        BOOST_REQUIRE(loopback.size() == 1u);
        BOOST_TEST(loopback[0].address.str() == "127.0.0.1:80");
        const auto portless = await(loop.getaddrinfo("127.0.0.1", absl::nullopt, ResolveOptions().type(SOCK_STREAM)));
        BOOST_REQUIRE(portless.size() == 1u);
        BOOST_TEST(portless[0].address.port() == 0);
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
                                                        ConnectionOptions().local_addr("127.0.0.2", 0).proto(IPPROTO_TCP)));
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

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
