// What it is: TLS by OpenSSL, under the names of Python's ssl module. A Context says who we are and whom we trust; it is given
// to whatever takes `ssl=` in asyncio: open_connection, start_server, create_connection, start_tls ...
// When to use it: `ConnectOptions().ssl(ssl::create_default_context())` for a client; for a server the same with
// `Purpose::CLIENT_AUTH`, and then load_cert_chain(). When not: where plain text must stay possible; TLS is for all or nothing.
//
//   auto context = cede::ssl::create_default_context(cede::ssl::Purpose::CLIENT_AUTH);
//   context->load_cert_chain("server.crt", "server.key");
//   auto server = await(start_server(serve_client, "0.0.0.0", 443, ServerOptions().ssl(context)));
//
// A Context is set up by one thread before its first connection; from then on any number of threads may share it. A change
// after that holds for new connections only, and is for programs whose connections all belong to the thread that makes it.
// Nothing here cedes: files are read at once. Setters return the context itself. No OpenSSL header is reached from here.
#ifndef CEDE_ADAPTERS_SSL_HPP
#define CEDE_ADAPTERS_SSL_HPP

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "cede/net/ssl.hpp"

struct ssl_ctx_st;

namespace cede {
namespace ssl {

// Whom a context is to authenticate: SERVER_AUTH is for clients, which authenticate servers; CLIENT_AUTH is for servers.
enum class Purpose { SERVER_AUTH, CLIENT_AUTH };
enum SSLMethod { PROTOCOL_TLS_CLIENT, PROTOCOL_TLS_SERVER };
// What is asked of the peer's certificate. CERT_OPTIONAL: a client of our server may come without one, not with a wrong one.
enum VerifyMode { CERT_NONE, CERT_OPTIONAL, CERT_REQUIRED };
enum class TLSVersion { MINIMUM_SUPPORTED, TLSv1, TLSv1_1, TLSv1_2, TLSv1_3, MAXIMUM_SUPPORTED };
// To be joined by `|`. CRLs are loaded from files like certificates, by load_verify_locations().
enum VerifyFlags : unsigned long {
    VERIFY_DEFAULT = 0,
    VERIFY_CRL_CHECK_LEAF = 0x4,
    VERIFY_CRL_CHECK_CHAIN = 0xc,
    VERIFY_X509_STRICT = 0x20,
    VERIFY_X509_TRUSTED_FIRST = 0x8000,
    VERIFY_X509_PARTIAL_CHAIN = 0x80000
};

// What get_extra_info() of a transport or a StreamWriter tells after the handshake, besides "sslcontext" and "ssl_object":
// "peercert" (Certificate) and "cipher" (Cipher), as below; "version" ("TLSv1.3"), "compression", "selected_alpn_protocol" and
// "server_hostname" (of a server: the name that the client has asked for), each a std::string; "session_reused" (bool). An empty
// any stands for what there is not.

// Of the peer: `absl::any_cast<ssl::Certificate>(writer.get_extra_info("peercert"))`. Python's dict, under its keys. Nobody has
// looked into one that was not verified (CERT_NONE), so all but `der` is empty then.
struct Certificate {
    using Names = std::vector<std::pair<std::string, std::string>>;
    Names subject;  // ("commonName", "example.org") ...
    Names issuer;
    Names subjectAltName;  // ("DNS", "example.org"), ("IP Address", "127.0.0.1"), ("email", ...), ("URI", ...)
    absl::Time notBefore;
    absl::Time notAfter;
    std::string serialNumber;  // in hexadecimal
    int version = 0;
    std::string der;  // the certificate itself, for fingerprints: Python's getpeercert(binary_form=True)
};

// get_extra_info("cipher").
struct Cipher {
    std::string name;
    std::string protocol;  // the version of TLS that brought it
    int secret_bits;
};

// The certificates to trust; any number of the three.
class VerifyLocations {
public:
    // A file of certificates (and CRLs) in PEM.
    VerifyLocations& cafile(std::string value) { return cafile_ = std::move(value), *this; }
    // A folder of such files under names that `openssl rehash` gives.
    VerifyLocations& capath(std::string value) { return capath_ = std::move(value), *this; }
    // Certificates in PEM or DER.
    VerifyLocations& cadata(std::string value) { return cadata_ = std::move(value), *this; }

