// What it is: whether this process has children, running or waiting to be reaped. When to use it: at the end of a test that
// must leave none behind.
#ifndef CEDE_TESTS_SUPPORT_CHILDREN_HPP
#define CEDE_TESTS_SUPPORT_CHILDREN_HPP

#include <cerrno>

#include <sys/wait.h>

namespace cede {
namespace tests {

inline bool no_children() {
    siginfo_t info;
    return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 && errno == ECHILD;
}

}  // namespace tests
}  // namespace cede

#endif
