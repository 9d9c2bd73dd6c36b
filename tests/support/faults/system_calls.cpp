#include "support/faults/system_calls.hpp"

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstring>
#include <mutex>

#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

namespace cede {
namespace tests {
namespace {

struct Plan {
    std::atomic<int> calls{0};
    std::atomic<int> fail_from{0};  // by number of call; 0 for never
    std::atomic<int> fail_until{0};
    std::atomic<int> error{0};
    std::atomic<int> failed{0};
};
Plan plans[static_cast<int>(SystemCall::last)];
std::atomic<bool> stingy{false};
std::atomic<int> lookups{0};
std::mutex slow_mutex;
std::function<void()> slow;
// Plain thread-local data: these calls are made before and after everything else of a thread.
__thread WatchedCalls* watched;

const char* const names[] = {
    "socket", "socketpair", "connect", "bind", "listen", "accept", "shutdown", "getsockname", "getpeername", "getsockopt",
    "setsockopt", "recv", "send", "sendmsg", "recvfrom", "sendto", "recvmsg", "recvmmsg", "sendmmsg", "sendfile", "read",
    "write", "writev", "pread", "close", "fcntl", "open", "pipe2", "dup2", "epoll_create", "epoll_ctl", "epoll_wait",
    "eventfd", "poll", "execve", "waitpid", "pidfd_open", "pidfd_send_signal", "close_range", "none"};
static_assert(sizeof names / sizeof *names == static_cast<int>(SystemCall::last) + 1, "a name for each call");

Plan& plan_of(SystemCall call) { return plans[static_cast<int>(call)]; }

// Counts a call; true when it is to fail, and errno is set.
bool fails(SystemCall call) noexcept {
    Plan& plan = plan_of(call);
    const int number = ++plan.calls;
    if (watched != nullptr && watched->fails(call)) return true;
    const int from = plan.fail_from;
    if (from == 0 || number < from || number >= plan.fail_until) return false;
    ++plan.failed;
    errno = plan.error;
    return true;
}

// The eventfds among the first descriptors.
std::atomic<bool> bells[1024];
void note_bell(int fd, bool is) noexcept {
    if (fd >= 0 && fd < 1024) bells[fd] = is;
}
bool is_bell(int fd) noexcept { return fd >= 0 && fd < 1024 && bells[fd]; }

template <class F>
F next(F, const char* name) {
    return reinterpret_cast<F>(dlsym(RTLD_NEXT, name));
}

}  // namespace

const char* name_of(SystemCall call) noexcept { return names[static_cast<int>(call)]; }

int CallCounter::total() const { return plan_of(call_).calls; }

FailingCall::FailingCall(SystemCall call, int error, int first, int times) : call_(call) {
    Plan& plan = plan_of(call);
    plan.error = error;
    plan.failed = 0;
    plan.fail_until = plan.calls + first + times;
    plan.fail_from = plan.calls + first;
}
FailingCall::~FailingCall() { plan_of(call_).fail_from = 0; }
int FailingCall::failed() const { return plan_of(call_).failed; }

WatchedCalls::WatchedCalls(SystemCall call, int nth, int error) : failing_(call), nth_(nth), error_(error) { watched = this; }
WatchedCalls::~WatchedCalls() { watched = nullptr; }

bool WatchedCalls::fails(SystemCall call) noexcept {
    const int number = ++counts_[static_cast<int>(call)];
    if (call != failing_ || number != nth_) return false;
    failed_ = true;
    errno = error_;
    return true;
}

CallsSucceed::CallsSucceed() : before_(watched) { watched = nullptr; }
CallsSucceed::~CallsSucceed() { watched = before_; }

StingySend::StingySend() { stingy = true; }
StingySend::~StingySend() { stingy = false; }

SlowNames::SlowNames(std::function<void()> block) {
    const std::lock_guard<std::mutex> lock(slow_mutex);
    slow = std::move(block);
}
SlowNames::~SlowNames() {
    const std::lock_guard<std::mutex> lock(slow_mutex);
    slow = nullptr;
}

int name_lookups() { return lookups; }

}  // namespace tests
}  // namespace cede

using cede::tests::SystemCall;
using cede::tests::fails;
using cede::tests::next;

