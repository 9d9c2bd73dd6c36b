// A burst of connections, as after a restart behind a load balancer: with a backlog that has room for it none is lost, and
// none has to knock again.
#include "net/fixtures.hpp"

#include <algorithm>
#include <fstream>
#include <thread>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>

namespace cede {
namespace tests {
namespace {

// As many descriptors as the system gives us, until the end of the scope.
class ManyDescriptors {
public:
    ManyDescriptors() {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        rlimit wanted = before_;
        wanted.rlim_cur = wanted.rlim_max == RLIM_INFINITY ? 1u << 20 : wanted.rlim_max;
        if (::setrlimit(RLIMIT_NOFILE, &wanted) == 0) most_ = wanted.rlim_cur;
    }
    ~ManyDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
    ManyDescriptors(const ManyDescriptors&) = delete;
    ManyDescriptors& operator=(const ManyDescriptors&) = delete;
    // Each connection has two here, and some must be left for others.
    std::size_t connections() const { return static_cast<std::size_t>(most_ / 2 - 50); }

private:
    rlimit before_;
    rlim_t most_ = 1024;
};

std::size_t longest_backlog() {
    std::size_t most = 128;  // of old systems, and of those that do not tell
    std::ifstream("/proc/sys/net/core/somaxconn") >> most;
    return most;
}

// Greets each connection with one byte.
class Greeter : public Protocol {
public:
    explicit Greeter(std::size_t& count) : count_(count) {}
    void connection_made(std::shared_ptr<BaseTransport> made) override {
        ++count_;
        as<Transport>(made)->write("!");
    }

private:
    std::size_t& count_;
};

Socket begin_connecting(const SocketAddress& address) {
    Socket socket(AF_INET, SOCK_STREAM);
    ::connect(socket.fd(), address.data(), address.size());  // which is in progress, or has failed and is never greeted
    return socket;
}

// Whether the kernel had to ask for the connection, or for anything since, more than once.
bool asked_again(const Socket& client) {
    tcp_info info = {};
    socklen_t size = sizeof info;
    return ::getsockopt(client.fd(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0 || info.tcpi_total_retrans != 0;
}

bool greeted(const Socket& client) {
    char byte = 0;
    return ::recv(client.fd(), &byte, 1, 0) == 1 && byte == '!';
}

// Waits for real, since a connection that was not let in comes again after a second.
template <class F>
bool eventually(F condition) {
    for (int milliseconds = 0; milliseconds < 30000 && !condition(); ++milliseconds) {
        await(sleep(std::chrono::milliseconds(1)));
    }
    return condition();
}

struct Burst {
    explicit Burst(int backlog) {
        server = await(get_running_loop().create_server([this] { return std::make_shared<Greeter>(accepted); },
                                                        "127.0.0.1", 0, ServerOptions().backlog(backlog)));
        address = server.sockets().front().local_address();
    }
    void check_all() {
        BOOST_TEST(eventually([&] { return accepted == clients.size(); }));
        std::size_t answered = 0;
        for (const Socket& client : clients) answered += greeted(client);
        BOOST_TEST(answered == clients.size());
        BOOST_TEST(accepted == clients.size());
        server.abort_clients();
        server.close();
        await(server.wait_closed());
    }

    std::size_t accepted = 0;
    Server server;
    SocketAddress address;
    std::vector<Socket> clients;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(accept_burst)

BOOST_AUTO_TEST_CASE(five_thousand_that_come_before_the_first_is_accepted) {
    const ManyDescriptors descriptors;
    cede::run([&] {
        const std::size_t count = std::min({std::size_t{5000}, longest_backlog(), descriptors.connections()});
        Burst burst(static_cast<int>(count));
        const TimePoint begin = get_running_loop().time();
        for (std::size_t i = 0; i < count; ++i) burst.clients.push_back(begin_connecting(burst.address));
        BOOST_TEST(burst.accepted == 0u);
        BOOST_TEST(std::count_if(burst.clients.begin(), burst.clients.end(), asked_again) == 0);
        burst.check_all();
        BOOST_TEST(std::count_if(burst.clients.begin(), burst.clients.end(), asked_again) == 0);
        BOOST_TEST_MESSAGE(count << " connections in " << (get_running_loop().time() - begin).count() / 1000000 << " ms");
    });
}

BOOST_AUTO_TEST_CASE(five_thousand_that_come_while_others_are_accepted) {
    const ManyDescriptors descriptors;
    cede::run([&] {
        const std::size_t count = std::min(std::size_t{5000}, descriptors.connections());
        Burst burst(static_cast<int>(longest_backlog()));
        std::vector<Socket> made;
        std::thread client([&] {
            for (std::size_t i = 0; i < count; ++i) made.push_back(begin_connecting(burst.address));
        });
        eventually([&] { return burst.accepted >= count; });
        client.join();
        burst.clients = std::move(made);
        burst.check_all();
    });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
