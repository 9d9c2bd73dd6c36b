// What it is: the optional arguments of create_server, create_unix_server, start_server and start_unix_server.
// When to use it: `ServerOptions().backlog(1000).reuse_port(true)`, or `ServerOptions().ssl(context)` for TLS. When not: for
// what is right by default.
//
// A copy refers to the same socket, which the first server made with it takes.
#ifndef CEDE_NET_SERVER_OPTIONS_HPP
#define CEDE_NET_SERVER_OPTIONS_HPP

#include <cstddef>
#include <memory>
#include <utility>

#include <netdb.h>

#include "cede/net/socket.hpp"
#include "cede/net/ssl_options.hpp"

namespace cede {

class ServerOptions : public detail::SSLSetters<ServerOptions> {
public:
    // A socket that is bound already, in place of a host or path.
    ServerOptions& socket(Socket value);
    ServerOptions& sock(Socket value);
    // AF_INET or AF_INET6 for those addresses only.
    ServerOptions& family(int value) noexcept { return family_ = value, *this; }
    // getaddrinfo(3)'s AI_*; AI_PASSIVE by default.
    ServerOptions& flags(int value) noexcept { return flags_ = value, *this; }
    // Connections that the kernel keeps until they are accepted, and the most accepted in one go; 100 by default. The
    // kernel has its own limit (net.core.somaxconn).
    ServerOptions& backlog(int value) noexcept { return backlog_ = value, *this; }
    // Binds although connections of an earlier server linger in TIME_WAIT; on by default.
    ServerOptions& reuse_address(bool value) noexcept { return reuse_address_ = value, *this; }
    // Lets several sockets, of any process, listen on one port, among which the kernel spreads connections.
    ServerOptions& reuse_port(bool value) noexcept { return reuse_port_ = value, *this; }
    // SO_KEEPALIVE on the connections.
    ServerOptions& keep_alive(bool value) noexcept { return keep_alive_ = value, *this; }
    // False: accepts nothing until Server::start_serving() or serve_forever().
    ServerOptions& start_serving(bool value) noexcept { return start_serving_ = value, *this; }
    // Removes the file of a Unix socket when the server closes; on by default.
    ServerOptions& cleanup_socket(bool value) noexcept { return cleanup_socket_ = value, *this; }
    // Of the StreamReaders that start_server makes, in bytes; 64 KiB by default.
    ServerOptions& limit(std::size_t value) noexcept { return limit_ = value, *this; }

    const std::shared_ptr<Socket>& socket() const noexcept { return socket_; }
    int family() const noexcept { return family_; }
    int flags() const noexcept { return flags_; }
    int backlog() const noexcept { return backlog_; }
    bool reuse_address() const noexcept { return reuse_address_; }
    bool reuse_port() const noexcept { return reuse_port_; }
    bool keep_alive() const noexcept { return keep_alive_; }
    bool start_serving() const noexcept { return start_serving_; }
    bool cleanup_socket() const noexcept { return cleanup_socket_; }
    std::size_t limit() const noexcept { return limit_; }

private:
    std::shared_ptr<Socket> socket_;
    int family_ = AF_UNSPEC;
    int flags_ = AI_PASSIVE;
    int backlog_ = 100;
    bool reuse_address_ = true;
    bool reuse_port_ = false;
    bool keep_alive_ = false;
    bool start_serving_ = true;
    bool cleanup_socket_ = true;
    std::size_t limit_ = 64 * 1024;
};

}  // namespace cede

#endif
