// What it is: the optional arguments of create_connection, create_unix_connection, connect_accepted_socket and open_connection.
// When to use it: `ConnectionOptions().happy_eyeballs_delay(250ms)`, or `ConnectionOptions().ssl(context)` for TLS. When not:
// for what is right by default.
//
// A copy refers to the same socket, which the first connection made with it takes.
//
// In the headers of options, setters of more than a number are compiled, so that no program compiles what it does not call.
#ifndef CEDE_NET_CONNECTION_OPTIONS_HPP
#define CEDE_NET_CONNECTION_OPTIONS_HPP

#include <cstddef>
#include <memory>
#include <string>

#include "absl/types/optional.h"

#include "cede/base/duration.hpp"
#include "cede/net/address_info.hpp"
#include "cede/net/socket.hpp"
#include "cede/net/ssl_options.hpp"

namespace cede {

class ConnectionOptions : public detail::SSLSetters<ConnectionOptions> {
public:
    // A socket that is connected already, in place of a host.
    ConnectionOptions& socket(Socket value);
    ConnectionOptions& sock(Socket value);
    // AF_INET or AF_INET6 for those addresses only.
    ConnectionOptions& family(int value) noexcept { return family_ = value, *this; }
    ConnectionOptions& proto(int value) noexcept { return protocol(value); }
    ConnectionOptions& protocol(int value) noexcept { return protocol_ = value, *this; }
    // getaddrinfo(3)'s AI_*.
    ConnectionOptions& flags(int value) noexcept { return flags_ = value, *this; }
    // Where to connect from.
    ConnectionOptions& local_addr(std::string host, Port port);
    // Throws std::invalid_argument for one that has no host: of a Unix socket, or none.
    ConnectionOptions& local_addr(const SocketAddress& address);
    ConnectionOptions& local_address(std::string host, Port port);
    // Tries the next address beside one that has not answered after this long (RFC 8305 says 250 ms); without it, after one
    // has failed.
    ConnectionOptions& happy_eyeballs_delay(Duration value) noexcept { return happy_eyeballs_delay_ = value, *this; }
    // Alternates the families of the addresses, this many of the first family first. 1 with happy_eyeballs_delay, else 0:
    // the resolver's order.
    ConnectionOptions& interleave(std::size_t value) noexcept { return interleave_ = value, *this; }
    // Throws an ExceptionGroup of what every address failed with, even if it is one.
    ConnectionOptions& all_errors(bool value) noexcept { return all_errors_ = value, *this; }
    // Of the StreamReader that open_connection makes, in bytes; 64 KiB by default.
    ConnectionOptions& limit(std::size_t value) noexcept { return limit_ = value, *this; }

    // With ssl(): the name that the server's certificate must have, the host by default. Needed where there is no host: for a
    // Unix socket or one that is connected. An empty one is none: then nobody knows who the server is.
    ConnectionOptions& server_hostname(std::string value) noexcept;

    const std::shared_ptr<Socket>& socket() const noexcept { return socket_; }
    int family() const noexcept { return family_; }
    int protocol() const noexcept { return protocol_; }
    int flags() const noexcept { return flags_; }
    const absl::optional<std::string>& local_host() const noexcept { return local_host_; }
    const Port& local_port() const noexcept { return local_port_; }
    absl::optional<Duration> happy_eyeballs_delay() const noexcept { return happy_eyeballs_delay_; }
    std::size_t interleave() const noexcept { return interleave_.value_or(happy_eyeballs_delay_ ? 1 : 0); }
    bool all_errors() const noexcept { return all_errors_; }
    std::size_t limit() const noexcept { return limit_; }
    const absl::optional<std::string>& server_hostname() const noexcept { return ssl_.server_hostname; }

private:
    std::shared_ptr<Socket> socket_;
    int family_ = AF_UNSPEC;
    int protocol_ = 0;
    int flags_ = 0;
    absl::optional<std::string> local_host_;
    Port local_port_;
    absl::optional<Duration> happy_eyeballs_delay_;
    absl::optional<std::size_t> interleave_;
    bool all_errors_ = false;
    std::size_t limit_ = 64 * 1024;
};

// open_connection's name for them.
using ConnectOptions = ConnectionOptions;

}  // namespace cede

#endif
