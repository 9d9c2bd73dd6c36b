#include "net/socket_operation.hpp"

#include <stdexcept>

#include <fcntl.h>
#include <sys/socket.h>

#include "loop/loop_impl.hpp"

namespace cede {
namespace detail {

bool SocketOperation::is_stream() const {
    int type = 0;
    socklen_t size = sizeof type;
    return ::getsockopt(fd(), SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

void SocketOperation::begin() const {
    const int number = fd();
    if (const FdSlot* const slot = loop_->impl().find_slot(number)) LoopImpl::check_not_owned(number, *slot);
    if (loop_->get_debug() && (fcntl(number, F_GETFL) & O_NONBLOCK) == 0) {
        throw std::invalid_argument("the socket must be non-blocking: call set_blocking(false)");
    }
}

}  // namespace detail
}  // namespace cede