// NOLINTBEGIN: the names and signatures are the C library's.
extern "C" {

int socket(int family, int type, int protocol) noexcept {
    static const auto real = next(&socket, "socket");
    return fails(SystemCall::socket) ? -1 : real(family, type, protocol);
}

int connect(int fd, const sockaddr* address, socklen_t size) {
    static const auto real = next(&connect, "connect");
    if (!fails(SystemCall::connect)) return real(fd, address, size);
    // One that is interrupted goes on.
    if (errno == EINTR && real(fd, address, size) == 0) return 0;
    if (errno == EINPROGRESS) errno = EINTR;
    return -1;
}

int socketpair(int family, int type, int protocol, int* ends) noexcept {
    static const auto real = next(&socketpair, "socketpair");
    return fails(SystemCall::socketpair) ? -1 : real(family, type, protocol, ends);
}

int getsockname(int fd, sockaddr* address, socklen_t* size) noexcept {
    static const auto real = next(&getsockname, "getsockname");
    return fails(SystemCall::getsockname) ? -1 : real(fd, address, size);
}

int getpeername(int fd, sockaddr* address, socklen_t* size) noexcept {
    static const auto real = next(&getpeername, "getpeername");
    return fails(SystemCall::getpeername) ? -1 : real(fd, address, size);
}

int getsockopt(int fd, int level, int name, void* value, socklen_t* size) noexcept {
    static const auto real = next(&getsockopt, "getsockopt");
    return fails(SystemCall::getsockopt) ? -1 : real(fd, level, name, value, size);
}

int setsockopt(int fd, int level, int name, const void* value, socklen_t size) noexcept {
    static const auto real = next(&setsockopt, "setsockopt");
    return fails(SystemCall::setsockopt) ? -1 : real(fd, level, name, value, size);
}

int bind(int fd, const sockaddr* address, socklen_t size) noexcept {
    static const auto real = next(&bind, "bind");
    return fails(SystemCall::bind) ? -1 : real(fd, address, size);
}

int listen(int fd, int backlog) noexcept {
    static const auto real = next(&listen, "listen");
    return fails(SystemCall::listen) ? -1 : real(fd, backlog);
}

int accept4(int fd, sockaddr* address, socklen_t* size, int flags) {
    static const auto real = next(&accept4, "accept4");
    return fails(SystemCall::accept) ? -1 : real(fd, address, size, flags);
}

ssize_t recv(int fd, void* buffer, size_t size, int flags) {
    static const auto real = next(static_cast<ssize_t (*)(int, void*, size_t, int)>(&recv), "recv");
    return fails(SystemCall::recv) ? -1 : real(fd, buffer, size, flags);
}

ssize_t send(int fd, const void* buffer, size_t size, int flags) {
    static const auto real = next(&send, "send");
    if (fails(SystemCall::send)) return -1;
    return real(fd, buffer, cede::tests::stingy && size > 1 ? 1 : size, flags);
}

ssize_t sendmsg(int fd, const msghdr* message, int flags) {
    static const auto real = next(&sendmsg, "sendmsg");
    if (fails(SystemCall::sendmsg)) return -1;
    if (!cede::tests::stingy || message->msg_iovlen == 0) return real(fd, message, flags);
    msghdr small = *message;
    iovec piece = message->msg_iov[0];
    if (piece.iov_len > 1) piece.iov_len = 1;
    small.msg_iov = &piece;
    small.msg_iovlen = 1;
    return real(fd, &small, flags);
}

ssize_t sendto(int fd, const void* buffer, size_t size, int flags, const sockaddr* to, socklen_t to_size) {
    static const auto real = next(&sendto, "sendto");
    return fails(SystemCall::sendto) ? -1 : real(fd, buffer, size, flags, to, to_size);
}

int sendmmsg(int fd, mmsghdr* messages, unsigned count, int flags) {
    static const auto real = next(&sendmmsg, "sendmmsg");
    return fails(SystemCall::sendmmsg) ? -1 : real(fd, messages, count, flags);
}

ssize_t recvfrom(int fd, void* buffer, size_t size, int flags, sockaddr* from, socklen_t* from_size) {
    static const auto real = next(&recvfrom, "recvfrom");
    return fails(SystemCall::recvfrom) ? -1 : real(fd, buffer, size, flags, from, from_size);
}

ssize_t recvmsg(int fd, msghdr* message, int flags) {
    static const auto real = next(&recvmsg, "recvmsg");
    return fails(SystemCall::recvmsg) ? -1 : real(fd, message, flags);
}

int recvmmsg(int fd, mmsghdr* messages, unsigned count, int flags, timespec* timeout) {
    static const auto real = next(&recvmmsg, "recvmmsg");
    return fails(SystemCall::recvmmsg) ? -1 : real(fd, messages, count, flags, timeout);
}

ssize_t sendfile(int to, int from, off_t* offset, size_t count) noexcept {
    static const auto real = next(&sendfile, "sendfile");
    return fails(SystemCall::sendfile) ? -1 : real(to, from, offset, count);
}

ssize_t pread(int fd, void* buffer, size_t size, off_t offset) {
    static const auto real = next(static_cast<ssize_t (*)(int, void*, size_t, off_t)>(&pread), "pread");
    return fails(SystemCall::pread) ? -1 : real(fd, buffer, size, offset);
}

int shutdown(int fd, int how) noexcept {
    static const auto real = next(&shutdown, "shutdown");
    if (!fails(SystemCall::shutdown)) return real(fd, how);
    // ENOTCONN is said of a connection that is gone, so it has to go.
    const int error = errno;
    if (error == ENOTCONN) real(fd, SHUT_RDWR);
    errno = error;
    return -1;
}

int epoll_create1(int flags) noexcept {
    static const auto real = next(&epoll_create1, "epoll_create1");
    return fails(SystemCall::epoll_create) ? -1 : real(flags);
}

int eventfd(unsigned value, int flags) noexcept {
    static const auto real = next(&eventfd, "eventfd");
    const int fd = fails(SystemCall::eventfd) ? -1 : real(value, flags);
    cede::tests::note_bell(fd, true);
    return fd;
}

int epoll_wait(int epoll, epoll_event* events, int most, int timeout) {
    static const auto real = next(&epoll_wait, "epoll_wait");
    return fails(SystemCall::epoll_wait) ? -1 : real(epoll, events, most, timeout);
}

int poll(pollfd* fds, nfds_t count, int timeout) {
    static const auto real = next(&poll, "poll");
    return fails(SystemCall::poll) ? -1 : real(fds, count, timeout);
}

int epoll_ctl(int epoll, int operation, int fd, epoll_event* event) noexcept {
    static const auto real = next(&epoll_ctl, "epoll_ctl");
    if (operation == EPOLL_CTL_DEL) {  // which cannot fail: counted only
        ++cede::tests::plan_of(SystemCall::epoll_ctl).calls;
        return real(epoll, operation, fd, event);
    }
    return fails(SystemCall::epoll_ctl) ? -1 : real(epoll, operation, fd, event);
}

int pipe2(int* ends, int flags) noexcept {
    static const auto real = next(&pipe2, "pipe2");
    return fails(SystemCall::pipe2) ? -1 : real(ends, flags);
}

ssize_t read(int fd, void* buffer, size_t size) {
    static const auto real = next(&read, "read");
    return fails(SystemCall::read) ? -1 : real(fd, buffer, size);
}

ssize_t write(int fd, const void* buffer, size_t size) {
    static const auto real = next(&write, "write");
    if (cede::tests::is_bell(fd)) return real(fd, buffer, size);  // which cannot fail
    return fails(SystemCall::write) ? -1 : real(fd, buffer, size);
}

ssize_t writev(int fd, const iovec* pieces, int count) {
    static const auto real = next(&writev, "writev");
    return fails(SystemCall::writev) ? -1 : real(fd, pieces, count);
}

// Linux closes the descriptor, whatever it says.
int close(int fd) {
    static const auto real = next(&close, "close");
    cede::tests::note_bell(fd, false);
    if (!fails(SystemCall::close)) return real(fd);
    const int error = errno;
    real(fd);
    errno = error;
    return -1;
}

int fcntl(int fd, int operation, ...) {
    static const auto real = next(&fcntl, "fcntl");
    va_list list;
    va_start(list, operation);
    void* const argument = va_arg(list, void*);
    va_end(list);
    return fails(SystemCall::fcntl) ? -1 : real(fd, operation, argument);
}

int open(const char* path, int flags, ...) {
    static const auto real = next(&open, "open");
    va_list list;
    va_start(list, flags);
    const unsigned mode = (flags & O_CREAT) != 0 ? va_arg(list, unsigned) : 0;
    va_end(list);
    return fails(SystemCall::open) ? -1 : real(path, flags, mode);
}

int dup2(int from, int to) noexcept {
    static const auto real = next(&dup2, "dup2");
    return fails(SystemCall::dup2) ? -1 : real(from, to);
}

int execve(const char* path, char* const* arguments, char* const* environment) noexcept {
    static const auto real = next(&execve, "execve");
    return fails(SystemCall::execve) ? -1 : real(path, arguments, environment);
}

pid_t waitpid(pid_t pid, int* status, int options) {
    static const auto real = next(&waitpid, "waitpid");
    return fails(SystemCall::waitpid) ? -1 : real(pid, status, options);
}

// Those that the C library has no function for. No static with a guard here: the guard may need this function.
long syscall(long number, ...) noexcept {
    using Call = long (*)(long, long, long, long, long, long, long);
    static std::atomic<Call> real{nullptr};
    if (real == nullptr) real = reinterpret_cast<Call>(dlsym(RTLD_NEXT, "syscall"));
    if (number == SYS_pidfd_open && fails(SystemCall::pidfd_open)) return -1;
    if (number == SYS_pidfd_send_signal && fails(SystemCall::pidfd_send_signal)) return -1;
    if (number == SYS_close_range && fails(SystemCall::close_range)) return -1;
    if (number == SYS_epoll_pwait2 && fails(SystemCall::epoll_wait)) return -1;
    va_list list;
    va_start(list, number);
    long arguments[6];
    for (long& each : arguments) each = va_arg(list, long);
    va_end(list);
    return real.load()(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
}

int getaddrinfo(const char* host, const char* service, const addrinfo* hints, addrinfo** found) {
    static const auto real = next(&getaddrinfo, "getaddrinfo");
    ++cede::tests::lookups;
    if (host != nullptr && std::strlen(host) > 5 && std::strcmp(host + std::strlen(host) - 5, ".slow") == 0) {
        std::function<void()> block;
        {
            const std::lock_guard<std::mutex> lock(cede::tests::slow_mutex);
            block = cede::tests::slow;
        }
        if (block) block();
        return EAI_NONAME;
    }
    return real(host, service, hints, found);
}

}  // extern "C"
// NOLINTEND
