// What it is: what the options about TLS must be, and a server's protocols over TLS.
#ifndef CEDE_SRC_NET_SSL_SETTINGS_HPP
#define CEDE_SRC_NET_SSL_SETTINGS_HPP

#include <string>

#include "cede/loop/loop_network.hpp"
#include "cede/net/connection_options.hpp"
#include "cede/net/ssl_options.hpp"

namespace cede {
namespace detail {

// Throws std::invalid_argument, with advice, for settings that say nothing without ssl(), for ssl(true) and for timeouts that
// are not positive. `call`: whose options they are.
void check_ssl_settings(const char* call, const SSLSettings& settings);

// The same for a client of `host`, which is empty where there is none; the result has a server_hostname.
SSLSettings client_settings(const char* call, const ConnectionOptions& options, const std::string& host);

// Puts TLS, as the server's side of it, below the protocols that `factory` makes; `factory` itself without a context.
LoopNetwork::ProtocolFactory over_ssl(LoopNetwork::ProtocolFactory factory, const SSLSettings& settings);

}  // namespace detail
}  // namespace cede

#endif
