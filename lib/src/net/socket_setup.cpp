#include "net/socket_setup.hpp"

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>

#include <sys/stat.h>
#include <unistd.h>

#include "cede/base/reports.hpp"

namespace cede {
namespace detail {

SocketAddress local_address_of(const Socket& socket) noexcept {
    try {
        return socket.local_address();
    } catch (const std::system_error&) {
        return SocketAddress();
    }
}

SocketAddress peer_address_of(const Socket& socket) noexcept {
    try {
        return socket.remote_address();
    } catch (const std::system_error&) {
        return SocketAddress();
    }
}

void share_port(const Socket& socket) {
#ifdef SO_REUSEPORT
    try {
        return socket.setsockopt(SOL_SOCKET, SO_REUSEPORT, 1);
    } catch (const std::system_error&) {
    }
#endif
    throw std::invalid_argument("reuse_port: this system has no SO_REUSEPORT");
}

void remove_stale_socket(const std::string& path) {
    struct stat status;
    if (path.empty() || path.front() == '\0' || ::stat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return;
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
        warn("cannot remove the stale Unix socket " + path + ": " + std::strerror(errno));
    }
}

}  // namespace detail
}  // namespace cede
