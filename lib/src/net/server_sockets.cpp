#include "net/server_sockets.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <netinet/in.h>

#include "cede/task/await.hpp"
#include "cede/task/gather.hpp"
#include "cede/task/task.hpp"
#include "net/resolver.hpp"
#include "net/socket_setup.hpp"
#include "net/system.hpp"

namespace cede {
namespace detail {
namespace {

// A family or protocol that this system does not have. Anything else that socket() says (EMFILE, ENOBUFS, EACCES) is for the
// caller, whom asyncio tells of no address instead.
bool is_unsupported(const std::error_code& error) noexcept {
    return error == std::errc::address_family_not_supported || error == std::errc::protocol_not_supported ||
           error.value() == ESOCKTNOSUPPORT || error.value() == EPFNOSUPPORT;
}

// Closed for an address that is not supported.
Socket server_socket(const AddressInfo& address, const ServerOptions& options) {
    Socket socket;
    try {
        socket = Socket(address.family, address.type, address.protocol);
    } catch (const std::system_error& error) {
        if (!is_unsupported(error.code())) throw;
        return socket;
    }
    if (options.reuse_address()) socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
    if (options.reuse_port()) share_port(socket);
    if (options.keep_alive()) socket.setsockopt(SOL_SOCKET, SO_KEEPALIVE, 1);
    // Linux would take IPv4 connections on it, too, and then refuse the IPv4 socket the same port.
    if (address.family == AF_INET6) socket.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 1);
    return socket;
}

// A socket for each address. Port 0 becomes, for the second address and on, the port that the first was given; somebody
// else may have that one there, which throws EADDRINUSE.
std::vector<Socket> bind_all(const std::vector<AddressInfo>& addresses, const ServerOptions& options) {
    std::vector<Socket> sockets;
    int port = 0;
    for (const AddressInfo& each : addresses) {
        Socket socket = server_socket(each, options);
        if (!socket) continue;
        try {
            socket.bind(each.address.port() == 0 ? each.address.with_port(port) : each.address);
        } catch (const std::system_error& error) {
            if (error.code() == std::errc::address_not_available) continue;  // the family is switched off
            throw;
        }
        if (port == 0) port = socket.local_address().port();
        sockets.push_back(std::move(socket));
    }
    if (sockets.empty()) {
        std::string tried;
        for (const AddressInfo& each : addresses) tried += (tried.empty() ? " out of " : ", ") + each.address.str();
        throw os_error(EADDRNOTAVAIL, "could not bind on any address" + tried);
    }
    return sockets;
}

// What was found for each host; all names are asked for at the same time.
std::vector<std::vector<AddressInfo>> look_up(EventLoop& loop, const std::vector<std::string>& hosts, const Port& port,
                                              const ResolveOptions& options) {
    if (hosts.size() == 1) return {ensure_resolved(loop, hosts.front(), port, options)};
    std::vector<Task<std::vector<AddressInfo>>> tasks;
    for (const std::string& host : hosts) {
        tasks.push_back(loop.create_task([&loop, host, port, options] { return ensure_resolved(loop, host, port, options); }));
    }
    return await(gather(tasks));
}

// In the order of the hosts. Each address once: several hosts may have it, and resolvers give one twice, too, for example where
// a hosts file calls both 127.0.0.1 and ::1 localhost.
std::vector<AddressInfo> addresses_of(EventLoop& loop, const std::vector<std::string>& hosts, const Port& port,
                                      const ServerOptions& options) {
    const ResolveOptions resolve = ResolveOptions().family(options.family()).type(SOCK_STREAM).flags(options.flags());
    std::vector<AddressInfo> addresses;
    for (const std::vector<AddressInfo>& found : look_up(loop, hosts, port, resolve)) {
        for (const AddressInfo& info : found) {
            const bool known = std::any_of(addresses.begin(), addresses.end(),
                                           [&](const AddressInfo& other) { return other.address == info.address; });
            if (!known) addresses.push_back(info);
        }
    }
    return addresses;
}

}  // namespace

std::vector<Socket> bind_to_hosts(EventLoop& loop, const std::vector<std::string>& hosts, const Port& port,
                                  const ServerOptions& options) {
    const std::vector<AddressInfo> addresses = addresses_of(loop, hosts, port, options);
    const bool any_port = !addresses.empty() && addresses.front().address.port() == 0;
    for (int attempts = any_port && addresses.size() > 1 ? 32 : 1;; --attempts) {
        try {
            return bind_all(addresses, options);
        } catch (const std::system_error& error) {
            if (attempts == 1 || error.code() != std::errc::address_in_use) throw;
        }
    }
}

std::vector<Socket> bind_beside(const std::vector<Socket>& first, const ServerOptions& options) {
    std::vector<Socket> sockets;
    for (const Socket& each : first) {
        AddressInfo address;
        address.family = each.family();
        address.type = each.type();
        address.protocol = each.protocol();
        sockets.push_back(server_socket(address, options));
        sockets.back().bind(each.local_address());
    }
    return sockets;
}

}  // namespace detail
}  // namespace cede
