#include "net/child_watch.hpp"

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <poll.h>
#include <signal.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif
#include <sys/wait.h>
#include <unistd.h>

#include "base/blocked_signals.hpp"
#include "cede/base/reports.hpp"
#include "loop/loop_impl.hpp"
#include "loop/loop_token.hpp"
#include "net/system.hpp"

namespace cede {
namespace detail {
namespace {

// How long the end of a loop may wait for a child that it has killed; one that hangs in the kernel does not end.
constexpr int patience_ms = 1000;

#if defined(__linux__) && defined(SYS_pidfd_open) && defined(SYS_pidfd_send_signal)
int open_pidfd(pid_t pid) noexcept { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); }
int signal_pidfd(int pidfd, int signal) noexcept {
    return static_cast<int>(::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0));
}
#else
int open_pidfd(pid_t) noexcept { return -1; }
int signal_pidfd(int, int) noexcept { return -1; }
#endif

int returncode_of(int status) noexcept { return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status); }

// The return code of a child, or nullopt while it runs, with WNOHANG in `flags`.
absl::optional<int> reap(pid_t pid, int flags) noexcept {
    int status = 0;
    pid_t found;
    do {
        found = ::waitpid(pid, &status, flags);
    } while (found < 0 && errno == EINTR);
    if (found == 0) return absl::nullopt;
    if (found > 0) return returncode_of(status);
    warn("child process " + std::to_string(pid) + " was reaped by others, or SIGCHLD is ignored: its return code is taken to "
         "be 255");
    return 255;
}

// Waits until the child has ended, and leaves it unreaped, so that its pid stays its own.
void wait_for_end(pid_t pid) noexcept {
    siginfo_t info;
    while (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) continue;
}

void reap_in_thread(pid_t pid) noexcept {
    try {
        const BlockedSignals blocked;
        std::thread([pid] { reap(pid, 0); }).detach();
    } catch (...) {
        report_unraisable(std::current_exception(), "a child process that does not end was left as a zombie");
    }
}

}  // namespace

// Of the thread and the loop. Whoever comes second reaps: the thread when the loop has gone, else the loop.
struct ChildWatch::Waiting {
    Waiting(pid_t child, const LoopReference& of, Ref<HandleCore> call) noexcept
        : pid(child), loop(of), delivery(std::move(call)) {}

    // On the thread.
    void wait() noexcept {
        wait_for_end(pid);
        const std::lock_guard<std::mutex> lock(mutex);
        ended = true;
        if (abandoned || !post(loop, *delivery.get())) {
            reap(pid, 0);
        } else {
            delivery.detach();
        }
        delivery = nullptr;
        ended_now.notify_all();
    }
    // On the loop's, when it has killed the child: whether that has ended, and is the loop's to reap.
    bool abandon() noexcept {
        std::unique_lock<std::mutex> lock(mutex);
        ended_now.wait_for(lock, std::chrono::milliseconds(patience_ms), [this] { return ended; });
        abandoned = true;
        return ended;
    }

    const pid_t pid;
    const LoopReference loop;
    std::mutex mutex;
    std::condition_variable ended_now;
    Ref<HandleCore> delivery;
    bool ended = false;
    bool abandoned = false;
};

ChildWatch::ChildWatch(EventLoop& loop, pid_t pid, ChildEvents& events) : pid_(pid), events_(events), loop_(&loop) {
    if (!watch_pidfd()) wait_in_thread(loop);
}

ChildWatch::~ChildWatch() { stop(); }

bool ChildWatch::watch_pidfd() {
    pidfd_ = open_pidfd(pid_);
    if (pidfd_ < 0) return false;  // no such call, or no descriptor left: a thread needs none
    try {
        watch_.reset(new FdWatch(*loop_, pidfd_, *this));
        watch_->read(true);
        return true;
    } catch (...) {
        stop();
        throw;
    }
}

void ChildWatch::wait_in_thread(EventLoop& loop) {
    Ref<HandleCore> delivery(new HandleCore(
        loop,
        [this] {
            const Ref<HandleCore> running = std::move(delivery_);
            --loop_->impl().work_in_threads;
            on_readable();
        },
        snapshot_context()));
    waiting_ = std::make_shared<Waiting>(pid_, loop.reference(), delivery);
    const BlockedSignals blocked;
    std::thread([waiting = waiting_] { waiting->wait(); }).detach();
    delivery_ = std::move(delivery);
    ++loop.impl().work_in_threads;
}

void ChildWatch::on_readable() {
    const absl::optional<int> returncode = reap(pid_, WNOHANG);
    if (!returncode) return;
    stop();
    waiting_ = nullptr;
    events_.child_exited(*returncode);
}

void ChildWatch::send_signal(int signal) {
    const int result = pidfd_ >= 0 ? signal_pidfd(pidfd_, signal) : ::kill(pid_, signal);
    if (result != 0) throw_errno("a signal to process " + std::to_string(pid_));
}

void ChildWatch::stop() noexcept {
    if (const Ref<HandleCore> posted = std::move(delivery_)) {
        posted->cancel();
        --loop_->impl().work_in_threads;
    }
    watch_.reset();
    if (pidfd_ >= 0) ::close(std::exchange(pidfd_, -1));
}

void ChildWatch::abandon() noexcept {
    if (pidfd_ >= 0) {
        signal_pidfd(pidfd_, SIGKILL);
        pollfd end = {pidfd_, POLLIN, 0};
        while (::poll(&end, 1, patience_ms) < 0 && errno == EINTR) continue;
        if (!reap(pid_, WNOHANG)) reap_in_thread(pid_);
    } else if (waiting_ != nullptr) {
        ::kill(pid_, SIGKILL);
        if (waiting_->abandon()) reap(pid_, 0);
        waiting_ = nullptr;
    }
    stop();
}

void kill_and_reap(pid_t pid) noexcept {
    ::kill(pid, SIGKILL);
    reap(pid, 0);
}

}  // namespace detail
}  // namespace cede
