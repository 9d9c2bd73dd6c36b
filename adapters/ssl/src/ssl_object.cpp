#include "ssl_object.hpp"

#include <algorithm>
#include <new>
#include <stdexcept>
#include <utility>

#include <arpa/inet.h>

#include "certificate.hpp"
#include "errors.hpp"

namespace cede {
namespace ssl {
namespace {

// Of plaintext: two records, so that what has to go out never piles up.
constexpr std::size_t most_at_once = 32 * 1024;

bool is_address(const std::string& host) {
    unsigned char address[sizeof(in6_addr)];
    return inet_pton(AF_INET, host.c_str(), address) == 1 || inet_pton(AF_INET6, host.c_str(), address) == 1;
}

// As it stands in certificates: without the dot that ends a full name, and without the interface of an IPv6 address.
std::string normalized(std::string host) {
    for (const char c : host) {
        if (static_cast<signed char>(c) <= 0) {
            throw std::invalid_argument("server_hostname must be in ASCII, an international name as xn--..., not '" + host +
                                        "'");
        }
    }
    if (!host.empty() && host.front() == '.') throw std::invalid_argument("server_hostname '" + host + "' begins with a dot");
    const std::size_t zone = host.find('%');
    if (zone != host.npos && is_address(host.substr(0, zone))) host.resize(zone);
    if (!host.empty() && host.back() == '.') host.pop_back();
    return host;
}

// What OpenSSL's words do not tell.
const char* advice(int reason, const SSL* connection) {
    switch (reason) {
        case SSL_R_WRONG_VERSION_NUMBER:
        case SSL_R_HTTP_REQUEST:
        case SSL_R_HTTPS_PROXY_REQUEST: return ", does the peer speak TLS on this port?";
        case SSL_R_NO_SHARED_CIPHER:
            if (SSL_get_certificate(connection) != nullptr) return "";
            return ", since the context has no certificate: load_cert_chain() first";
        default: return "";
    }
}

bool is_eof(int reason) {
#ifdef SSL_R_UNEXPECTED_EOF_WHILE_READING
    if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) return true;
#endif
    return reason == 0;  // OpenSSL 1.1.1 says nothing
}

absl::any text_or_nothing(const char* text) { return text != nullptr ? absl::any(std::string(text)) : absl::any(); }

}  // namespace

OpenSSLObject::OpenSSLObject(std::shared_ptr<Context::Impl> context, const std::string& server_hostname)
    : context_(std::move(context)), ssl_(SSL_new(context_->handle.get())) {
    if (ssl_ == nullptr) throw_configuration_error("SSL_new");
    BIOHandle bio = make_bio(wire_);
    if (bio == nullptr) throw std::bad_alloc();
    BIO* const both = bio.release();
    SSL_set_bio(ssl_.get(), both, both);
    SSL_set_app_data(ssl_.get(), this);
    if (context_->is_server()) {
        SSL_set_accept_state(ssl_.get());
        return;
    }
    server_hostname_ = normalized(server_hostname);
    SSL_set_connect_state(ssl_.get());
    name_server();
}

void OpenSSLObject::name_server() {
    if (server_hostname_.empty()) {
        if (!context_->check_hostname) return;
        throw std::invalid_argument(
            "check_hostname needs a server_hostname: pass it in the options, or call check_hostname(false)");
    }
    X509_VERIFY_PARAM* const parameters = SSL_get0_param(ssl_.get());
    const bool address = is_address(server_hostname_);
    bool good = address || SSL_set_tlsext_host_name(ssl_.get(), server_hostname_.c_str()) == 1;
    if (context_->check_hostname) {
        const std::string& name = server_hostname_;
        good = good && (address ? X509_VERIFY_PARAM_set1_ip_asc(parameters, name.c_str())
                                : X509_VERIFY_PARAM_set1_host(parameters, name.data(), name.size())) == 1;
    }
    if (!good) throw_configuration_error("server_hostname '" + server_hostname_ + "'");
}

void OpenSSLObject::use(const std::shared_ptr<Context::Impl>& chosen) {
    if (!chosen->is_server()) throw std::invalid_argument("the sni_callback has returned a context for clients");
    if (SSL_set_SSL_CTX(ssl_.get(), chosen->handle.get()) == nullptr) {
        throw_configuration_error("the context of the sni_callback");
    }
    chosen_ = chosen;
}

void OpenSSLObject::feed(absl::string_view ciphertext) { wire_.incoming.append(ciphertext); }

void OpenSSLObject::feed_eof() { wire_.eof = true; }

std::size_t OpenSSLObject::take(absl::Span<char> ciphertext) {
    return wire_.outgoing.take(ciphertext.data(), ciphertext.size());
}

template <class F>
OpenSSLObject::Outcome OpenSSLObject::call(F f) {
    if (broken_) std::rethrow_exception(broken_);
    ERR_clear_error();
    const int result = f(ssl_.get());
    const int error = result == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), result);
    const std::exception_ptr failure = std::exchange(wire_.failure, nullptr);
    if (error == SSL_ERROR_SSL || error == SSL_ERROR_SYSCALL) {
        const ClearsErrors afterwards;  // the only case that leaves some
        broken_ = failure ? failure : what_went_wrong();
        std::rethrow_exception(broken_);
    }
    if (failure) std::rethrow_exception(failure);
    if (error == SSL_ERROR_NONE) return Outcome::done;
    return error == SSL_ERROR_ZERO_RETURN ? Outcome::closed : Outcome::wants_more;
}

