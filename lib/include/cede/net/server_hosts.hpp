// What it is: the typed part of EventLoop::create_server for several hosts. When to use it: through that member, or through
// start_server().
//
// These are templates, which no empty pair of braces fits, so that `{}` for the host goes on to mean none: all interfaces.
#ifndef CEDE_NET_SERVER_HOSTS_HPP
#define CEDE_NET_SERVER_HOSTS_HPP

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "cede/coroutine/coroutine.hpp"
#include "cede/loop/loop_network.hpp"
#include "cede/net/address_info.hpp"
#include "cede/net/server.hpp"
#include "cede/net/server_options.hpp"

namespace cede {

template <class Host>
Coroutine<Server> LoopNetwork::create_server(ProtocolFactory factory, const std::vector<Host>& hosts, Port port) {
    return create_server(std::move(factory), hosts, std::move(port), ServerOptions());
}
template <class Host>
Coroutine<Server> LoopNetwork::create_server(ProtocolFactory factory, const std::vector<Host>& hosts, Port port,
                                             ServerOptions options) {
    return create_server_on_hosts(std::move(factory), std::vector<std::string>(hosts.begin(), hosts.end()), std::move(port),
                                  std::move(options));
}
template <class Host>
Coroutine<Server> LoopNetwork::create_server(ProtocolFactory factory, std::initializer_list<Host> hosts, Port port) {
    return create_server(std::move(factory), hosts, std::move(port), ServerOptions());
}
template <class Host>
Coroutine<Server> LoopNetwork::create_server(ProtocolFactory factory, std::initializer_list<Host> hosts, Port port,
                                             ServerOptions options) {
    return create_server_on_hosts(std::move(factory), std::vector<std::string>(hosts.begin(), hosts.end()), std::move(port),
                                  std::move(options));
}

}  // namespace cede

#endif
