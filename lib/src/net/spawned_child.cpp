#include "net/spawned_child.hpp"

#include <cerrno>
#include <climits>
#include <cstdlib>

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/stat.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif
#include <unistd.h>

// A sanitizer's notes about the child's stack and descriptors would be notes about ours.
#define CEDE_IN_CHILD __attribute__((no_sanitize("address", "thread", "undefined"), noinline))

namespace cede {
namespace detail {
namespace {

#if defined(__linux__) && defined(SYS_close_range)
bool close_range_of_system(unsigned first, unsigned last) noexcept { return syscall(SYS_close_range, first, last, 0) == 0; }
#else
bool close_range_of_system(unsigned, unsigned) noexcept { return false; }
#endif

CEDE_IN_CHILD void close_from_to(const SpawnPlan& plan, int first, int last) noexcept {
    if (first > last) return;
    if (plan.highest_fd < 0) {
        close_range_of_system(static_cast<unsigned>(first), static_cast<unsigned>(last));
        return;
    }
    for (int fd = first; fd <= last && fd <= plan.highest_fd; ++fd) ::close(fd);
}

CEDE_IN_CHILD void close_others(const SpawnPlan& plan) noexcept {
    int next = 3;
    for (std::size_t i = 0; i < plan.kept_count; ++i) {
        close_from_to(plan, next, plan.kept[i] - 1);
        next = plan.kept[i] + 1;
    }
    close_from_to(plan, next, INT_MAX);
}

CEDE_IN_CHILD bool inherit(int fd) noexcept {
    const int flags = ::fcntl(fd, F_GETFD);
    return flags >= 0 && ::fcntl(fd, F_SETFD, flags & ~FD_CLOEXEC) == 0;
}

// Each of 0, 1 and 2 may be wanted under another of these numbers: those are moved out of the way first.
CEDE_IN_CHILD bool set_streams(const SpawnPlan& plan) noexcept {
    int from[3] = {plan.streams[0], plan.streams[1], plan.streams[2]};
    for (int fd = 0; fd < 3; ++fd) {
        if (from[fd] < 0 || from[fd] > 2 || from[fd] == fd) continue;
        from[fd] = ::fcntl(from[fd], F_DUPFD_CLOEXEC, 3);
        if (from[fd] < 0) return false;
    }
    for (int fd = 0; fd < 3; ++fd) {
        if (from[fd] < 0) continue;
        if (from[fd] == fd ? !inherit(fd) : ::dup2(from[fd], fd) < 0) return false;
    }
    return true;
}

// A handler is code of ours, which the program will not have; exec resets it, but a signal may come before. What is ignored
// stays so, but for what servers ignore for themselves and other programs live from.
CEDE_IN_CHILD void reset_signals(bool restore) noexcept {
    struct sigaction fallback;
    fallback.sa_handler = SIG_DFL;
    fallback.sa_flags = 0;
    sigemptyset(&fallback.sa_mask);
    for (int number = 1; number < NSIG; ++number) {
        struct sigaction now;
        if (::sigaction(number, nullptr, &now) != 0) continue;
        const bool handled = (now.sa_flags & SA_SIGINFO) != 0 || (now.sa_handler != SIG_DFL && now.sa_handler != SIG_IGN);
        const bool restored = restore && (number == SIGPIPE || number == SIGXFSZ);
        if (handled || restored) ::sigaction(number, &fallback, nullptr);
    }
    ::sigprocmask(SIG_SETMASK, &fallback.sa_mask, nullptr);
}

CEDE_IN_CHILD bool set_session(const SubprocessOptions& options) noexcept {
    if (options.start_new_session() && ::setsid() < 0) return false;
    return !options.process_group() || ::setpgid(0, *options.process_group()) == 0;
}

// The user last, who may not change the others.
CEDE_IN_CHILD bool set_account(const SpawnPlan& plan) noexcept {
    if (plan.groups != nullptr && ::setgroups(plan.group_count, plan.groups) != 0) return false;
    if (plan.group != static_cast<gid_t>(-1) && ::setregid(plan.group, plan.group) != 0) return false;
    return plan.user == static_cast<uid_t>(-1) || ::setreuid(plan.user, plan.user) == 0;
}

// The first error that says more than that the program is not there.
CEDE_IN_CHILD int execute(const SpawnPlan& plan) noexcept {
    int telling = 0;
    for (char* const* path = plan.paths; *path != nullptr; ++path) {
        ::execve(*path, plan.argv, plan.envp);
        if (errno != ENOENT && errno != ENOTDIR && telling == 0) telling = errno;
    }
    return telling != 0 ? telling : errno;
}

CEDE_IN_CHILD bool pass_descriptors(const SubprocessOptions& options) noexcept {
    for (const int fd : options.pass_fds()) {
        if (!inherit(fd)) return false;
    }
    return true;
}

// Returns only when it fails.
CEDE_IN_CHILD SpawnFailure become_program(const SpawnPlan& plan) noexcept {
    const SubprocessOptions& options = *plan.options;
    if (!set_streams(plan)) return {errno, SpawnFailure::streams};
    if (!pass_descriptors(options)) return {errno, SpawnFailure::pass_fds};
    if (plan.cwd != nullptr && ::chdir(plan.cwd) != 0) return {errno, SpawnFailure::chdir};
    if (options.umask()) ::umask(*options.umask());
    if (!set_session(options)) return {errno, SpawnFailure::session};
    if (options.close_fds()) close_others(plan);
    reset_signals(options.restore_signals());
    if (!set_account(plan)) return {errno, SpawnFailure::account};  // last: from here on somebody else may signal us
    return {execute(plan), SpawnFailure::execute};
}

[[noreturn]] CEDE_IN_CHILD void be_child(SpawnPlan& plan) noexcept {
    plan.shared = true;
    plan.failure = become_program(plan);
    const ssize_t told = ::write(plan.error_fd, &plan.failure, sizeof plan.failure);
    ::_exit(told >= 0 ? 127 : 126);
}

}  // namespace

// Apart, so that nothing of ours lives in a register across the double return.
CEDE_IN_CHILD pid_t start_child(SpawnPlan& plan) noexcept {
#ifdef __linux__
    const pid_t pid = plan.changes_account() ? ::fork() : ::vfork();
#else
    const pid_t pid = ::fork();
#endif
    if (pid == 0) be_child(plan);
    return pid;
}

int highest_descriptor() noexcept {
    static const bool closes_ranges = close_range_of_system(~0u, ~0u);
    if (closes_ranges) return -1;
    DIR* const folder = ::opendir("/dev/fd");
    if (folder == nullptr) return static_cast<int>(::sysconf(_SC_OPEN_MAX));
    int highest = 2;
    while (const dirent* entry = ::readdir(folder)) {
        const int fd = std::atoi(entry->d_name);
        if (fd > highest) highest = fd;
    }
    ::closedir(folder);
    return highest;
}

}  // namespace detail
}  // namespace cede
