// What it is: a peer over a socket that does as the test says, in TLS and out of turn.
#ifndef CEDE_ADAPTERS_SSL_TESTS_RAW_PEER_HPP
#define CEDE_ADAPTERS_SSL_TESTS_RAW_PEER_HPP

#include <memory>
#include <string>
#include <utility>

#include "cede/cede.hpp"

#include "fixtures.hpp"

namespace cede {
namespace tests {

class RawPeer {
public:
    RawPeer(Socket connected, std::unique_ptr<SSLObject> object) : socket(std::move(connected)), tls(std::move(object)) {}
    // What a server's end of a connection is.
    explicit RawPeer(Socket connected) : RawPeer(std::move(connected), server_context()->wrap_bio(true, "")) {}

    void shake_hands() {
        while (!tls->do_handshake()) {
            flush();
            if (!hear()) throw std::runtime_error("the peer has hung up in the handshake");
        }
        flush();
    }
    void send(absl::string_view data) {
        while (!data.empty()) {
            data.remove_prefix(tls->write(data));
            flush();
        }
    }
    void send_plain(const std::string& bytes) { await(get_running_loop().sock_sendall(socket, bytes)); }
    // Only once what was sent has arrived is it certain that the other side can see it.
    std::string pending_ciphertext() {
        std::string bytes(100000, '\0');
        bytes.resize(tls->take(absl::MakeSpan(&bytes[0], bytes.size())));
        return bytes;
    }
    void flush() {
        for (std::string bytes; !(bytes = pending_ciphertext()).empty();) send_plain(bytes);
    }
    // At least one byte of plaintext; empty at the end, which `clean` tells from a mere end of the connection.
    std::string receive() {
        for (;;) {
            bool end = false;
            const std::string data = read_all(*tls, &end);
            clean = clean || end;
            if (!data.empty() || end || !hear()) return data;
        }
    }
    std::string receive_all() {
        std::string all;
        for (std::string some; !(some = receive()).empty();) all += some;
        return all;
    }
    std::string receive_line() {
        std::string line;
        while (line.empty() || line.back() != '\n') {
            const std::string some = receive();
            if (some.empty()) break;
            line += some;
        }
        return line;
    }
    // False at the end of the connection.
    bool hear() {
        const std::string bytes = await(get_running_loop().sock_recv(socket, 65536));
        tls->feed(bytes);
        return !bytes.empty();
    }

    Socket socket;
    std::unique_ptr<SSLObject> tls;
    bool clean = false;
};

// A server of one connection, accepted by hand.
class RawServer {
public:
    RawServer() : listener_(AF_INET, SOCK_STREAM) {
        listener_.bind(SocketAddress("127.0.0.1", 0));
        listener_.listen(5);
    }
    int port() const { return listener_.local_address().port(); }
    Socket accept() const { return std::move(await(get_running_loop().sock_accept(listener_)).first); }

private:
    Socket listener_;
};

inline Socket connect_plain(int port) {
    Socket socket(AF_INET, SOCK_STREAM);
    await(get_running_loop().sock_connect(socket, SocketAddress("127.0.0.1", port)));
    return socket;
}

}  // namespace tests
}  // namespace cede

#endif
