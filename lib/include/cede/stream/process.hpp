// What it is: child processes: start a program, talk to it through streams, wait for it.
// When to use it: for any program that this one runs. When not: for a callback for each piece of output, without a task;
// loop.subprocess_exec() has protocols for that.
//
//   Process sort = await(create_subprocess_exec("sort", "-n", SubprocessOptions()
//                                                   .stdin_(subprocess::PIPE).stdout_(subprocess::PIPE)));
//   auto output = await(sort.communicate("3\n1\n2\n")).first;      // "1\n2\n3\n"
//   int code = *sort.returncode();
//
// The child lives on when the handle is dropped; it is killed when its loop closes before it ends, and when its creation is
// cancelled. No zombie stays in any case.
#ifndef CEDE_STREAM_PROCESS_HPP
#define CEDE_STREAM_PROCESS_HPP

#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

#include "cede/base/depends_on.hpp"
#include "cede/coroutine/coroutine.hpp"
#include "cede/net/command_line.hpp"
#include "cede/net/subprocess_options.hpp"
#include "cede/stream/stream_reader.hpp"
#include "cede/stream/stream_writer.hpp"

namespace cede {

namespace detail {
class ProcessStreams;
}

// A handle: copying it refers to the same child. Loop's thread only, but handles may be copied and destroyed on any thread.
// Nothing cedes but what returns a Coroutine, when it is awaited. Every call on an empty handle throws RuntimeError.
class Process {
public:
    // Empty: refers to no process.
    Process() noexcept = default;
    // False for an empty handle.
    explicit operator bool() const noexcept { return core_ != nullptr; }

    int pid() const;
    // Empty while it runs; -N when it was killed by signal N.
    absl::optional<int> returncode() const;
    // An empty handle for a stream that is not subprocess::PIPE.
    StreamWriter stdin_() const;
    StreamReader stdout_() const;
    StreamReader stderr_() const;

    // Cedes until the child has ended; its return code. Several tasks may wait, at any time. A child whose output nobody
    // reads may never end: use communicate() then. Throws CancelledError, and the child goes on.
    Coroutine<int> wait() const;
    // What the child has written to its standard output and error, each nullopt when it is not piped.
    using Output = std::pair<absl::optional<std::string>, absl::optional<std::string>>;
    // Sends `input`, closes the child's standard input, reads all output, and waits for its end, all at once, so that neither
    // side waits for ever. Does not mind that the child ends, or closes its input, before it has read all. Throws
    // RuntimeError for an input without a pipe for it; CancelledError, and the child goes on.
    Coroutine<Output> communicate(absl::optional<std::string> input = absl::nullopt) const;
    template <class View, class = std::enable_if_t<std::is_same<View, absl::string_view>::value>>
    Coroutine<detail::DependsOn<View, Output>> communicate(View input) const {
        return communicate(absl::optional<std::string>(std::string(input)));
    }

    // Throw std::system_error with ESRCH when the child has ended.
    void send_signal(int signal) const;
    // SIGTERM, SIGKILL.
    void terminate() const;
    void kill() const;

    friend bool operator==(const Process& a, const Process& b) noexcept { return a.core_ == b.core_; }
    friend bool operator!=(const Process& a, const Process& b) noexcept { return a.core_ != b.core_; }
    // Some order, for std::set and std::map.
    friend bool operator<(const Process& a, const Process& b) noexcept {
        return std::less<const void*>()(a.core_.get(), b.core_.get());
    }

    // For this room.
    explicit Process(std::shared_ptr<detail::ProcessStreams> core) noexcept : core_(std::move(core)) {}
    const std::shared_ptr<detail::ProcessStreams>& core() const noexcept { return core_; }

private:
    const std::shared_ptr<detail::ProcessStreams>& open() const;

    std::shared_ptr<detail::ProcessStreams> core_;
};

// Executes a program, the first of `arguments`, searched for in PATH if there is no '/' in it, and cedes until it runs. Its
// standard streams are this program's own unless the options say otherwise. Cancelled, it kills the child and waits for its
// end. Throws std::system_error with the child's errno when it cannot be executed (ENOENT: not found), or when the system is
// short of something; std::invalid_argument for arguments that cannot be; RuntimeError when no loop runs.
Coroutine<Process> create_subprocess_exec(std::vector<std::string> arguments, SubprocessOptions options = SubprocessOptions());
// The same for a line of the shell (/bin/sh). Whatever of it comes from outside must be quoted, or is commands, too.
Coroutine<Process> create_subprocess_shell(std::string command, SubprocessOptions options = SubprocessOptions());

// As Python spells it: the program, its arguments, and SubprocessOptions, if any, behind them.
template <class Program, class... More,
          class = std::enable_if_t<std::is_convertible<const Program&, absl::string_view>::value>>
Coroutine<detail::DependsOn<Program, Process>> create_subprocess_exec(const Program& program, const More&... more) {
    detail::CommandLine line(program, more...);
    return create_subprocess_exec(detail::depends_on<Program>(std::move(line.arguments)), std::move(line.options));
}

}  // namespace cede

// Handles of the same child are equal and hash alike.
namespace std {
template <>
struct hash<cede::Process> {
    size_t operator()(const cede::Process& handle) const noexcept { return hash<const void*>()(handle.core().get()); }
};
}  // namespace std

#endif
