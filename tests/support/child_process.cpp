#include "support/child_process.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ostream>
#include <system_error>

#include <boost/test/unit_test.hpp>

#include "cede/base/exceptions.hpp"

namespace cede {
namespace tests {
namespace {

constexpr const char* mark = "CEDE_TESTS_CHILD";

[[noreturn]] void be_the_child(const std::function<void()>& f) {
    const int err = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);  // f may put something else there
    std::fflush(nullptr);  // what is buffered goes where it was meant to: ThreadSanitizer's _exit flushes, into what f left
    try {
        f();
    } catch (...) {
        dprintf(err, "uncaught: %s\n", describe_exception(std::current_exception()).c_str());
        _exit(70);
    }
    std::fflush(stderr);
    _exit(0);
}

[[noreturn]] void start_again(int err, const char* only_this_case) {
    const int nowhere = open("/dev/null", O_WRONLY);
    dup2(nowhere, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    setenv(mark, "1", 1);
    // Not /proc/self/exe, which under Valgrind is Valgrind.
    const char* const program = boost::unit_test::framework::master_test_suite().argv[0];
    execl(program, "child", only_this_case, static_cast<char*>(nullptr));
    _exit(71);
}

std::string read_all(int fd) {
    std::string text;
    char buffer[4096];
    for (;;) {
        const ssize_t count = read(fd, buffer, sizeof buffer);
        if (count > 0) {
            text.append(buffer, static_cast<std::size_t>(count));
        } else if (count == 0 || errno != EINTR) {
            return text;
        }
    }
}

}  // namespace

bool ChildResult::exited_with(int code) const { return WIFEXITED(status) && WEXITSTATUS(status) == code; }
bool ChildResult::killed_by(int signal) const { return WIFSIGNALED(status) && WTERMSIG(status) == signal; }

std::ostream& operator<<(std::ostream& out, const ChildResult& result) {
    if (WIFEXITED(result.status)) out << "exit status " << WEXITSTATUS(result.status);
    if (WIFSIGNALED(result.status)) out << "signal " << WTERMSIG(result.status);
    return out << ", stderr: " << result.err;
}

ChildResult run_in_child(const std::function<void()>& f) {
    if (std::getenv(mark) != nullptr) be_the_child(f);
    const std::string only_this_case =
        "--run_test=" + boost::unit_test::framework::current_test_case().full_name();
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe2");
    const pid_t pid = fork();
    if (pid < 0) throw std::system_error(errno, std::generic_category(), "fork");
    if (pid == 0) start_again(ends[1], only_this_case.c_str());
    close(ends[1]);
    ChildResult result{0, read_all(ends[0])};
    close(ends[0]);
    while (waitpid(pid, &result.status, 0) < 0 && errno == EINTR) continue;
    return result;
}

}  // namespace tests
}  // namespace cede