std::exception_ptr OpenSSLObject::what_went_wrong() const {
    const unsigned long error = ERR_peek_last_error();
    if (ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE) throw std::bad_alloc();
    const int reason = error == 0 || ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : -1;
    if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED) {
        const int code = static_cast<int>(SSL_get_verify_result(ssl_.get()));
        const std::string why = X509_verify_cert_error_string(code);
        std::string what = why;
        if (code == X509_V_ERR_HOSTNAME_MISMATCH || code == X509_V_ERR_IP_ADDRESS_MISMATCH) {
            what += ", certificate is not valid for '" + server_hostname_ + "'";
        }
        return std::make_exception_ptr(SSLCertVerificationError(what, code, why));
    }
    if (wire_.eof && is_eof(reason)) return std::make_exception_ptr(SSLEOFError());
    if (reason == 0) return std::make_exception_ptr(SSLError(SSLErrc::protocol, "this connection has failed before"));
    return std::make_exception_ptr(SSLError(SSLErrc::protocol, reason_of_last_error() + advice(reason, ssl_.get())));
}

bool OpenSSLObject::do_handshake() { return call(SSL_do_handshake) == Outcome::done; }

absl::optional<std::size_t> OpenSSLObject::read(absl::Span<char> plaintext) {
    std::size_t count = 0;
    switch (call([&](SSL* ssl) { return SSL_read_ex(ssl, plaintext.data(), plaintext.size(), &count); })) {
        case Outcome::done: return count;
        case Outcome::closed: return std::size_t{0};
        default: return absl::nullopt;
    }
}

std::size_t OpenSSLObject::write(absl::string_view plaintext) {
    if ((SSL_get_shutdown(ssl_.get()) & SSL_SENT_SHUTDOWN) != 0) throw SSLError(SSLErrc::zero_return, "write after unwrap");
    plaintext = plaintext.substr(0, most_at_once);
    std::size_t count = 0;
    call([&](SSL* ssl) { return SSL_write_ex(ssl, plaintext.data(), plaintext.size(), &count); });
    return count;
}

bool OpenSSLObject::unwrap() {
    if ((SSL_get_shutdown(ssl_.get()) & SSL_SENT_SHUTDOWN) == 0) {
        call([](SSL* ssl) {
            const int result = SSL_shutdown(ssl);
            return result == 0 ? 1 : result;  // 0: ours has gone, the peer's has not come
        });
    }
    // SSL_shutdown() would break the connection over data that the peer has sent meanwhile; a look at it leaves it to read().
    char some;
    std::size_t count = 0;
    return call([&](SSL* ssl) { return SSL_peek_ex(ssl, &some, 1, &count); }) == Outcome::closed;
}

absl::any OpenSSLObject::get_extra_info(absl::string_view name) const {
    if (name == "server_hostname") {
        return context_->is_server() ? text_or_nothing(SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name))
                                     : text_or_nothing(server_hostname_.empty() ? nullptr : server_hostname_.c_str());
    }
    if (SSL_is_init_finished(ssl_.get()) == 0) return absl::any();
    if (name == "peercert") return peer_certificate();
    if (name == "cipher") return cipher();
    if (name == "compression") return text_or_nothing(SSL_COMP_get_name(SSL_get_current_compression(ssl_.get())));
    if (name == "version") return text_or_nothing(SSL_get_version(ssl_.get()));
    if (name == "session_reused") return SSL_session_reused(ssl_.get()) == 1;
    if (name == "selected_alpn_protocol") {
        const unsigned char* protocol = nullptr;
        unsigned int size = 0;
        SSL_get0_alpn_selected(ssl_.get(), &protocol, &size);
        if (size != 0) return std::string(reinterpret_cast<const char*>(protocol), size);
    }
    return absl::any();
}

absl::any OpenSSLObject::peer_certificate() const {
    const ErrorScope errors;
    const X509Handle certificate(SSL_get_peer_certificate(ssl_.get()));
    if (certificate == nullptr) return absl::any();
    return describe_certificate(certificate.get(), (SSL_get_verify_mode(ssl_.get()) & SSL_VERIFY_PEER) != 0);
}

absl::any OpenSSLObject::cipher() const {
    const SSL_CIPHER* const current = SSL_get_current_cipher(ssl_.get());
    if (current == nullptr) return absl::any();
    return Cipher{SSL_CIPHER_get_name(current), SSL_CIPHER_get_version(current), SSL_CIPHER_get_bits(current, nullptr)};
}

}  // namespace ssl
}  // namespace cede