    const std::string& cafile() const noexcept { return cafile_; }
    const std::string& capath() const noexcept { return capath_; }
    const std::string& cadata() const noexcept { return cadata_; }
    bool empty() const noexcept { return cafile_.empty() && capath_.empty() && cadata_.empty(); }

private:
    std::string cafile_;
    std::string capath_;
    std::string cadata_;
};

// Python's ssl.SSLContext. What OpenSSL refuses is an SSLError with SSLErrc::configuration, a file that cannot be read a
// std::system_error that names it.
class Context final : public SSLContext {
public:
    // For clients: CERT_REQUIRED and check_hostname, but nothing to trust yet. For servers: CERT_NONE. TLS 1.2 or later in
    // both. create_default_context() does the rest.
    explicit Context(SSLMethod method);
    ~Context() override;

    // Who we are: a PEM file with the certificate and those that lead from it to the root, and one with the private key; by
    // default the key is in `certfile`. An encrypted key needs its password: nobody is asked at the terminal. Throws SSLError
    // also for a key that does not belong to the certificate; the context is as before then. Certificates of several kinds of
    // key may be loaded, one of each; a second one of a kind takes the place of the first.
    Context& load_cert_chain(const std::string& certfile, const std::string& keyfile = std::string(),
                             const std::string& password = std::string());

    // Whom we trust, besides those loaded before. Throws std::invalid_argument when nothing is given.
    Context& load_verify_locations(const VerifyLocations& locations);
    Context& load_verify_locations(const std::string& cafile) {
        return load_verify_locations(VerifyLocations().cafile(cafile));
    }
    // Those that the system trusts, or the environment's SSL_CERT_FILE and SSL_CERT_DIR.
    Context& load_default_certs();

    // Throws std::invalid_argument for CERT_NONE while check_hostname is on: switch that off first.
    Context& verify_mode(VerifyMode value);
    VerifyMode verify_mode() const noexcept;
    // Whether the server's certificate must be for server_hostname, a name or an IP address. Switching it on also makes
    // CERT_NONE CERT_REQUIRED. Throws std::invalid_argument for a context of servers.
    Context& check_hostname(bool value);
    bool check_hostname() const noexcept;
    Context& verify_flags(unsigned long value);
    unsigned long verify_flags() const noexcept;

    Context& minimum_version(TLSVersion value);
    TLSVersion minimum_version() const noexcept;
    Context& maximum_version(TLSVersion value);
    TLSVersion maximum_version() const noexcept;
    // OpenSSL's notation; for TLS 1.2 and before, since all ciphers of TLS 1.3 are good and always on.
    Context& set_ciphers(const std::string& ciphers);
    // The application's protocols, best first: {"h2", "http/1.1"}. A server chooses by its own order, and when nothing fits the
    // connection goes on without: get_extra_info("selected_alpn_protocol") tells.
    Context& set_alpn_protocols(const std::vector<std::string>& protocols);
    // For a server of several names: called in the handshake with the name that the client asks for, empty when it says none,
    // on the thread of the connection. Returns the context whose certificate to show, or null for this one. The handshake fails
    // with what it throws.
    using SNICallback = std::function<std::shared_ptr<Context>(const std::string& server_name)>;
    Context& sni_callback(SNICallback callback);
    // Appends the secrets of each connection to a file, by which Wireshark reads them. For debugging; empty: no more of that.
    Context& keylog_filename(const std::string& path);

    // See SSLContext. `server_hostname` is a name in ASCII or an IP address; names are also told to the server (SNI). Throws
    // std::invalid_argument for the wrong role, and for no name where check_hostname is on.
    std::unique_ptr<SSLObject> wrap_bio(bool server_side, const std::string& server_hostname) const override;

    // The SSL_CTX, for what is not offered here. It lives as long as this does.
    ssl_ctx_st* native_handle() const noexcept;

    struct Impl;

private:
    std::shared_ptr<Impl> impl_;
};

// Python's ssl.create_default_context: secure settings that also hold tomorrow. SERVER_AUTH verifies servers against
// `locations`, or what the system trusts if there are none; CLIENT_AUTH lacks its certificate still (load_cert_chain), and asks
// clients for theirs only after verify_mode(CERT_REQUIRED). Honours the environment's SSLKEYLOGFILE.
std::shared_ptr<Context> create_default_context(Purpose purpose = Purpose::SERVER_AUTH,
                                                const VerifyLocations& locations = VerifyLocations());

}  // namespace ssl
}  // namespace cede

#endif
