// What it is: the system calls that the library makes, counted, and made to fail on demand. When to use it: in a test that
// counts calls or needs an error that no test can provoke honestly (EMFILE of one accept, ENOBUFS of one send).
//
// It defines recv(), accept4(), epoll_ctl() ... in the test program, which the dynamic linker prefers to the C library's; the
// library under test is unchanged. Of this program only, whoever calls; a child made by vfork() counts as its parent's thread.
#ifndef CEDE_TESTS_SUPPORT_FAULTS_SYSTEM_CALLS_HPP
#define CEDE_TESTS_SUPPORT_FAULTS_SYSTEM_CALLS_HPP

#include <functional>

namespace cede {
namespace tests {

enum class SystemCall {
    socket, socketpair, connect, bind, listen, accept, shutdown, getsockname, getpeername, getsockopt, setsockopt,
    recv, send, sendmsg, recvfrom, sendto, recvmsg, recvmmsg, sendmmsg, sendfile,
    read, write, writev, pread, close, fcntl, open, pipe2, dup2,
    epoll_create, epoll_ctl, epoll_wait, eventfd, poll,
    execve, waitpid, pidfd_open, pidfd_send_signal, close_range, last
};

const char* name_of(SystemCall call) noexcept;

// Calls of a kind since construction, on every thread.
class CallCounter {
public:
    explicit CallCounter(SystemCall call) : call_(call), start_(total()) {}
    int count() const { return total() - start_; }

private:
    int total() const;
    SystemCall call_;
    int start_;
};

// Makes calls of a kind fail with `error` until destroyed, on every thread: those from the `first` on (1 is the next),
// `times` of them.
class FailingCall {
public:
    FailingCall(SystemCall call, int error, int first = 1, int times = 1);
    ~FailingCall();
    FailingCall(const FailingCall&) = delete;
    FailingCall& operator=(const FailingCall&) = delete;
    // How many have failed so far.
    int failed() const;

private:
    SystemCall call_;
};

// Counts the calls of this thread, by kind, until destroyed, and may let one of them fail.
class WatchedCalls {
public:
    WatchedCalls() : WatchedCalls(SystemCall::last, 0, 0) {}
    // The `nth` call of a kind, from 1, fails with `error`.
    WatchedCalls(SystemCall call, int nth, int error);
    ~WatchedCalls();
    WatchedCalls(const WatchedCalls&) = delete;
    WatchedCalls& operator=(const WatchedCalls&) = delete;

    int count(SystemCall call) const { return counts_[static_cast<int>(call)]; }
    bool failed() const { return failed_; }
    // Of the table: whether this one is to fail.
    bool fails(SystemCall call) noexcept;

private:
    const SystemCall failing_;
    const int nth_;
    const int error_;
    int counts_[static_cast<int>(SystemCall::last)] = {};
    bool failed_ = false;
};

// In this scope no call of this thread is counted or fails for WatchedCalls: what a test does for itself.
class CallsSucceed {
public:
    CallsSucceed();
    ~CallsSucceed();
    CallsSucceed(const CallsSucceed&) = delete;
    CallsSucceed& operator=(const CallsSucceed&) = delete;

private:
    WatchedCalls* const before_;
};

// Makes every send take one byte at most.
class StingySend {
public:
    StingySend();
    ~StingySend();
    StingySend(const StingySend&) = delete;
    StingySend& operator=(const StingySend&) = delete;
};

// While it lives, getaddrinfo() of a name that ends in ".slow" calls `block` on its thread, then says EAI_NONAME.
class SlowNames {
public:
    explicit SlowNames(std::function<void()> block);
    ~SlowNames();
    SlowNames(const SlowNames&) = delete;
    SlowNames& operator=(const SlowNames&) = delete;
};

// getaddrinfo() calls since the program began.
int name_lookups();

}  // namespace tests
}  // namespace cede

#endif
