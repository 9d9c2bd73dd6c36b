// What it is: what the tests of datagrams share: a protocol that writes down its calls, and endpoints on loopback.
#ifndef CEDE_TESTS_NET_DGRAM_FIXTURES_HPP
#define CEDE_TESTS_NET_DGRAM_FIXTURES_HPP

#include "net/fixtures.hpp"

namespace cede {
namespace tests {

// Each call can be given something to do.
class Datagrams : public DatagramProtocol {
public:
    void connection_made(std::shared_ptr<BaseTransport> made) override {
        calls += "made ";
        transport = as<DatagramTransport>(made);
        if (on_made) on_made();
    }
    void connection_lost(std::exception_ptr why) override {
        calls += why ? "lost(error) " : "lost ";
        error = why;
        ++losses;
    }
    void datagram_received(absl::string_view data, const SocketAddress& from) override {
        received.emplace_back(data);
        senders.push_back(from);
        if (on_datagram) on_datagram();
    }
    void error_received(std::exception_ptr why) override {
        errors.push_back(why);
        if (on_error) on_error();
    }
    void pause_writing() override { calls += "pause "; }
    void resume_writing() override {
        calls += "resume ";
        if (on_resume) on_resume();
    }

    std::shared_ptr<DatagramTransport> transport;
    std::string calls;
    std::vector<std::string> received;
    std::vector<SocketAddress> senders;
    std::vector<std::exception_ptr> errors;
    std::exception_ptr error;
    int losses = 0;
    std::function<void()> on_made, on_datagram, on_error, on_resume;
};

// An endpoint and its protocol; what is left open is aborted.
struct Endpoint {
    explicit Endpoint(const DatagramOptions& options) {
        transport = await(get_running_loop().create_datagram_endpoint(factory_of(protocol), options)).first;
    }
    ~Endpoint() { transport->abort(); }
    Endpoint(const Endpoint&) = delete;
    Endpoint& operator=(const Endpoint&) = delete;

    SocketAddress address() const { return absl::any_cast<SocketAddress>(transport->get_extra_info("sockname")); }
    TransportSocket socket() const { return absl::any_cast<TransportSocket>(transport->get_extra_info("socket")); }
    bool receives(std::size_t count) const {
        return until([&] { return protocol->received.size() >= count; });
    }

    std::shared_ptr<Datagrams> protocol = std::make_shared<Datagrams>();
    std::shared_ptr<DatagramTransport> transport;
};

inline DatagramOptions on_loopback() { return DatagramOptions().local_addr("127.0.0.1", 0); }
inline DatagramOptions connected_to(const SocketAddress& address) { return DatagramOptions().remote_addr(address); }

inline std::pair<Socket, Socket> datagram_pair() { return Socket::pair(AF_UNIX, SOCK_DGRAM); }

// What has arrived at a plain socket.
inline std::vector<std::string> received_by(const Socket& socket) {
    std::vector<std::string> result;
    std::vector<char> bytes(300000);
    ssize_t count;
    while ((count = ::recv(socket.fd(), bytes.data(), bytes.size(), 0)) >= 0) {
        result.emplace_back(bytes.data(), static_cast<std::size_t>(count));
    }
    return result;
}

inline std::error_code code_of(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const std::system_error& e) {
        return e.code();
    }
}

using Texts = std::vector<std::string>;

inline std::string numbered(int number) { return "datagram " + std::to_string(number); }

inline Texts numbered_texts(int first, int end) {
    Texts texts;
    for (int i = first; i < end; ++i) texts.push_back(numbered(i));
    return texts;
}

// An endpoint on one end of a Unix pair; the other end is a plain socket, which receives when it is told to.
struct Paired {
    explicit Paired(std::pair<Socket, Socket> ends = datagram_pair())
        : endpoint(DatagramOptions().socket(std::move(ends.first))), peer(std::move(ends.second)) {}
    // Sends numbered datagrams until the transport has to keep one back; how many.
    int fill() {
        int sent = 0;
        while (endpoint.transport->get_write_buffer_size() == 0) endpoint.transport->sendto(numbered(sent++));
        return sent;
    }
    void peer_sends(absl::string_view text) {
        BOOST_REQUIRE(::send(peer.fd(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
    }
    // Receives until `count` have come.
    Texts peer_receives(std::size_t count) {
        Texts all;
        until([&] {
            for (std::string& each : received_by(peer)) all.push_back(std::move(each));
            return all.size() >= count;
        });
        return all;
    }
    Endpoint endpoint;
    DatagramTransport& transport = *endpoint.transport;
    Datagrams& protocol = *endpoint.protocol;
    Socket peer;
};

}  // namespace tests
}  // namespace cede

#endif
