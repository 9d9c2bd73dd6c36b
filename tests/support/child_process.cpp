#include "support/child_process.hpp"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <ostream>
#include <system_error>

#include "cede/base/exceptions.hpp"

namespace cede {
namespace tests {
namespace {

[[noreturn]] void be_the_child(int out, const std::function<void()>& f) {
    dup2(out, STDERR_FILENO);
    close(out);
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    try {
        f();
    } catch (...) {
        std::fprintf(stderr, "uncaught: %s\n", describe_exception(std::current_exception()).c_str());
        _exit(70);
    }
    std::fflush(stderr);
    _exit(0);
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
    int ends[2];
    if (pipe(ends) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
    std::fflush(nullptr);  // or the child would write out what this process has buffered
    const pid_t pid = fork();
    if (pid < 0) throw std::system_error(errno, std::generic_category(), "fork");
    if (pid == 0) {
        close(ends[0]);
        be_the_child(ends[1], f);
    }
    close(ends[1]);
    ChildResult result{0, read_all(ends[0])};
    close(ends[0]);
    while (waitpid(pid, &result.status, 0) < 0 && errno == EINTR) continue;
    return result;
}

}  // namespace tests
}  // namespace cede
