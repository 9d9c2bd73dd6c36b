// What it is: the transport of a stream socket: asyncio's _SelectorSocketTransport.
//
// Its life: open() registers it with its loop, which keeps it (`self_`) until connection_lost has been called or the loop
// closes, whatever the protocol does with its own pointer. So a transport is never destroyed while the selector or a queued
// call refers to it, and its last owner may go on any thread.
//
//   opening -> connection_made -> ... reads and writes ... -> closing_ (close: the buffer is still sent)
//           -> losing_ (connection_lost is scheduled; descriptor out of the selector) -> released (loop_ is null)
//
// Every call of a protocol may close, abort or switch the protocol, drop any pointer and throw: after one, nothing is known
// but what is looked at again.
#ifndef CEDE_SRC_NET_STREAM_TRANSPORT_HPP
#define CEDE_SRC_NET_STREAM_TRANSPORT_HPP

#include <memory>

#include "cede/loop/event_loop.hpp"
#include "cede/net/net.hpp"
#include "loop/owned_list.hpp"
#include "net/fd_watch.hpp"
#include "net/protocol_calls.hpp"
#include "net/server_core.hpp"
#include "net/write_buffer.hpp"

namespace cede {
namespace detail {

class StreamTransport final : public Transport, private FdEvents, private LoopOwned, private ServerClient {
public:
    // Takes a connected socket, and calls connection_made in the next iteration, then completes `made`, if any. `server` is
    // the one that accepted it, or null; `peer` is who is there. Throws RuntimeError when the loop is closed or another
    // transport has the fd, std::invalid_argument for a protocol that is not for streams.
    static std::shared_ptr<StreamTransport> open(EventLoop& loop, Socket socket, std::shared_ptr<BaseProtocol> protocol,
                                                 Future<void> made, std::shared_ptr<ServerCore> server,
                                                 const SocketAddress& peer);
    ~StreamTransport() override;

    void close() override;
    bool is_closing() const override { return closing_; }
    absl::any get_extra_info(absl::string_view name) const override;
    void set_protocol(std::shared_ptr<BaseProtocol> protocol) override;
    std::shared_ptr<BaseProtocol> get_protocol() const override { return protocol_; }

    bool is_reading() const override { return !closing_ && !paused_; }
    void pause_reading() override;
    void resume_reading() override;

    void write(absl::string_view data) override;
    void writelines(absl::Span<const absl::string_view> data) override;
    void write_eof() override;
    bool can_write_eof() const override { return true; }
    void abort() override;
    void set_write_buffer_limits(absl::optional<std::size_t> high, absl::optional<std::size_t> low) override;
    Limits get_write_buffer_limits() const override { return flow_.limits(); }
    std::size_t get_write_buffer_size() const override { return buffer_.size(); }

private:
    StreamTransport(EventLoop& loop, Socket socket, std::shared_ptr<BaseProtocol> protocol,
                    std::shared_ptr<ServerCore> server, const SocketAddress& peer);
    void begin(const Future<void>& made);
    void connection_made();

    // Reading: stream_reading.cpp
    void on_readable() override;
    void read_into_loop_buffer();
    void read_into_protocol();
    void end_of_stream();
    void watch_reads(bool on);

    // Writing: stream_writing.cpp
    void on_writable() override;
    bool refuses(const char* call, bool empty);
    ssize_t try_send(const iovec* pieces, std::size_t count);
    void send_buffer();
    void after_flush();
    void shut_down_sending();
    void wait_to_write();
    void pause_protocol();

    // Ends
    void fail(int error, const char* call);
    void fatal_error(std::exception_ptr error, const char* message);
    void force_close(std::exception_ptr error);
    void lose(std::exception_ptr error);
    void connection_lost(std::exception_ptr error);
    void release() noexcept;
    void loop_closes() noexcept override;
    void close_client() override { close(); }
    void abort_client() override { abort(); }

    EventLoop* loop_;
    Socket socket_;
    const int fd_;
    FdWatch watch_;
    std::shared_ptr<StreamTransport> self_;
    std::shared_ptr<BaseProtocol> protocol_;
    // The same protocol, as the kind that it is; one of the two is null.
    Protocol* plain_ = nullptr;
    BufferedProtocol* buffered_ = nullptr;
    WriteBuffer buffer_;
    WriteFlow flow_;
    std::shared_ptr<ServerCore> server_;
    SocketAddress local_;
    SocketAddress peer_;
    int dropped_writes_ = 0;
    bool made_ = false;          // connection_made() has been called
    bool paused_ = false;        // pause_reading()
    bool read_ended_ = false;    // the peer has sent its end, and the protocol keeps the connection
    bool write_ended_ = false;   // write_eof()
    bool closing_ = false;
    bool losing_ = false;
};

}  // namespace detail
}  // namespace cede

#endif
