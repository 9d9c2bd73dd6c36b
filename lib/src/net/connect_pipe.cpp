// loop.connect_read_pipe and connect_write_pipe.
#include "cede/coroutine/coroutine.hpp"
#include "cede/loop/event_loop.hpp"
#include "cede/net/net.hpp"
#include "cede/task/await.hpp"
#include "net/pipe_transport.hpp"

namespace cede {
namespace {

// A transport of kind `T` on the pipe; cedes until connection_made was called.
template <class Result, class T>
Result connect(EventLoop& loop, LoopNetwork::ProtocolFactory& factory, Pipe pipe) {
    const std::shared_ptr<BaseProtocol> protocol = factory();
    const Future<void> made(loop);
    const std::shared_ptr<T> transport = T::open(loop, std::move(pipe), protocol, made);
    try {
        await(made);
    } catch (...) {
        transport->close();
        throw;
    }
    return {transport, protocol};
}

}  // namespace

Coroutine<LoopNetwork::ReadPipe> LoopNetwork::connect_read_pipe(ProtocolFactory factory, Pipe pipe) {
    EventLoop* const in = &loop();
    return [in, factory = std::move(factory), pipe = std::move(pipe)]() mutable {
        return connect<ReadPipe, detail::ReadPipeTransport>(*in, factory, std::move(pipe));
    };
}

Coroutine<LoopNetwork::WritePipe> LoopNetwork::connect_write_pipe(ProtocolFactory factory, Pipe pipe) {
    EventLoop* const in = &loop();
    return [in, factory = std::move(factory), pipe = std::move(pipe)]() mutable {
        return connect<WritePipe, detail::WritePipeTransport>(*in, factory, std::move(pipe));
    };
}

}  // namespace cede
