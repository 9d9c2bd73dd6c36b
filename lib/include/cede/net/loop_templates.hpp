// What it is: the templates among EventLoop's network members (loop/loop_network.hpp), which need the types of this room. When to
// use it: by cede/cede.hpp or net/net.hpp, through those members.
#ifndef CEDE_NET_LOOP_TEMPLATES_HPP
#define CEDE_NET_LOOP_TEMPLATES_HPP

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"

#include "cede/base/buffers.hpp"
#include "cede/base/depends_on.hpp"
#include "cede/coroutine/coroutine.hpp"
#include "cede/loop/loop_network.hpp"
#include "cede/net/address_info.hpp"
#include "cede/net/datagram_options.hpp"
#include "cede/net/pipe.hpp"
#include "cede/net/protocol.hpp"
#include "cede/net/server.hpp"
#include "cede/net/server_options.hpp"
#include "cede/net/socket.hpp"
#include "cede/net/transport.hpp"

namespace cede {

// --- Several hosts. No empty pair of braces fits a template, so that `{}` for the host goes on to mean none: all interfaces. ---

template <class Host>
Coroutine<detail::DependsOn<Host, Server>> LoopNetwork::create_server(ProtocolFactory factory, const std::vector<Host>& hosts,
                                                                      Port port) {
    return create_server(std::move(factory), hosts, std::move(port), ServerOptions());
}
template <class Host>
Coroutine<detail::DependsOn<Host, Server>> LoopNetwork::create_server(ProtocolFactory factory, const std::vector<Host>& hosts,
                                                                      Port port, ServerOptions options) {
    return create_server_on_hosts(detail::depends_on<Host>(std::move(factory)),
                                  std::vector<std::string>(hosts.begin(), hosts.end()), std::move(port), std::move(options));
}
template <class Host>
Coroutine<detail::DependsOn<Host, Server>> LoopNetwork::create_server(ProtocolFactory factory,
                                                                      std::initializer_list<Host> hosts, Port port) {
    return create_server(std::move(factory), std::vector<Host>(hosts), std::move(port), ServerOptions());
}
template <class Host>
Coroutine<detail::DependsOn<Host, Server>> LoopNetwork::create_server(ProtocolFactory factory,
                                                                      std::initializer_list<Host> hosts, Port port,
                                                                      ServerOptions options) {
    return create_server(std::move(factory), std::vector<Host>(hosts), std::move(port), std::move(options));
}

// --- Buffers that are containers ---

template <class Buffer, class>
Coroutine<detail::DependsOn<Buffer, std::size_t>> LoopNetwork::sock_recv_into(const Socket& socket, Buffer& buffer) {
    return sock_recv_into(socket, absl::MakeSpan(buffer));
}
template <class Buffer, class>
Coroutine<std::pair<std::size_t, detail::DependsOn<Buffer, SocketAddress>>> LoopNetwork::sock_recvfrom_into(
    const Socket& socket, Buffer& buffer, std::size_t n) {
    return sock_recvfrom_into(socket, absl::MakeSpan(buffer), n);
}
template <class Bytes, class>
Coroutine<detail::DependsOn<Bytes, void>> LoopNetwork::sock_sendall(const Socket& socket, const Bytes& data) {
    return sock_sendall(socket, detail::view_of(data));
}
template <class Bytes, class>
Coroutine<detail::DependsOn<Bytes, void>> LoopNetwork::sock_sendall(const Socket& socket, Bytes&& data) {
    return send_kept(socket, detail::kept_bytes(std::move(data)));
}
template <class Bytes, class>
Coroutine<detail::DependsOn<Bytes, std::size_t>> LoopNetwork::sock_sendto(const Socket& socket, const Bytes& data,
                                                                          SocketAddress to) {
    return sock_sendto(socket, detail::view_of(data), to);
}
template <class Bytes, class>
Coroutine<detail::DependsOn<Bytes, std::size_t>> LoopNetwork::sock_sendto(const Socket& socket, Bytes&& data,
                                                                          SocketAddress to) {
    return send_kept(socket, detail::kept_bytes(std::move(data)), to);
}
template <class Path, class>
Coroutine<detail::DependsOn<Path, void>> LoopNetwork::sock_connect(const Socket& socket, const Path& path) {
    return connect_path(socket, detail::to_text(path));
}

// --- Protocols as the class that the factory makes ---

namespace detail {

// `made`, with the protocol as what its factory made it. Named, for debug mode, after the call that it stands for.
template <class P, class T, class B>
ConnectionTo<T, P> with_own_protocol(const char* call, ConnectionTo<T, B> made) {
    struct Made {
        ConnectionTo<T, B> coroutine;
        explicit Made(ConnectionTo<T, B> c) noexcept : coroutine(std::move(c)) {}
        Made(Made&&) noexcept = default;
        ~Made() {
            if (coroutine.state() == CoroutineState::created) coroutine.close();  // the outer one reports
        }
    };
    ConnectionTo<T, P> outer = [made = Made(std::move(made))]() mutable {
        auto both = await(made.coroutine);
        return std::make_pair(std::move(both.first), std::dynamic_pointer_cast<P>(std::move(both.second)));
    };
    outer.named(call);
    return outer;
}

}  // namespace detail

template <class F, class... Args, class P>
detail::ConnectionTo<Transport, P> LoopNetwork::create_connection(F factory, Args&&... args) {
    return detail::with_own_protocol<P>(
        "create_connection", create_connection(ProtocolFactory(std::move(factory)), std::forward<Args>(args)...));
}
template <class F, class... Args, class P>
detail::ConnectionTo<Transport, P> LoopNetwork::create_unix_connection(F factory, Args&&... args) {
    return detail::with_own_protocol<P>(
        "create_unix_connection", create_unix_connection(ProtocolFactory(std::move(factory)), std::forward<Args>(args)...));
}
template <class F, class... Args, class P>
detail::ConnectionTo<Transport, P> LoopNetwork::connect_accepted_socket(F factory, Args&&... args) {
    return detail::with_own_protocol<P>(
        "connect_accepted_socket", connect_accepted_socket(ProtocolFactory(std::move(factory)), std::forward<Args>(args)...));
}
template <class F, class P>
detail::ConnectionTo<DatagramTransport, P> LoopNetwork::create_datagram_endpoint(F factory, DatagramOptions options) {
    return detail::with_own_protocol<P>(
        "create_datagram_endpoint",
        create_datagram_endpoint(ProtocolFactory(std::move(factory)), detail::depends_on<F>(std::move(options))));
}
template <class F, class P>
detail::ConnectionTo<ReadTransport, P> LoopNetwork::connect_read_pipe(F factory, Pipe pipe) {
    return detail::with_own_protocol<P>(
        "connect_read_pipe",
        connect_read_pipe(ProtocolFactory(std::move(factory)), detail::depends_on<F>(std::move(pipe))));
}
template <class F, class P>
detail::ConnectionTo<WriteTransport, P> LoopNetwork::connect_write_pipe(F factory, Pipe pipe) {
    return detail::with_own_protocol<P>(
        "connect_write_pipe",
        connect_write_pipe(ProtocolFactory(std::move(factory)), detail::depends_on<F>(std::move(pipe))));
}
template <class F, class... Args, class P>
detail::ConnectionTo<SubprocessTransport, P> LoopNetwork::subprocess_exec(F factory, Args&&... args) {
    return detail::with_own_protocol<P>(
        "subprocess_exec", subprocess_exec(SubprocessProtocolFactory(std::move(factory)), std::forward<Args>(args)...));
}
template <class F, class... Args, class P>
detail::ConnectionTo<SubprocessTransport, P> LoopNetwork::subprocess_shell(F factory, Args&&... args) {
    return detail::with_own_protocol<P>(
        "subprocess_shell", subprocess_shell(SubprocessProtocolFactory(std::move(factory)), std::forward<Args>(args)...));
}

}  // namespace cede

#endif
