// What it is: name resolution as the net room uses it: literals at once, names on the resolver's threads.
#ifndef CEDE_SRC_NET_RESOLVER_HPP
#define CEDE_SRC_NET_RESOLVER_HPP

#include <string>
#include <vector>

#include "cede/loop/event_loop.hpp"
#include "cede/net/address_info.hpp"

namespace cede {
namespace detail {

// The addresses of a host, at least one. A literal of a stream or datagram look-up is taken as it is, without asking the
// system; all else goes through loop.getaddrinfo(), and cedes. Throws as that.
std::vector<AddressInfo> ensure_resolved(EventLoop& loop, const std::string& host, const Port& port,
                                         const ResolveOptions& options);

}  // namespace detail
}  // namespace cede

#endif
