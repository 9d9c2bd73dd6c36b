// What it is: the sockets that a server for TCP listens on, bound.
#ifndef CEDE_SRC_NET_SERVER_SOCKETS_HPP
#define CEDE_SRC_NET_SERVER_SOCKETS_HPP

#include <string>
#include <vector>

#include "cede/loop/event_loop.hpp"
#include "cede/net/address_info.hpp"
#include "cede/net/server_options.hpp"

namespace cede {
namespace detail {

// One for each address of the hosts; port 0 becomes the same for all. Cedes where a name is to be resolved. Throws as
// create_server().
std::vector<Socket> bind_to_hosts(EventLoop& loop, const std::vector<std::string>& hosts, const Port& port,
                                  const ServerOptions& options);

// Further ones on the addresses of `first`, which share their ports with them (ServerOptions::reuse_port).
std::vector<Socket> bind_beside(const std::vector<Socket>& first, const ServerOptions& options);

}  // namespace detail
}  // namespace cede

#endif
