// What it is: `run_in_child`, which runs a function in a process of its own and tells how that ended and what it wrote to
// stderr. When to use it: for what ends the process or changes it for good (a stack overflow, an exhausted limit, the end
// of main). When not: more than once in a test case.
//
// The child is this program started again for the current test case alone, so the case runs twice up to the call, and the
// child never leaves it. A mere fork would hand down what other cases have left behind, and ThreadSanitizer loses track of
// fibers in it.
#ifndef CEDE_TESTS_SUPPORT_CHILD_PROCESS_HPP
#define CEDE_TESTS_SUPPORT_CHILD_PROCESS_HPP

#include <functional>
#include <iosfwd>
#include <string>

namespace cede {
namespace tests {

struct ChildResult {
    int status;       // as waitpid() gives it
    std::string err;  // what it wrote to stderr

    bool exited_with(int code) const;
    bool killed_by(int signal) const;
    bool said(const std::string& text) const { return err.find(text) != std::string::npos; }
};
std::ostream& operator<<(std::ostream& out, const ChildResult& result);

// The child leaves by _exit(0) when `f` returns, by _exit(70) when it throws; no destructor of a static runs unless `f`
// calls std::exit(). It writes no core file, and nothing to stdout.
ChildResult run_in_child(const std::function<void()>& f);

}  // namespace tests
}  // namespace cede

#endif
