// loop.subprocess_exec and subprocess_shell.
#include "cede/coroutine/coroutine.hpp"
#include "cede/loop/event_loop.hpp"
#include "cede/net/net.hpp"
#include "cede/task/await.hpp"
#include "net/process_transport.hpp"

namespace cede {

namespace {

using Subprocess = LoopNetwork::Subprocess;

Subprocess start(EventLoop& loop, LoopNetwork::SubprocessProtocolFactory& factory,
                 const std::vector<std::string>& arguments, const SubprocessOptions& options) {
    const std::shared_ptr<SubprocessProtocol> protocol = factory();
    const Future<void> made(loop);
    const auto transport = detail::ProcessTransport::start(loop, arguments, options, protocol, made);
    try {
        await(made);
    } catch (const GeneratorExit&) {  // in which nothing may be awaited: the loop reaps the child
        transport->close();
        throw;
    } catch (...) {
        transport->close();
        transport->wait_for_exit();
        throw;
    }
    return {transport, protocol};
}

}  // namespace

Coroutine<Subprocess> LoopNetwork::subprocess_exec(SubprocessProtocolFactory factory, std::vector<std::string> arguments,
                                                   SubprocessOptions options) {
    EventLoop* const in = &loop();
    return [in, factory = std::move(factory), arguments = std::move(arguments), options = std::move(options)]() mutable {
        return start(*in, factory, arguments, options);
    };
}

Coroutine<Subprocess> LoopNetwork::subprocess_exec(SubprocessProtocolFactory factory, std::vector<std::string> arguments) {
    return subprocess_exec(std::move(factory), std::move(arguments), SubprocessOptions());
}

Coroutine<Subprocess> LoopNetwork::subprocess_shell(SubprocessProtocolFactory factory, std::string command,
                                                    SubprocessOptions options) {
    // A shell of the user's knows by its name what it is to be: bash called sh is another language.
    const std::string shell = options.executable().value_or("/bin/sh");
    return subprocess_exec(std::move(factory), {shell, "-c", std::move(command)}, std::move(options));
}

Coroutine<Subprocess> LoopNetwork::subprocess_shell(SubprocessProtocolFactory factory, std::string command) {
    return subprocess_shell(std::move(factory), std::move(command), SubprocessOptions());
}

}  // namespace cede
