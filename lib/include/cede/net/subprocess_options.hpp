// What it is: the optional arguments of create_subprocess_exec, create_subprocess_shell, loop.subprocess_exec and
// loop.subprocess_shell: `SubprocessOptions().stdin_(subprocess::PIPE).cwd("/tmp")`. When not: for what is right by default.
//
// Python's options for text (encoding, universal_newlines ...) and buffering are not there: streams are of bytes.
#ifndef CEDE_NET_SUBPROCESS_OPTIONS_HPP
#define CEDE_NET_SUBPROCESS_OPTIONS_HPP

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "absl/types/optional.h"
#include "absl/types/variant.h"

namespace cede {

// What a standard stream of a child is to be, besides a descriptor of yours.
namespace subprocess {
constexpr int PIPE = -1;     // a pipe to this program
constexpr int STDOUT = -2;   // for stderr: what stdout is
constexpr int DEVNULL = -3;  // /dev/null
constexpr int INHERIT = -4;  // this program's own

// A user or group: the number, or the name.
using Id = absl::variant<id_t, std::string>;

// The variables of a child, and their values: a list in braces, or any container of pairs, as std::map is one. (A parameter of
// type std::map would have every program compile <map>.)
class Environment {
public:
    using Variables = std::vector<std::pair<std::string, std::string>>;

    Environment() = default;
    Environment(std::initializer_list<std::pair<std::string, std::string>> variables);
    template <class Container, class = decltype(std::declval<const Container&>().begin()->second)>
    Environment(const Container& variables) : variables_(variables.begin(), variables.end()) {}

    // Of several of one name the child sees the first.
    const Variables& variables() const noexcept { return variables_; }

private:
    Variables variables_;
};
}  // namespace subprocess

class SubprocessOptions {
public:
    // One of the above or a descriptor, which stays yours, and must be open until the child has started. When not given it
    // is INHERIT with create_subprocess_exec and _shell, PIPE with loop.subprocess_exec and _shell, as in asyncio.
    SubprocessOptions& stdin_(int value) noexcept { return stdin_value_ = value, *this; }
    SubprocessOptions& stdout_(int value) noexcept { return stdout_value_ = value, *this; }
    SubprocessOptions& stderr_(int value) noexcept { return stderr_value_ = value, *this; }
    // The child's working directory. A relative path of the program is meant from there.
    SubprocessOptions& cwd(std::string value);
    // The child's environment, in place of a copy of ours. The program is searched for in its PATH.
    SubprocessOptions& env(subprocess::Environment value);
    // The program to execute in place of the first argument, which is then but a name; with a shell, that shell.
    SubprocessOptions& executable(std::string value);
    // setsid(2) in the child: it leads a new session without a terminal.
    SubprocessOptions& start_new_session(bool value) noexcept { return start_new_session_ = value, *this; }
    // setpgid(2) in the child; 0 for a new group of its own, which kill(-pid) reaches as a whole.
    SubprocessOptions& process_group(pid_t value);
    // Descriptors that the child has too, under the same numbers. They must be open until it has started.
    SubprocessOptions& pass_fds(std::vector<int> value);
    // False: the child also gets descriptors above 2 that are not close-on-exec.
    SubprocessOptions& close_fds(bool value) noexcept { return close_fds_ = value, *this; }
    // False: SIGPIPE and SIGXFSZ stay ignored in the child if this program ignores them. (No signal is blocked in a child,
    // and none is handled, whatever this program does.)
    SubprocessOptions& restore_signals(bool value) noexcept { return restore_signals_ = value, *this; }
    SubprocessOptions& umask(mode_t value);
    // setreuid(2), setregid(2) and setgroups(2) in the child, which take privileges: std::system_error with EPERM without.
    // std::invalid_argument for a name that there is not. What is not given stays: a server that leaves root behind gives
    // all three, `.user("www-data").group("www-data").extra_groups({})`.
    SubprocessOptions& user(subprocess::Id value);
    SubprocessOptions& group(subprocess::Id value);
    SubprocessOptions& extra_groups(std::vector<subprocess::Id> value);
    // Of the StreamReaders that create_subprocess_exec makes, in bytes; 64 KiB by default.
    SubprocessOptions& limit(std::size_t value) noexcept { return limit_ = value, *this; }

    const absl::optional<int>& stdin_() const noexcept { return stdin_value_; }
    const absl::optional<int>& stdout_() const noexcept { return stdout_value_; }
    const absl::optional<int>& stderr_() const noexcept { return stderr_value_; }
    const absl::optional<std::string>& cwd() const noexcept;
    const absl::optional<subprocess::Environment>& env() const noexcept;
    const absl::optional<std::string>& executable() const noexcept;
    bool start_new_session() const noexcept { return start_new_session_; }
    const absl::optional<pid_t>& process_group() const noexcept;
    const std::vector<int>& pass_fds() const noexcept;
    bool close_fds() const noexcept { return close_fds_; }
    bool restore_signals() const noexcept { return restore_signals_; }
    const absl::optional<mode_t>& umask() const noexcept;
    const absl::optional<subprocess::Id>& user() const noexcept;
    const absl::optional<subprocess::Id>& group() const noexcept;
    const absl::optional<std::vector<subprocess::Id>>& extra_groups() const noexcept;
    std::size_t limit() const noexcept { return limit_; }

private:
    absl::optional<int> stdin_value_;
    absl::optional<int> stdout_value_;
    absl::optional<int> stderr_value_;
    bool start_new_session_ = false;
    bool close_fds_ = true;
    bool restore_signals_ = true;
    std::size_t limit_ = 64 * 1024;
    // What few programs give, of types that every program would compile.
    struct Rare;
    const Rare& rare() const noexcept;
    Rare& change_rare();
    std::shared_ptr<const Rare> rare_;  // null for none; shared by copies until one is changed
};

}  // namespace cede

#endif
