#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include <fcntl.h>
#include <unistd.h>

#include "context_impl.hpp"
#include "errors.hpp"
#include "files.hpp"
#include "ssl_object.hpp"

namespace cede {
namespace ssl {
namespace {

static_assert(VERIFY_CRL_CHECK_LEAF == X509_V_FLAG_CRL_CHECK, "OpenSSL's number");
static_assert(VERIFY_CRL_CHECK_CHAIN == (X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL), "OpenSSL's number");
static_assert(VERIFY_X509_STRICT == X509_V_FLAG_X509_STRICT, "OpenSSL's number");
static_assert(VERIFY_X509_TRUSTED_FIRST == X509_V_FLAG_TRUSTED_FIRST, "OpenSSL's number");
static_assert(VERIFY_X509_PARTIAL_CHAIN == X509_V_FLAG_PARTIAL_CHAIN, "OpenSSL's number");

// Forward secrecy and nothing that is known to be weak, of what TLS 1.2 has.
constexpr char good_ciphers[] =
    "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:ECDHE+AES:DHE+AES:!aNULL:!SHA1:!AESCCM:@SECLEVEL=2";

struct Version {
    TLSVersion name;
    int number;
};
constexpr Version versions[] = {{TLSVersion::TLSv1, TLS1_VERSION},
                                {TLSVersion::TLSv1_1, TLS1_1_VERSION},
                                {TLSVersion::TLSv1_2, TLS1_2_VERSION},
                                {TLSVersion::TLSv1_3, TLS1_3_VERSION}};

int number_of(TLSVersion name) {
    for (const Version& version : versions) {
        if (version.name == name) return version.number;
    }
    return 0;
}

TLSVersion name_of(long number, TLSVersion otherwise) {
    for (const Version& version : versions) {
        if (version.number == number) return version.name;
    }
    return otherwise;
}

int openssl_mode(VerifyMode mode) {
    switch (mode) {
        case CERT_NONE: return SSL_VERIFY_NONE;
        case CERT_OPTIONAL: return SSL_VERIFY_PEER;
        default: return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    }
}

}  // namespace

Context::Impl::Impl(SSLMethod which)
    : method(which), handle(SSL_CTX_new(which == PROTOCOL_TLS_SERVER ? TLS_server_method() : TLS_client_method())) {
    if (handle == nullptr) throw_configuration_error("SSL_CTX_new");
    SSL_CTX_set_options(handle.get(), SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_RENEGOTIATION);
    // No buffers while a connection is idle.
    SSL_CTX_set_mode(handle.get(), SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_AUTO_RETRY | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_app_data(handle.get(), this);
    X509_VERIFY_PARAM_set_flags(parameters(), X509_V_FLAG_TRUSTED_FIRST);
    X509_VERIFY_PARAM_set_hostflags(parameters(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    static const unsigned char session_context[] = {'c', 'e', 'd', 'e'};  // without one, servers that verify refuse sessions
    if (SSL_CTX_set_session_id_context(handle.get(), session_context, sizeof session_context) != 1 ||
        SSL_CTX_set_min_proto_version(handle.get(), TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(handle.get(), good_ciphers) != 1) {
        throw_configuration_error("this OpenSSL cannot do what a Context needs");
    }
}

Context::Impl::~Impl() { close_keylog(); }

void Context::Impl::close_keylog() noexcept {
    if (keylog >= 0) ::close(keylog);
    keylog = -1;
}

int Context::Impl::on_server_name(SSL* connection, int* alert, void* impl) {
    OpenSSLObject& object = OpenSSLObject::of(connection);
    try {
        const char* const name = SSL_get_servername(connection, TLSEXT_NAMETYPE_host_name);
        const std::shared_ptr<Context> chosen = static_cast<Impl*>(impl)->sni(name != nullptr ? name : "");
        if (chosen != nullptr) object.use(chosen->impl_);
        return SSL_TLSEXT_ERR_OK;
    } catch (...) {
        object.fail(std::current_exception());
        *alert = SSL_AD_UNRECOGNIZED_NAME;
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
}

int Context::Impl::on_alpn(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                           unsigned int offered_size, void* impl) {
    const std::string& own = static_cast<Impl*>(impl)->alpn;
    unsigned char* found = nullptr;
    const int result = SSL_select_next_proto(&found, size, reinterpret_cast<const unsigned char*>(own.data()),
                                             static_cast<unsigned int>(own.size()), offered, offered_size);
    if (result != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_NOACK;
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
}

void Context::Impl::on_secret(const SSL* connection, const char* line) {
    const auto* const impl = static_cast<const Impl*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(connection)));
    char text[512];  // the longest line that TLS knows has some 260 characters
    const int size = std::snprintf(text, sizeof text, "%s\n", line);
    if (size <= 0 || size >= static_cast<int>(sizeof text)) return;
    // In one call, so that lines of several threads and processes do not mix. A debugging aid ends no connection.
    if (::write(impl->keylog, text, static_cast<std::size_t>(size)) < 0) return;
}

Context::Context(SSLMethod method) {
    const ErrorScope errors;
    impl_ = std::make_shared<Impl>(method);
    if (!impl_->is_server()) check_hostname(true);
}

Context::~Context() = default;

Context& Context::load_cert_chain(const std::string& certfile, const std::string& keyfile, const std::string& password) {
    const ErrorScope errors;
    const Identity identity = load_identity(certfile, keyfile, password);
    const int overriding = 1;
    if (SSL_CTX_use_cert_and_key(native_handle(), identity.certificate.get(), identity.key.get(), identity.chain.get(),
                                 overriding) != 1) {
        throw_configuration_error("the certificate in '" + certfile + "' cannot be used");
    }
    return *this;
}

Context& Context::load_verify_locations(const VerifyLocations& locations) {
    if (locations.empty()) throw std::invalid_argument("load_verify_locations: cafile, capath or cadata must be given");
    const ErrorScope errors;
    if (!locations.cafile().empty()) trust_file(native_handle(), locations.cafile());
    if (!locations.capath().empty()) trust_folder(native_handle(), locations.capath());
    if (!locations.cadata().empty()) trust_data(native_handle(), locations.cadata());
    return *this;
}

Context& Context::load_default_certs() {
    const ErrorScope errors;
    if (SSL_CTX_set_default_verify_paths(native_handle()) != 1) throw_configuration_error("the system's certificates");
    return *this;
}

Context& Context::verify_mode(VerifyMode value) {
    if (value == CERT_NONE && impl_->check_hostname) {
        throw std::invalid_argument("verify_mode(CERT_NONE) with check_hostname: call check_hostname(false) first");
    }
    SSL_CTX_set_verify(native_handle(), openssl_mode(value), nullptr);
    return *this;
}

VerifyMode Context::verify_mode() const noexcept {
    const int mode = SSL_CTX_get_verify_mode(native_handle());
    if ((mode & SSL_VERIFY_PEER) == 0) return CERT_NONE;
    return (mode & SSL_VERIFY_FAIL_IF_NO_PEER_CERT) != 0 ? CERT_REQUIRED : CERT_OPTIONAL;
}

Context& Context::check_hostname(bool value) {
    if (value && impl_->is_server()) {
        throw std::invalid_argument("check_hostname is for clients: nobody knows the host names of a server's clients");
    }
    if (value && verify_mode() == CERT_NONE) verify_mode(CERT_REQUIRED);
    impl_->check_hostname = value;
    return *this;
}

bool Context::check_hostname() const noexcept { return impl_->check_hostname; }

Context& Context::verify_flags(unsigned long value) {
    X509_VERIFY_PARAM_clear_flags(impl_->parameters(), verify_flags());
    X509_VERIFY_PARAM_set_flags(impl_->parameters(), value);
    return *this;
}

unsigned long Context::verify_flags() const noexcept { return X509_VERIFY_PARAM_get_flags(impl_->parameters()); }

Context& Context::minimum_version(TLSVersion value) {
    const ErrorScope errors;
    const int number = value == TLSVersion::MAXIMUM_SUPPORTED ? TLS1_3_VERSION : number_of(value);
    if (SSL_CTX_set_min_proto_version(native_handle(), number) != 1) throw_configuration_error("minimum_version");
    return *this;
}

TLSVersion Context::minimum_version() const noexcept {
    return name_of(SSL_CTX_get_min_proto_version(native_handle()), TLSVersion::MINIMUM_SUPPORTED);
}

Context& Context::maximum_version(TLSVersion value) {
    const ErrorScope errors;
    const int number = value == TLSVersion::MINIMUM_SUPPORTED ? TLS1_VERSION : number_of(value);
    if (SSL_CTX_set_max_proto_version(native_handle(), number) != 1) throw_configuration_error("maximum_version");
    return *this;
}

TLSVersion Context::maximum_version() const noexcept {
    return name_of(SSL_CTX_get_max_proto_version(native_handle()), TLSVersion::MAXIMUM_SUPPORTED);
}

Context& Context::set_ciphers(const std::string& ciphers) {
    const ErrorScope errors;
    if (SSL_CTX_set_cipher_list(native_handle(), ciphers.c_str()) != 1) {
        throw_configuration_error("set_ciphers(\"" + ciphers + "\")");
    }
    return *this;
}

Context& Context::set_alpn_protocols(const std::vector<std::string>& protocols) {
    std::string wire;
    for (const std::string& name : protocols) {
        if (name.empty() || name.size() > 255) {
            throw std::invalid_argument("set_alpn_protocols: a protocol's name has 1 to 255 bytes, not " +
                                        std::to_string(name.size()));
        }
        wire += static_cast<char>(name.size());
        wire += name;
    }
    const ErrorScope errors;
    // This one says 0 when all is well.
    if (!impl_->is_server() && SSL_CTX_set_alpn_protos(native_handle(), reinterpret_cast<const unsigned char*>(wire.data()),
                                                       static_cast<unsigned int>(wire.size())) != 0) {
        throw_configuration_error("set_alpn_protocols");
    }
    impl_->alpn = std::move(wire);
    if (impl_->is_server()) {
        SSL_CTX_set_alpn_select_cb(native_handle(), impl_->alpn.empty() ? nullptr : Impl::on_alpn, impl_.get());
    }
    return *this;
}

Context& Context::sni_callback(SNICallback callback) {
    if (!impl_->is_server()) throw std::invalid_argument("sni_callback is for servers: a client says the name itself");
    impl_->sni = std::move(callback);
    SSL_CTX_set_tlsext_servername_arg(native_handle(), impl_.get());
    int (*const called)(SSL*, int*, void*) = impl_->sni ? Impl::on_server_name : nullptr;
    SSL_CTX_set_tlsext_servername_callback(native_handle(), called);
    return *this;
}

Context& Context::keylog_filename(const std::string& path) {
    const int fd = path.empty() ? -1 : ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 && !path.empty()) throw std::system_error(errno, std::generic_category(), "keylog_filename '" + path + "'");
    impl_->close_keylog();
    impl_->keylog = fd;
    SSL_CTX_set_keylog_callback(native_handle(), fd >= 0 ? Impl::on_secret : nullptr);
    return *this;
}

std::unique_ptr<SSLObject> Context::wrap_bio(bool server_side, const std::string& server_hostname) const {
    if (server_side != impl_->is_server()) {
        throw std::invalid_argument(server_side
                                        ? "this ssl::Context is for clients: make a server's with Purpose::CLIENT_AUTH"
                                        : "this ssl::Context is for servers: make a client's with Purpose::SERVER_AUTH");
    }
    const ErrorScope errors;
    return std::make_unique<OpenSSLObject>(impl_, server_hostname);
}

ssl_ctx_st* Context::native_handle() const noexcept { return impl_->handle.get(); }

std::shared_ptr<Context> create_default_context(Purpose purpose, const VerifyLocations& locations) {
    const bool client = purpose == Purpose::SERVER_AUTH;
    auto context = std::make_shared<Context>(client ? PROTOCOL_TLS_CLIENT : PROTOCOL_TLS_SERVER);
    context->verify_flags(context->verify_flags() | VERIFY_X509_STRICT | VERIFY_X509_PARTIAL_CHAIN);
    if (!locations.empty()) {
        context->load_verify_locations(locations);
    } else if (client) {
        context->load_default_certs();
    }
    const char* const keylog = std::getenv("SSLKEYLOGFILE");
    if (keylog != nullptr && *keylog != '\0') context->keylog_filename(keylog);
    return context;
}

}  // namespace ssl
}  // namespace cede
