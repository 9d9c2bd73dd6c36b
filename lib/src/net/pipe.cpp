#include "cede/net/pipe.hpp"

#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/system.hpp"

namespace cede {
namespace {

// A second opening of a device or pipe, or -1.
int opened_again(int fd) noexcept {
    struct stat status;
    const int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fstat(fd, &status) != 0 || !(S_ISCHR(status.st_mode) || S_ISFIFO(status.st_mode))) return -1;
    char path[32];
    std::snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return open(path, (flags & O_ACCMODE) | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

}  // namespace

Pipe::Pipe(int fd) {
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) detail::throw_errno("fd " + std::to_string(fd) + " for a pipe");
    fd_ = fd;
}

Pipe Pipe::duplicate(int fd) {
    Pipe copy;
    copy.fd_ = opened_again(fd);
    if (copy.fd_ < 0) copy.fd_ = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (copy.fd_ < 0) detail::throw_errno("duplicate fd " + std::to_string(fd));
    return copy;
}

std::pair<Pipe, Pipe> Pipe::pair() {
    int ends[2];
    if (detail::open_pipe(ends) != 0) detail::throw_errno("pipe");
    std::pair<Pipe, Pipe> both;
    both.first.fd_ = ends[0];
    both.second.fd_ = ends[1];
    return both;
}

Pipe& Pipe::operator=(Pipe&& other) noexcept {
    if (this != &other) {
        close();
        fd_ = other.release();
    }
    return *this;
}

void Pipe::close() noexcept {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));  // not again on EINTR: Linux has closed it by then
}

}  // namespace cede
