// loop.subprocess_exec and subprocess_shell.
#include "cede/coroutine/coroutine.hpp"
#include "cede/loop/event_loop.hpp"
#include "cede/net/net.hpp"
#include "cede/task/await.hpp"
#include "net/process_transport.hpp"

namespace cede {

struct SubprocessOptions::Rare {
    absl::optional<subprocess::Environment> env;
    absl::optional<subprocess::Id> user;
    absl::optional<subprocess::Id> group;
    absl::optional<std::vector<subprocess::Id>> extra_groups;
};

SubprocessOptions::SubprocessOptions() = default;
SubprocessOptions::SubprocessOptions(SubprocessOptions&& other) noexcept = default;
SubprocessOptions& SubprocessOptions::operator=(SubprocessOptions&& other) noexcept = default;
SubprocessOptions::~SubprocessOptions() = default;

SubprocessOptions::SubprocessOptions(const SubprocessOptions& other) = default;
SubprocessOptions& SubprocessOptions::operator=(const SubprocessOptions& other) = default;

const SubprocessOptions::Rare& SubprocessOptions::rare() const noexcept {
    static const Rare none;
    return rare_ != nullptr ? *rare_ : none;
}

SubprocessOptions::Rare& SubprocessOptions::change_rare() {
    const std::shared_ptr<Rare> own = std::make_shared<Rare>(rare());
    rare_ = own;
    return *own;
}

SubprocessOptions& SubprocessOptions::env(subprocess::Environment value) {
    return change_rare().env = std::move(value), *this;
}
SubprocessOptions& SubprocessOptions::user(subprocess::Id value) { return change_rare().user = std::move(value), *this; }
SubprocessOptions& SubprocessOptions::group(subprocess::Id value) { return change_rare().group = std::move(value), *this; }
SubprocessOptions& SubprocessOptions::extra_groups(std::vector<subprocess::Id> value) {
    return change_rare().extra_groups = std::move(value), *this;
}

const absl::optional<subprocess::Environment>& SubprocessOptions::env() const noexcept { return rare().env; }
const absl::optional<subprocess::Id>& SubprocessOptions::user() const noexcept { return rare().user; }
const absl::optional<subprocess::Id>& SubprocessOptions::group() const noexcept { return rare().group; }
const absl::optional<std::vector<subprocess::Id>>& SubprocessOptions::extra_groups() const noexcept {
    return rare().extra_groups;
}
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
    return subprocess_exec(std::move(factory), {"/bin/sh", "-c", std::move(command)}, std::move(options));
}

Coroutine<Subprocess> LoopNetwork::subprocess_shell(SubprocessProtocolFactory factory, std::string command) {
    return subprocess_shell(std::move(factory), std::move(command), SubprocessOptions());
}

}  // namespace cede
