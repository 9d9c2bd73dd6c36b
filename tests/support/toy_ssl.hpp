// What it is: a toy in place of TLS, for tests of what runs above an SSLObject: records with a checksum, a handshake of two
// flights, alerts and a close_notify. It hides nothing from anybody.
// When to use it: where what matters is when bytes come, stop, are wrong or end. When not: for anything about cryptography; the
// tests of adapters/ssl have the real thing.
//
// A record is its type (h, d, a, c), the length of its payload (two bytes), the payload, each byte of it inverted, and a
// checksum of one byte. The client greets with the name that it wants, the server answers with the one that it has, and the
// client says that this will do, or sends an alert.
#ifndef CEDE_TESTS_SUPPORT_TOY_SSL_HPP
#define CEDE_TESTS_SUPPORT_TOY_SSL_HPP

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "cede/net/ssl.hpp"

namespace cede {
namespace tests {

struct ToyOptions {
    std::string certificate = "toy.example";  // the server's name
    bool never_finishes = false;              // the handshake wants more for ever
    int writes_that_wait = 0;                 // so many calls of write() want more from the peer first
    // Called with the name of each call of an object, which it may throw from.
    std::function<void(const char*)> on_call;
};

class ToyObject final : public SSLObject {
public:
    ToyObject(std::shared_ptr<ToyOptions> options, bool server_side, std::string server_hostname);

    void feed(absl::string_view ciphertext) override;
    void feed_eof() override { ended_ = true; }
    std::size_t take(absl::Span<char> ciphertext) override;
    bool do_handshake() override;
    absl::optional<std::size_t> read(absl::Span<char> plaintext) override;
    std::size_t write(absl::string_view plaintext) override;
    bool unwrap() override;
    // "peercert": the server's name (std::string), for a client; "cipher": "TOY".
    absl::any get_extra_info(absl::string_view name) const override;

private:
    void called(const char* name) const;
    void send(char type, absl::string_view payload);
    char next() const;
    absl::string_view payload() const;
    std::string plain() const;
    void drop();
    bool wants_more() const;
    [[noreturn]] void fail(SSLErrc code, const std::string& text);
    void check(char type);

    const std::shared_ptr<ToyOptions> options_;
    const bool server_side_;
    const std::string server_hostname_;
    std::string in_;
    std::size_t in_offset_ = 0;
    std::size_t payload_offset_ = 0;
    std::string out_;
    std::size_t out_offset_ = 0;
    std::string peer_;
    int flights_ = 0;
    bool done_ = false;
    bool closed_by_peer_ = false;
    bool closed_ = false;
    bool ended_ = false;
    std::string failure_;
};

class ToyContext final : public SSLContext {
public:
    std::unique_ptr<SSLObject> wrap_bio(bool server_side, const std::string& server_hostname) const override;
    const std::shared_ptr<ToyOptions> options = std::make_shared<ToyOptions>();
};

inline std::shared_ptr<ToyContext> toy() { return std::make_shared<ToyContext>(); }

// Everything that an object has to say to its peer.
std::string taken_from(SSLObject& object);

}  // namespace tests
}  // namespace cede

#endif
