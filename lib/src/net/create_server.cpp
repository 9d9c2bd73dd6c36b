// loop.create_server and create_unix_server.
#include <stdexcept>

#include <netinet/in.h>

#include "cede/coroutine/coroutine.hpp"
#include "cede/loop/event_loop.hpp"
#include "cede/net/net.hpp"
#include "cede/task/await.hpp"
#include "cede/task/sleep.hpp"
#include "net/resolver.hpp"
#include "net/server_core.hpp"
#include "net/socket_setup.hpp"
#include "net/system.hpp"

namespace cede {
namespace {

using ProtocolFactory = LoopNetwork::ProtocolFactory;

struct Request {
    ProtocolFactory factory;
    std::string host;  // or path
    Port port;
    ServerOptions options;
};

Socket given_socket(const ServerOptions& options) {
    Socket socket = std::move(*options.socket());
    if (!socket) throw std::invalid_argument("the socket of these options was taken by another server");
    socket.set_blocking(false);  // one that was inherited, or made blocking, would stop the whole loop in accept()
    return socket;
}

Socket server_socket(const AddressInfo& address, const ServerOptions& options) {
    Socket socket(address.family, address.type, address.protocol);
    if (options.reuse_address()) socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
    if (options.reuse_port()) detail::share_port(socket);
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
        Socket socket;
        try {
            socket = server_socket(each, options);
        } catch (const std::system_error&) {
            continue;  // a family that this system does not have
        }
        try {
            socket.bind(each.address.port() == 0 ? each.address.with_port(port) : each.address);
        } catch (const std::system_error& error) {
            if (error.code() == std::errc::address_not_available) continue;  // the family is switched off
            throw;
        }
        if (port == 0) port = socket.local_address().port();
        sockets.push_back(std::move(socket));
    }
    if (sockets.empty()) throw detail::os_error(EADDRNOTAVAIL, "could not bind on any address of the host");
    return sockets;
}

std::vector<Socket> bind_to_host(EventLoop& loop, const Request& request) {
    const ResolveOptions resolve =
        ResolveOptions().family(request.options.family()).type(SOCK_STREAM).flags(request.options.flags());
    const std::vector<AddressInfo> addresses = detail::ensure_resolved(loop, request.host, request.port, resolve);
    const bool any_port = addresses.front().address.port() == 0;
    for (int attempts = any_port && addresses.size() > 1 ? 32 : 1;; --attempts) {
        try {
            return bind_all(addresses, request.options);
        } catch (const std::system_error& error) {
            if (attempts == 1 || error.code() != std::errc::address_in_use) throw;
        }
    }
}

Socket bind_to_path(const std::string& path) {
    Socket socket(AF_UNIX, SOCK_STREAM);
    const SocketAddress address = SocketAddress::from_path(path);
    detail::remove_stale_socket(path);
    socket.bind(address);
    return socket;
}

Server make_server(EventLoop& loop, std::vector<Socket> sockets, Request& request, detail::SocketFile file) {
    const std::shared_ptr<detail::ServerCore> core =
        detail::ServerCore::make(loop, std::move(sockets), std::move(request.factory), request.options.backlog(),
                                 std::move(file));
    if (request.options.start_serving()) {
        try {
            core->start_serving();
            await(sleep(Duration()));
        } catch (...) {
            core->close();
            throw;
        }
    }
    return Server(core);
}

std::vector<Socket> one(Socket socket) {
    std::vector<Socket> sockets;
    sockets.push_back(std::move(socket));
    return sockets;
}

}  // namespace

Coroutine<Server> LoopNetwork::create_server(ProtocolFactory factory, std::string host, Port port,
                                             ServerOptions options) {
    EventLoop* const in = &loop();
    std::unique_ptr<Request> request(
        new Request{std::move(factory), std::move(host), std::move(port), std::move(options)});
    return [in, request = std::move(request)] {
        const bool named = !request->host.empty() || request->port.given();
        const bool given = request->options.socket() != nullptr;
        if (named && given) throw std::invalid_argument("host/port and socket can not be specified at the same time");
        if (!named && !given) throw std::invalid_argument("neither host and port nor a socket was specified");
        std::vector<Socket> sockets = given ? one(given_socket(request->options)) : bind_to_host(*in, *request);
        if (sockets.front().type() != SOCK_STREAM) throw std::invalid_argument("a stream socket was expected");
        return make_server(*in, std::move(sockets), *request, detail::SocketFile());
    };
}

Coroutine<Server> LoopNetwork::create_unix_server(ProtocolFactory factory, std::string path, ServerOptions options) {
    EventLoop* const in = &loop();
    std::unique_ptr<Request> request(
        new Request{std::move(factory), std::move(path), Port(), std::move(options)});
    return [in, request = std::move(request)] {
        const bool given = request->options.socket() != nullptr;
        if (given != request->host.empty()) {
            throw std::invalid_argument("create_unix_server takes either a path or a socket");
        }
        Socket socket = given ? given_socket(request->options) : bind_to_path(request->host);
        if (socket.family() != AF_UNIX || socket.type() != SOCK_STREAM) {
            throw std::invalid_argument("a Unix stream socket was expected");
        }
        detail::SocketFile file;
        if (request->options.cleanup_socket()) file = detail::SocketFile::at(socket.local_address().path());
        return make_server(*in, one(std::move(socket)), *request, std::move(file));
    };
}

}  // namespace cede
