// What it is: what the tests of sendfile share: a file, and receiving what is sent. When to use it: in tests/net/sendfile*.
#ifndef CEDE_TESTS_NET_SENDFILE_FIXTURES_HPP
#define CEDE_TESTS_NET_SENDFILE_FIXTURES_HPP

#include "net/fixtures.hpp"

#include <fcntl.h>
#include <stdlib.h>

namespace cede {
namespace tests {

// A file without a name, read from its beginning.
class TemporaryFile {
public:
    explicit TemporaryFile(const std::string& content) : size_(static_cast<std::int64_t>(content.size())) {
        char name[] = "/tmp/cede-sendfile-XXXXXX";
        fd_ = ::mkostemp(name, O_CLOEXEC);
        BOOST_REQUIRE(fd_ >= 0);
        ::unlink(name);
        BOOST_REQUIRE(::pwrite(fd_, content.data(), content.size(), 0) == static_cast<ssize_t>(content.size()));
    }
    ~TemporaryFile() { ::close(fd_); }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;

    int fd() const { return fd_; }
    std::int64_t size() const { return size_; }
    std::int64_t position() const { return ::lseek(fd_, 0, SEEK_CUR); }
    void rewind() const { ::lseek(fd_, 0, SEEK_SET); }

private:
    int fd_;
    std::int64_t size_;
};

// Everything up to the end of the stream.
inline std::string receive_all(const Socket& socket) {
    std::string result;
    for (;;) {
        const std::string some = await(get_running_loop().sock_recv(socket, 256 * 1024));
        if (some.empty()) return result;
        result += some;
    }
}

inline std::string receive_exactly(const Socket& socket, std::size_t size) {
    std::string result;
    while (result.size() < size) {
        const std::string some = await(get_running_loop().sock_recv(socket, size - result.size()));
        if (some.empty()) break;
        result += some;
    }
    return result;
}

// What is there, without waiting.
inline std::string received_now(const Socket& socket) {
    std::string result;
    std::vector<char> bytes(256 * 1024);
    ssize_t count;
    while ((count = ::recv(socket.fd(), bytes.data(), bytes.size(), 0)) > 0) {
        result.append(bytes.data(), static_cast<std::size_t>(count));
    }
    return result;
}

}  // namespace tests
}  // namespace cede

#endif
