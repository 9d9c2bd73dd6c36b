// The beginning and the end of a stream transport.
#include "net/stream_transport.hpp"

#include <stdexcept>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include "cede/base/reports.hpp"
#include "net/network_state.hpp"
#include "net/system.hpp"

namespace cede {
namespace detail {
namespace {

SocketAddress local_address_of(const Socket& socket) noexcept {
    try {
        return socket.local_address();
    } catch (const std::system_error&) {
        return SocketAddress();
    }
}

}  // namespace

StreamTransport::StreamTransport(EventLoop& loop, Socket socket, std::shared_ptr<BaseProtocol> protocol,
                                 std::shared_ptr<ServerCore> server, const SocketAddress& peer)
    : loop_(&loop), socket_(std::move(socket)), fd_(socket_.fd()), watch_(loop, fd_, *this), server_(std::move(server)),
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
    loop.call_soon([self, made] { self->begin(made); });
    self->self_ = self;
    loop.network().open.add(*self);
    if (self->server_ != nullptr) self->server_->attach(*self);
    return self;
}

void StreamTransport::begin(const Future<void>& made) {
    if (self_ != nullptr) connection_made();
    if (made && !made.done()) made.set_result();
}

void StreamTransport::connection_made() {
    if (std::exchange(made_, true)) return;
    const std::shared_ptr<StreamTransport> alive = self_;
    const std::shared_ptr<BaseProtocol> protocol = protocol_;
    if (std::exception_ptr error = failure_of([&] { protocol->connection_made(alive); })) {
        fatal_error(std::move(error), "Fatal error: protocol.connection_made() call failed.");
    }
    // Only now: a protocol that pauses in connection_made is not read for even once.
    if (is_reading()) watch_reads(true);
}

absl::any StreamTransport::get_extra_info(absl::string_view name) const {
    if (name == "socket") return socket_.view();
    if (name == "sockname" && local_.size() > 0) return local_;
    if (name == "peername" && peer_.size() > 0) return peer_;
    return absl::any();
}

void StreamTransport::set_protocol(std::shared_ptr<BaseProtocol> protocol) {
    Protocol* const plain = dynamic_cast<Protocol*>(protocol.get());
    BufferedProtocol* const buffered = dynamic_cast<BufferedProtocol*>(protocol.get());
    if (plain == nullptr && buffered == nullptr) {
        throw std::invalid_argument("a stream transport needs a Protocol or a BufferedProtocol");
    }
    if (losing_ && loop_ == nullptr) return;
    protocol_.swap(protocol);
    plain_ = plain;
    buffered_ = buffered;
}

void StreamTransport::close() {
    if (closing_) return;
    closing_ = true;
    if (buffer_.empty()) return lose(nullptr);
    watch_reads(false);
}

void StreamTransport::abort() { force_close(nullptr); }

void StreamTransport::fail(int error, const char* call) {
    fatal_error(std::make_exception_ptr(os_error(error, call)), call);
}

void StreamTransport::fatal_error(std::exception_ptr error, const char* message) {
    if (loop_ != nullptr && !is_os_error(error)) report(*loop_, message, error, self_);
    force_close(std::move(error));
}

void StreamTransport::force_close(std::exception_ptr error) {
    if (losing_) return;
    closing_ = true;
    buffer_.clear();
    lose(std::move(error));
}

void StreamTransport::lose(std::exception_ptr error) {
    losing_ = true;
    watch_.stop();
    const std::shared_ptr<StreamTransport> self = self_;
    loop_->call_soon([self, error] { self->connection_lost(error); });
}

void StreamTransport::connection_lost(std::exception_ptr error) {
    if (loop_ == nullptr) return;
    const std::shared_ptr<StreamTransport> alive = self_;
    EventLoop& loop = *loop_;
    connection_made();  // it was scheduled before, but a test's loop may shuffle what is ready
    const std::shared_ptr<BaseProtocol> protocol = protocol_;
    struct Releases {
        StreamTransport& transport;
        ~Releases() { transport.release(); }
    };
    std::exception_ptr failure;
    {
        const Releases releases{*this};
        failure = failure_of([&] { protocol->connection_lost(error); });
    }
    if (failure) report(loop, "protocol.connection_lost() failed", std::move(failure), alive);
}

// What connection_lost and the end of the loop have in common. The protocol goes last: its destructor may ask the transport.
void StreamTransport::release() noexcept {
    if (loop_ == nullptr) return;
    const std::shared_ptr<StreamTransport> alive = std::move(self_);
    const std::shared_ptr<BaseProtocol> protocol = std::move(protocol_);
    protocol_ = nullptr;
    plain_ = nullptr;
    buffered_ = nullptr;
    closing_ = losing_ = true;
    buffer_.clear();
    watch_.close();
    socket_.close();
    loop_->network().open.remove(*this);
    loop_ = nullptr;
    if (const std::shared_ptr<ServerCore> server = std::move(server_)) server->detach(*this);
    server_ = nullptr;
}

void StreamTransport::loop_closes() noexcept {
    if (loop_->get_debug() && !closing_) warn("unclosed transport: " + local_.str() + " to " + peer_.str());
    release();
}

}  // namespace detail
}  // namespace cede
