// What it is: what the tests of this room share: the list of backends, socket pairs that close themselves, and what a
// wait reported in a form that compares.
#ifndef CEDE_TESTS_SELECTORS_FIXTURES_HPP
#define CEDE_TESTS_SELECTORS_FIXTURES_HPP

#include <functional>
#include <map>
#include <memory>
#include <ostream>
#include <stdexcept>
#include <string>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

#include "cede/selectors/selectors.hpp"

namespace cede {
namespace tests {

using SelectorPtr = std::unique_ptr<selectors::BaseSelector>;

struct Backend {
    std::string name;
    std::function<SelectorPtr()> make;
    bool scalable;     // takes fds beyond FD_SETSIZE
    bool asks_kernel;  // a system call on registration, which can refuse
    bool has_fd;
};

// Defined beside the kqueue backend, in kqueue_selector_test.cpp.
SelectorPtr make_kqueue_selector();

// All backends of this platform, and kqueue everywhere.
inline const std::vector<Backend>& backends() {
    using namespace selectors;
    static const std::vector<Backend> all {
        {"select", [] { return SelectorPtr(new SelectSelector); }, false, false, false},
            {"poll", [] { return SelectorPtr(new PollSelector); }, true, false, false},
#if defined(__linux__)
            {"epoll", [] { return SelectorPtr(new EpollSelector); }, true, true, true},
#endif
            {"kqueue", make_kqueue_selector, true, true, true},
            {"default", [] { return SelectorPtr(new DefaultSelector); }, true, true, true},
    };
    return all;
}

// Boost.Test prints the data of a case with it.
inline std::ostream& operator<<(std::ostream& out, const Backend& backend) { return out << backend.name; }

// An fd that is closed at scope end, or before by close().
class Fd {
public:
    explicit Fd(int fd) noexcept : fd_(fd) {}
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    ~Fd() { close(); }
    int get() const noexcept { return fd_; }
    void close() noexcept {
        if (fd_ >= 0) ::close(fd_);
        fd_ = -1;
    }

private:
    int fd_;
};

// Two connected stream sockets: nothing to read on either, both writable.
struct SocketPair {
    SocketPair() : SocketPair(open()) {}

    // Makes `a` readable.
    void write_to_a() {
        if (::write(b.get(), "x", 1) != 1) throw std::runtime_error("cannot write to the pair");
    }

    Fd a;
    Fd b;

private:
    struct Numbers {
        int fds[2];
    };
    static Numbers open() {
        Numbers numbers;
        if (::socketpair(AF_UNIX, SOCK_STREAM, 0, numbers.fds) != 0) throw std::runtime_error("no socketpair");
        return numbers;
    }
    explicit SocketPair(const Numbers& numbers) : a(numbers.fds[0]), b(numbers.fds[1]) {}
};

// What a wait of the loop's form reported: events by fd. `out` starts dirty, because it has to be cleared.
using Reported = std::map<int, int>;
inline Reported select_ready(selectors::BaseSelector& selector, absl::optional<Duration> timeout) {
    std::vector<selectors::ReadyFd> out{{-7, 7}};
    selector.select_ready(timeout, out);
    Reported result;
    for (const selectors::ReadyFd& ready : out) result[ready.fd] |= ready.events;
    return result;
}

// The same of select().
inline Reported select(selectors::BaseSelector& selector, absl::optional<Duration> timeout) {
    Reported result;
    for (const auto& ready : selector.select(timeout)) result[ready.first.fd] |= ready.second;
    return result;
}

}  // namespace tests
}  // namespace cede

#endif
