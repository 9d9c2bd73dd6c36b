// What create_server and create_unix_server listen on.
#include <sys/stat.h>

#include <cstdio>
#include <fstream>

#include "net/fixtures.hpp"
#include "support/faults/system_calls.hpp"

namespace cede {
namespace tests {
namespace {

LoopNetwork::ProtocolFactory echo() {
    return [] { return std::make_shared<Echo>(); };
}

// A path in a folder of its own, which goes with it.
struct TemporaryPath {
    TemporaryPath() {
        char name[] = "/tmp/cede-net-XXXXXX";
        folder = ::mkdtemp(name);
        path = folder + "/socket";
    }
    ~TemporaryPath() {
        ::unlink(path.c_str());
        ::rmdir(folder.c_str());
    }
    bool exists() const {
        struct stat status;
        return ::stat(path.c_str(), &status) == 0;
    }
    std::string folder, path;
};

void check_unix_echo(const std::string& path) {
    EventLoop& loop = get_running_loop();
    const auto protocol = std::make_shared<Recording>();
    const auto connection = await(loop.create_unix_connection(factory_of(protocol), path));
    connection.first->write("ping");
    BOOST_TEST(until([&] { return protocol->data == "ping"; }));
    connection.first->close();
}

bool in_use(const std::system_error& error) { return error.code() == std::errc::address_in_use; }

}  // namespace

BOOST_AUTO_TEST_SUITE(create_server)

// SERVER-010
BOOST_AUTO_TEST_CASE(an_empty_host_is_all_interfaces_of_both_families_on_one_port) {
    in_loop([] {
        const Server server = await(get_running_loop().create_server(echo(), "", 0));
        const auto sockets = server.sockets();
        BOOST_REQUIRE(sockets.size() == 2);
        BOOST_TEST(sockets[0].local_address().port() == sockets[1].local_address().port());
        BOOST_TEST(sockets[0].family() != sockets[1].family());
        for (const auto& each : sockets) {
            const SocketAddress address = each.local_address();
            const SocketAddress loopback(address.family() == AF_INET ? "127.0.0.1" : "::1", address.port());
            const Socket client(address.family(), SOCK_STREAM);
            await(get_running_loop().sock_connect(client, loopback));
        }
    });
}

// CPython's test_create_server_multiple_hosts_ipv4 and _ipv6.
BOOST_AUTO_TEST_CASE(several_hosts_are_one_server_on_one_port) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const auto hosts_of = [](const Server& server) {
            std::vector<std::string> hosts;
            for (const auto& each : server.sockets()) {
                hosts.push_back(each.local_address().host());
                BOOST_TEST(each.local_address().port() == server.sockets().front().local_address().port());
            }
            return hosts;
        };
        const std::vector<std::string> two = {"127.0.0.1", "127.0.0.2"};
        const Server server = await(loop.create_server(echo(), {"127.0.0.1", "127.0.0.2", "127.0.0.1"}, 0));
        BOOST_TEST(hosts_of(server) == two);  // the one that comes twice is taken once
        for (const auto& each : server.sockets()) {
            const Socket client(AF_INET, SOCK_STREAM);
            await(loop.sock_connect(client, each.local_address()));
        }
        BOOST_TEST(hosts_of(await(loop.create_server(echo(), two, 0, ServerOptions().backlog(5)))) == two);
        BOOST_TEST(hosts_of(await(loop.create_server(echo(), std::vector<const char*>{"::1", "127.0.0.1"}, "0"))) ==
                   (std::vector<std::string>{"::1", "127.0.0.1"}));
        BOOST_TEST(await(loop.create_server(echo(), {"127.0.0.1"}, 0)).sockets().size() == 1u);
        BOOST_TEST(await(loop.create_server(echo(), {}, 0)).sockets().size() == 2u);  // none given: all interfaces
    });
}

