// What it is: the address of a socket: an IPv4 or IPv6 address with a port, or the name of a Unix socket.
// When to use it: to connect or bind to a literal address, or to read what "peername" and local_address() give.
// When not: for a host name; loop.getaddrinfo() turns one into addresses.
//
// A value: copy it freely, on any thread. Nothing here cedes or asks a name server.
#ifndef CEDE_NET_SOCKET_ADDRESS_HPP
#define CEDE_NET_SOCKET_ADDRESS_HPP

#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>

#include <sys/socket.h>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace cede {

class SocketAddress {
public:
    // Of no family; size() is 0.
    SocketAddress() noexcept : storage_(), size_(0) {}
    // A literal: "127.0.0.1", "::1", or "fe80::1%eth0" with the interface's name or number. Throws std::invalid_argument
    // for anything else, and for a port beyond 65535.
    SocketAddress(absl::string_view host, int port);
    // As the system gives it.
    SocketAddress(const sockaddr* address, socklen_t size) noexcept;

    // The literal as above, nullopt when it is none. `family` AF_INET or AF_INET6 admits only that one.
    static absl::optional<SocketAddress> parse(absl::string_view host, int port, int family = AF_UNSPEC);
    // Of a Unix socket. A path that begins with '\0' is an abstract name, of Linux. Throws std::system_error
    // (ENAMETOOLONG) for more than sockaddr_un holds, about 100 bytes.
    static SocketAddress from_path(absl::string_view path);

    // AF_INET, AF_INET6, AF_UNIX, or AF_UNSPEC when empty.
    int family() const noexcept { return storage_.ss_family; }
    // The literal, with "%scope" where there is a scope; empty for a Unix socket.
    std::string host() const;
    // 0 for a Unix socket.
    int port() const noexcept;
    // The interface of a link-local IPv6 address, else 0.
    std::uint32_t scope_id() const noexcept;
    // The name of a Unix socket; empty for one without a name, and for other families.
    std::string path() const;
    // For logs: "127.0.0.1:80", "[::1]:80", "/run/x.sock", "@abstract".
    std::string str() const;

    // Another port, the same address. Of a Unix socket: itself.
    SocketAddress with_port(int port) const;

    // For system calls.
    const sockaddr* data() const noexcept { return reinterpret_cast<const sockaddr*>(&storage_); }
    socklen_t size() const noexcept { return size_; }

    friend bool operator==(const SocketAddress& a, const SocketAddress& b) noexcept;
    friend bool operator!=(const SocketAddress& a, const SocketAddress& b) noexcept { return !(a == b); }
    // Some order, for std::set and std::map.
    friend bool operator<(const SocketAddress& a, const SocketAddress& b) noexcept;
    // As str().
    friend std::ostream& operator<<(std::ostream& out, const SocketAddress& address);

private:
    sockaddr_storage storage_;
    socklen_t size_;
};

}  // namespace cede

namespace std {
template <>
struct hash<cede::SocketAddress> {
    size_t operator()(const cede::SocketAddress& address) const noexcept;
};
}  // namespace std

#endif
