#include "net/socket_operation.hpp"

#include <stdexcept>

#include <fcntl.h>

#include "cede/base/exceptions.hpp"
#include "loop/loop_impl.hpp"

namespace cede {
namespace detail {

int SocketOperation::fd() const {
    if (!socket_) throw os_error(EBADF, "the socket is closed");
    return socket_->open_fd();
}

void SocketOperation::begin() const {
    const FdSlot* slot = loop_->impl().find_slot(fd());
    if (slot != nullptr && slot->owned_by_transport) {
        throw RuntimeError("fd " + std::to_string(fd()) + " is used by a transport: read and write through that");
    }
    if (loop_->get_debug() && (fcntl(fd(), F_GETFL) & O_NONBLOCK) == 0) {
        throw std::invalid_argument("the socket must be non-blocking: call set_blocking(false)");
    }
}

}  // namespace detail
}  // namespace cede
