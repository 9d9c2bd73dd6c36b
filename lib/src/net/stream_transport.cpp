// What is a socket's own in a stream transport.
#include "net/stream_transport.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include "net/socket_setup.hpp"
#include "net/ssl_protocol.hpp"
#include "net/system.hpp"

namespace cede {
namespace detail {

StreamTransport::StreamTransport(EventLoop& loop, Socket socket, std::shared_ptr<BaseProtocol> protocol,
                                 std::shared_ptr<ServerCore> server, const SocketAddress& peer)
    : DescriptorTransport(loop, socket.fd(), "socket"), socket_(std::move(socket)), server_(std::move(server)),
      local_(local_address_of(socket_)), peer_(peer) {
    set_protocol(std::move(protocol));
    if (local_.family() == AF_INET || local_.family() == AF_INET6) {
        // A small write goes out at once instead of waiting for the acknowledgement of the one before. Refused by what is
        // a stream but not TCP, and that is fine.
        const int on = 1;
        ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
}

StreamTransport::~StreamTransport() = default;

std::shared_ptr<StreamTransport> StreamTransport::open(EventLoop& loop, Socket socket,
                                                       std::shared_ptr<BaseProtocol> protocol, Future<void> made,
                                                       std::shared_ptr<ServerCore> server, const SocketAddress& peer) {
    std::shared_ptr<StreamTransport> self(
        new StreamTransport(loop, std::move(socket), std::move(protocol), std::move(server), peer));
    self->DescriptorTransport::open(self, std::move(made));
    if (self->server_ != nullptr) self->server_->attach(*self);
    return self;
}

absl::any StreamTransport::get_extra_info(absl::string_view name) const {
    if (name == "socket") return socket_.view();
    if (name == "sockname" && local_.size() > 0) return local_;
    if (name == "peername" && peer_.size() > 0) return peer_;
    return absl::any();
}

ssize_t StreamTransport::receive(char* buffer, std::size_t size) { return ::recv(fd_, buffer, size, 0); }

void StreamTransport::end_of_stream() {
    bool keep_open = false;
    if (std::exception_ptr error = failure_of([&] { keep_open = eof_received(); })) {
        return fatal_error(std::move(error), "Fatal error: protocol.eof_received() call failed.");
    }
    if (!keep_open) return close();
    read_ended_ = true;  // the protocol may write on; there is nothing to read any more
    watch_reads(false);
}

ssize_t StreamTransport::send_one(absl::string_view data) { return ::send(fd_, data.data(), data.size(), send_flags); }

ssize_t StreamTransport::send_many(const iovec* pieces, std::size_t count) {
    msghdr message = {};
    message.msg_iov = const_cast<iovec*>(pieces);
    message.msg_iovlen = count;
    return ::sendmsg(fd_, &message, send_flags);
}

void StreamTransport::shut_down_sending() {
    // ENOTCONN: the connection is gone already, which the next read tells.
    if (::shutdown(fd_, SHUT_WR) != 0 && errno != ENOTCONN) fail(errno, "shutdown");
}

void StreamTransport::close_client() {
    const auto ssl = std::dynamic_pointer_cast<SSLProtocol>(protocol_);
    if (ssl != nullptr) return ssl->close_innermost();  // or what it has not encrypted yet would be lost
    close();
}

void StreamTransport::released() noexcept {
    wake_sendfile();
    if (const std::shared_ptr<ServerCore> server = std::move(server_)) server->detach(*this);
    server_ = nullptr;
}

}  // namespace detail
}  // namespace cede
