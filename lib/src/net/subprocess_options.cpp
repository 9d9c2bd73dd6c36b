// SubprocessOptions, and the command lines that they stand behind.
#include "cede/net/subprocess_options.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cede/net/command_line.hpp"

namespace cede {

namespace subprocess {

Environment::Environment(std::initializer_list<std::pair<std::string, std::string>> variables)
    : variables_(variables) {}

}  // namespace subprocess

struct SubprocessOptions::Rare {
    absl::optional<std::string> cwd;
    absl::optional<std::string> executable;
    absl::optional<pid_t> process_group;
    std::vector<int> pass_fds;
    absl::optional<mode_t> umask;
    absl::optional<subprocess::Environment> env;
    absl::optional<subprocess::Id> user;
    absl::optional<subprocess::Id> group;
    absl::optional<std::vector<subprocess::Id>> extra_groups;
};

const SubprocessOptions::Rare& SubprocessOptions::rare() const noexcept {
    static const Rare none;
    return rare_ != nullptr ? *rare_ : none;
}

SubprocessOptions::Rare& SubprocessOptions::change_rare() {
    const std::shared_ptr<Rare> own = std::make_shared<Rare>(rare());
    rare_ = own;
    return *own;
}

SubprocessOptions& SubprocessOptions::cwd(std::string value) { return change_rare().cwd = std::move(value), *this; }
SubprocessOptions& SubprocessOptions::env(subprocess::Environment value) {
    return change_rare().env = std::move(value), *this;
}
SubprocessOptions& SubprocessOptions::executable(std::string value) {
    return change_rare().executable = std::move(value), *this;
}
SubprocessOptions& SubprocessOptions::process_group(pid_t value) { return change_rare().process_group = value, *this; }
SubprocessOptions& SubprocessOptions::pass_fds(std::vector<int> value) {
    return change_rare().pass_fds = std::move(value), *this;
}
SubprocessOptions& SubprocessOptions::umask(mode_t value) { return change_rare().umask = value, *this; }
SubprocessOptions& SubprocessOptions::user(subprocess::Id value) {
    return change_rare().user = std::move(value), *this;
}
SubprocessOptions& SubprocessOptions::group(subprocess::Id value) {
    return change_rare().group = std::move(value), *this;
}
SubprocessOptions& SubprocessOptions::extra_groups(std::vector<subprocess::Id> value) {
    return change_rare().extra_groups = std::move(value), *this;
}

const absl::optional<std::string>& SubprocessOptions::cwd() const noexcept { return rare().cwd; }
const absl::optional<subprocess::Environment>& SubprocessOptions::env() const noexcept { return rare().env; }
const absl::optional<std::string>& SubprocessOptions::executable() const noexcept { return rare().executable; }
const absl::optional<pid_t>& SubprocessOptions::process_group() const noexcept { return rare().process_group; }
const std::vector<int>& SubprocessOptions::pass_fds() const noexcept { return rare().pass_fds; }
const absl::optional<mode_t>& SubprocessOptions::umask() const noexcept { return rare().umask; }
const absl::optional<subprocess::Id>& SubprocessOptions::user() const noexcept { return rare().user; }
const absl::optional<subprocess::Id>& SubprocessOptions::group() const noexcept { return rare().group; }
const absl::optional<std::vector<subprocess::Id>>& SubprocessOptions::extra_groups() const noexcept {
    return rare().extra_groups;
}

namespace detail {

void CommandLine::add(absl::string_view argument) { arguments.emplace_back(argument); }

void CommandLine::add(const std::vector<std::string>& several) {
    arguments.insert(arguments.end(), several.begin(), several.end());
}

void CommandLine::add(SubprocessOptions value) { options = std::move(value); }

}  // namespace detail

}  // namespace cede
