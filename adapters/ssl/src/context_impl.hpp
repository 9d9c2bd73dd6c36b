// What it is: what a Context consists of. Its connections share it, so that a Context may go before them.
#ifndef CEDE_ADAPTERS_SSL_SRC_CONTEXT_IMPL_HPP
#define CEDE_ADAPTERS_SSL_SRC_CONTEXT_IMPL_HPP

#include <memory>
#include <string>

#include "cede/adapters/ssl.hpp"

#include "handles.hpp"

namespace cede {
namespace ssl {

struct Context::Impl : std::enable_shared_from_this<Context::Impl> {
    explicit Impl(SSLMethod which);
    ~Impl();
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    bool is_server() const noexcept { return method == PROTOCOL_TLS_SERVER; }
    X509_VERIFY_PARAM* parameters() const noexcept { return SSL_CTX_get0_param(handle.get()); }
    void close_keylog() noexcept;

    // OpenSSL's callbacks.
    static int on_server_name(SSL* connection, int* alert, void* impl);
    static int on_alpn(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                       unsigned int offered_size, void* impl);
    static void on_secret(const SSL* connection, const char* line);

    const SSLMethod method;
    SSLContextHandle handle;
    bool check_hostname = false;
    std::string alpn;  // as TLS sends it: each name behind its length
    SNICallback sni;
    int keylog = -1;
};

}  // namespace ssl
}  // namespace cede

#endif
