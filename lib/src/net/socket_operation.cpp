#include "net/socket_operation.hpp"

#include <stdexcept>

#include <fcntl.h>

#include "loop/loop_impl.hpp"

namespace cede {
namespace detail {

void SocketOperation::begin() const {
    const int number = fd();
    if (const FdSlot* const slot = loop_->impl().find_slot(number)) LoopImpl::check_not_owned(number, *slot);
    if (loop_->get_debug() && (fcntl(number, F_GETFL) & O_NONBLOCK) == 0) {
        throw std::invalid_argument("the socket must be non-blocking: call set_blocking(false)");
    }
}

}  // namespace detail
}  // namespace cede
