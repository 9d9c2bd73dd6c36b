// From the application to the peer. What the transport below takes is encrypted at once, into a buffer of the loop's; what it
// does not waits as it is, so that nothing is held twice.
#include <algorithm>

#include "cede/base/reports.hpp"
#include "net/network_state.hpp"
#include "net/ssl_protocol.hpp"

namespace cede {
namespace detail {
namespace {

// Asyncio's numbers; bytes, and how often data is dropped before that is said.
constexpr std::size_t default_high = 512 * 1024;
constexpr std::size_t default_high_below = 64 * 1024;
constexpr int silent_drops = 4;
// Encrypted at once, in bytes: what the loop's buffer for ciphertext takes.
constexpr std::size_t most_at_once = 64 * 1024;

}  // namespace

void SSLProtocol::write_all(absl::Span<const absl::string_view> data) {
    if (!lost_) loop_.check_thread();
    if (std::all_of(data.begin(), data.end(), [](absl::string_view piece) { return piece.empty(); })) return;
    if (closing_) {
        if (++dropped_writes_ > silent_drops) warn("data written to a closed TLS connection is dropped");
        return;
    }
    guarded([&] {
        if (data.size() == 1 && state_ == State::wrapped && backlog_.empty()) {
            backlog_.append(data.front().substr(encrypt(data.front())));
        } else {
            // Joined there, for a record costs some thirty bytes and a microsecond.
            for (absl::string_view piece : data) backlog_.append(piece);
            if (state_ == State::wrapped) write_backlog();
        }
        control_app_writing();
    });
}

// How much of it was taken: all, unless the transport below has enough or TLS wants to hear from the peer first.
std::size_t SSLProtocol::encrypt(absl::string_view data) {
    std::size_t taken = 0;
    while (taken < data.size() && !writing_paused_ && !below_->is_closing()) {
        const std::size_t count = object_->write(data.substr(taken, most_at_once));
        send_outgoing();
        if (count == 0) break;
        taken += count;
    }
    return taken;
}

void SSLProtocol::send_outgoing() {
    const NetworkState::CipherBuffer buffer(loop_.network());
    while (const std::size_t count = object_->take(absl::Span<char>(buffer.data(), cipher_buffer_size))) {
        below_->write(absl::string_view(buffer.data(), count));
    }
}

void SSLProtocol::write_backlog() {
    iovec front;
    while (!writing_paused_ && backlog_.fill(absl::MakeSpan(&front, 1)) > 0) {
        const std::size_t taken = encrypt(absl::string_view(static_cast<const char*>(front.iov_base), front.iov_len));
        backlog_.consume(taken);
        if (taken < front.iov_len) break;
    }
    send_outgoing();  // reading may have made an answer
}

void SSLProtocol::resume_writing() {
    const bool before_us = !std::exchange(writing_paused_, false);
    if (state_ == State::unwrapped) return;
    guarded([&] {
        // It was paused when TLS was started, so it was the application that was told.
        if (before_us && told_ == Told::made) {
            const std::shared_ptr<BaseProtocol> app = app_;
            if (std::exception_ptr error = failure_of([&] { app->resume_writing(); })) {
                report(loop_, "protocol.resume_writing() failed", std::move(error), below_);
            }
        }
        advance();
    });
}

void SSLProtocol::flush() {
    if (!lost_ && below_ != nullptr) below_->flush();
}

// What counts for the application's flow control: nothing, while the transport below is ready for more.
std::size_t SSLProtocol::pending() const {
    return backlog_.size() + (writing_paused_ ? below_->get_write_buffer_size() : 0);
}

std::size_t SSLProtocol::write_buffer_size() const {
    return backlog_.size() + (lost_ || below_ == nullptr ? 0 : below_->get_write_buffer_size());
}

void SSLProtocol::control_app_writing() {
    if (lost_ || told_ == Told::nothing || state_ == State::unwrapped) return;
    const std::shared_ptr<BaseProtocol> app = app_;
    if (flow_.pauses(pending())) {
        if (std::exception_ptr error = failure_of([&] { app->pause_writing(); })) {
            report(loop_, "protocol.pause_writing() failed", std::move(error), below_);
        }
    } else if (flow_.resumes(pending())) {
        if (std::exception_ptr error = failure_of([&] { app->resume_writing(); })) {
            report(loop_, "protocol.resume_writing() failed", std::move(error), below_);
        }
    }
}

void SSLProtocol::set_write_buffer_limits(absl::optional<std::size_t> high, absl::optional<std::size_t> low) {
    if (!high && !low) high = default_high;
    flow_.set_limits(high, low);
    if (lost_ || below_ == nullptr) return;
    // Whoever wants little to be buffered wants that for both of us.
    below_->set_write_buffer_limits(std::min(flow_.limits().high, default_high_below),
                                    std::min(flow_.limits().low, default_high_below / 4));
    guarded([&] { control_app_writing(); });
}

}  // namespace detail
}  // namespace cede
