// What it is: a server that listens on every loop of a LoopGroup: what create_server(group, ...) and start_server(group, ...)
// give. Each loop has listening sockets of its own on the same addresses (SO_REUSEPORT), among which the system spreads the
// connections; a connection stays on the loop that accepted it.
// When to use it: for a TCP server that one core cannot serve. When not: for Unix sockets, which systems do not spread (start
// one on each loop, at a path of its own); where a handful of connections do all the work, since the system spreads by a hash
// of the addresses, and may give one loop two of them and another none; on systems other than Linux, most of which give every
// connection to one of the sockets.
//
// Another process of the same user may listen on the port beside it, an older instance say, if it uses SO_REUSEPORT too: good
// for a restart without a gap, and no error tells of it.
//
// Copying a handle refers to the same server. Any thread; what returns a Coroutine cedes, in a task of any loop, of the group
// or not. Every call on an empty handle throws RuntimeError. It serves until close() or the end of its group, also when every
// handle is gone.
//
// As a manager, `with(server, f)` closes it at the end and waits for its connections.
#ifndef CEDE_NET_GROUP_SERVER_HPP
#define CEDE_NET_GROUP_SERVER_HPP

#include <cstddef>
#include <exception>
#include <initializer_list>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/types/optional.h"

#include "cede/base/depends_on.hpp"
#include "cede/coroutine/coroutine.hpp"
#include "cede/loop/loop_network.hpp"
#include "cede/net/address_info.hpp"
#include "cede/net/server_options.hpp"
#include "cede/net/socket_address.hpp"
#include "cede/task/loop_group.hpp"

namespace cede {

namespace detail {
class GroupServerCore;
}

class GroupServer {
public:
    // Empty: refers to no server.
    GroupServer() noexcept = default;
    explicit GroupServer(std::shared_ptr<detail::GroupServerCore> core) noexcept : core_(std::move(core)) {}
    explicit operator bool() const noexcept { return core_ != nullptr; }

    // What it was bound to, the same on every loop: one for each address of the host.
    const std::vector<SocketAddress>& addresses() const;
    // That of all addresses.
    int port() const;

    // Accepts from now on, on every loop, if it did not. When one of them cannot, it is closed and that error is thrown.
    Coroutine<void> start_serving() const;
    // Serves until it is closed, this is cancelled, or the group stops; ends with CancelledError in each case, once the
    // connections have ended. Throws RuntimeError when it is closed, or when another serve_forever() waits.
    Coroutine<void> serve_forever() const;
    bool is_serving() const;
    // Each loop stops listening in its next iterations. Connections live on. Harmless when repeated.
    void close() const;
    // Closes the connections that it has accepted, after what is buffered was sent; drops them.
    void close_clients() const;
    void abort_clients() const;
    // Waits until it is closed on every loop and all connections have ended.
    Coroutine<void> wait_closed() const;

    // For `with`. exit() closes, and cedes until all connections have ended.
    GroupServer enter() const { return *this; }
    bool exit(std::exception_ptr error) const;

    friend bool operator==(const GroupServer& a, const GroupServer& b) noexcept { return a.core_ == b.core_; }
    friend bool operator!=(const GroupServer& a, const GroupServer& b) noexcept { return a.core_ != b.core_; }

private:
    const std::shared_ptr<detail::GroupServerCore>& core() const;

    std::shared_ptr<detail::GroupServerCore> core_;
};

namespace detail {

// One factory for each loop.
Coroutine<GroupServer> create_group_server(std::shared_ptr<LoopGroupCore> group,
                                           std::vector<LoopNetwork::ProtocolFactory> factories,
                                           std::vector<std::string> hosts, Port port, ServerOptions options);

// A copy of `callable` for each loop, made an Erased by `erase`.
template <class Erased, class F, class Erase>
std::vector<Erased> one_for_each_loop(const LoopGroup& group, const F& callable, Erase erase) {
    static_assert(std::is_copy_constructible<F>::value,
                  "each loop of a group gets a copy of the callable: let it capture a shared_ptr to what cannot be copied");
    std::vector<Erased> copies;
    copies.reserve(group.size());
    for (std::size_t i = 0; i < group.size(); ++i) copies.push_back(erase(F(callable)));
    return copies;
}

template <class F>
Coroutine<DependsOn<F, GroupServer>>
create_group_server(LoopGroup& group, const F& factory, std::vector<std::string> hosts, Port port,
                    ServerOptions options) {
    using Factory = LoopNetwork::ProtocolFactory;
    return create_group_server(group.core(),
                               one_for_each_loop<Factory>(group, factory, [](F copy) { return Factory(std::move(copy)); }),
                               std::move(hosts), std::move(port), std::move(options));
}

}  // namespace detail

// A server on every loop of `group`. Await it in a task of any loop, or give it to run(). Each loop has a copy of `factory`,
// and calls it in its own thread: what the copies share must bear several threads. The arguments are those of
// EventLoop::create_server; port 0 lets the system choose one, the same for all loops. It is all or nothing: every socket is
// bound before one of them listens, and when one loop fails all are closed and its error is thrown. Also throws
// std::invalid_argument for ServerOptions::socket(), since each loop needs a socket of its own, and RuntimeError for a group
// that has stopped.
template <class F>
Coroutine<detail::DependsOn<F, GroupServer>>
create_server(LoopGroup& group, F factory, absl::optional<std::string> host, Port port,
              ServerOptions options = ServerOptions()) {
    return detail::create_group_server(group, factory, {std::move(host).value_or(std::string())}, std::move(port),
                                       std::move(options));
}
template <class F>
Coroutine<detail::DependsOn<F, GroupServer>>
create_server(LoopGroup& group, F factory, std::nullptr_t, Port port, ServerOptions options = ServerOptions()) {
    return create_server(group, std::move(factory), absl::nullopt, std::move(port), std::move(options));
}
// On every address of each of `hosts`, a vector or a list in braces.
template <class F, class Host>
Coroutine<detail::DependsOn<F, GroupServer>>
create_server(LoopGroup& group, F factory, const std::vector<Host>& hosts, Port port,
              ServerOptions options = ServerOptions()) {
    return detail::create_group_server(group, factory, std::vector<std::string>(hosts.begin(), hosts.end()), std::move(port),
                                       std::move(options));
}
template <class F, class Host>
Coroutine<detail::DependsOn<F, GroupServer>>
create_server(LoopGroup& group, F factory, std::initializer_list<Host> hosts, Port port,
              ServerOptions options = ServerOptions()) {
    return create_server(group, std::move(factory), std::vector<Host>(hosts), std::move(port), std::move(options));
}

}  // namespace cede

#endif
