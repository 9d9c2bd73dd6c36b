#include "cede/stream/process.hpp"

#include <stdexcept>

#include "cede/base/exceptions.hpp"
#include "cede/loop/event_loop.hpp"
#include "cede/task/await.hpp"
#include "stream/process_streams.hpp"

namespace cede {
namespace {

// A program's own streams are what is right for most children.
SubprocessOptions with_inherited(SubprocessOptions options) {
    options.stdin_(options.stdin_().value_or(subprocess::INHERIT));
    options.stdout_(options.stdout_().value_or(subprocess::INHERIT));
    options.stderr_(options.stderr_().value_or(subprocess::INHERIT));
    return options;
}

// `start`: a Coroutine<Subprocess>(EventLoop&, LoopNetwork::SubprocessProtocolFactory).
template <class Start>
Process create(const SubprocessOptions& options, Start start) {
    EventLoop& loop = get_running_loop();
    if (options.limit() == 0) throw std::invalid_argument("the limit of a process's streams cannot be 0");
    const auto streams = std::make_shared<detail::ProcessStreams>(loop, options.limit());
    await(start(loop, [streams] { return streams; }));
    return Process(streams);
}

}  // namespace

const std::shared_ptr<detail::ProcessStreams>& Process::open() const {
    if (core_ == nullptr) throw RuntimeError("this Process is empty: it refers to no child");
    return core_;
}

int Process::pid() const { return open()->transport().get_pid(); }
absl::optional<int> Process::returncode() const { return open()->transport().get_returncode(); }
StreamWriter Process::stdin_() const { return open()->input; }
StreamReader Process::stdout_() const { return open()->output; }
StreamReader Process::stderr_() const { return open()->errors; }

Coroutine<int> Process::wait() const {
    return [core = open()] { return core->wait(); };
}

Coroutine<Process::Output> Process::communicate(absl::optional<std::string> input) const {
    return [core = open(), input = std::move(input)]() mutable { return core->communicate(std::move(input)); };
}

void Process::send_signal(int signal) const { open()->transport().send_signal(signal); }
void Process::terminate() const { open()->transport().terminate(); }
void Process::kill() const { open()->transport().kill(); }

Coroutine<Process> create_subprocess_exec(std::vector<std::string> arguments, SubprocessOptions options) {
    return [arguments = std::move(arguments), options = with_inherited(std::move(options))] {
        return create(options, [&](EventLoop& loop, LoopNetwork::SubprocessProtocolFactory factory) {
            return loop.subprocess_exec(std::move(factory), arguments, options);
        });
    };
}

Coroutine<Process> create_subprocess_shell(std::string command, SubprocessOptions options) {
    return [command = std::move(command), options = with_inherited(std::move(options))] {
        return create(options, [&](EventLoop& loop, LoopNetwork::SubprocessProtocolFactory factory) {
            return loop.subprocess_shell(std::move(factory), command, options);
        });
    };
}

}  // namespace cede
