// What it is: a program, its arguments and SubprocessOptions behind them, as Python spells them. When to use it: through
// create_subprocess_exec("sort", "-n") and loop.subprocess_exec(factory, "sort", "-n").
#ifndef CEDE_NET_COMMAND_LINE_HPP
#define CEDE_NET_COMMAND_LINE_HPP

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

#include "cede/coroutine/coroutine.hpp"
#include "cede/loop/loop_network.hpp"
#include "cede/net/subprocess_options.hpp"

namespace cede {

namespace detail {

struct CommandLine {
    template <class... Words>
    explicit CommandLine(const Words&... words) {
        const int in_order[] = {0, (add(words), 0)...};
        static_cast<void>(in_order);
    }
    void add(absl::string_view argument);
    void add(const std::vector<std::string>& several);
    void add(SubprocessOptions value);

    std::vector<std::string> arguments;
    SubprocessOptions options;
};

}  // namespace detail

template <class Program, class... More, class>
Coroutine<detail::DependsOn<Program, LoopNetwork::Subprocess>> LoopNetwork::subprocess_exec(
    SubprocessProtocolFactory factory, const Program& program, const More&... more) {
    detail::CommandLine line(program, more...);
    return subprocess_exec(detail::depends_on<Program>(std::move(factory)), std::move(line.arguments), std::move(line.options));
}

}  // namespace cede

#endif
