// What it is: what servers, transports and datagram endpoints do to a socket besides reading and writing.
#ifndef CEDE_SRC_NET_SOCKET_SETUP_HPP
#define CEDE_SRC_NET_SOCKET_SETUP_HPP

#include <string>

#include "cede/net/socket.hpp"

namespace cede {
namespace detail {

// Of no family where the socket has none, or is gone already.
SocketAddress local_address_of(const Socket& socket) noexcept;
SocketAddress peer_address_of(const Socket& socket) noexcept;

// Lets others bind to the same port. Throws std::invalid_argument when the system cannot.
void share_port(const Socket& socket);

// Removes the socket file that an earlier process has left at `path`; what is no socket stays, and the bind fails.
void remove_stale_socket(const std::string& path);

}  // namespace detail
}  // namespace cede

#endif
