// What it is: a server with a task for each client, which reads and writes a pair of streams as straight code.
// When to use it: for any protocol that is a conversation. When not: where each client needs no state but its bytes; a
// Protocol and create_server cost no stack.
//
//   auto server = await(start_server([](StreamReader reader, StreamWriter writer) {
//       for (const std::string& line : reader) {
//           writer.write("echo: " + line);
//           await(writer.drain());
//       }
//       writer.close();
//   }, "127.0.0.1", 8080));
//   await(server.serve_forever());
//
// `callback` is any callable void(StreamReader, StreamWriter), or one that returns a Coroutine; the clients share it. It may
// take references. Its task is named after the client. An exception that leaves it goes to the loop's exception handler
// ("Unhandled exception in client_connected_cb"), and the connection is closed; a cancellation closes it quietly. So does
// dropping the writer, with a warning.
#ifndef CEDE_STREAM_START_SERVER_HPP
#define CEDE_STREAM_START_SERVER_HPP

#include <initializer_list>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/types/optional.h"

#include "cede/base/depends_on.hpp"
#include "cede/coroutine/coroutine.hpp"
#include "cede/net/group_server.hpp"
#include "cede/net/server.hpp"
#include "cede/net/server_options.hpp"
#include "cede/net/address_info.hpp"
#include "cede/stream/stream_reader_protocol.hpp"

namespace cede {

namespace detail {

Coroutine<Server> start_stream_server(ClientConnected callback, std::string host, Port port, ServerOptions options);
Coroutine<Server> start_stream_server(ClientConnected callback, std::vector<std::string> hosts, Port port,
                                      ServerOptions options);
Coroutine<Server> start_stream_server(ClientConnected callback, ServerOptions options);
Coroutine<Server> start_unix_stream_server(ClientConnected callback, std::string path, ServerOptions options);
Coroutine<GroupServer> start_group_stream_server(std::shared_ptr<LoopGroupCore> group, std::vector<ClientConnected> callbacks,
                                                 std::vector<std::string> hosts, Port port, ServerOptions options);
Coroutine<Server> start_unix_stream_server(ClientConnected callback, ServerOptions options);

template <class F>
Coroutine<DependsOn<F, GroupServer>>
start_group_stream_server(LoopGroup& group, const F& callback, std::vector<std::string> hosts, Port port,
                          ServerOptions options) {
    return start_group_stream_server(
        group.core(),
        one_for_each_loop<ClientConnected>(group, callback, [](F copy) { return to_client_connected(std::move(copy)); }),
        std::move(hosts), std::move(port), std::move(options));
}

}  // namespace detail

// Cedes until the server listens. "", nullopt or nullptr for `host` is all interfaces; port 0 lets the system choose one, see
// Server::sockets(). Throws std::system_error, of the system or in resolver_category(); std::invalid_argument for a limit of
// zero; RuntimeError when no loop runs.
template <class F>
Coroutine<detail::DependsOn<F, Server>>
start_server(F&& callback, absl::optional<std::string> host, Port port, ServerOptions options = ServerOptions()) {
    return detail::start_stream_server(detail::to_client_connected(std::forward<F>(callback)),
                                       std::move(host).value_or(std::string()), std::move(port), std::move(options));
}
template <class F>
Coroutine<detail::DependsOn<F, Server>>
start_server(F&& callback, std::nullptr_t, Port port, ServerOptions options = ServerOptions()) {
    return start_server(std::forward<F>(callback), absl::nullopt, std::move(port), std::move(options));
}
// The same on every address of each of `hosts`, a vector or a list in braces: start_server(serve, {"127.0.0.1", "::1"}, 80).
// See EventLoop::create_server().
template <class F, class Host>
Coroutine<detail::DependsOn<F, Server>>
start_server(F&& callback, const std::vector<Host>& hosts, Port port, ServerOptions options = ServerOptions()) {
    return detail::start_stream_server(detail::to_client_connected(std::forward<F>(callback)),
                                       std::vector<std::string>(hosts.begin(), hosts.end()), std::move(port),
                                       std::move(options));
}
template <class F, class Host>
Coroutine<detail::DependsOn<F, Server>>
start_server(F&& callback, std::initializer_list<Host> hosts, Port port, ServerOptions options = ServerOptions()) {
    return start_server(std::forward<F>(callback), std::vector<Host>(hosts), std::move(port), std::move(options));
}
// The same on every loop of `group`, all on one port: see net/group_server.hpp. Each loop has a copy of `callback`, and runs it
// for the connections that the system gives it; what the copies share must bear several threads. Await it in a task of any
// loop, or give it to run().
template <class F>
Coroutine<detail::DependsOn<F, GroupServer>>
start_server(LoopGroup& group, F callback, absl::optional<std::string> host, Port port,
             ServerOptions options = ServerOptions()) {
    return detail::start_group_stream_server(group, callback, {std::move(host).value_or(std::string())}, std::move(port),
                                             std::move(options));
}
template <class F>
Coroutine<detail::DependsOn<F, GroupServer>>
start_server(LoopGroup& group, F callback, std::nullptr_t, Port port, ServerOptions options = ServerOptions()) {
    return start_server(group, std::move(callback), absl::nullopt, std::move(port), std::move(options));
}
template <class F, class Host>
Coroutine<detail::DependsOn<F, GroupServer>>
start_server(LoopGroup& group, F callback, const std::vector<Host>& hosts, Port port,
             ServerOptions options = ServerOptions()) {
    return detail::start_group_stream_server(group, callback, std::vector<std::string>(hosts.begin(), hosts.end()),
                                             std::move(port), std::move(options));
}
template <class F, class Host>
Coroutine<detail::DependsOn<F, GroupServer>>
start_server(LoopGroup& group, F callback, std::initializer_list<Host> hosts, Port port,
             ServerOptions options = ServerOptions()) {
    return start_server(group, std::move(callback), std::vector<Host>(hosts), std::move(port), std::move(options));
}
// On ServerOptions::socket(), which is bound.
template <class F>
Coroutine<detail::DependsOn<F, Server>>
start_server(F&& callback, ServerOptions options) {
    return detail::start_stream_server(detail::to_client_connected(std::forward<F>(callback)), std::move(options));
}

// The same on a Unix socket at `path`; one that begins with '\0' is an abstract name.
template <class F>
Coroutine<detail::DependsOn<F, Server>>
start_unix_server(F&& callback, std::string path, ServerOptions options = ServerOptions()) {
    return detail::start_unix_stream_server(detail::to_client_connected(std::forward<F>(callback)), std::move(path),
                                            std::move(options));
}
template <class F>
Coroutine<detail::DependsOn<F, Server>>
start_unix_server(F&& callback, ServerOptions options) {
    return detail::start_unix_stream_server(detail::to_client_connected(std::forward<F>(callback)), std::move(options));
}

}  // namespace cede

#endif
