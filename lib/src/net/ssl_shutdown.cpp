// The end of a TLS connection, in order or not.
#include "net/ssl_protocol.hpp"
#include "net/ssl_transport.hpp"

namespace cede {
namespace detail {

void SSLProtocol::close() {
    if (std::exchange(closed_by_app_, true) || lost_) return;
    closing_ = true;
    guarded([&] {
        if (state_ == State::handshake) return force_close(nullptr);
        if (state_ == State::wrapped) begin_flushing();
        if (state_ != State::unwrapped) advance();
    });
}

void SSLProtocol::abort() {
    guarded([&] { force_close(nullptr); });
}

void SSLProtocol::close_innermost() {
    const std::shared_ptr<SSLProtocol> alive = shared_from_this();
    const auto inner = std::dynamic_pointer_cast<SSLProtocol>(app_);
    if (inner != nullptr) {
        inner->close_innermost();
    } else {
        close();
    }
}

void SSLProtocol::begin_flushing() {
    state_ = State::flushing;
    closing_ = true;
}

void SSLProtocol::start_shutdown_timer() {
    if (shutdown_timer_) return;
    shutdown_timer_ = loop_.call_later(settings_.shutdown_timeout.value_or(std::chrono::seconds(30)), [this] {
        guarded([&] { force_close(std::make_exception_ptr(TimeoutError("SSL shutdown timed out"))); });
    });
}

void SSLProtocol::do_shutdown() {
    if (below_->is_closing()) {
        if (end_below_) tell_end_of_stream();  // TLS below has ended, and closes already
        return;
    }
    if (closes_below_) return;
    bool done = end_below_;
    // The peer has ended the conversation, and may be gone altogether: that our close_notify does not reach it is no error.
    if ((peer_closed_ || end_below_) && below_->get_write_buffer_size() == 0) nothing_to_lose_ = true;
    if (end_below_) {
        failure_of([&] { object_->unwrap(); });
    } else {
        discard_incoming();
        done = object_->unwrap();
    }
    send_outgoing();
    if (!done) return;
    tell_end_of_stream();
    if (state_ != State::shutdown) return;
    // In the loop's next iteration, as in asyncio: who was told of the end may answer, and that the answer is dropped is not an
    // error yet. What is still to be sent below is, under our timer; without any the time that is left means nothing.
    if (below_->get_write_buffer_size() == 0) shutdown_timer_.cancel();
    closes_below_ = true;
    if (failure_of([&] {
            loop_.call_soon([self = shared_from_this()] {
                if (!self->lost_) self->guarded([&] { self->below_->close(); });
            });
        })) {
        below_->close();  // no memory for waiting
    }
}

void SSLProtocol::fatal_error(std::exception_ptr error, const char* message) {
    if (lost_) return;
    // A connection that ends by an error of its own is nothing special, unless nobody hears of it. To close matters more than to
    // report, for which memory may be too short.
    const bool silent = state_ == State::handshake && !waiter_;
    failure_of([&] {
        if (!is_os_error(error) || (silent && loop_.get_debug())) report(loop_, message, error, transport_);
    });
    if (state_ != State::unwrapped && !below_->is_closing()) {
        failure_of([&] { send_outgoing(); });  // the alert that tells the peer why
    }
    force_close(std::move(error));
}

void SSLProtocol::force_close(std::exception_ptr error) {
    if (lost_) return;
    const bool first = !(closing_ && state_ == State::unwrapped);
    closing_ = true;
    state_ = State::unwrapped;
    if (error_ == nullptr && first) error_ = std::move(error);
    backlog_.clear();
    if (below_ != nullptr) below_->abort();
}

}  // namespace detail
}  // namespace cede
