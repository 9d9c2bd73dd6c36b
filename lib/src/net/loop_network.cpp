#include "cede/loop/loop_network.hpp"

#include <stdexcept>

#include "cede/coroutine/coroutine.hpp"
#include "cede/loop/event_loop.hpp"
#include "cede/net/net.hpp"
#include "net/network_state.hpp"

namespace cede {

void detail::throw_no_factory() {
    throw std::invalid_argument("there is no protocol factory: give a callable that returns a std::shared_ptr to a new protocol");
}

LoopNetwork::LoopNetwork() noexcept = default;
LoopNetwork::~LoopNetwork() = default;

EventLoop& LoopNetwork::loop() noexcept { return static_cast<EventLoop&>(*this); }

detail::NetworkState& LoopNetwork::network() {
    if (network_ == nullptr) network_ = std::make_shared<detail::NetworkState>();
    return *network_;
}

void LoopNetwork::close_network() noexcept {
    if (network_ == nullptr) return;
    while (detail::LoopOwned* open = network_->open.first()) open->loop_closes();
}

// The forms without options, and those that are another one with defaults.

Coroutine<std::vector<AddressInfo>> LoopNetwork::getaddrinfo(std::string host, Port port) {
    return getaddrinfo(std::move(host), std::move(port), ResolveOptions());
}

Coroutine<std::vector<AddressInfo>> LoopNetwork::getaddrinfo(absl::nullopt_t, Port port, ResolveOptions options) {
    return getaddrinfo(std::string(), std::move(port), std::move(options));
}

Coroutine<std::vector<AddressInfo>> LoopNetwork::getaddrinfo(absl::nullopt_t, Port port) {
    return getaddrinfo(std::string(), std::move(port), ResolveOptions());
}

Coroutine<std::pair<std::string, std::string>> LoopNetwork::getnameinfo(SocketAddress address) {
    return getnameinfo(address, 0);
}

Coroutine<std::pair<std::size_t, SocketAddress>> LoopNetwork::sock_recvfrom_into(const Socket& socket,
                                                                                 absl::Span<char> buffer,
                                                                                 std::size_t n) {
    if (n > buffer.size()) {
        return []() -> std::pair<std::size_t, SocketAddress> {
            throw std::invalid_argument("nbytes is greater than the length of the buffer");
        };
    }
    return sock_recvfrom_into(socket, n == 0 ? buffer : buffer.first(n));
}

namespace {
SendfileOptions part(std::int64_t offset, const absl::optional<std::int64_t>& count) {
    SendfileOptions options;
    options.offset(offset);
    if (count) options.count(*count);
    return options;
}
}  // namespace

Coroutine<std::int64_t> LoopNetwork::sock_sendfile(const Socket& socket, int file, std::int64_t offset,
                                                   absl::optional<std::int64_t> count) {
    return sock_sendfile(socket, file, part(offset, count));
}

Coroutine<std::int64_t> LoopNetwork::sendfile(std::shared_ptr<BaseTransport> transport, int file, std::int64_t offset,
                                              absl::optional<std::int64_t> count) {
    return sendfile(std::move(transport), file, part(offset, count));
}

Coroutine<std::int64_t> LoopNetwork::sock_sendfile(const Socket& socket, int file) {
    return sock_sendfile(socket, file, SendfileOptions());
}

Coroutine<std::int64_t> LoopNetwork::sendfile(std::shared_ptr<BaseTransport> transport, int file) {
    return sendfile(std::move(transport), file, SendfileOptions());
}

Coroutine<LoopNetwork::Connection> LoopNetwork::create_connection(ProtocolFactory factory, std::string host, Port port) {
    return create_connection(std::move(factory), std::move(host), std::move(port), ConnectionOptions());
}

Coroutine<LoopNetwork::Connection> LoopNetwork::create_connection(ProtocolFactory factory, ConnectionOptions options) {
    return create_connection(std::move(factory), std::string(), Port(), std::move(options));
}

Coroutine<LoopNetwork::Connection> LoopNetwork::create_unix_connection(ProtocolFactory factory, std::string path) {
    return create_unix_connection(std::move(factory), std::move(path), ConnectionOptions());
}

Coroutine<LoopNetwork::Connection> LoopNetwork::create_unix_connection(ProtocolFactory factory,
                                                                       ConnectionOptions options) {
    return create_unix_connection(std::move(factory), std::string(), std::move(options));
}

Coroutine<LoopNetwork::Connection> LoopNetwork::connect_accepted_socket(ProtocolFactory factory, Socket socket) {
    return connect_accepted_socket(std::move(factory), std::move(socket), ConnectionOptions());
}

Coroutine<std::shared_ptr<Transport>> LoopNetwork::start_tls(std::shared_ptr<BaseTransport> transport,
                                                             std::shared_ptr<BaseProtocol> protocol,
                                                             std::shared_ptr<SSLContext> context) {
    return start_tls(std::move(transport), std::move(protocol), std::move(context), StartTlsOptions());
}

Coroutine<Server> LoopNetwork::create_server(ProtocolFactory factory, std::string host, Port port) {
    return create_server(std::move(factory), std::move(host), std::move(port), ServerOptions());
}

Coroutine<Server> LoopNetwork::create_server(ProtocolFactory factory, absl::nullopt_t, Port port, ServerOptions options) {
    return create_server(std::move(factory), std::string(), std::move(port), std::move(options));
}

Coroutine<Server> LoopNetwork::create_server(ProtocolFactory factory, absl::nullopt_t, Port port) {
    return create_server(std::move(factory), std::string(), std::move(port), ServerOptions());
}

Coroutine<Server> LoopNetwork::create_server(ProtocolFactory factory, std::nullptr_t, Port port, ServerOptions options) {
    return create_server(std::move(factory), std::string(), std::move(port), std::move(options));
}

Coroutine<Server> LoopNetwork::create_server(ProtocolFactory factory, std::nullptr_t, Port port) {
    return create_server(std::move(factory), std::string(), std::move(port), ServerOptions());
}

Coroutine<Server> LoopNetwork::create_server(ProtocolFactory factory, ServerOptions options) {
    return create_server(std::move(factory), std::string(), Port(), std::move(options));
}

Coroutine<Server> LoopNetwork::create_unix_server(ProtocolFactory factory, std::string path) {
    return create_unix_server(std::move(factory), std::move(path), ServerOptions());
}

Coroutine<Server> LoopNetwork::create_unix_server(ProtocolFactory factory, ServerOptions options) {
    return create_unix_server(std::move(factory), std::string(), std::move(options));
}

}  // namespace cede
