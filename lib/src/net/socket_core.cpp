#include "net/socket_core.hpp"

#include <unistd.h>

#include "net/system.hpp"

namespace cede {
namespace detail {

void ref_acquire(SocketCore* core) noexcept { core->references_.acquire(); }

void ref_release(SocketCore* core) noexcept {
    if (core->references_.release()) delete core;
}

SocketCore::~SocketCore() { close(); }

void SocketCore::throw_closed() { throw os_error(EBADF, "the socket is closed"); }

int SocketCore::release() noexcept {
    if (fd_ < 0) return -1;
    if (const Ref<SocketWatch> watch = std::move(watch_)) watch->end();
    return std::exchange(fd_, -1);
}

void SocketCore::close() noexcept {
    const int fd = release();
    // Not again on EINTR: Linux has closed it by then, and another thread may own the number already.
    if (fd >= 0) ::close(fd);
}

void SocketCore::change_watch(EventLoop& loop) {
    Ref<SocketWatch> watch(new SocketWatch(loop, fd_));
    if (const Ref<SocketWatch> before = std::exchange(watch_, std::move(watch))) before->end();
}

Socket adopt_socket(int fd) {
    try {
        Ref<SocketCore> core(new SocketCore());
        core->adopt(fd);
        return Socket(std::move(core));
    } catch (...) {
        ::close(fd);
        throw;
    }
}

}  // namespace detail
}  // namespace cede
