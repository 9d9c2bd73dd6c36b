// loop.create_connection, create_unix_connection and connect_accepted_socket.
#include <algorithm>
#include <functional>
#include <stdexcept>

#include "absl/strings/str_join.h"

#include "cede/base/exception_group.hpp"
#include "cede/coroutine/coroutine.hpp"
#include "cede/loop/event_loop.hpp"
#include "cede/net/net.hpp"
#include "cede/task/await.hpp"
#include "cede/task/staggered_race.hpp"
#include "net/address_order.hpp"
#include "net/resolver.hpp"
#include "net/socket_setup.hpp"
#include "net/ssl_settings.hpp"
#include "net/ssl_transport.hpp"
#include "net/stream_transport.hpp"
#include "net/system.hpp"

namespace cede {
namespace {

using Connection = LoopNetwork::Connection;
using ProtocolFactory = LoopNetwork::ProtocolFactory;
using Addresses = std::vector<AddressInfo>;
using Errors = std::vector<std::exception_ptr>;

struct Request {
    ProtocolFactory factory;
    std::string host;  // or path
    Port port;
    ConnectionOptions options;
};

void check_stream(const Socket& socket) {
    if (socket.type() != SOCK_STREAM) throw std::invalid_argument("a stream socket was expected");
}

void check_unix_stream(const Socket& socket) {
    if (socket.family() != AF_UNIX || socket.type() != SOCK_STREAM) {
        throw std::invalid_argument("a Unix stream socket was expected");
    }
}

Socket given_socket(const ConnectionOptions& options) {
    Socket socket = std::move(*options.socket());
    if (!socket) throw std::invalid_argument("the socket of these options was taken by another connection, or is closed");
    socket.set_blocking(false);  // a blocking one would stop the whole loop in send()
    return socket;
}

// The same with TLS between the two.
Connection make_ssl_connection(EventLoop& loop, Socket socket, ProtocolFactory& factory, const detail::SSLSettings& settings,
                               bool server_side) {
    const std::shared_ptr<BaseProtocol> protocol = factory();
    const Future<void> made(loop);
    const auto ssl = detail::SSLProtocol::make(loop, protocol, settings, server_side, made);
    const SocketAddress peer = detail::peer_address_of(socket);
    detail::StreamTransport::open(loop, std::move(socket), ssl, nullptr, nullptr, peer);
    try {
        await(made);
        return {ssl->transport(), protocol};
    } catch (...) {
        ssl->close();
        throw;
    }
}

// A transport on a connected socket; cedes until connection_made was called.
Connection make_connection(EventLoop& loop, Socket socket, ProtocolFactory& factory, const detail::SSLSettings& settings,
                           bool server_side = false) {
    if (settings.context != nullptr) return make_ssl_connection(loop, std::move(socket), factory, settings, server_side);
    const std::shared_ptr<BaseProtocol> protocol = factory();
    const Future<void> made(loop);
    const SocketAddress peer = detail::peer_address_of(socket);  // none: gone already, as the first read will tell
    const std::shared_ptr<Transport> transport =
        detail::StreamTransport::open(loop, std::move(socket), protocol, made, nullptr, peer);
    try {
        await(made);
    } catch (...) {
        transport->close();
        throw;
    }
    return {transport, protocol};
}

// Binds to the first address of the target's family that is free.
void bind_local(const Socket& socket, int family, const Addresses& locals) {
    std::exception_ptr failure;
    for (const AddressInfo& local : locals) {
        if (local.family != family) continue;
        try {
            return socket.bind(local.address);
        } catch (const std::system_error&) {
            failure = std::current_exception();
        }
    }
    if (failure) std::rethrow_exception(failure);
    throw detail::os_error(EADDRNOTAVAIL, "no local address of the family of the target");
}

Socket connect_to(EventLoop& loop, const AddressInfo& target, const Addresses& locals) {
    Socket socket(target.family, target.type, target.protocol);
    if (!locals.empty()) bind_local(socket, target.family, locals);
    await(loop.sock_connect(socket, target.address));
    return socket;
}

// One exception for the failures of all addresses; its code is that of the first.
[[noreturn]] void throw_errors(const Errors& errors, bool all) {
    if (all) throw ExceptionGroup("create_connection failed", errors);
    std::vector<std::string> texts;
    std::error_code code;
    for (const std::exception_ptr& error : errors) {
        try {
            std::rethrow_exception(error);
        } catch (const std::system_error& each) {
            if (texts.empty()) code = each.code();
            texts.push_back(each.what());
        }
    }
    const bool agree = std::all_of(texts.begin(), texts.end(), [&](const std::string& t) { return t == texts.front(); });
    if (agree) std::rethrow_exception(errors.front());
    throw std::system_error(code, "Multiple exceptions: " + absl::StrJoin(texts, ", "));
}

Socket connect_in_order(EventLoop& loop, const Addresses& targets, const Addresses& locals, Errors& errors) {
    for (const AddressInfo& target : targets) {
        try {
            return connect_to(loop, target, locals);
        } catch (const std::system_error&) {
            errors.push_back(std::current_exception());
        }
    }
    return Socket();
}

// "Happy eyeballs" (RFC 8305): beside each other, each a little after the one before. Against a host whose first address
// is dead this saves the minutes of a TCP timeout.
Socket connect_staggered(EventLoop& loop, const Addresses& targets, const Addresses& locals, Duration delay,
                         Errors& errors) {
    std::vector<std::function<Socket()>> attempts;
    for (const AddressInfo& target : targets) {
        attempts.push_back([&loop, target, locals] { return connect_to(loop, target, locals); });
    }
    StaggeredResult<Socket> race = await(staggered_race(std::move(attempts), delay));
    errors = std::move(race.exceptions);
    return race.winner_result ? std::move(*race.winner_result) : Socket();
}

Socket connect_to_host(EventLoop& loop, const Request& request) {
    const ConnectionOptions& options = request.options;
    const ResolveOptions resolve =
        ResolveOptions().family(options.family()).type(SOCK_STREAM).protocol(options.protocol()).flags(options.flags());
    Addresses targets = detail::ensure_resolved(loop, request.host, request.port, resolve);
    Addresses locals;
    if (options.local_host()) {
        locals = detail::ensure_resolved(loop, *options.local_host(), options.local_port(), resolve);
    }
    if (options.interleave() > 0) targets = detail::interleave_families(std::move(targets), options.interleave());
    Errors errors;
    const absl::optional<Duration> delay = options.happy_eyeballs_delay();
    Socket socket = delay ? connect_staggered(loop, targets, locals, *delay, errors)
                          : connect_in_order(loop, targets, locals, errors);
    if (!socket) throw_errors(errors, options.all_errors());
    return socket;
}

}  // namespace

Coroutine<Connection> LoopNetwork::create_connection(ProtocolFactory factory, std::string host, Port port,
                                                     ConnectionOptions options) {
    EventLoop* const in = &loop();
    std::unique_ptr<Request> request(
        new Request{std::move(factory), std::move(host), std::move(port), std::move(options)});
    return [in, request = std::move(request)] {
        const detail::SSLSettings ssl = detail::client_settings("create_connection", request->options, request->host);
        const bool named = !request->host.empty() || request->port.given();
        const bool given = request->options.socket() != nullptr;
        if (named && given) throw std::invalid_argument("host/port and socket can not be specified at the same time");
        if (!named && !given) throw std::invalid_argument("neither host and port nor a socket was specified");
        Socket socket = given ? given_socket(request->options) : connect_to_host(*in, *request);
        if (given) check_stream(socket);
        return make_connection(*in, std::move(socket), request->factory, ssl);
    };
}

Coroutine<Connection> LoopNetwork::create_unix_connection(ProtocolFactory factory, std::string path,
                                                          ConnectionOptions options) {
    EventLoop* const in = &loop();
    std::unique_ptr<Request> request(
        new Request{std::move(factory), std::move(path), Port(), std::move(options)});
    return [in, request = std::move(request)] {
        const detail::SSLSettings ssl = detail::client_settings("create_unix_connection", request->options, std::string());
        const bool given = request->options.socket() != nullptr;
        if (given != request->host.empty()) {
            throw std::invalid_argument("create_unix_connection takes either a path or a socket");
        }
        Socket socket = given ? given_socket(request->options) : Socket(AF_UNIX, SOCK_STREAM);
        check_unix_stream(socket);
        if (!given) await(in->sock_connect(socket, SocketAddress::from_path(request->host)));
        return make_connection(*in, std::move(socket), request->factory, ssl);
    };
}

Coroutine<Connection> LoopNetwork::connect_accepted_socket(ProtocolFactory factory, Socket socket, ConnectionOptions options) {
    EventLoop* const in = &loop();
    return [in, factory = std::move(factory), socket = std::move(socket), options = std::move(options)]() mutable {
        if (options.server_hostname()) {
            throw std::invalid_argument("connect_accepted_socket: server_hostname is for clients; here we are the server");
        }
        detail::check_ssl_settings("connect_accepted_socket", options.ssl_settings());
        check_stream(socket);
        socket.set_blocking(false);
        return make_connection(*in, std::move(socket), factory, options.ssl_settings(), true);
    };
}

}  // namespace cede
