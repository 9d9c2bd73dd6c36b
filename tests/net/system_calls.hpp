// What it is: the system calls that the net room makes, counted, and made to fail on demand. When to use it: in a test that
// counts calls or needs an error that no test can provoke honestly (EMFILE of one accept, ENOBUFS of one send).
//
// Of this program only, whoever calls; counting and failing work on every thread. See README.md for how.
#ifndef CEDE_TESTS_NET_SYSTEM_CALLS_HPP
#define CEDE_TESTS_NET_SYSTEM_CALLS_HPP

#include <functional>

namespace cede {
namespace tests {

enum class SystemCall {
    socket, connect, bind, listen, accept, recv, send, sendmsg, shutdown, epoll_ctl,
    sendto, sendmmsg, recvmsg, recvmmsg, sendfile, pread,
    pipe2, pidfd_open, pidfd_send_signal, close_range, last
};

// Calls of a kind since construction.
class CallCounter {
public:
    explicit CallCounter(SystemCall call) : call_(call), start_(total()) {}
    int count() const { return total() - start_; }

private:
    int total() const;
    SystemCall call_;
    int start_;
};

// Makes calls of a kind fail with `error` until destroyed: those from the `first` on (1 is the next), `times` of them.
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
