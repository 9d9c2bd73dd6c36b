#include "cede/net/socket_address.hpp"

#include <cstddef>
#include <cstring>
#include <ostream>
#include <stdexcept>

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "absl/hash/hash.h"

#include "net/system.hpp"

namespace cede {
namespace {

constexpr std::size_t path_offset = offsetof(sockaddr_un, sun_path);

// The structs are copied out: reading the storage as another type would break the aliasing rules.
template <class T>
T as_struct(const SocketAddress& address) noexcept {
    T result;
    std::memcpy(&result, address.data(), sizeof result);
    return result;
}

template <class T>
SocketAddress from_struct(const T& address, std::size_t size = sizeof(T)) noexcept {
    return SocketAddress(reinterpret_cast<const sockaddr*>(&address), static_cast<socklen_t>(size));
}

// Without a copy, as long as the address lives.
absl::string_view unix_name(const SocketAddress& address) noexcept {
    if (address.family() != AF_UNIX || address.size() <= path_offset) return absl::string_view();
    const char* begin = reinterpret_cast<const char*>(address.data()) + path_offset;
    const std::size_t length = address.size() - path_offset;
    return absl::string_view(begin, *begin == '\0' ? length : strnlen(begin, length));
}

// What tells one address from another, field by field: the structs have padding, and a flow label is no part of the address.
class Key {
public:
    explicit Key(const SocketAddress& address) noexcept {
        add(address.family());
        switch (address.family()) {
            case AF_INET: {
                const sockaddr_in in = as_struct<sockaddr_in>(address);
                add(in.sin_addr);
                add(in.sin_port);
                break;
            }
            case AF_INET6: {
                const sockaddr_in6 in = as_struct<sockaddr_in6>(address);
                add(in.sin6_addr);
                add(in.sin6_port);
                add(in.sin6_scope_id);
                break;
            }
            case AF_UNIX: add(unix_name(address)); break;
            default: add(absl::string_view(reinterpret_cast<const char*>(address.data()), address.size()));
        }
    }
    absl::string_view view() const noexcept { return {bytes_, size_}; }

private:
    void add(absl::string_view bytes) noexcept {
        std::memcpy(bytes_ + size_, bytes.data(), bytes.size());
        size_ += bytes.size();
    }
    template <class Field>
    void add(const Field& field) noexcept { add(absl::string_view(reinterpret_cast<const char*>(&field), sizeof field)); }

    char bytes_[sizeof(int) + sizeof(sockaddr_storage)];
    std::size_t size_ = 0;
};

absl::optional<SocketAddress> parse_v4(const std::string& host, std::uint16_t port) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    if (inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) return absl::nullopt;
    return from_struct(address);
}

// The number of an interface that is given by name or number; 0 when there is none.
std::uint32_t parse_scope(const std::string& scope) {
    if (scope.empty()) return 0;
    if (const std::uint32_t index = if_nametoindex(scope.c_str())) return index;
    std::uint32_t index = 0;
    for (char digit : scope) {
        if (digit < '0' || digit > '9' || index > 100000000) return 0;
        index = index * 10 + static_cast<std::uint32_t>(digit - '0');
    }
    return index;
}

absl::optional<SocketAddress> parse_v6(std::string host, std::uint16_t port) {
    sockaddr_in6 address = {};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(port);
    const std::size_t percent = host.find('%');
    if (percent != std::string::npos) {
        address.sin6_scope_id = parse_scope(host.substr(percent + 1));
        if (address.sin6_scope_id == 0) return absl::nullopt;
        host.resize(percent);
    }
    if (inet_pton(AF_INET6, host.c_str(), &address.sin6_addr) != 1) return absl::nullopt;
    return from_struct(address);
}

}  // namespace

SocketAddress::SocketAddress(absl::string_view host, int port) : SocketAddress() {
    const absl::optional<SocketAddress> parsed = parse(host, port);
    if (!parsed) {
        throw std::invalid_argument("not an IPv4 or IPv6 address: '" + std::string(host) +
                                    "'; resolve a name by loop.getaddrinfo()");
    }
    *this = *parsed;
}

SocketAddress::SocketAddress(const sockaddr* address, socklen_t size) noexcept
    : storage_(), size_(size < sizeof storage_ ? size : static_cast<socklen_t>(sizeof storage_)) {
    if (size_ > 0) std::memcpy(&storage_, address, size_);
}

