#include "cede/stream/open_connection.hpp"

#include <memory>
#include <utility>

#include "cede/loop/event_loop.hpp"
#include "cede/net/transport.hpp"
#include "cede/stream/stream_reader_protocol.hpp"
#include "cede/task/await.hpp"

namespace cede {
namespace {

using Streams = std::pair<StreamReader, StreamWriter>;

// `connect`: a Coroutine<Connection>(EventLoop&, LoopNetwork::ProtocolFactory).
template <class Connect>
Streams open_streams(std::size_t limit, Connect connect) {
    EventLoop& loop = get_running_loop();
    const StreamReader reader(limit, loop);
    const auto protocol = std::make_shared<StreamReaderProtocol>(reader);
    const LoopNetwork::Connection connection = await(connect(loop, [protocol] { return protocol; }));
    return Streams(reader, StreamWriter(connection.first, protocol->flow_control(), reader, loop));
}

}  // namespace

Coroutine<Streams> open_connection(std::string host, Port port, ConnectOptions options) {
    return [host = std::move(host), port = std::move(port), options = std::move(options)] {
        return open_streams(options.limit(), [&](EventLoop& loop, LoopNetwork::ProtocolFactory factory) {
            return loop.create_connection(std::move(factory), host, port, options);
        });
    };
}

Coroutine<Streams> open_connection(ConnectOptions options) {
    return [options = std::move(options)] {
        return open_streams(options.limit(), [&](EventLoop& loop, LoopNetwork::ProtocolFactory factory) {
            return loop.create_connection(std::move(factory), options);
        });
    };
}

Coroutine<Streams> open_unix_connection(std::string path, ConnectOptions options) {
    return [path = std::move(path), options = std::move(options)] {
        return open_streams(options.limit(), [&](EventLoop& loop, LoopNetwork::ProtocolFactory factory) {
            return loop.create_unix_connection(std::move(factory), path, options);
        });
    };
}

Coroutine<Streams> open_unix_connection(ConnectOptions options) {
    return [options = std::move(options)] {
        return open_streams(options.limit(), [&](EventLoop& loop, LoopNetwork::ProtocolFactory factory) {
            return loop.create_unix_connection(std::move(factory), options);
        });
    };
}

}  // namespace cede