BOOST_AUTO_TEST_CASE(an_address_that_the_resolver_gives_twice_is_bound_once) {
    struct Twice : SelectorEventLoop {
        Coroutine<std::vector<AddressInfo>> getaddrinfo(std::string, Port port, ResolveOptions options) override {
            AddressInfo info;
            info.family = AF_INET;
            info.type = options.type();
            info.address = SocketAddress("127.0.0.1", *port.number());
            return [info] { return std::vector<AddressInfo>{info, info}; };
        }
    };
    cede::run(
        [] {
            const Server server = await(get_running_loop().create_server(echo(), "localhost", 0));
            BOOST_TEST(server.sockets().size() == 1u);
        },
        RunOptions().loop_factory([] { return std::make_unique<Twice>(); }));
}

BOOST_AUTO_TEST_CASE(several_hosts_are_bound_all_or_none) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const Server server = await(loop.create_server(echo(), "127.0.0.2", 0));
        const int port = server.sockets().front().local_address().port();
        const int before = open_descriptors();
        BOOST_CHECK_EXCEPTION(await(loop.create_server(echo(), {"127.0.0.1", "127.0.0.2"}, port)), std::system_error, in_use);
        BOOST_CHECK_EXCEPTION(await(loop.create_server(echo(), {"127.0.0.1", "no such host"}, 0)), std::system_error,
                              [](const std::system_error& e) { return e.code().category() == resolver_category(); });
        // Nobody asked for all interfaces here.
        BOOST_CHECK_EXCEPTION(await(loop.create_server(echo(), std::vector<std::string>(), 0)), std::system_error,
                              [](const std::system_error& e) { return e.code() == std::errc::address_not_available; });
        BOOST_CHECK_THROW(
            await(loop.create_server(echo(), {"127.0.0.1"}, 0, ServerOptions().socket(Socket(AF_INET, SOCK_STREAM)))),
            std::invalid_argument);
        BOOST_TEST(open_descriptors() == before);
    });
}

BOOST_AUTO_TEST_CASE(one_family_can_be_asked_for) {
    in_loop([] {
        const Server server = await(get_running_loop().create_server(echo(), "", 0, ServerOptions().family(AF_INET6)));
        BOOST_REQUIRE(server.sockets().size() == 1);
        BOOST_TEST(server.sockets().front().family() == AF_INET6);
    });
}

// SERVER-011, LOOP-025
BOOST_AUTO_TEST_CASE(a_socket_of_ones_own_is_taken_if_it_is_right) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        Socket bound(AF_INET, SOCK_STREAM);
        bound.bind(SocketAddress("127.0.0.1", 0));
        const SocketAddress address = bound.local_address();
        bound.set_blocking(true);  // as one from elsewhere may be; a server makes it non-blocking
        const ServerOptions options = ServerOptions().socket(std::move(bound));
        const Server server = await(loop.create_server(echo(), options));
        BOOST_TEST((server.sockets().front().local_address() == address));
        BOOST_TEST(!server.sockets().front().dup().get_blocking());
        BOOST_CHECK_THROW(await(loop.create_server(echo(), options)), std::invalid_argument);  // taken
        BOOST_CHECK_THROW(await(loop.create_server(echo(), ServerOptions().socket(Socket(AF_INET, SOCK_DGRAM)))),
                          std::invalid_argument);
        BOOST_CHECK_THROW(
            await(loop.create_server(echo(), "127.0.0.1", 0, ServerOptions().socket(Socket(AF_INET, SOCK_STREAM)))),
            std::invalid_argument);
        BOOST_CHECK_THROW(await(loop.create_server(echo(), ServerOptions())), std::invalid_argument);
    });
}

// SERVER-012
BOOST_AUTO_TEST_CASE(an_address_in_use_is_named) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const Server server = await(loop.create_server(echo(), "127.0.0.1", 0));
        const SocketAddress address = server.sockets().front().local_address();
        BOOST_CHECK_EXCEPTION(await(loop.create_server(echo(), "127.0.0.1", address.port())), std::system_error,
                              [&](const std::system_error& e) {
                                  return in_use(e) && std::string(e.what()).find(address.str()) != std::string::npos;
                              });
    });
}

