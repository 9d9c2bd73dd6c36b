// loop.create_server and create_unix_server.
#include <stdexcept>

#include "cede/coroutine/coroutine.hpp"
#include "cede/loop/event_loop.hpp"
#include "cede/net/net.hpp"
#include "cede/task/await.hpp"
#include "cede/task/sleep.hpp"
#include "net/server_core.hpp"
#include "net/server_sockets.hpp"
#include "net/socket_setup.hpp"
#include "net/ssl_settings.hpp"
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
    if (!socket) throw std::invalid_argument("the socket of these options was taken by another server, or is closed");
    socket.set_blocking(false);  // one that was inherited, or made blocking, would stop the whole loop in accept()
    return socket;
}

Socket bind_to_path(const std::string& path) {
    Socket socket(AF_UNIX, SOCK_STREAM);
    const SocketAddress address = SocketAddress::from_path(path);
    detail::remove_stale_socket(path);
    socket.bind(address);
    return socket;
}

Server make_server(EventLoop& loop, std::vector<Socket> sockets, Request& request, detail::SocketFile file) {
    ProtocolFactory factory = detail::over_ssl(std::move(request.factory), request.options.ssl_settings());
    const std::shared_ptr<detail::ServerCore> core = detail::ServerCore::make(
        loop, std::move(sockets), std::move(factory), request.options.backlog(), std::move(file));
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
        detail::check_ssl_settings("create_server", request->options.ssl_settings());
        const bool named = !request->host.empty() || request->port.given();
        const bool given = request->options.socket() != nullptr;
        if (named && given) throw std::invalid_argument("host/port and socket can not be specified at the same time");
        if (!named && !given) throw std::invalid_argument("neither host and port nor a socket was specified");
        std::vector<Socket> sockets = given ? one(given_socket(request->options))
                                            : detail::bind_to_hosts(*in, {request->host}, request->port,
                                                                    request->options);
        if (sockets.front().type() != SOCK_STREAM) throw std::invalid_argument("a stream socket was expected");
        return make_server(*in, std::move(sockets), *request, detail::SocketFile());
    };
}

Coroutine<Server> LoopNetwork::create_server_on_hosts(ProtocolFactory factory, std::vector<std::string> hosts, Port port,
                                                      ServerOptions options) {
    EventLoop* const in = &loop();
    std::unique_ptr<Request> request(
        new Request{std::move(factory), std::string(), std::move(port), std::move(options)});
    return [in, hosts = std::move(hosts), request = std::move(request)] {
        detail::check_ssl_settings("create_server", request->options.ssl_settings());
        if (request->options.socket() != nullptr) {
            throw std::invalid_argument("host/port and socket can not be specified at the same time");
        }
        std::vector<Socket> sockets = detail::bind_to_hosts(*in, hosts, request->port, request->options);
        return make_server(*in, std::move(sockets), *request, detail::SocketFile());
    };
}

Coroutine<Server> LoopNetwork::create_unix_server(ProtocolFactory factory, std::string path, ServerOptions options) {
    EventLoop* const in = &loop();
    std::unique_ptr<Request> request(
        new Request{std::move(factory), std::move(path), Port(), std::move(options)});
    return [in, request = std::move(request)] {
        detail::check_ssl_settings("create_unix_server", request->options.ssl_settings());
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
