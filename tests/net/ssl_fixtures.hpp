// What it is: what the tests of TLS share: both ends of a connection, or one of them and a peer whose bytes the test chooses.
#ifndef CEDE_TESTS_NET_SSL_FIXTURES_HPP
#define CEDE_TESTS_NET_SSL_FIXTURES_HPP

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "cede/task/task.hpp"
#include "net/fixtures.hpp"
#include "support/toy_ssl.hpp"

namespace cede {
namespace tests {

// The other end of a socket pair: speaks the toy, byte by byte if the test likes.
class ToyPeer {
public:
    ToyPeer(Socket of, bool server_side)
        : socket(std::move(of)), object(toy()->wrap_bio(server_side, server_side ? "" : "toy.example")) {}

    void send_raw(absl::string_view bytes) {
        BOOST_REQUIRE(::send(socket.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
    }
    void send_all() { send_raw(taken_from(*object)); }
    void receive() {
        char bytes[65536];
        ssize_t count;
        while ((count = ::recv(socket.fd(), bytes, sizeof bytes, 0)) > 0) {
            object->feed(absl::string_view(bytes, static_cast<std::size_t>(count)));
        }
        ended = ended || count == 0;
        reset = reset || (count < 0 && errno != EAGAIN);
    }
    // Turns of the loop until it is through.
    void shake_hands() {
        BOOST_REQUIRE(until([&] {
            receive();
            const bool done = object->do_handshake();
            send_all();
            return done;
        }));
    }
    std::string encrypted(absl::string_view data) {
        object->write(data);
        return taken_from(*object);
    }
    void says(absl::string_view data) { send_raw(encrypted(data)); }
    std::string close_notify() {
        object->unwrap();
        return taken_from(*object);
    }
    // All the plaintext that has arrived; notes a close_notify.
    std::string hears() {
        receive();
        std::string all;
        char bytes[4096];
        while (const absl::optional<std::size_t> count = object->read(absl::MakeSpan(bytes))) {
            if (*count == 0) {
                closed = true;
                break;
            }
            all.append(bytes, *count);
        }
        return all;
    }

    Socket socket;
    std::unique_ptr<SSLObject> object;
    bool ended = false;   // the stream
    bool closed = false;  // a close_notify came
    bool reset = false;
};

inline ConnectionOptions over_toy(Socket socket, std::shared_ptr<SSLContext> context = toy()) {
    return ConnectionOptions().socket(std::move(socket)).ssl(std::move(context)).server_hostname("toy.example");
}

// A client of ours, through the handshake, and a peer of the test's.
template <class P = Recording>
struct ToClient {
    explicit ToClient(ConnectionOptions options = ConnectionOptions(), std::shared_ptr<ToyContext> toys = toy(),
                      std::pair<Socket, Socket> ends = Socket::pair())
        : context(std::move(toys)), peer(std::move(ends.second), true) {
        options.socket(std::move(ends.first)).ssl(context).server_hostname("toy.example");
        const auto connecting = create_task(get_running_loop().create_connection(factory_of(protocol), options));
        peer.shake_hands();
        transport = await(connecting).first;
        protocol->calls.clear();
    }
    bool lost() {
        return until([&] { return protocol->losses > 0; });
    }

    std::shared_ptr<ToyContext> context;
    std::shared_ptr<P> protocol = std::make_shared<P>();
    ToyPeer peer;
    std::shared_ptr<Transport> transport;
};

// Both ends ours.
template <class P = Recording>
struct BothEnds {
    explicit BothEnds(std::pair<Socket, Socket> ends = Socket::pair()) {
        EventLoop& loop = get_running_loop();
        const auto accepting = create_task(loop.connect_accepted_socket(factory_of(server), std::move(ends.first),
                                                                        ConnectionOptions().ssl(toy())));
        client_transport = await(loop.create_connection(factory_of(client), over_toy(std::move(ends.second)))).first;
        server_transport = await(accepting).first;
        client->calls.clear();
        server->calls.clear();
    }
    std::shared_ptr<P> client = std::make_shared<P>();
    std::shared_ptr<P> server = std::make_shared<P>();
    std::shared_ptr<Transport> client_transport;
    std::shared_ptr<Transport> server_transport;
};

// The errno of what is thrown, or of what is given.
inline int errno_of(const std::exception_ptr& error) {
    try {
        if (error) std::rethrow_exception(error);
    } catch (const std::system_error& thrown) {
        if (thrown.code().category() == std::generic_category()) return thrown.code().value();
    } catch (...) {
    }
    return 0;
}
template <class F>
std::exception_ptr thrown_by(F f) {
    try {
        f();
    } catch (...) {
        return std::current_exception();
    }
    return nullptr;
}

}  // namespace tests
}  // namespace cede

#endif
