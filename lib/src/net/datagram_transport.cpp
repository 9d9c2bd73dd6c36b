#include "net/datagram_transport.hpp"

#include <algorithm>
#include <stdexcept>

#include <sys/socket.h>

#include "net/network_state.hpp"
#include "net/socket_setup.hpp"
#include "net/system.hpp"

namespace cede {
namespace detail {
namespace {

// Handed to the system in one call.
constexpr std::size_t most_sent = 32;
constexpr std::chrono::milliseconds shortest_pause(1), longest_pause(50);

}  // namespace

SelectorDatagramTransport::SelectorDatagramTransport(EventLoop& loop, Socket socket,
                                                     std::shared_ptr<BaseProtocol> protocol, const SocketAddress& peer,
                                                     const SocketAddress& remote)
    : DescriptorTransport(loop, socket.fd(), "datagram"), socket_(std::move(socket)), family_(socket_.family()),
      local_(local_address_of(socket_)), peer_(peer), remote_(remote.size() > 0 ? remote : peer) {
    set_protocol(std::move(protocol));
}

SelectorDatagramTransport::~SelectorDatagramTransport() = default;

std::shared_ptr<SelectorDatagramTransport> SelectorDatagramTransport::open(EventLoop& loop, Socket socket,
                                                                           std::shared_ptr<BaseProtocol> protocol,
                                                                           Future<void> made,
                                                                           const SocketAddress& remote) {
    const SocketAddress peer = peer_address_of(socket);
    std::shared_ptr<SelectorDatagramTransport> self(
        new SelectorDatagramTransport(loop, std::move(socket), std::move(protocol), peer, remote));
    self->DescriptorTransport::open(self, std::move(made));
    return self;
}

absl::any SelectorDatagramTransport::get_extra_info(absl::string_view name) const {
    if (name == "socket") return socket_.view();
    if (name == "sockname" && local_.size() > 0) return local_;
    if (name == "peername" && peer_.size() > 0) return peer_;
    return absl::any();
}

void SelectorDatagramTransport::adopt_protocol(BaseProtocol* protocol) {
    DatagramProtocol* const datagrams = dynamic_cast<DatagramProtocol*>(protocol);
    if (datagrams == nullptr) throw std::invalid_argument("a datagram transport needs a DatagramProtocol");
    datagrams_ = datagrams;
}

void SelectorDatagramTransport::start() {
    if (!closing_) watch_reads(true);
}

void SelectorDatagramTransport::watch_reads(bool on) {
    try {
        watch_.read(on);
    } catch (const std::system_error&) {
        force_close(std::current_exception());
    }
}

void SelectorDatagramTransport::drop_buffer() noexcept {
    buffer_.clear();
    retry_.cancel();
}

// Receiving

void SelectorDatagramTransport::on_readable() {
    const std::shared_ptr<DescriptorTransport> alive = self_;
    if (closing_) return watch_reads(false);
    DatagramInbox* inbox = nullptr;
    if (std::exception_ptr error = failure_of([&] { inbox = &loop_->network().inbox(); })) {
        return fatal_error(std::move(error), "Fatal read error on datagram transport");
    }
    const int count = inbox->receive(fd_, family_);
    if (count < 0) {
        if (!would_block(errno) && errno != EINTR) tell_error(errno, "receive of a datagram");
        return;
    }
    // Those behind an interrupt are handed over before it leaves: nobody would receive them again.
    std::exception_ptr interrupt;
    for (int i = 0; i < count && !closing_; ++i) {
        try {
            if (inbox->cut(i)) {
                tell_error(EMSGSIZE, "receive of a datagram, which was too long and is dropped");
            } else {
                deliver(inbox->data(i), inbox->from(i));
            }
        } catch (...) {
            interrupt = std::current_exception();
        }
    }
    if (interrupt) std::rethrow_exception(interrupt);
}

void SelectorDatagramTransport::deliver(absl::string_view data, const SocketAddress& from) {
    const std::shared_ptr<BaseProtocol> protocol = protocol_;  // may be switched by the call
    DatagramProtocol* const datagrams = datagrams_;
    if (std::exception_ptr error = failure_of([&] { datagrams->datagram_received(data, from); })) {
        report(*loop_, "protocol.datagram_received() failed", std::move(error), self_);
    }
}

void SelectorDatagramTransport::tell_error(int error, const char* call) {
    const std::shared_ptr<DescriptorTransport> alive = self_;
    const std::shared_ptr<BaseProtocol> protocol = protocol_;
    DatagramProtocol* const datagrams = datagrams_;
    const std::exception_ptr what = std::make_exception_ptr(os_error(error, call));
    if (std::exception_ptr failure = failure_of([&] { datagrams->error_received(what); })) {
        report(*loop_, "protocol.error_received() failed", std::move(failure), alive);
    }
}

// Sending

// Where a datagram goes; of no family for the peer that the socket is connected to.
const SocketAddress& SelectorDatagramTransport::destination(const SocketAddress* to) const {
    static const SocketAddress nowhere;
    if (remote_.size() == 0) {
        if (to != nullptr && to->size() > 0) return *to;
        throw std::invalid_argument("sendto() needs an address: the endpoint has no remote_addr");
    }
    if (to != nullptr && *to != remote_ && *to != peer_) {
        throw std::invalid_argument("sendto(): the endpoint sends to its remote_addr " + remote_.str() + " only, not to " +
                                    to->str());
    }
    return peer_.size() > 0 ? nowhere : remote_;
}

void SelectorDatagramTransport::sendto(absl::string_view data, const SocketAddress* to) {
    if (loop_ != nullptr) loop_->check_thread();
    const SocketAddress& where = destination(to);
    if (drops_data()) return;
    if (buffer_.empty()) {
        const ssize_t sent = ::sendto(fd_, data.data(), data.size(), send_flags,
                                      where.size() > 0 ? where.data() : nullptr, where.size());
        if (sent >= 0) return;
        if (!would_block(errno) && errno != EINTR) return tell_error(errno, "send of a datagram");
    }
    if (std::exception_ptr error = failure_of([&] { buffer_.append(data, where); })) {
        return fatal_error(std::move(error), "Fatal write error on datagram transport");
    }
    if (!retry_) watch_writes(true);
    pause_protocol(buffer_.size());
}

void SelectorDatagramTransport::on_writable() {
    const std::shared_ptr<DescriptorTransport> alive = self_;
    if (losing_) return;
    if (!buffer_.empty() && !send_buffer()) wait_to_write();
    if (losing_) return;
    resume_protocol(buffer_.size());
    // The protocol may have sent more, or closed: look again.
    if (losing_) return;
    if (!buffer_.empty()) {
        if (!retry_) watch_writes(true);
        return;
    }
    if (closing_) return finish_close();
    watch_writes(false);
}

// False when the socket said that it is writable, and then would block.
bool SelectorDatagramTransport::send_buffer() {
    DatagramHeader headers[most_sent];
    iovec pieces[most_sent];
    bool progress = false;
    while (!buffer_.empty()) {
        const int sent = send_datagrams(fd_, headers, buffer_.fill(absl::MakeSpan(headers), absl::MakeSpan(pieces)));
        if (sent > 0) {
            buffer_.consume(static_cast<std::size_t>(sent));
        } else if (would_block(errno)) {
            return progress;
        } else if (errno != EINTR) {
            const int error = errno;
            buffer_.consume(1);
            tell_error(error, "send of a datagram");
            return true;  // the protocol may have sent more, and so without end: the rest in the next iteration
        }
        progress = true;
        pause_ = shortest_pause;
    }
    return true;
}

// A Unix socket that is not connected counts as writable while the queue of the one it sends to is full, and no event tells
// when that has room again. To wait for the event would be to spin.
void SelectorDatagramTransport::wait_to_write() {
    if (family_ != AF_UNIX) return;
    watch_writes(false);
    if (losing_) return;
    const std::shared_ptr<DescriptorTransport> self = self_;
    retry_ = loop_->call_later(pause_, [this, self] {
        retry_ = TimerHandle();
        on_writable();
    });
    pause_ = std::min(pause_ * 2, longest_pause);
}

void SelectorDatagramTransport::set_write_buffer_limits(absl::optional<std::size_t> high,
                                                        absl::optional<std::size_t> low) {
    flow_.set_limits(high, low);
    pause_protocol(buffer_.size());
}

}  // namespace detail
}  // namespace cede
