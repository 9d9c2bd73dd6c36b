// The beginning of a TLS connection.
#include <string>

#include "absl/strings/str_cat.h"

#include "net/ssl_protocol.hpp"
#include "net/ssl_transport.hpp"
#include "net/system.hpp"

namespace cede {
namespace detail {

void SSLProtocol::do_handshake() {
    bool done = false;
    std::exception_ptr failure = failure_of([&] { done = object_->do_handshake(); });
    if (failure) return fatal_error(std::move(failure), "SSL handshake failed");
    send_outgoing();
    if (done) return handshake_complete();
    if (!end_below_) return;
    fatal_error(std::make_exception_ptr(os_error(ECONNRESET, "the peer hung up during the TLS handshake")),
                "SSL handshake failed");
}

void SSLProtocol::handshake_complete() {
    handshake_timer_.cancel();
    state_ = State::wrapped;
    handshake_done_ = true;
    if (told_ == Told::nothing) {
        told_ = Told::made;
        const std::shared_ptr<BaseProtocol> app = app_;
        if (std::exception_ptr error = failure_of([&] { app->connection_made(transport_); })) {
            return fatal_error(std::move(error), "Fatal error: protocol.connection_made() call failed.");
        }
    }
    wake_waiter(nullptr);
}

void SSLProtocol::handshake_timed_out() {
    if (state_ != State::handshake) return;
    const double seconds = settings_.handshake_timeout.value_or(std::chrono::seconds(60)).seconds();
    guarded([&] {
        fatal_error(std::make_exception_ptr(os_error(
                        ECONNABORTED, absl::StrCat("SSL handshake is taking longer than ", seconds,
                                                   " seconds: aborting the connection"))),
                    "SSL handshake failed");
    });
}

void SSLProtocol::wake_waiter(std::exception_ptr error) {
    const Future<void> waiter = std::exchange(waiter_, Future<void>(nullptr));
    if (!waiter || waiter.done()) return;
    if (handshake_done_ && error == nullptr) return waiter.set_result();
    if (error == nullptr) {
        // Or that memory is short, even for this: the waiter is told in any case.
        error = failure_of([&] {
            throw os_error(closed_by_app_ ? ECONNABORTED : ECONNRESET, "the connection was closed during the TLS handshake");
        });
    }
    waiter.set_exception(std::move(error));
    waiter.core()->silence();  // who waits may be cancelled before it gets to see it
}

}  // namespace detail
}  // namespace cede
