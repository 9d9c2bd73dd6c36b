// What it is: the transport of a stream socket: asyncio's _SelectorSocketTransport. How it lives, reads and writes is in
// descriptor_transport.hpp.
#ifndef CEDE_SRC_NET_STREAM_TRANSPORT_HPP
#define CEDE_SRC_NET_STREAM_TRANSPORT_HPP

#include <memory>
#include <string>

#include "cede/loop/event_loop.hpp"
#include "cede/net/net.hpp"
#include "net/descriptor_transport.hpp"
#include "net/server_core.hpp"

namespace cede {
namespace detail {

class StreamTransport final : public Transport, public ReadingTransport, public WritingTransport, private ServerClient {
public:
    // Takes a connected socket, and calls connection_made in the next iteration, then completes `made`, if any. `server` is
    // the one that accepted it, or null; `peer` is who is there. Throws RuntimeError when the loop is closed or another
    // transport has the fd, std::invalid_argument for a protocol that is not for streams.
    static std::shared_ptr<StreamTransport> open(EventLoop& loop, Socket socket, std::shared_ptr<BaseProtocol> protocol,
                                                 Future<void> made, std::shared_ptr<ServerCore> server,
                                                 const SocketAddress& peer);
    ~StreamTransport() override;

    absl::any get_extra_info(absl::string_view name) const override;

    // For loop.sendfile() (stream_sendfile.cpp): from begin to end nobody else writes, reading pauses, and the descriptor is the
    // caller's to send on. Throws RuntimeError when another one is in progress, or after close() or write_eof().
    void begin_sendfile();
    void end_sendfile();
    // Cedes until all that was written is sent. Throws ECONNABORTED when the transport is closed meanwhile.
    void wait_drained();
    // Cedes until the socket takes more. Throws as wait_drained().
    void wait_writable();
    // The descriptor; throws ECONNABORTED when the transport is closed.
    int sendfile_fd() const;
    // Sending on the descriptor has failed.
    void sendfile_failed(std::exception_ptr error);

private:
    StreamTransport(EventLoop& loop, Socket socket, std::shared_ptr<BaseProtocol> protocol,
                    std::shared_ptr<ServerCore> server, const SocketAddress& peer);

    bool takes_more_while_closing() const noexcept override { return true; }
    ssize_t receive(char* buffer, std::size_t size) override;
    void end_of_stream() override;
    ssize_t send_one(absl::string_view data) override;
    ssize_t send_many(const iovec* pieces, std::size_t count) override;
    void shut_down_sending() override;
    void can_send() override;
    void wake_sendfile() noexcept;
    void close_descriptor() noexcept override { socket_.close(); }
    void released() noexcept override;
    std::string name() const override { return local_.str() + " to " + peer_.str(); }
    void close_client() override;
    void abort_client() override { abort(); }

    Socket socket_;
    std::shared_ptr<ServerCore> server_;
    SocketAddress local_;
    SocketAddress peer_;
    Future<void> writable_ = nullptr;  // whom a sendfile waits by
    bool resumes_reading_ = false;     // when the file is sent
};

}  // namespace detail
}  // namespace cede

#endif
