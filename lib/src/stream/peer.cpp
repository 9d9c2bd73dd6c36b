#include "stream/peer.hpp"

#include "absl/types/any.h"

#include "cede/net/socket_address.hpp"

namespace cede {
namespace detail {
namespace {

std::string address(const BaseTransport& transport, absl::string_view name) {
    const absl::any info = transport.get_extra_info(name);
    const SocketAddress* const found = absl::any_cast<SocketAddress>(&info);
    return found != nullptr ? found->str() : std::string();
}

}  // namespace

std::string peer_suffix(const BaseTransport& transport) {
    const std::string peer = address(transport, "peername");
    if (!peer.empty()) return " " + peer;
    const std::string own = address(transport, "sockname");
    return own.empty() ? std::string() : " at " + own;
}

}  // namespace detail
}  // namespace cede
