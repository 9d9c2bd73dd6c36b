#include "net/ssl_settings.hpp"

#include <stdexcept>

#include "absl/strings/str_cat.h"

#include "cede/loop/event_loop.hpp"
#include "net/ssl_protocol.hpp"

namespace cede {
namespace detail {
namespace {

void check_timeout(const char* call, const char* name, const absl::optional<Duration>& timeout, bool wanted) {
    if (!timeout) return;
    if (!wanted) throw std::invalid_argument(absl::StrCat(call, ": ", name, " is only meaningful with ssl: pass a context, too"));
    if (*timeout <= Duration()) {
        throw std::invalid_argument(absl::StrCat(call, ": ", name, " should be positive, and is ", timeout->seconds(),
                                                 " s; leave it out for the default, Duration::max() is for ever"));
    }
}

}  // namespace

void check_ssl_settings(const char* call, const SSLSettings& settings) {
    if (settings.without_context) {
        throw std::invalid_argument(absl::StrCat(
            call, ": ssl(true) is not enough, for the core knows no TLS library: pass a context, ssl(context), such as "
                  "cede::ssl::create_default_context() of <cede/adapters/ssl.hpp>"));
    }
    const bool wanted = settings.context != nullptr;
    if (settings.server_hostname && !wanted) {
        throw std::invalid_argument(absl::StrCat(call, ": server_hostname is only meaningful with ssl: pass a context, too"));
    }
    check_timeout(call, "ssl_handshake_timeout", settings.handshake_timeout, wanted);
    check_timeout(call, "ssl_shutdown_timeout", settings.shutdown_timeout, wanted);
}

SSLSettings client_settings(const char* call, const ConnectionOptions& options, const std::string& host) {
    SSLSettings settings = options.ssl_settings();
    check_ssl_settings(call, settings);
    if (settings.context == nullptr || settings.server_hostname) return settings;
    if (host.empty()) {
        throw std::invalid_argument(absl::StrCat(
            call, ": set server_hostname when using ssl without a host: the name that the server's certificate must have, or "
                  "an empty one for none"));
    }
    settings.server_hostname = host;
    return settings;
}

LoopNetwork::ProtocolFactory over_ssl(LoopNetwork::ProtocolFactory factory, const SSLSettings& settings) {
    if (settings.context == nullptr) return factory;
    return [factory = std::move(factory), settings]() mutable {
        return SSLProtocol::make(get_running_loop(), factory(), settings, true, Future<void>(nullptr));
    };
}

}  // namespace detail
}  // namespace cede
