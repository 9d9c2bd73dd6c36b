// What it is: what the tests share: contexts, and two SSLObjects whose wires the test joins.
#ifndef CEDE_ADAPTERS_SSL_TESTS_FIXTURES_HPP
#define CEDE_ADAPTERS_SSL_TESTS_FIXTURES_HPP

#include <memory>
#include <string>
#include <utility>

#include "cede/adapters/ssl.hpp"

#include "certificates.hpp"

namespace cede {
namespace tests {

using SharedContext = std::shared_ptr<ssl::Context>;

inline SharedContext client_context() {
    return ssl::create_default_context(ssl::Purpose::SERVER_AUTH, ssl::VerifyLocations().cafile(certificate_file("ca.pem")));
}

inline SharedContext server_context(const std::string& name = "server") {
    auto context = ssl::create_default_context(ssl::Purpose::CLIENT_AUTH);
    context->load_cert_chain(certificate_file(name + ".crt"), certificate_file(name + ".key"));
    return context;
}

// Moves everything, `piece` bytes at a time; how much that was.
inline std::size_t carry(SSLObject& from, SSLObject& to, std::size_t piece = 1000) {
    std::string bytes(piece, '\0');
    std::size_t all = 0;
    while (const std::size_t count = from.take(absl::Span<char>(&bytes[0], piece))) {
        to.feed(absl::string_view(bytes).substr(0, count));
        all += count;
    }
    return all;
}

// All that can be read now; `end` is set at a close_notify.
inline std::string read_all(SSLObject& object, bool* end = nullptr) {
    std::string all;
    char bytes[700];
    while (const absl::optional<std::size_t> count = object.read(absl::Span<char>(bytes))) {
        if (*count == 0) {
            if (end != nullptr) *end = true;
            break;
        }
        all.append(bytes, *count);
    }
    return all;
}

inline void write_all(SSLObject& from, SSLObject& to, absl::string_view data) {
    while (!data.empty()) {
        data.remove_prefix(from.write(data));
        carry(from, to);
    }
}

struct Pair {
    explicit Pair(const SharedContext& client_side = client_context(), const SharedContext& server_side = server_context(),
                  const std::string& name = "localhost")
        : client(client_side->wrap_bio(false, name)), server(server_side->wrap_bio(true, "")) {}

    // Throws what either side throws, the client's before the server's; the other one's wire has got the alert then.
    void shake_hands(std::size_t piece = 1000) {
        bool client_done = false, server_done = false;
        for (int flights = 0; flights < 10 && !(client_done && server_done); ++flights) {
            client_done = step(*client, *server, client_done, piece);
            server_done = step(*server, *client, server_done, piece);
        }
        if (!client_done || !server_done) throw std::logic_error("the handshake does not come to an end");
    }

    std::unique_ptr<SSLObject> client;
    std::unique_ptr<SSLObject> server;

private:
    static bool step(SSLObject& self, SSLObject& peer, bool done, std::size_t piece) {
        try {
            done = done || self.do_handshake();
        } catch (...) {
            carry(self, peer, piece);
            throw;
        }
        carry(self, peer, piece);
        return done;
    }
};

inline std::string text_info(const SSLObject& object, absl::string_view name) {
    const absl::any value = object.get_extra_info(name);
    const auto* const text = absl::any_cast<std::string>(&value);
    return text != nullptr ? *text : "(none)";
}

}  // namespace tests
}  // namespace cede

#endif
