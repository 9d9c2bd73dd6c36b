// What it is: TLS as the core sees it: `SSLContext` and `SSLObject`, which a TLS library implements (the adapter `cede::ssl`
// does, with OpenSSL), and the errors of both. The names are those of Python's ssl module.
// When to use it: to pass a context on, `ConnectionOptions().ssl(context)`; to catch SSLError; to bring another TLS library.
// When not: to make a context; `cede::ssl::create_default_context()` of the adapter does. The core knows no TLS library.
#ifndef CEDE_NET_SSL_HPP
#define CEDE_NET_SSL_HPP

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>

#include "absl/strings/string_view.h"
#include "absl/types/any.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"

namespace cede {

// TLS without I/O, for one connection: Python's ssl.SSLObject over two MemoryBIOs. Made by SSLContext::wrap_bio, and then used
// by one thread. Nothing here cedes.
class SSLObject {
public:
    SSLObject() = default;
    SSLObject(const SSLObject&) = delete;
    SSLObject& operator=(const SSLObject&) = delete;
    virtual ~SSLObject();

    // What the peer has sent, in pieces of any size; kept until a call below has read it. Python's incoming.write().
    virtual void feed(absl::string_view ciphertext) = 0;
    // The peer will send no more: instead of wanting more, the calls below throw SSLEOFError from here on. incoming.write_eof().
    virtual void feed_eof() = 0;
    // Moves out what has to go to the peer: how much, 0 when nothing is left. outgoing.read().
    virtual std::size_t take(absl::Span<char> ciphertext) = 0;

    // The calls that say that they want more from the peer are made again when more was fed; Python's raise SSLWantReadError.
    // Each may leave something to take(), also the one that throws: the alert that tells the peer why. All throw SSLError for
    // what TLS says is wrong.

    // True: done; false: wants more.
    virtual bool do_handshake() = 0;
    // How much of `plaintext`, which is not empty, was filled; 0 after the peer's close_notify; nullopt: wants more.
    virtual absl::optional<std::size_t> read(absl::Span<char> plaintext) = 0;
    // How much of `plaintext`, which is not empty, was taken; 0: wants more first.
    virtual std::size_t write(absl::string_view plaintext) = 0;
    // Sends close_notify. True when the peer's came, too; false: wants more, and what the peer sends before it may still be
    // read(). May be called again.
    virtual bool unwrap() = 0;

    // For the transport's get_extra_info() after the handshake: "peercert", "cipher", "compression", and what else the library
    // tells. An empty any for what is unknown.
    virtual absl::any get_extra_info(absl::string_view name) const = 0;
};

// What a TLS library brings: keys, certificates, whom to trust. Immutable once it is in use, so that threads may share it.
class SSLContext {
public:
    SSLContext() = default;
    SSLContext(const SSLContext&) = delete;
    SSLContext& operator=(const SSLContext&) = delete;
    virtual ~SSLContext();

    // For a new connection. `server_hostname`, of a client: the name that the server's certificate must have, and that is sent
    // to it; empty for none. Throws SSLError, or std::invalid_argument for a context that cannot serve in this role.
    virtual std::unique_ptr<SSLObject> wrap_bio(bool server_side, const std::string& server_hostname) const = 0;
};

// What is wrong, as far as the core tells it apart; the message of the SSLError has the words of the TLS library.
enum class SSLErrc {
    protocol = 1,                   // SSL_ERROR_SSL: the peer, or somebody between, does not speak TLS as it should
    certificate_verify_failed = 2,  // whoever it is, it is not whom we asked for
    eof = 3,                        // SSL_ERROR_EOF: the stream ended without a close_notify
    zero_return = 4,                // SSL_ERROR_ZERO_RETURN: something was to be sent or shut down on a session that is closed
    configuration = 5               // of a context: a key that does not belong to the certificate, unknown ciphers ...
};
const std::error_category& ssl_category() noexcept;
std::error_code make_error_code(SSLErrc code) noexcept;

// Python's ssl.SSLError, an OSError as well. A connection that it ends gets it in connection_lost.
class SSLError : public std::system_error {
public:
    SSLError(SSLErrc code, const std::string& message);
    ~SSLError() override;
};

class SSLCertVerificationError : public SSLError {
public:
    // `verify_code` is the library's; `verify_message` its text, "self-signed certificate" for example.
    SSLCertVerificationError(const std::string& message, int verify_code, const std::string& verify_message);
    ~SSLCertVerificationError() override;
    int verify_code() const noexcept { return verify_code_; }
    const char* verify_message() const noexcept { return verify_message_.what(); }

private:
    int verify_code_;
    std::runtime_error verify_message_;  // whose copies share one text, and do not throw
};

// The peer, or somebody between who wants it to look so, has ended the stream in the middle.
class SSLEOFError : public SSLError {
public:
    explicit SSLEOFError(const std::string& message = "the peer ended the stream without a close_notify");
    ~SSLEOFError() override;
};

}  // namespace cede

namespace std {
template <>
struct is_error_code_enum<cede::SSLErrc> : true_type {};
}  // namespace std

#endif
