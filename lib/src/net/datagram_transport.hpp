// What it is: the transport of a datagram socket: asyncio's _SelectorDatagramTransport. How it begins and ends is in
// descriptor_transport.hpp.
#ifndef CEDE_SRC_NET_DATAGRAM_TRANSPORT_HPP
#define CEDE_SRC_NET_DATAGRAM_TRANSPORT_HPP

#include <chrono>
#include <memory>
#include <string>

#include "cede/net/socket.hpp"
#include "net/datagram_buffer.hpp"
#include "net/descriptor_transport.hpp"

namespace cede {
namespace detail {

class SelectorDatagramTransport final : public DatagramTransport, public DescriptorTransport {
public:
    // Takes a datagram socket, and calls connection_made in the next iteration, then completes `made`. `remote` is where
    // datagrams without an address go if the socket is not connected; of no family for nowhere. Throws RuntimeError when the
    // loop is closed or another transport has the fd, std::invalid_argument for a protocol that is not for datagrams.
    static std::shared_ptr<SelectorDatagramTransport> open(EventLoop& loop, Socket socket,
                                                           std::shared_ptr<BaseProtocol> protocol, Future<void> made,
                                                           const SocketAddress& remote);
    ~SelectorDatagramTransport() override;

    absl::any get_extra_info(absl::string_view name) const override;
    void sendto(absl::string_view data, const SocketAddress* to) override;
    void abort() override { force_close(nullptr); }
    void set_write_buffer_limits(absl::optional<std::size_t> high, absl::optional<std::size_t> low) override;
    Limits get_write_buffer_limits() const override { return flow_.limits(); }
    std::size_t get_write_buffer_size() const override { return buffer_.size(); }

private:
    SelectorDatagramTransport(EventLoop& loop, Socket socket, std::shared_ptr<BaseProtocol> protocol,
                              const SocketAddress& peer, const SocketAddress& remote);

    void adopt_protocol(BaseProtocol* protocol) override;
    void start() override;
    void stop_reading() override { watch_reads(false); }
    bool is_flushed() const override { return buffer_.empty(); }
    void drop_buffer() noexcept override;
    void close_descriptor() noexcept override { socket_.close(); }
    std::string name() const override { return local_.str() + " to " + remote_.str(); }

    void watch_reads(bool on);
    void on_readable() override;
    void deliver(absl::string_view data, const SocketAddress& from);
    void tell_error(int error, const char* call);

    const SocketAddress& destination(const SocketAddress* to) const;
    void on_writable() override;
    bool send_buffer();
    void wait_to_write();

    Socket socket_;
    DatagramProtocol* datagrams_ = nullptr;  // the protocol
    DatagramBuffer buffer_;
    const int family_;
    const SocketAddress local_;
    const SocketAddress peer_;    // whom the socket is connected to
    const SocketAddress remote_;  // where datagrams without an address go
    std::chrono::milliseconds pause_{1};
    TimerHandle retry_;
};

}  // namespace detail
}  // namespace cede

#endif
