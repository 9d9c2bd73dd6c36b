// From the peer to the application. Ciphertext is read into the loop's one buffer and copied into the SSLObject; the buffer then
// takes the plaintext, unless the application brings its own. Nothing of it is held here.
#include "cede/base/exceptions.hpp"
#include "cede/base/reports.hpp"
#include "net/network_state.hpp"
#include "net/ssl_protocol.hpp"
#include "net/ssl_transport.hpp"

namespace cede {
namespace detail {
namespace {

// Of ciphertext that an application which has paused does not read, before the transport below is paused as well; bytes, and
// asyncio's number. Less would do for the application, but TLS has affairs of its own.
constexpr std::size_t most_unread = 256 * 1024;

}  // namespace

// The transports that TLS runs on read at once into what this gives, so no two of them have it at the same time.
absl::Span<char> SSLProtocol::get_buffer(std::ptrdiff_t) {
    return absl::Span<char>(loop_.network().read_buffer(), read_buffer_size);
}

void SSLProtocol::buffer_updated(std::size_t count) {
    if (state_ == State::unwrapped) return;
    guarded([&] {
        if (!peer_closed_) {  // nothing that could follow a close_notify is of use
            object_->feed(absl::string_view(loop_.network().read_buffer(), count));
            unread_ += count;
        }
        advance();
    });
}

bool SSLProtocol::eof_received() {
    end_below_ = true;
    if (state_ == State::unwrapped) return false;
    guarded([&] { advance(); });
    // When all is sent the transport below is closed; one that is TLS itself cannot stay open longer than that.
    return state_ != State::unwrapped && !below_->get_extra_info("sslcontext").has_value();
}

void SSLProtocol::resume_reading() {
    if (!reading_paused_ || lost_) return;
    advance_soon();
    reading_paused_ = false;
}

void SSLProtocol::read_incoming() {
    if (closed_by_app_) return discard_incoming();
    while (may_read() && !closed_by_app_ && !peer_closed_ && unread_ > 0 &&
           (state_ == State::wrapped || state_ == State::flushing)) {
        const std::shared_ptr<BaseProtocol> app = app_;  // may be switched by the call
        if (plain_ != nullptr) {
            read_plain();
        } else {
            read_buffered();
        }
    }
}

// Fills `buffer` from its `count`th byte on; false when that was all for now.
bool SSLProtocol::read_some(absl::Span<char> buffer, std::size_t& count) {
    while (count < buffer.size()) {
        const absl::optional<std::size_t> read = object_->read(buffer.subspan(count));
        if (!read || *read == 0) {
            if (read) peer_closed_ = true;
            unread_ = 0;
            return false;
        }
        count += *read;
    }
    return true;
}

void SSLProtocol::read_plain() {
    char* const buffer = loop_.network().read_buffer();
    std::size_t count = 0;
    // What came in order before a corrupted record is still delivered.
    std::exception_ptr failure = failure_of([&] { read_some(absl::Span<char>(buffer, read_buffer_size), count); });
    if (count > 0) {
        if (std::exception_ptr error = failure_of([&] { plain_->data_received(absl::string_view(buffer, count)); })) {
            return fatal_error(std::move(error), "Fatal error: protocol.data_received() call failed.");
        }
    }
    if (failure && state_ != State::unwrapped) std::rethrow_exception(failure);
}

void SSLProtocol::read_buffered() {
    BufferedProtocol* const protocol = buffered_;
    absl::Span<char> buffer;
    if (std::exception_ptr error = failure_of([&] { buffer = buffer_of(*protocol); })) {
        return fatal_error(std::move(error), "Fatal error: protocol.get_buffer() call failed.");
    }
    if (state_ == State::unwrapped) return;
    std::size_t count = 0;
    std::exception_ptr failure = failure_of([&] { read_some(buffer, count); });
    if (count > 0) {
        if (std::exception_ptr error = failure_of([&] { protocol->buffer_updated(count); })) {
            return fatal_error(std::move(error), "Fatal error: protocol.buffer_updated() call failed.");
        }
    }
    if (failure && state_ != State::unwrapped) std::rethrow_exception(failure);
}

// After close() nobody wants it, but the peer's close_notify comes behind it. Not into the buffer for reading: who closes may be
// a protocol of another connection, in the middle of what it was given from there.
void SSLProtocol::discard_incoming() {
    if (peer_closed_ || unread_ == 0) return;
    const NetworkState::CipherBuffer buffer(loop_.network());
    while (!peer_closed_ && unread_ > 0) {
        std::size_t count = 0;
        read_some(absl::Span<char>(buffer.data(), cipher_buffer_size), count);
    }
}

void SSLProtocol::tell_end_of_stream() {
    if (told_ != Told::made || closed_by_app_) return;
    told_ = Told::eof;
    const std::shared_ptr<BaseProtocol> app = app_;
    bool keep_open = false;
    if (std::exception_ptr error = failure_of([&] {
            keep_open = plain_ != nullptr ? plain_->eof_received() : buffered_->eof_received();
        })) {
        return fatal_error(std::move(error), "Fatal error: protocol.eof_received() call failed.");
    }
    if (keep_open) warn("eof_received() returned true: TLS cannot stay open for writing only, and the connection is closed");
}

void SSLProtocol::control_reading_below() {
    const bool pause = reading_paused_ && !closed_by_app_ && unread_ >= most_unread;
    if (pause == reading_paused_below_) return;
    reading_paused_below_ = pause;
    if (pause) {
        below_->pause_reading();
    } else {
        below_->resume_reading();
    }
}

}  // namespace detail
}  // namespace cede
