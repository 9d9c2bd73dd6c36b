// The reading half of a transport: one recv or read for each event.
#include <stdexcept>

#include "net/descriptor_transport.hpp"
#include "net/network_state.hpp"
#include "net/system.hpp"

namespace cede {
namespace detail {

void ReadingTransport::adopt_protocol(BaseProtocol* protocol) {
    Protocol* const plain = dynamic_cast<Protocol*>(protocol);
    BufferedProtocol* const buffered = dynamic_cast<BufferedProtocol*>(protocol);
    if (plain == nullptr && buffered == nullptr) {
        throw std::invalid_argument("a transport that reads a stream needs a Protocol or a BufferedProtocol");
    }
    plain_ = plain;
    buffered_ = buffered;
}

// Only after connection_made(): a protocol that pauses there is not read for even once.
void ReadingTransport::start() {
    if (is_reading()) watch_reads(true);
}

void ReadingTransport::watch_reads(bool on) {
    try {
        watch_.read(on && !read_ended_);
    } catch (const std::exception&) {  // of the system, or for want of memory
        force_close(std::current_exception());
    }
}

void ReadingTransport::pause_reading() {
    // The registration stays until an event proves it unwanted: a protocol that pauses and resumes for each message would
    // pay two system calls for each.
    if (is_reading()) paused_ = true;
}

void ReadingTransport::resume_reading() {
    if (closing_ || !paused_) return;
    paused_ = false;
    watch_reads(true);
}

void ReadingTransport::on_readable() {
    const std::shared_ptr<DescriptorTransport> alive = self_;
    if (!is_reading() || read_ended_) return watch_reads(false);
    const std::shared_ptr<BaseProtocol> protocol = protocol_;  // may be switched by the call
    if (buffered_ != nullptr) {
        read_into_protocol();
    } else {
        read_into_loop_buffer();
    }
}

void ReadingTransport::read_into_loop_buffer() {
    char* const buffer = loop_->network().read_buffer();
    const ssize_t count = receive(buffer, read_buffer_size);
    if (count > 0) {
        const absl::string_view data(buffer, static_cast<std::size_t>(count));
        if (std::exception_ptr error = failure_of([&] { plain_->data_received(data); })) {
            fatal_error(std::move(error), "Fatal error: protocol.data_received() call failed.");
        }
    } else {
        nothing_received(count);
    }
}

void ReadingTransport::read_into_protocol() {
    BufferedProtocol* const protocol = buffered_;
    absl::Span<char> buffer;
    if (std::exception_ptr error = failure_of([&] { buffer = buffer_of(*protocol); })) {
        return fatal_error(std::move(error), "Fatal error: protocol.get_buffer() call failed.");
    }
    if (losing_) return;
    const ssize_t count = receive(buffer.data(), buffer.size());
    if (count > 0) {
        if (std::exception_ptr error =
                failure_of([&] { protocol->buffer_updated(static_cast<std::size_t>(count)); })) {
            fatal_error(std::move(error), "Fatal error: protocol.buffer_updated() call failed.");
        }
    } else {
        nothing_received(count);
    }
}

void ReadingTransport::nothing_received(ssize_t count) {
    if (count == 0) return end_of_stream();
    if (!would_block(errno) && errno != EINTR) fail(errno, "read");
}

}  // namespace detail
}  // namespace cede
