// The reading half of a stream transport: one recv for each event.
#include <sys/socket.h>

#include "net/network_state.hpp"
#include "net/stream_transport.hpp"
#include "net/system.hpp"

namespace cede {
namespace detail {

void StreamTransport::watch_reads(bool on) {
    try {
        watch_.read(on && !read_ended_);
    } catch (const std::system_error&) {
        force_close(std::current_exception());
    }
}

void StreamTransport::pause_reading() {
    // The registration stays until an event proves it unwanted: a protocol that pauses and resumes for each message would
    // pay two system calls for each.
    if (is_reading()) paused_ = true;
}

void StreamTransport::resume_reading() {
    if (closing_ || !paused_) return;
    paused_ = false;
    watch_reads(true);
}

void StreamTransport::on_readable() {
    const std::shared_ptr<StreamTransport> alive = self_;
    if (!is_reading() || read_ended_) return watch_reads(false);
    const std::shared_ptr<BaseProtocol> protocol = protocol_;  // may be switched by the call
    if (buffered_ != nullptr) {
        read_into_protocol();
    } else {
        read_into_loop_buffer();
    }
}

void StreamTransport::read_into_loop_buffer() {
    char* const buffer = loop_->network().read_buffer();
    const ssize_t count = ::recv(fd_, buffer, read_buffer_size, 0);
    if (count > 0) {
        const absl::string_view data(buffer, static_cast<std::size_t>(count));
        if (std::exception_ptr error = failure_of([&] { plain_->data_received(data); })) {
            fatal_error(std::move(error), "Fatal error: protocol.data_received() call failed.");
        }
    } else if (count == 0) {
        end_of_stream();
    } else if (!would_block(errno) && errno != EINTR) {
        fail(errno, "Fatal read error on socket transport");
    }
}

void StreamTransport::read_into_protocol() {
    BufferedProtocol* const protocol = buffered_;
    absl::Span<char> buffer;
    const char* const failed = "Fatal error: protocol.get_buffer() call failed.";
    if (std::exception_ptr error = failure_of([&] { buffer = protocol->get_buffer(-1); })) {
        return fatal_error(std::move(error), failed);
    }
    if (buffer.empty()) {
        return fatal_error(std::make_exception_ptr(RuntimeError("get_buffer() returned an empty buffer")), failed);
    }
    if (losing_) return;
    const ssize_t count = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (count > 0) {
        if (std::exception_ptr error =
                failure_of([&] { protocol->buffer_updated(static_cast<std::size_t>(count)); })) {
            fatal_error(std::move(error), "Fatal error: protocol.buffer_updated() call failed.");
        }
    } else if (count == 0) {
        end_of_stream();
    } else if (!would_block(errno) && errno != EINTR) {
        fail(errno, "Fatal read error on socket transport");
    }
}

void StreamTransport::end_of_stream() {
    bool keep_open = false;
    const auto ask = [&] { keep_open = plain_ != nullptr ? plain_->eof_received() : buffered_->eof_received(); };
    if (std::exception_ptr error = failure_of(ask)) {
        return fatal_error(std::move(error), "Fatal error: protocol.eof_received() call failed.");
    }
    if (!keep_open) return close();
    read_ended_ = true;  // the protocol may write on; there is nothing to read any more
    watch_reads(false);
}

}  // namespace detail
}  // namespace cede
