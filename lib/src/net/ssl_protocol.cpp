// What the state allows, and the end of it all; each of the states has a file of its own.
#include "net/ssl_protocol.hpp"

#include <stdexcept>

#include "net/network_state.hpp"
#include "net/ssl_transport.hpp"

namespace cede {
namespace detail {

SSLProtocol::SSLProtocol(EventLoop& loop, const SSLSettings& settings, bool server_side, Future<void> waiter, bool knows)
    : loop_(loop), settings_(settings), waiter_(std::move(waiter)),
      object_(settings.context->wrap_bio(
          server_side, server_side ? std::string() : settings.server_hostname.value_or(std::string()))),
      told_(knows ? Told::made : Told::nothing) {
    if (object_ == nullptr) throw std::invalid_argument("this SSLContext has made no SSLObject");
    set_write_buffer_limits(absl::nullopt, absl::nullopt);
}

SSLProtocol::~SSLProtocol() = default;

std::shared_ptr<SSLProtocol> SSLProtocol::make(EventLoop& loop, std::shared_ptr<BaseProtocol> app,
                                               const SSLSettings& settings, bool server_side, Future<void> waiter,
                                               bool knows) {
    const auto self = std::make_shared<SSLProtocol>(loop, settings, server_side, std::move(waiter), knows);
    self->set_app_protocol(std::move(app));
    return self;
}

void SSLProtocol::set_app_protocol(std::shared_ptr<BaseProtocol> protocol) {
    if (lost_) return;
    Protocol* const plain = dynamic_cast<Protocol*>(protocol.get());
    BufferedProtocol* const buffered = dynamic_cast<BufferedProtocol*>(protocol.get());
    if (plain == nullptr && buffered == nullptr) {
        throw std::invalid_argument("a TLS transport needs a Protocol or a BufferedProtocol");
    }
    plain_ = plain;
    buffered_ = buffered;
    app_.swap(protocol);
}

std::shared_ptr<Transport> SSLProtocol::transport() {
    if (transport_ != nullptr) return transport_;
    return std::make_shared<SSLTransport>(shared_from_this());
}

void SSLProtocol::begin(std::shared_ptr<BaseTransport> below, absl::string_view ciphertext, bool ended) {
    below_ = as<Transport>(below);
    end_below_ = ended;
    guarded([&] {
        transport_ = std::make_shared<SSLTransport>(shared_from_this());
        loop_.network().open.add(*this);
        registered_ = true;
        if (closing_) return below_->abort();
        state_ = State::handshake;
        handshake_timer_ =
            loop_.call_later(settings_.handshake_timeout.value_or(std::chrono::seconds(60)), [this] { handshake_timed_out(); });
        if (ciphertext.empty() && !ended) return advance();
        if (!ciphertext.empty()) object_->feed(ciphertext);
        unread_ = ciphertext.size();
        advance_soon();  // this is a task of the application's, where its protocol is not to be called
    });
}

void SSLProtocol::advance_soon() {
    if (advancing_soon_) return;
    loop_.call_soon([self = shared_from_this()] {
        self->advancing_soon_ = false;
        if (!self->lost_) self->guarded([&] { self->advance(); });
    });
    advancing_soon_ = true;
}

void SSLProtocol::advance() {
    advance_again_ = true;
    if (advancing_) return;  // inside a callback of the application
    struct Advancing {
        bool& flag;
        explicit Advancing(bool& f) : flag(f) { flag = true; }
        ~Advancing() { flag = false; }
    } const advancing(advancing_);
    while (std::exchange(advance_again_, false) && !lost_) advance_once();
}

void SSLProtocol::advance_once() {
    if (state_ == State::handshake) do_handshake();
    if (state_ == State::wrapped || state_ == State::flushing) read_incoming();
    if (state_ == State::wrapped && peer_closed_) {
        tell_end_of_stream();
        if (state_ == State::wrapped) begin_flushing();
    }
    // A plain transport takes such an end for the end of the stream, and so does asyncio here, although a close_notify is
    // missing: who must know whether it was the peer that ended it has to say so in the protocol. What came before it waits for
    // resume_reading, for as long as the application likes; until then this is an open connection.
    if (state_ == State::wrapped && end_below_ && may_read()) begin_flushing();
    if (state_ == State::wrapped || state_ == State::flushing) write_backlog();
    if (state_ == State::flushing) {
        start_shutdown_timer();
        if (backlog_.empty()) state_ = State::shutdown;
    }
    if (state_ == State::shutdown) do_shutdown();
    if (state_ == State::unwrapped) return;
    control_reading_below();
    control_app_writing();
}

void SSLProtocol::connection_lost(std::exception_ptr error) {
    if (lost_) return;
    const std::shared_ptr<SSLProtocol> alive = shared_from_this();
    const std::shared_ptr<BaseProtocol> app = app_;
    const std::shared_ptr<SSLTransport> transport = transport_;
    EventLoop& loop = loop_;
    if (error_ != nullptr) {
        error = error_;
    } else if (nothing_to_lose_) {
        error = nullptr;
    }
    const bool tells = told_ == Told::made || told_ == Told::eof;
    told_ = Told::lost;
    std::exception_ptr failure = failure_of([&] { wake_waiter(error); });
    release();
    if (failure) report(loop, "Fatal error on SSL protocol", std::move(failure), transport);
    if (!tells) return;
    const auto tell = [&loop, app, transport, error] {
        std::exception_ptr raised = failure_of([&] { app->connection_lost(error); });
        if (raised) report(loop, "protocol.connection_lost() failed", std::move(raised), transport);
    };
    // In an iteration of its own, as in asyncio: a task that was woken by the end of the stream runs before it.
    if (failure_of([&] { loop.call_soon(tell); })) tell();
}

// What connection_lost and the end of the loop have in common. The protocol goes last: its destructor may ask the transport.
void SSLProtocol::release() noexcept {
    const std::shared_ptr<SSLTransport> transport = std::move(transport_);
    const std::shared_ptr<BaseProtocol> app = std::move(app_);
    transport_ = nullptr;
    app_ = nullptr;
    plain_ = nullptr;
    buffered_ = nullptr;
    lost_ = closing_ = true;
    state_ = State::unwrapped;
    backlog_.clear();
    handshake_timer_.cancel();
    shutdown_timer_.cancel();
    if (std::exchange(registered_, false)) loop_.network().open.remove(*this);
}

absl::any SSLProtocol::get_extra_info(absl::string_view name) const {
    if (name == "sslcontext") return settings_.context;
    if (handshake_done_) {
        if (name == "ssl_object") return object_;
        absl::any known = object_->get_extra_info(name);
        if (known.has_value()) return known;
    }
    return below_ != nullptr ? below_->get_extra_info(name) : absl::any();
}

}  // namespace detail
}  // namespace cede
