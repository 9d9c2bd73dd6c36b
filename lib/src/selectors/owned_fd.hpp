// What it is: the backend's fd and its closing. Not a Socket, which belongs to a higher room.
#ifndef CEDE_SRC_SELECTORS_OWNED_FD_HPP
#define CEDE_SRC_SELECTORS_OWNED_FD_HPP

#include <cerrno>
#include <system_error>

#include <unistd.h>

namespace cede {
namespace selectors {
namespace detail {

class OwnedFd {
public:
    // Takes the result of the system call `call`: std::system_error from errno when it is negative.
    OwnedFd(int fd, const char* call) : fd_(fd) {
        if (fd < 0) throw std::system_error(errno, std::generic_category(), call);
    }
    ~OwnedFd() { ::close(fd_); }
    OwnedFd(const OwnedFd&) = delete;
    OwnedFd& operator=(const OwnedFd&) = delete;

    int get() const noexcept { return fd_; }

private:
    int fd_;
};

}  // namespace detail
}  // namespace selectors
}  // namespace cede

#endif
