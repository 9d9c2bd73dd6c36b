// What it is: a new process that executes a program: the part of a subprocess that knows no loop.
#ifndef CEDE_SRC_NET_SPAWN_HPP
#define CEDE_SRC_NET_SPAWN_HPP

#include <string>
#include <vector>

#include <sys/types.h>

#include "cede/net/subprocess_options.hpp"

namespace cede {
namespace detail {

// What the child's 0, 1 and 2 are: descriptors of ours, or -1 for the same numbers.
struct StandardStreams {
    int fds[3] = {-1, -1, -1};
};

// Throws std::system_error with EBADF where one of the pass_fds is not open, std::invalid_argument where it is negative. Before
// anything is opened that could take its number.
void check_passed(const SubprocessOptions& options);

// Returns once the program is executed: the child's pid. Throws std::system_error with the child's errno when it cannot be
// (ENOENT: no such program), or when the system refuses another process; std::invalid_argument for no arguments, and for a
// NUL in one. The caller waits for the child.
pid_t spawn(const std::vector<std::string>& arguments, const SubprocessOptions& options, const StandardStreams& streams);

}  // namespace detail
}  // namespace cede

#endif
