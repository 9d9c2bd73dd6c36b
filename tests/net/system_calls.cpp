#include "net/system_calls.hpp"

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstring>
#include <mutex>

#include <dlfcn.h>
#include <netdb.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
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

Plan& plan_of(SystemCall call) { return plans[static_cast<int>(call)]; }

// Counts a call; true when it is to fail, and errno is set.
bool fails(SystemCall call) {
    Plan& plan = plan_of(call);
    const int number = ++plan.calls;
    const int from = plan.fail_from;
    if (from == 0 || number < from || number >= plan.fail_until) return false;
    ++plan.failed;
    errno = plan.error;
    return true;
}

template <class F>
F next(F, const char* name) {
    return reinterpret_cast<F>(dlsym(RTLD_NEXT, name));
}

}  // namespace

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
    return fails(SystemCall::connect) ? -1 : real(fd, address, size);
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
    return fails(SystemCall::shutdown) ? -1 : real(fd, how);
}

int epoll_ctl(int epoll, int operation, int fd, epoll_event* event) noexcept {
    static const auto real = next(&epoll_ctl, "epoll_ctl");
    return fails(SystemCall::epoll_ctl) ? -1 : real(epoll, operation, fd, event);
}

int pipe2(int* ends, int flags) noexcept {
    static const auto real = next(&pipe2, "pipe2");
    return fails(SystemCall::pipe2) ? -1 : real(ends, flags);
}

// Those that the C library has no function for. No static with a guard here: the guard may need this function.
long syscall(long number, ...) noexcept {
    using Call = long (*)(long, long, long, long, long, long, long);
    static std::atomic<Call> real{nullptr};
    if (real == nullptr) real = reinterpret_cast<Call>(dlsym(RTLD_NEXT, "syscall"));
    if (number == SYS_pidfd_open && fails(SystemCall::pidfd_open)) return -1;
    if (number == SYS_pidfd_send_signal && fails(SystemCall::pidfd_send_signal)) return -1;
    if (number == SYS_close_range && fails(SystemCall::close_range)) return -1;
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
