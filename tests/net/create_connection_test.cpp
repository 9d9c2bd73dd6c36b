// create_connection and connect_accepted_socket: which address, from where, and what the failures say.
#include <fcntl.h>

#include "net/fixtures.hpp"
#include "support/faults/system_calls.hpp"

#include "cede/base/exception_group.hpp"
#include "cede/task/task.hpp"
#include "net/address_order.hpp"

namespace cede {
namespace tests {
namespace {

// A loop whose names are the test's.
class NamingLoop : public SelectorEventLoop {
public:
    using LoopNetwork::getaddrinfo;
    Coroutine<std::vector<AddressInfo>> getaddrinfo(std::string host, Port port, ResolveOptions options) override {
        asked.push_back(host);
        return [=] {
            std::vector<AddressInfo> result;
            for (const SocketAddress& each : names[host]) {
                if (options.family() != AF_UNSPEC && options.family() != each.family()) continue;
                AddressInfo info;
                info.family = each.family();
                info.type = options.type();
                info.address = each.port() == 0 ? each.with_port(*port.number()) : each;
                result.push_back(info);
            }
            return result;
        };
    }
    std::map<std::string, std::vector<SocketAddress>> names;
    std::vector<std::string> asked;
};

template <class F>
void in_naming_loop(F f) {
    cede::run([&] { f(static_cast<NamingLoop&>(get_running_loop())); },
              RunOptions().debug(true).loop_factory([] { return std::unique_ptr<EventLoop>(new NamingLoop()); }));
}

LoopNetwork::ProtocolFactory recording() {
    return [] { return std::make_shared<Recording>(); };
}

SocketAddress peer_of(const LoopNetwork::Connection& connection) {
    return absl::any_cast<SocketAddress>(connection.first->get_extra_info("peername"));
}

bool refused(const std::system_error& error) { return error.code() == std::errc::connection_refused; }

}  // namespace

BOOST_AUTO_TEST_SUITE(create_connection)

BOOST_AUTO_TEST_CASE(the_protocol_is_the_factorys_and_has_been_told) {
    in_loop([] {
        const Socket listener = listening();
        const auto protocol = std::make_shared<Recording>();
        const auto connection = await(get_running_loop().create_connection(factory_of(protocol), "127.0.0.1",
                                                                           listener.local_address().port()));
        BOOST_TEST((connection.second == protocol));
        BOOST_TEST((connection.first == protocol->transport));
        BOOST_TEST(protocol->calls == "made ");
        BOOST_TEST((peer_of(connection) == listener.local_address()));
        connection.first->close();
    });
}

// LOOP-025, LOOP-034
BOOST_AUTO_TEST_CASE(only_stream_sockets_are_taken) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const auto datagram = [] { return Socket(AF_INET, SOCK_DGRAM); };
        BOOST_CHECK_THROW(await(loop.create_connection(recording(), ConnectionOptions().socket(datagram()))),
                          std::invalid_argument);
        BOOST_CHECK_THROW(await(loop.connect_accepted_socket(recording(), datagram())), std::invalid_argument);
        BOOST_CHECK_THROW(await(loop.create_connection(recording(), ConnectionOptions())), std::invalid_argument);
        BOOST_CHECK_THROW(await(loop.create_connection(recording(), "127.0.0.1", 1,
                                                       ConnectionOptions().socket(Socket::pair().first))),
                          std::invalid_argument);
    });
}

BOOST_AUTO_TEST_CASE(a_blocking_socket_is_made_nonblocking) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const auto check = [](const LoopNetwork::Connection& connection) {
            const auto view = absl::any_cast<TransportSocket>(connection.first->get_extra_info("socket"));
            BOOST_TEST((::fcntl(view.fileno(), F_GETFL) & O_NONBLOCK) != 0);
            connection.first->abort();
        };
        const auto blocking = [] {
            Socket socket = Socket::pair().first;
            socket.set_blocking(true);
            return socket;
        };
        check(await(loop.create_connection(recording(), ConnectionOptions().socket(blocking()))));
        check(await(loop.create_unix_connection(recording(), ConnectionOptions().socket(blocking()))));
        check(await(loop.connect_accepted_socket(recording(), blocking())));
    });
}

