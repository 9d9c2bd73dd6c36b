// What it is: what name resolution takes and gives: a `Port`, the options of a look-up, the addresses found, and the error
// category of its failures. When to use it: with loop.getaddrinfo() and getnameinfo(). When not: to connect to a host;
// open_connection() and create_connection() look names up themselves.
//
// Values only: nothing here cedes, and every function may be called from any thread.
#ifndef CEDE_NET_ADDRESS_INFO_HPP
#define CEDE_NET_ADDRESS_INFO_HPP

#include <string>
#include <system_error>
#include <utility>

#include "absl/types/optional.h"

#include "cede/net/socket_address.hpp"

namespace cede {

// A port as users write it: a number, a number in a string, or the name of a service such as "http".
class Port {
public:
    // None given; stands for 0.
    Port() noexcept = default;
    Port(absl::nullopt_t) noexcept {}
    Port(int number) : given_(true), text_(std::to_string(number)) {}
    Port(const char* text) : given_(true), text_(text) {}
    Port(std::string text) : given_(true), text_(std::move(text)) {}

    bool given() const noexcept { return given_; }
    // The number; nullopt for the name of a service. An empty string is 0.
    absl::optional<int> number() const;
    const std::string& str() const noexcept { return text_; }

private:
    bool given_ = false;
    std::string text_;
};

// One address of a host: getaddrinfo(3)'s struct, owned.
struct AddressInfo {
    int family = AF_UNSPEC;
    int type = 0;
    int protocol = 0;
    std::string canonical_name;
    SocketAddress address;
};

class ResolveOptions {
public:
    // AF_INET or AF_INET6 for those addresses only.
    ResolveOptions& family(int value) noexcept { return family_ = value, *this; }
    // SOCK_STREAM or SOCK_DGRAM; without it each address comes once for each type.
    ResolveOptions& type(int value) noexcept { return type_ = value, *this; }
    ResolveOptions& proto(int value) noexcept { return protocol(value); }
    ResolveOptions& protocol(int value) noexcept { return protocol_ = value, *this; }
    // getaddrinfo(3)'s AI_*.
    ResolveOptions& flags(int value) noexcept { return flags_ = value, *this; }

    int family() const noexcept { return family_; }
    int type() const noexcept { return type_; }
    int protocol() const noexcept { return protocol_; }
    int flags() const noexcept { return flags_; }

private:
    int family_ = AF_UNSPEC;
    int type_ = 0;
    int protocol_ = 0;
    int flags_ = 0;
};

// The category of failed look-ups: the value is getaddrinfo(3)'s EAI_*, the message gai_strerror's. Python's gaierror.
const std::error_category& resolver_category() noexcept;

}  // namespace cede

#endif
