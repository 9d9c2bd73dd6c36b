// loop.start_tls.
#include <stdexcept>
#include <string>

#include "cede/coroutine/coroutine.hpp"
#include "cede/loop/event_loop.hpp"
#include "cede/net/net.hpp"
#include "cede/task/await.hpp"
#include "net/ssl_settings.hpp"
#include "net/ssl_transport.hpp"
#include "net/stream_transport.hpp"

namespace cede {
namespace {

struct Upgrade {
    std::shared_ptr<BaseTransport> transport;
    std::shared_ptr<BaseProtocol> protocol;
    detail::SSLSettings settings;
    bool server_side;
};

// Only on those: TLS relies on how they read, and on what becomes of their protocol when the loop closes.
std::shared_ptr<Transport> compatible(const std::shared_ptr<BaseTransport>& transport) {
    if (auto plain = std::dynamic_pointer_cast<detail::StreamTransport>(transport)) return plain;
    if (auto over_tls = std::dynamic_pointer_cast<detail::SSLTransport>(transport)) return over_tls;
    throw std::invalid_argument(transport == nullptr
                                    ? "start_tls: no transport"
                                    : "start_tls: this transport cannot be upgraded: only that of a stream socket, or of TLS");
}

std::shared_ptr<Transport> start_tls_here(EventLoop& loop, const Upgrade& upgrade) {
    if (upgrade.settings.context == nullptr) {
        throw std::invalid_argument("start_tls: no context: pass for example cede::ssl::create_default_context() of "
                                    "<cede/adapters/ssl.hpp>");
    }
    const std::shared_ptr<Transport> below = compatible(upgrade.transport);
    if (upgrade.protocol == nullptr) throw std::invalid_argument("start_tls: no protocol");
    detail::check_ssl_settings("start_tls", upgrade.settings);
    if (below->is_closing()) throw RuntimeError("start_tls: the transport is closing");
    const Future<void> made(loop);
    const auto ssl = detail::SSLProtocol::make(loop, upgrade.protocol, upgrade.settings, upgrade.server_side, made, true);
    const auto holder = std::dynamic_pointer_cast<detail::HoldsReceived>(upgrade.protocol);
    const std::string received = holder != nullptr ? holder->take_received() : std::string();
    below->set_protocol(ssl);
    const auto plain = std::dynamic_pointer_cast<detail::StreamTransport>(below);
    ssl->begin(below, received, plain != nullptr && plain->read_ended());
    below->resume_reading();  // whoever paused it cannot resume it any more
    try {
        await(made);
        return ssl->transport();
    } catch (...) {
        ssl->close();
        throw;
    }
}

}  // namespace

Coroutine<std::shared_ptr<Transport>> LoopNetwork::start_tls(std::shared_ptr<BaseTransport> transport,
                                                             std::shared_ptr<BaseProtocol> protocol,
                                                             std::shared_ptr<SSLContext> context, StartTlsOptions options) {
    EventLoop* const in = &loop();
    Upgrade upgrade{std::move(transport), std::move(protocol), options.ssl_settings(), options.server_side().value_or(false)};
    upgrade.settings.context = std::move(context);
    return [in, upgrade = std::move(upgrade)] { return start_tls_here(*in, upgrade); };
}

}  // namespace cede