absl::optional<SocketAddress> SocketAddress::parse(absl::string_view host, int port, int family) {
    if (port < 0 || port > 65535) throw std::invalid_argument("a port is 0 to 65535, not " + std::to_string(port));
    if (host.find('\0') != absl::string_view::npos) return absl::nullopt;
    const std::string text(host);
    absl::optional<SocketAddress> result;
    if (family == AF_UNSPEC || family == AF_INET) result = parse_v4(text, static_cast<std::uint16_t>(port));
    if (!result && (family == AF_UNSPEC || family == AF_INET6)) {
        result = parse_v6(text, static_cast<std::uint16_t>(port));
    }
    return result;
}

SocketAddress SocketAddress::from_path(absl::string_view path) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    const bool abstract = !path.empty() && path.front() == '\0';
    // The terminating zero of a file's path must fit; an abstract name is told by the length alone.
    if (path.size() + (abstract ? 0 : 1) > sizeof address.sun_path) {
        throw detail::os_error(ENAMETOOLONG, "the path of a Unix socket: " + std::string(path));
    }
    std::memcpy(address.sun_path, path.data(), path.size());
    return from_struct(address, path_offset + path.size() + (abstract ? 0 : 1));
}

std::string SocketAddress::host() const {
    char text[INET6_ADDRSTRLEN] = "";
    if (family() == AF_INET) {
        const sockaddr_in address = as_struct<sockaddr_in>(*this);
        inet_ntop(AF_INET, &address.sin_addr, text, sizeof text);
    } else if (family() == AF_INET6) {
        const sockaddr_in6 address = as_struct<sockaddr_in6>(*this);
        inet_ntop(AF_INET6, &address.sin6_addr, text, sizeof text);
        if (address.sin6_scope_id != 0) {
            char name[IF_NAMESIZE];
            const std::string scope = if_indextoname(address.sin6_scope_id, name) != nullptr
                                          ? name
                                          : std::to_string(address.sin6_scope_id);
            return std::string(text) + "%" + scope;
        }
    }
    return text;
}

int SocketAddress::port() const noexcept {
    if (family() == AF_INET) return ntohs(as_struct<sockaddr_in>(*this).sin_port);
    if (family() == AF_INET6) return ntohs(as_struct<sockaddr_in6>(*this).sin6_port);
    return 0;
}

std::uint32_t SocketAddress::scope_id() const noexcept {
    return family() == AF_INET6 ? as_struct<sockaddr_in6>(*this).sin6_scope_id : 0;
}

std::string SocketAddress::path() const { return std::string(unix_name(*this)); }

std::string SocketAddress::str() const {
    switch (family()) {
        case AF_INET: return host() + ":" + std::to_string(port());
        case AF_INET6: return "[" + host() + "]:" + std::to_string(port());
        case AF_UNIX: {
            std::string name = path();
            if (!name.empty() && name.front() == '\0') name.front() = '@';
            return name;
        }
        default: return std::string();
    }
}

SocketAddress SocketAddress::with_port(int port) const {
    if (port < 0 || port > 65535) throw std::invalid_argument("a port is 0 to 65535, not " + std::to_string(port));
    const std::uint16_t number = htons(static_cast<std::uint16_t>(port));
    if (family() == AF_INET) {
        sockaddr_in address = as_struct<sockaddr_in>(*this);
        address.sin_port = number;
        return from_struct(address);
    }
    if (family() == AF_INET6) {
        sockaddr_in6 address = as_struct<sockaddr_in6>(*this);
        address.sin6_port = number;
        return from_struct(address);
    }
    return *this;
}

bool operator==(const SocketAddress& a, const SocketAddress& b) noexcept { return Key(a).view() == Key(b).view(); }
bool operator<(const SocketAddress& a, const SocketAddress& b) noexcept { return Key(a).view() < Key(b).view(); }
std::ostream& operator<<(std::ostream& out, const SocketAddress& address) { return out << address.str(); }

}  // namespace cede

std::size_t std::hash<cede::SocketAddress>::operator()(const cede::SocketAddress& address) const noexcept {
    return absl::Hash<absl::string_view>()(cede::Key(address).view());
}