// SERVER-013, SERVER-014
BOOST_AUTO_TEST_CASE(reuse_port_is_off_unless_asked_for) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const Server plain = await(loop.create_server(echo(), "127.0.0.1", 0));
        BOOST_TEST(plain.sockets().front().getsockopt(SOL_SOCKET, SO_REUSEPORT) == 0);
        BOOST_TEST(plain.sockets().front().getsockopt(SOL_SOCKET, SO_REUSEADDR) != 0);
        const ServerOptions shared = ServerOptions().reuse_port(true).keep_alive(true).reuse_address(false);
        const Server one = await(loop.create_server(echo(), "127.0.0.1", 0, shared));
        BOOST_TEST(one.sockets().front().getsockopt(SOL_SOCKET, SO_REUSEPORT) != 0);
        BOOST_TEST(one.sockets().front().getsockopt(SOL_SOCKET, SO_REUSEADDR) == 0);
        BOOST_TEST(one.sockets().front().getsockopt(SOL_SOCKET, SO_KEEPALIVE) != 0);
        const int port = one.sockets().front().local_address().port();
        const Server two = await(loop.create_server(echo(), "127.0.0.1", port, shared));
    });
}

BOOST_AUTO_TEST_CASE(a_server_that_cannot_listen_leaves_nothing_behind) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        await(loop.create_server(echo(), "127.0.0.1", 0)).close();
        const int before = open_descriptors();
        const SystemCall calls[] = {SystemCall::socket, SystemCall::bind, SystemCall::listen, SystemCall::epoll_ctl};
        for (SystemCall call : calls) {
            const FailingCall failing(call, ENOMEM);
            BOOST_CHECK_THROW(await(loop.create_server(echo(), "127.0.0.1", 0)), std::system_error);
            BOOST_TEST(failing.failed() == 1);
            BOOST_TEST(open_descriptors() == before);
        }
    });
}

// asyncio takes any failure of socket() for a family that is not there, and says that there is no address.
BOOST_AUTO_TEST_CASE(what_socket_says_reaches_the_caller_but_for_a_family_that_is_not_there) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const int before = open_descriptors();
        for (int error : {EMFILE, ENFILE, ENOMEM, ENOBUFS, EACCES}) {
            for (int nth : {1, 2}) {  // the first or the second family
                const FailingCall failing(SystemCall::socket, error, nth);
                BOOST_CHECK_EXCEPTION(await(loop.create_server(echo(), "", 0)), std::system_error,
                                      [=](const std::system_error& e) { return e.code().value() == error; });
            }
            BOOST_TEST(open_descriptors() == before);
        }
        for (int error : {EAFNOSUPPORT, EPROTONOSUPPORT, ESOCKTNOSUPPORT, EPFNOSUPPORT}) {
            const FailingCall failing(SystemCall::socket, error);
            const Server server = await(loop.create_server(echo(), "", 0));
            BOOST_TEST(server.sockets().size() == 1u);
        }
        const FailingCall failing(SystemCall::socket, EAFNOSUPPORT, 1, 2);
        BOOST_CHECK_EXCEPTION(await(loop.create_server(echo(), "", 0)), std::system_error,
                              [](const std::system_error& e) { return e.code() == std::errc::address_not_available; });
    });
}

BOOST_AUTO_TEST_CASE(port_0_for_both_families_survives_a_port_that_is_taken_in_one) {
    in_loop([] {
        const FailingCall failing(SystemCall::bind, EADDRINUSE, 2, 1);
        const Server server = await(get_running_loop().create_server(echo(), "", 0));
        BOOST_REQUIRE(server.sockets().size() == 2);
        BOOST_TEST(server.sockets()[0].local_address().port() == server.sockets()[1].local_address().port());
    });
}

// SERVER-019
BOOST_AUTO_TEST_CASE(a_unix_server_removes_its_file) {
    const TemporaryPath file;
    in_loop([&] {
        EventLoop& loop = get_running_loop();
        const Server server = await(loop.create_unix_server(echo(), file.path));
        check_unix_echo(file.path);
        BOOST_TEST(file.exists());
        server.close();
        BOOST_TEST(!file.exists());

        Socket bound(AF_UNIX, SOCK_STREAM);
        bound.bind(SocketAddress::from_path(file.path));
        await(loop.create_unix_server(echo(), ServerOptions().socket(std::move(bound)))).close();
        BOOST_TEST(!file.exists());

        await(loop.create_unix_server(echo(), file.path, ServerOptions().cleanup_socket(false))).close();
        BOOST_TEST(file.exists());
    });
}

