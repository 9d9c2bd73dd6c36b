#include "cede/stream/start_server.hpp"

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <utility>

#include "cede/loop/event_loop.hpp"
#include "cede/task/await.hpp"

namespace cede {
namespace detail {
namespace {

LoopNetwork::ProtocolFactory protocol_factory(EventLoop& loop, ClientConnected callback, std::size_t limit) {
    const auto shared = std::make_shared<ClientConnected>(std::move(callback));
    return [&loop, shared, limit] {
        return std::make_shared<StreamReaderProtocol>(StreamReader(limit, loop), shared);
    };
}

// `listen`: a Coroutine<Server>(EventLoop&, LoopNetwork::ProtocolFactory).
template <class Listen>
Coroutine<Server> serve(ClientConnected callback, std::size_t limit, Listen listen) {
    return [callback = std::move(callback), limit, listen = std::move(listen)]() mutable {
        EventLoop& loop = get_running_loop();
        const StreamReader checked(limit, loop);  // throws here rather than at the first client
        return await(listen(loop, protocol_factory(loop, std::move(callback), limit)));
    };
}

}  // namespace

Coroutine<Server> start_stream_server(ClientConnected callback, std::string host, Port port, ServerOptions options) {
    const std::size_t limit = options.limit();
    return serve(std::move(callback), limit,
                 [host = std::move(host), port = std::move(port), options = std::move(options)](
                     EventLoop& loop, LoopNetwork::ProtocolFactory factory) {
                     return loop.create_server(std::move(factory), host, port, options);
                 });
}

Coroutine<Server> start_stream_server(ClientConnected callback, std::vector<std::string> hosts, Port port,
                                      ServerOptions options) {
    const std::size_t limit = options.limit();
    return serve(std::move(callback), limit,
                 [hosts = std::move(hosts), port = std::move(port), options = std::move(options)](
                     EventLoop& loop, LoopNetwork::ProtocolFactory factory) {
                     return loop.create_server_on_hosts(std::move(factory), hosts, port, options);
                 });
}

Coroutine<Server> start_stream_server(ClientConnected callback, ServerOptions options) {
    const std::size_t limit = options.limit();
    return serve(std::move(callback), limit,
                 [options = std::move(options)](EventLoop& loop, LoopNetwork::ProtocolFactory factory) {
                     return loop.create_server(std::move(factory), options);
                 });
}

Coroutine<GroupServer> start_group_stream_server(std::shared_ptr<LoopGroupCore> group, std::vector<ClientConnected> callbacks,
                                                 std::vector<std::string> hosts, Port port, ServerOptions options) {
    return [group = std::move(group), callbacks = std::move(callbacks), hosts = std::move(hosts), port = std::move(port),
            options = std::move(options)]() mutable {
        const StreamReader checked(options.limit());
        std::vector<LoopNetwork::ProtocolFactory> factories;
        for (std::size_t i = 0; i < callbacks.size(); ++i) {
            factories.push_back(protocol_factory(open_loop_of_group(*group, i), std::move(callbacks[i]), options.limit()));
        }
        return await(create_group_server(group, std::move(factories), hosts, port, options));
    };
}

Coroutine<Server> start_unix_stream_server(ClientConnected callback, std::string path, ServerOptions options) {
    const std::size_t limit = options.limit();
    return serve(std::move(callback), limit,
                 [path = std::move(path), options = std::move(options)](EventLoop& loop,
                                                                        LoopNetwork::ProtocolFactory factory) {
                     return loop.create_unix_server(std::move(factory), path, options);
                 });
}

Coroutine<Server> start_unix_stream_server(ClientConnected callback, ServerOptions options) {
    const std::size_t limit = options.limit();
    return serve(std::move(callback), limit,
                 [options = std::move(options)](EventLoop& loop, LoopNetwork::ProtocolFactory factory) {
                     return loop.create_unix_server(std::move(factory), options);
                 });
}

}  // namespace detail
}  // namespace cede
