#include "net/file_source.hpp"

#include <algorithm>
#include <cerrno>
#include <stdexcept>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/sendfile.h>
#elif defined(__APPLE__) || defined(__FreeBSD__)
#include <sys/socket.h>
#include <sys/uio.h>
#endif

#include "net/sigpipe.hpp"
#include "net/system.hpp"

namespace cede {
namespace detail {
namespace {

#if defined(__linux__)

ssize_t system_sendfile(int socket, int file, off_t offset, std::size_t size) noexcept {
    WithoutSigpipe guard;  // sendfile has no MSG_NOSIGNAL
    const ssize_t sent = ::sendfile(socket, file, &offset, size);
    if (sent >= 0 && static_cast<std::size_t>(sent) < size) guard.may_have_come();
    return sent;
}

#elif defined(__APPLE__) || defined(__FreeBSD__)

// These say EAGAIN or EINTR after a part was sent, too.
ssize_t system_sendfile(int socket, int file, off_t offset, std::size_t size) noexcept {
#if defined(__APPLE__)
    off_t sent = static_cast<off_t>(size);
    const int result = ::sendfile(file, socket, offset, &sent, nullptr, 0);
#else
    off_t sent = 0;
    const int result = ::sendfile(file, socket, offset, size, nullptr, &sent, 0);
#endif
    if (result == 0) return sent;
    return (errno == EAGAIN || errno == EINTR) && sent > 0 ? sent : -1;
}

#else

ssize_t system_sendfile(int, int, off_t, std::size_t) noexcept {
    errno = ENOSYS;
    return -1;
}

#endif

}  // namespace

FileSource::FileSource(int file, const SendfileOptions& options) noexcept
    : fd_(::fcntl(file, F_DUPFD_CLOEXEC, 0)), error_(fd_ < 0 ? errno : 0), seekable_(::lseek(fd_, 0, SEEK_CUR) >= 0),
      offset_(options.offset()), count_(options.count()) {}

FileSource::~FileSource() {
    if (fd_ >= 0) ::close(fd_);
}

void FileSource::check() const {
    // No descriptor at all is, as in asyncio, no file that can be sent.
    if (fd_ < 0 && error_ != EBADF) throw os_error(error_, "the file of a sendfile");
    if (offset_ < 0) {
        throw std::invalid_argument("sendfile: the offset must not be negative, but is " + std::to_string(offset_));
    }
    if (count_ && *count_ <= 0) {
        throw std::invalid_argument("sendfile: the count must be positive, but is " + std::to_string(*count_));
    }
}

bool FileSource::is_regular() const noexcept {
    struct stat status;
    return ::fstat(fd_, &status) == 0 && S_ISREG(status.st_mode);
}

std::size_t FileSource::next(std::size_t most) const noexcept {
    if (!count_) return most;
    return static_cast<std::size_t>(std::min(static_cast<std::int64_t>(most), *count_ - sent_));
}

ssize_t FileSource::send_to(int socket, std::size_t size) noexcept {
    return system_sendfile(socket, fd_, static_cast<off_t>(offset_ + sent_), size);
}

ssize_t FileSource::read(char* buffer, std::size_t size, std::int64_t ahead) noexcept {
    if (seekable_) return ::pread(fd_, buffer, size, static_cast<off_t>(offset_ + ahead));
    if (offset_ > 0 && fd_ >= 0) {
        errno = ESPIPE;
        return -1;
    }
    return ::read(fd_, buffer, size);
}

void FileSource::set_position() noexcept {
    // The duplicate shares its position with the user's descriptor.
    if (sent_ > 0 && seekable_) ::lseek(fd_, static_cast<off_t>(offset_ + sent_), SEEK_SET);
}

}  // namespace detail
}  // namespace cede
