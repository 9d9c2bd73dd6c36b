// What it is: the arguments of create_datagram_endpoint. When to use it: `DatagramOptions().local_addr("0.0.0.0", 5353)` to
// receive, `DatagramOptions().remote_addr("localhost", 53)` to talk to one peer. When not: for streams; see ConnectionOptions.
//
// A copy refers to the same socket, which the first endpoint made with it takes.
#ifndef CEDE_NET_DATAGRAM_OPTIONS_HPP
#define CEDE_NET_DATAGRAM_OPTIONS_HPP

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "cede/base/buffers.hpp"
#include "cede/net/address_info.hpp"
#include "cede/net/socket.hpp"

namespace cede {

// Where an endpoint is, or sends to, in one of the ways in which that can be said.
struct DatagramAddress {
    enum Kind { none, host_and_port, path, literal };
    Kind kind = none;
    std::string host;  // or the path
    Port port;
    SocketAddress address;
};

class DatagramOptions {
public:
    // Where to receive: a name or literal and a port, of which 0 lets the system choose; with family(AF_UNIX) the path of a
    // Unix socket, where a stale socket file is replaced, and where the new one stays after the end; or an address.
    DatagramOptions& local_addr(std::string host, Port port);
    template <class Path, class = std::enable_if_t<detail::IsText<Path>::value>>
    DatagramOptions& local_addr(const Path& path) {  // a template, so that an address in braces is none: {"127.0.0.1", 9999}
        return local_path(detail::to_text(path));
    }
    DatagramOptions& local_addr(const SocketAddress& address);
    // The one peer: sendto() needs no address then, and nobody else's datagrams are received, unless allow_broadcast is set.
    DatagramOptions& remote_addr(std::string host, Port port);
    template <class Path, class = std::enable_if_t<detail::IsText<Path>::value>>
    DatagramOptions& remote_addr(const Path& path) {  // a template, so that an address in braces is none: {"127.0.0.1", 9999}
        return remote_path(detail::to_text(path));
    }
    DatagramOptions& remote_addr(const SocketAddress& address);
    // AF_INET or AF_INET6 for those addresses only; AF_UNIX. Without an address, the family of a socket that is not bound.
    DatagramOptions& family(int value) noexcept { return family_ = value, *this; }
    DatagramOptions& proto(int value) noexcept { return proto_ = value, *this; }
    // getaddrinfo(3)'s AI_*.
    DatagramOptions& flags(int value) noexcept { return flags_ = value, *this; }
    // Others may bind to the same port; the system spreads what arrives over them.
    DatagramOptions& reuse_port(bool value) noexcept { return reuse_port_ = value, *this; }
    // May send to broadcast addresses. Of a remote_addr the socket is not connected then, since the answers come from others.
    DatagramOptions& allow_broadcast(bool value) noexcept { return allow_broadcast_ = value, *this; }
    // A datagram socket of yours, bound or connected as you like, in place of everything else.
    DatagramOptions& socket(Socket value);
    DatagramOptions& sock(Socket value);

    const DatagramAddress& local_addr() const noexcept { return local_; }
    const DatagramAddress& remote_addr() const noexcept { return remote_; }
    int family() const noexcept { return family_; }
    int proto() const noexcept { return proto_; }
    int flags() const noexcept { return flags_; }
    bool reuse_port() const noexcept { return reuse_port_; }
    bool allow_broadcast() const noexcept { return allow_broadcast_; }
    const std::shared_ptr<Socket>& socket() const noexcept { return socket_; }

private:
    DatagramOptions& local_path(std::string path);
    DatagramOptions& remote_path(std::string path);

    DatagramAddress local_;
    DatagramAddress remote_;
    int family_ = AF_UNSPEC;
    int proto_ = 0;
    int flags_ = 0;
    bool reuse_port_ = false;
    bool allow_broadcast_ = false;
    std::shared_ptr<Socket> socket_;
};

}  // namespace cede

#endif