BOOST_AUTO_TEST_CASE(the_end_of_the_loop_removes_the_file_too) {
    const TemporaryPath file;
    in_loop([&] {
        await(get_running_loop().create_unix_server(echo(), file.path));
        BOOST_TEST(file.exists());
    });
    BOOST_TEST(!file.exists());
}

// SERVER-020
BOOST_AUTO_TEST_CASE(a_file_that_is_gone_or_somebody_elses_is_left_alone) {
    const TemporaryPath file;
    in_loop([&] {
        EventLoop& loop = get_running_loop();
        Server server = await(loop.create_unix_server(echo(), file.path));
        ::unlink(file.path.c_str());
        server.close();

        server = await(loop.create_unix_server(echo(), file.path));
        BOOST_REQUIRE(::rename(file.path.c_str(), (file.path + "2").c_str()) == 0);  // keeps the inode in use
        std::ofstream(file.path) << "another";
        server.close();
        BOOST_TEST(file.exists());
        ::unlink((file.path + "2").c_str());
    });
}

// UNIX-009, UNIX-010, UNIX-013
BOOST_AUTO_TEST_CASE(a_stale_socket_is_replaced_and_a_plain_file_is_not) {
    const TemporaryPath file;
    in_loop([&] {
        EventLoop& loop = get_running_loop();
        {
            const Socket stale(AF_UNIX, SOCK_STREAM);
            stale.bind(SocketAddress::from_path(file.path));
        }
        BOOST_TEST(file.exists());
        const Server server = await(loop.create_unix_server(echo(), file.path));
        check_unix_echo(file.path);
        server.close();

        std::ofstream(file.path) << "plain";
        const int before = open_descriptors();
        BOOST_CHECK_EXCEPTION(await(loop.create_unix_server(echo(), file.path)), std::system_error,
                              [&](const std::system_error& e) {
                                  return in_use(e) && std::string(e.what()).find(file.path) != std::string::npos;
                              });
        BOOST_CHECK_THROW(await(loop.create_unix_server(echo(), "/no/such/folder/socket")), std::system_error);
        BOOST_CHECK_THROW(await(loop.create_unix_server(echo(), std::string(200, 'x'))), std::system_error);
        BOOST_TEST(open_descriptors() == before);
    });
}

// UNIX-011
BOOST_AUTO_TEST_CASE(only_unix_stream_sockets_are_taken) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const auto inet = [] { return Socket(AF_INET, SOCK_STREAM); };
        const auto datagram = [] { return Socket(AF_UNIX, SOCK_DGRAM); };
        BOOST_CHECK_THROW(await(loop.create_unix_server(echo(), ServerOptions().socket(inet()))), std::invalid_argument);
        BOOST_CHECK_THROW(await(loop.create_unix_server(echo(), ServerOptions().socket(datagram()))),
                          std::invalid_argument);
        BOOST_CHECK_THROW(await(loop.create_unix_connection(echo(), ConnectionOptions().socket(inet()))),
                          std::invalid_argument);
        BOOST_CHECK_THROW(await(loop.create_unix_connection(echo(), ConnectionOptions().socket(datagram()))),
                          std::invalid_argument);
        BOOST_CHECK_THROW(await(loop.create_unix_server(echo(), ServerOptions())), std::invalid_argument);
        BOOST_CHECK_THROW(await(loop.create_unix_connection(echo(), ConnectionOptions())), std::invalid_argument);
        BOOST_CHECK_THROW(
            await(loop.create_unix_server(echo(), "/tmp/x", ServerOptions().socket(Socket(AF_UNIX, SOCK_STREAM)))),
            std::invalid_argument);
    });
}

BOOST_AUTO_TEST_CASE(abstract_names_have_no_file) {
    in_loop([] {
        const std::string name = std::string("\0cede-test-", 11) + std::to_string(::getpid());
        const Server server = await(get_running_loop().create_unix_server(echo(), name));
        BOOST_TEST(server.sockets().front().local_address().path() == name);
        check_unix_echo(name);
        server.close();
        await(server.wait_closed());
    });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