// LOOP-026
BOOST_AUTO_TEST_CASE(addresses_are_tried_in_order_and_failed_ones_closed) {
    in_naming_loop([](NamingLoop& loop) {
        const DeadPort dead, dead_too;
        const Socket listener = listening(), unreached = listening();
        loop.names["many"] = {dead.address(), dead_too.address(), listener.local_address(), unreached.local_address()};
        const int before = open_descriptors();
        const auto connection = await(loop.create_connection(recording(), "many", 1));
        BOOST_TEST((peer_of(connection) == listener.local_address()));
        BOOST_TEST(open_descriptors() == before + 1);
        connection.first->abort();
    });
}

// LOOP-027
BOOST_AUTO_TEST_CASE(different_failures_are_listed_in_one) {
    in_naming_loop([](NamingLoop& loop) {
        const DeadPort one, two;
        loop.names["dead"] = {one.address(), two.address()};
        const int before = open_descriptors();
        BOOST_CHECK_EXCEPTION(await(loop.create_connection(recording(), "dead", 1)), std::system_error,
                              [&](const std::system_error& e) {
                                  const std::string text = e.what();
                                  return refused(e) && text.find("Multiple exceptions: ") == 0 &&
                                         text.find(one.address().str()) != std::string::npos &&
                                         text.find(two.address().str()) != std::string::npos;
                              });
        BOOST_TEST(open_descriptors() == before);
        loop.names["one"] = {one.address()};
        BOOST_CHECK_EXCEPTION(await(loop.create_connection(recording(), "one", 1)), std::system_error,
                              [&](const std::system_error& e) {
                                  return refused(e) && e.what() == "connect to " + one.address().str() +
                                                                       ": Connection refused";
                              });
        loop.names["same"] = {one.address(), one.address()};
        BOOST_CHECK_EXCEPTION(await(loop.create_connection(recording(), "same", 1)), std::system_error,
                              [&](const std::system_error& e) {
                                  return std::string(e.what()).find("Multiple") == std::string::npos;
                              });
        BOOST_CHECK_THROW(await(loop.create_connection(recording(), "nobody", 1)), std::system_error);
    });
}

// LOOP-028
BOOST_AUTO_TEST_CASE(all_errors_raises_a_group_even_of_one) {
    in_naming_loop([](NamingLoop& loop) {
        const DeadPort one, two;
        loop.names["one"] = {one.address()};
        loop.names["two"] = {one.address(), two.address()};
        for (const char* name : {"one", "two"}) {
            BOOST_CHECK_EXCEPTION(
                await(loop.create_connection(recording(), name, 1, ConnectionOptions().all_errors(true))),
                ExceptionGroup,
                [&](const ExceptionGroup& group) { return group.exceptions().size() == loop.names[name].size(); });
        }
    });
}

// LOOP-029, LOOP-030, LOOP-031
BOOST_AUTO_TEST_CASE(a_literal_needs_no_resolver) {
    in_naming_loop([](NamingLoop& loop) {
        const Socket listener = listening(), six = listening("::1");
        const int port = listener.local_address().port();
        const int lookups = name_lookups();
        await(loop.create_connection(recording(), "127.0.0.1", port)).first->abort();
        await(loop.create_connection(recording(), "127.0.0.1", std::to_string(port))).first->abort();
        await(loop.create_connection(recording(), "::1", six.local_address().port())).first->abort();
        // A scope that does not fit a global address is ignored by the kernel, but it must get there.
        const auto scoped = await(loop.create_connection(recording(), "::1%lo", six.local_address().port()));
        scoped.first->abort();
        BOOST_TEST(loop.asked.empty());
        BOOST_TEST(name_lookups() == lookups);
        BOOST_CHECK_THROW(await(loop.create_connection(recording(), "::1", 1, ConnectionOptions().family(AF_INET))),
                          std::system_error);
    });
}

