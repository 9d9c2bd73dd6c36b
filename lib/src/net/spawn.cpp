// Making a process: all that needs memory is prepared before, and the child makes nothing but system calls.
#include "net/spawn.hpp"

#include <algorithm>
#include <cerrno>
#include <stdexcept>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "absl/strings/str_split.h"

#include "base/blocked_signals.hpp"
#include "net/account_names.hpp"
#include "net/spawned_child.hpp"
#include "net/system.hpp"

extern char** environ;

namespace cede {
namespace detail {
namespace {

void check_text(const std::string& text, const char* what) {
    if (text.find('\0') != std::string::npos) throw std::invalid_argument(std::string("a NUL in ") + what + " of a process");
}

// An array of pointers for execve, on strings that must stay.
std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
    pointers.push_back(nullptr);
    return pointers;
}

std::vector<std::string> environment_of(const subprocess::Environment& env) {
    std::vector<std::string> texts;
    for (const auto& each : env.variables()) {
        check_text(each.first + each.second, "the environment");
        if (each.first.empty() || each.first.find('=') != std::string::npos) {
            throw std::invalid_argument("'" + each.first + "' cannot be the name of an environment variable");
        }
        texts.push_back(each.first + "=" + each.second);
    }
    return texts;
}

std::string search_path(const SubprocessOptions& options) {
    if (!options.env()) {
        const char* const own = std::getenv("PATH");
        return own != nullptr ? own : "/bin:/usr/bin";
    }
    for (const auto& each : options.env()->variables()) {
        if (each.first == "PATH") return each.second;
    }
    return "/bin:/usr/bin";
}

// Where the program may be, in the order in which it is tried.
std::vector<std::string> candidates(const std::string& program, const SubprocessOptions& options) {
    if (program.find('/') != std::string::npos) return {program};
    std::vector<std::string> paths;
    for (const absl::string_view folder : absl::StrSplit(search_path(options), ':')) {
        paths.push_back(folder.empty() ? program : std::string(folder) + "/" + program);
    }
    return paths;
}

// With room for one, so that it has an address also when it is empty.
std::vector<gid_t> group_ids(const SubprocessOptions& options) {
    std::vector<gid_t> ids;
    if (!options.extra_groups()) return ids;
    ids.reserve(options.extra_groups()->size() + 1);
    for (const subprocess::Id& each : *options.extra_groups()) ids.push_back(group_id(each, "extra_groups"));
    return ids;
}

// The descriptors above 2 that the child keeps, in order.
std::vector<int> kept_descriptors(const SubprocessOptions& options, int error_fd) {
    std::vector<int> kept = options.pass_fds();
    kept.push_back(error_fd);
    std::sort(kept.begin(), kept.end());
    kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
    kept.erase(kept.begin(), std::upper_bound(kept.begin(), kept.end(), 2));
    return kept;
}

// A pipe whose ends are above 2, where they are in nobody's way.
class ErrorPipe {
public:
    ErrorPipe() {
        if (open_pipe(ends_) != 0) throw_errno("a pipe to a new process");
        for (int& end : ends_) {
            if (end > 2) continue;
            const int moved = ::fcntl(end, F_DUPFD_CLOEXEC, 3);
            const int error = errno;
            if (moved >= 0) ::close(std::exchange(end, moved));
            if (moved < 0) {
                close_both();
                throw os_error(error, "a pipe to a new process");
            }
        }
    }
    ~ErrorPipe() { close_both(); }
    ErrorPipe(const ErrorPipe&) = delete;
    ErrorPipe& operator=(const ErrorPipe&) = delete;

    int write_end() const noexcept { return ends_[1]; }
    // Waits until the child executes its program, or cannot: then what failed.
    SpawnFailure read() noexcept {
        ::close(std::exchange(ends_[1], -1));
        SpawnFailure failure = {};
        ssize_t count;
        do {
            count = ::read(ends_[0], &failure, sizeof failure);
        } while (count < 0 && errno == EINTR);
        return count == static_cast<ssize_t>(sizeof failure) ? failure : SpawnFailure{};
    }

private:
    void close_both() noexcept {
        for (const int end : ends_) {
            if (end >= 0) ::close(end);
        }
    }
    int ends_[2];
};

std::system_error error_of(const SpawnFailure& failure, const std::string& program, const SubprocessOptions& options) {
    switch (failure.step) {
        case SpawnFailure::chdir: return os_error(failure.error, "cannot start in directory '" + *options.cwd() + "'");
        case SpawnFailure::execute: return os_error(failure.error, "cannot execute '" + program + "'");
        case SpawnFailure::streams: return os_error(failure.error, "the standard streams of '" + program + "'");
        case SpawnFailure::account:
            return os_error(failure.error, "cannot run '" + program + "' as that user, with those groups");
        case SpawnFailure::pass_fds: return os_error(failure.error, "the pass_fds of '" + program + "'");
        default: return os_error(failure.error, "session or process group of '" + program + "'");
    }
}

}  // namespace

void check_passed(const SubprocessOptions& options) {
    for (const int fd : options.pass_fds()) {
        if (fd < 0) throw std::invalid_argument("pass_fds: not a file descriptor: " + std::to_string(fd));
        if (::fcntl(fd, F_GETFD) < 0) throw os_error(errno, "pass_fds: fd " + std::to_string(fd));
    }
}

pid_t spawn(const std::vector<std::string>& arguments, const SubprocessOptions& options, const StandardStreams& streams) {
    if (arguments.empty()) throw std::invalid_argument("a process needs arguments: the program is the first");
    for (const std::string& argument : arguments) check_text(argument, "an argument");
    if (options.cwd()) check_text(*options.cwd(), "the directory");
    const std::string program = options.executable().value_or(arguments.front());
    check_text(program, "the program");

    const std::vector<char*> argv = pointers_to(arguments);
    const std::vector<std::string> environment =
        options.env() ? environment_of(*options.env()) : std::vector<std::string>();
    const std::vector<char*> envp = pointers_to(environment);
    const std::vector<std::string> paths = candidates(program, options);
    const std::vector<char*> path_list = pointers_to(paths);
    ErrorPipe errors;
    const std::vector<int> kept = kept_descriptors(options, errors.write_end());

    const std::vector<gid_t> groups = group_ids(options);

    SpawnPlan plan;
    if (options.user()) plan.user = user_id(*options.user(), "user");
    if (options.group()) plan.group = group_id(*options.group(), "group");
    if (options.extra_groups()) plan.groups = groups.data();
    plan.group_count = groups.size();
    plan.argv = argv.data();
    plan.envp = options.env() ? envp.data() : environ;
    plan.paths = path_list.data();
    plan.cwd = options.cwd() ? options.cwd()->c_str() : nullptr;
    plan.options = &options;
    plan.kept = kept.data();
    plan.kept_count = kept.size();
    plan.highest_fd = options.close_fds() ? highest_descriptor() : -1;
    plan.error_fd = errors.write_end();
    std::copy(streams.fds, streams.fds + 3, plan.streams);

    pid_t pid;
    int error;
    {
        const BlockedSignals blocked;  // a handler of ours must not run in the child, which shares our memory
        pid = start_child(plan);
        error = errno;
    }
    if (pid < 0) throw os_error(error, "cannot make a process for '" + program + "'");
    const SpawnFailure failure = plan.shared ? SpawnFailure(plan.failure) : errors.read();
    if (failure.error == 0) return pid;
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) continue;
    throw error_of(failure, program, options);
}

}  // namespace detail
}  // namespace cede
