// What it is: TLS between a transport and a protocol: asyncio's SSLProtocol. To the transport below it is the protocol, to the
// application it gives a transport (ssl_transport.hpp); an SSLObject of some TLS library turns the one's bytes into the other's.
//
// Its life: the transport below keeps it, and from connection_made on it keeps itself, by its own transport, until the transport
// below is lost or the loop closes. So nothing that is scheduled refers to one that is gone.
//
//   unwrapped -> handshake -> wrapped
//             -> flushing (close(), or all was read before the peer's end of the stream: what was written is still sent)
//             -> shutdown (close_notify is sent; waiting for the peer's, and then for the next iteration, in which the transport
//                below is closed) -> unwrapped, when that is lost
//
// Whatever happens (bytes from below, room below, resume_reading, close) ends in advance(), which does what the state allows.
// What the application's protocol is told of what comes from the peer it is told from there alone; it may do anything then: write
// at once, while all else that it asks for is noted, and done when it has returned. pause_writing and resume_writing may also
// come from within its own call of write() or set_write_buffer_limits(), and connection_lost comes from the loop, in
// the iteration behind that in which the transport below was lost.
#ifndef CEDE_SRC_NET_SSL_PROTOCOL_HPP
#define CEDE_SRC_NET_SSL_PROTOCOL_HPP

#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "cede/loop/event_loop.hpp"
#include "cede/net/protocol.hpp"
#include "cede/net/ssl_options.hpp"
#include "cede/net/transport.hpp"
#include "loop/owned_list.hpp"
#include "net/protocol_calls.hpp"
#include "net/write_buffer.hpp"

namespace cede {
namespace detail {

class SSLTransport;

class SSLProtocol final : public BufferedProtocol, public std::enable_shared_from_this<SSLProtocol>, private LoopOwned {
public:
    // `waiter`, if any, is completed when the handshake is: with the error if it fails. `app` is told of its connection then,
    // unless it `knows` of it already. Throws std::invalid_argument for a protocol that is not for streams, and what
    // SSLContext::wrap_bio throws.
    static std::shared_ptr<SSLProtocol> make(EventLoop& loop, std::shared_ptr<BaseProtocol> app, const SSLSettings& settings,
                                             bool server_side, Future<void> waiter, bool knows = false);
    SSLProtocol(EventLoop& loop, const SSLSettings& settings, bool server_side, Future<void> waiter, bool knows);
    ~SSLProtocol() override;

    // connection_made, with what has been received already, and whether that was all that the peer will ever send: the
    // transport below tells of the end of its stream only once.
    void begin(std::shared_ptr<BaseTransport> below, absl::string_view ciphertext, bool ended = false);

    // From the transport below.
    void connection_made(std::shared_ptr<BaseTransport> below) override { begin(std::move(below), absl::string_view()); }
    void connection_lost(std::exception_ptr error) override;
    absl::Span<char> get_buffer(std::ptrdiff_t size_hint) override;
    void buffer_updated(std::size_t count) override;
    bool eof_received() override;
    void pause_writing() override { writing_paused_ = true; }
    void resume_writing() override;

    // From the application, by its transport: see cede/net/transport.hpp.
    void close();
    void abort();
    bool is_closing() const noexcept { return closing_; }
    absl::any get_extra_info(absl::string_view name) const;
    void set_app_protocol(std::shared_ptr<BaseProtocol> protocol);
    const std::shared_ptr<BaseProtocol>& app_protocol() const noexcept { return app_; }
    bool is_reading() const noexcept { return !closing_ && !reading_paused_; }
    void pause_reading() noexcept { reading_paused_ = true; }
    void resume_reading();
    void write(absl::string_view data) { write_all(absl::MakeConstSpan(&data, 1)); }
    void write_all(absl::Span<const absl::string_view> data);
    void flush();
    void set_write_buffer_limits(absl::optional<std::size_t> high, absl::optional<std::size_t> low);
    WriteTransport::Limits write_buffer_limits() const noexcept { return flow_.limits(); }
    std::size_t write_buffer_size() const;

    // The application's; a new one when the connection has been lost meanwhile, which is closed.
    std::shared_ptr<Transport> transport();
    // For a server that closes its clients: the innermost TLS closes first.
    void close_innermost();

private:
    enum class State { unwrapped, handshake, wrapped, flushing, shutdown };
    // What the application's protocol has been told.
    enum class Told { nothing, made, eof, lost };

    template <class F>
    void guarded(F f);
    void advance();
    void advance_once();
    void advance_soon();

    // ssl_handshake.cpp
    void do_handshake();
    void handshake_complete();
    void handshake_timed_out();
    void wake_waiter(std::exception_ptr error);

    // ssl_reading.cpp
    // Not before the turn of the loop that resume_reading() has asked for: until then the buffer for reading may be in use.
    bool may_read() const noexcept { return (!reading_paused_ && !advancing_soon_) || closed_by_app_; }
    void read_incoming();
    bool read_some(absl::Span<char> buffer, std::size_t& count);
    void read_plain();
    void read_buffered();
    void discard_incoming();
    void tell_end_of_stream();
    void control_reading_below();

    // ssl_writing.cpp
    std::size_t encrypt(absl::string_view data);
    void send_outgoing();
    void write_backlog();
    std::size_t pending() const;
    void control_app_writing();

    // ssl_shutdown.cpp
    void begin_flushing();
    void start_shutdown_timer();
    void do_shutdown();
    void fatal_error(std::exception_ptr error, const char* message);
    void force_close(std::exception_ptr error);
    void release() noexcept;
    void loop_closes() noexcept override { release(); }

    EventLoop& loop_;
    const SSLSettings settings_;
    Future<void> waiter_;
    std::shared_ptr<SSLObject> object_;
    std::shared_ptr<Transport> below_;
    std::shared_ptr<SSLTransport> transport_;

    // The application's protocol, and the same as the kind that it is; one of the two is null.
    std::shared_ptr<BaseProtocol> app_;
    Protocol* plain_ = nullptr;
    BufferedProtocol* buffered_ = nullptr;

    State state_ = State::unwrapped;
    Told told_;
    bool registered_ = false;     // with the loop
    bool lost_ = false;           // released: below_ and loop_ are not to be used any more
    bool handshake_done_ = false;
    bool closing_ = false;        // what the application writes from now on is dropped
    bool closed_by_app_ = false;  // and what comes from the peer, too
    bool peer_closed_ = false;    // its close_notify was read
    bool end_below_ = false;      // the stream below has ended
    bool nothing_to_lose_ = false;  // all was said: how the connection ends is of no interest
    bool closes_below_ = false;     // scheduled; nothing is left to do but that
    bool advancing_ = false;
    bool advance_again_ = false;
    std::exception_ptr error_;    // why this has closed the transport below
    TimerHandle handshake_timer_;
    TimerHandle shutdown_timer_;

    std::size_t unread_ = 0;  // an upper bound of what object_ was fed, and nobody has read
    bool reading_paused_ = false;
    bool reading_paused_below_ = false;
    bool advancing_soon_ = false;  // scheduled

    WriteBuffer backlog_;  // what is not encrypted yet
    WriteFlow flow_;
    bool writing_paused_ = false;  // by the transport below
    int dropped_writes_ = 0;
};

template <class F>
void SSLProtocol::guarded(F f) {
    const std::shared_ptr<SSLProtocol> alive = shared_from_this();
    if (std::exception_ptr error = failure_of(f)) fatal_error(std::move(error), "Fatal error on SSL protocol");
}

}  // namespace detail
}  // namespace cede

#endif