// LOOP-032, LOOP-033
BOOST_AUTO_TEST_CASE(a_local_address_of_the_right_family_is_bound) {
    in_naming_loop([](NamingLoop& loop) {
        const Socket listener = listening();
        const int port = listener.local_address().port();
        loop.names["here"] = {SocketAddress("::1", 0), SocketAddress("127.0.0.2", 0)};
        const auto connection =
            await(loop.create_connection(recording(), "127.0.0.1", port, ConnectionOptions().local_address("here", 0)));
        BOOST_TEST(absl::any_cast<SocketAddress>(connection.first->get_extra_info("sockname")).host() == "127.0.0.2");
        connection.first->abort();

        const int before = open_descriptors();
        BOOST_CHECK_EXCEPTION(
            await(loop.create_connection(recording(), "127.0.0.1", port, ConnectionOptions().local_address("::1", 0))),
            std::system_error, [](const std::system_error& e) {
                return std::string(e.what()).find("no local address") != std::string::npos;
            });
        const Socket taken = listening();
        const SocketAddress address = taken.local_address();
        BOOST_CHECK_EXCEPTION(
            await(loop.create_connection(recording(), "127.0.0.1", port,
                                         ConnectionOptions().local_address("127.0.0.1", address.port()))),
            std::system_error, [&](const std::system_error& e) {
                return e.code() == std::errc::address_in_use &&
                       std::string(e.what()).find(address.str()) != std::string::npos;
            });
        BOOST_TEST(open_descriptors() == before + 1);
    });
}

BOOST_AUTO_TEST_CASE(a_cancelled_connection_leaves_nothing_behind) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const Socket listener = listening();
        const int before = open_descriptors();
        // At every await of its course.
        for (int turns = 0; turns < 6; ++turns) {
            const auto protocol = std::make_shared<Recording>();
            auto connecting =
                create_task(loop.create_connection(factory_of(protocol), "127.0.0.1", listener.local_address().port()));
            for (int i = 0; i < turns; ++i) await(sleep(std::chrono::seconds(0)));
            if (connecting.cancel()) {
                BOOST_CHECK_THROW(await(connecting), CancelledError);
            } else {
                await(connecting).first->close();
            }
            settle();
            BOOST_TEST(protocol->losses == (protocol->calls.empty() ? 0 : 1));
            BOOST_TEST(open_descriptors() == before);
        }
    });
}

// Happy eyeballs: the first address never answers, the second does.
BOOST_AUTO_TEST_CASE(a_silent_address_does_not_delay_the_next_for_long) {
    in_naming_loop([](NamingLoop& loop) {
        Socket silent(AF_INET, SOCK_STREAM);
        silent.bind(SocketAddress("127.0.0.1", 0));
        silent.listen(0);
        // A backlog of 0 holds one connection; the next SYN is dropped and the client waits.
        std::vector<Socket> fillers;
        const SocketAddress full = silent.local_address();
        for (int i = 0; i < 3; ++i) {
            fillers.emplace_back(AF_INET, SOCK_STREAM);
            ::connect(fillers.back().fd(), full.data(), full.size());
        }
        const Socket listener = listening();
        loop.names["host"] = {full, listener.local_address()};
        const int before = open_descriptors();
        const auto connection = await(loop.create_connection(
            recording(), "host", 1, ConnectionOptions().happy_eyeballs_delay(std::chrono::milliseconds(1))));
        BOOST_TEST((peer_of(connection) == listener.local_address()));
        settle();
        BOOST_TEST(open_descriptors() == before + 1);
        connection.first->abort();
    });
}

BOOST_AUTO_TEST_CASE(a_race_that_all_lose_gives_all_errors) {
    in_naming_loop([](NamingLoop& loop) {
        const DeadPort one, two, three;
        loop.names["dead"] = {one.address(), two.address(), three.address()};
        const int before = open_descriptors();
        BOOST_CHECK_EXCEPTION(
            await(loop.create_connection(
                recording(), "dead", 1,
                ConnectionOptions().happy_eyeballs_delay(std::chrono::hours(1)).all_errors(true))),
            ExceptionGroup, [&](const ExceptionGroup& group) { return group.exceptions().size() == 3; });
        BOOST_TEST(open_descriptors() == before);
    });
}

BOOST_AUTO_TEST_CASE(families_are_interleaved) {
    const auto infos = [](const std::string& families) {
        std::vector<AddressInfo> result;
        for (char each : families) {
            AddressInfo info;
            info.family = each == '6' ? AF_INET6 : AF_INET;
            result.push_back(info);
        }
        return result;
    };
    const auto order = [&](const std::string& families, std::size_t first) {
        std::string result;
        for (const AddressInfo& each : detail::interleave_families(infos(families), first)) {
            result += each.family == AF_INET6 ? '6' : '4';
        }
        return result;
    };
    BOOST_TEST(order("666444", 1) == "646464");
    BOOST_TEST(order("666444", 2) == "664644");
    BOOST_TEST(order("4444", 1) == "4444");
    BOOST_TEST(order("6", 3) == "6");
    BOOST_TEST(order("", 1) == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
