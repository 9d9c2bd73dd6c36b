// What it is: what start_tls() may be told, and the part about TLS that ConnectionOptions and ServerOptions share.
// When to use it: `await(writer.start_tls(context, StartTlsOptions().server_hostname("example.org")))`. When not: for a
// connection that speaks TLS from its beginning; that is ConnectionOptions::ssl().
#ifndef CEDE_NET_SSL_OPTIONS_HPP
#define CEDE_NET_SSL_OPTIONS_HPP

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/types/optional.h"

#include "cede/base/duration.hpp"
#include "cede/net/ssl.hpp"

namespace cede {

namespace detail {

struct SSLSettings {
    std::shared_ptr<SSLContext> context;
    bool without_context = false;  // ssl(true), which only a TLS library could follow
    absl::optional<std::string> server_hostname;
    absl::optional<Duration> handshake_timeout;
    absl::optional<Duration> shutdown_timeout;

    bool wanted() const noexcept { return context != nullptr || without_context; }
};

// The setters that ConnectionOptions and ServerOptions have in common; `Options` is the class that they return.
template <class Options>
class SSLSetters {
public:
    // Speaks TLS: with keys, certificates and trust as this context has them. Null: does not.
    Options& ssl(std::shared_ptr<SSLContext> context) noexcept {
        ssl_.context = std::move(context);
        ssl_.without_context = false;
        return self();
    }
    // As in Python false is none. True is an error, once the connection or server is made: the core knows no TLS library, and so
    // no default context; pass cede::ssl::create_default_context().
    template <class Bool, std::enable_if_t<std::is_same<Bool, bool>::value, int> = 0>
    Options& ssl(Bool value) noexcept {
        ssl_.context = nullptr;
        ssl_.without_context = value;
        return self();
    }
    // How long the peer may take to agree on keys before the connection is given up with ECONNABORTED; 60 s by default,
    // Duration::max() is for ever. Neither timeout is checked here: one that is not positive, or is given without ssl(), is
    // std::invalid_argument once the connection or server is made.
    Options& ssl_handshake_timeout(Duration value) noexcept { return ssl_.handshake_timeout = value, self(); }
    // How long closing may take, from close() until the peer's close_notify, before the connection is dropped with a
    // TimeoutError; 30 s by default.
    Options& ssl_shutdown_timeout(Duration value) noexcept { return ssl_.shutdown_timeout = value, self(); }

    const std::shared_ptr<SSLContext>& ssl() const noexcept { return ssl_.context; }
    const absl::optional<Duration>& ssl_handshake_timeout() const noexcept { return ssl_.handshake_timeout; }
    const absl::optional<Duration>& ssl_shutdown_timeout() const noexcept { return ssl_.shutdown_timeout; }
    const SSLSettings& ssl_settings() const noexcept { return ssl_; }

protected:
    SSLSetters() = default;
    ~SSLSetters() = default;
    SSLSetters(const SSLSetters&) = default;
    SSLSetters(SSLSetters&&) = default;
    SSLSetters& operator=(const SSLSetters&) = default;
    SSLSetters& operator=(SSLSetters&&) = default;

    SSLSettings ssl_;

private:
    Options& self() noexcept { return static_cast<Options&>(*this); }
};

}  // namespace detail

class StartTlsOptions {
public:
    // Which part we play; a client's by default, for StreamWriter::start_tls a server's in what start_server has called.
    StartTlsOptions& server_side(bool value) noexcept { return server_side_ = value, *this; }
    // Of a client: the name that the server's certificate must have. Without one nobody knows who the peer is.
    StartTlsOptions& server_hostname(std::string value) noexcept;
    // As in ConnectionOptions; what is not positive is std::invalid_argument once TLS is started.
    StartTlsOptions& ssl_handshake_timeout(Duration value) noexcept { return ssl_.handshake_timeout = value, *this; }
    StartTlsOptions& ssl_shutdown_timeout(Duration value) noexcept { return ssl_.shutdown_timeout = value, *this; }

    const absl::optional<bool>& server_side() const noexcept { return server_side_; }
    const absl::optional<std::string>& server_hostname() const noexcept { return ssl_.server_hostname; }
    const absl::optional<Duration>& ssl_handshake_timeout() const noexcept { return ssl_.handshake_timeout; }
    const absl::optional<Duration>& ssl_shutdown_timeout() const noexcept { return ssl_.shutdown_timeout; }
    const detail::SSLSettings& ssl_settings() const noexcept { return ssl_; }

private:
    absl::optional<bool> server_side_;
    detail::SSLSettings ssl_;
};

}  // namespace cede

#endif
