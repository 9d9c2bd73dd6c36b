#include "stream/writer_core.hpp"

#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

#include "cede/base/reports.hpp"
#include "cede/stream/stream_reader_protocol.hpp"
#include "cede/task/await.hpp"
#include "cede/task/sleep.hpp"
#include "stream/peer.hpp"
#include "stream/reader_core.hpp"

namespace cede {
namespace detail {

WriterCore::WriterCore(std::shared_ptr<WriteTransport> transport, std::shared_ptr<FlowControl> flow, StreamReader reader,
                       EventLoop& loop)
    : LoopBound(loop), transport_(std::move(transport)), flow_(std::move(flow)), reader_(std::move(reader)) {}

void WriterCore::drain() {
    if (reader_ && reader_.core()->exception()) std::rethrow_exception(reader_.core()->exception());
    transport_->flush();
    // Whoever writes and drains in a loop would otherwise never cede, and so never learn that the connection was lost.
    if (transport_->is_closing()) sleep_here(Duration());
    flow_->drain();
}

void WriterCore::start_tls(const std::shared_ptr<SSLContext>& context, StartTlsOptions options) {
    const auto protocol = std::dynamic_pointer_cast<StreamReaderProtocol>(transport_->get_protocol());
    if (protocol == nullptr) {
        drain();  // one that is closing has none any more
        throw std::invalid_argument("start_tls: only on the streams of a connection; with a protocol of your own use "
                                    "EventLoop::start_tls()");
    }
    if (!options.server_side()) options.server_side(protocol->serves_client());
    drain();
    const bool before = std::exchange(protocol->over_ssl_, true);
    try {
        const std::shared_ptr<Transport> upgraded = await(loop().start_tls(transport_, protocol, context, options));
        protocol->replace_transport(upgraded);
        transport_ = upgraded;
    } catch (...) {
        protocol->over_ssl_ = before;
        throw;
    }
}

void WriterCore::ended(bool with_loop) noexcept {
    try {
        const bool open = !transport_->is_closing();
        if (!with_loop) {
            if (open) warn("loop is closed: unclosed <StreamWriter" + peer_suffix(*transport_) + ">");
            return;
        }
        transport_->close();  // one that closes by itself may be waiting for a reader that nobody holds any more
        // While an exception unwinds, nobody had the chance to close it.
        if (open && !unwound()) {
            warn("unclosed <StreamWriter" + peer_suffix(*transport_) + ">: close() it, then await wait_closed()");
        }
    } catch (...) {
        report_unraisable(std::current_exception(), "an unclosed StreamWriter was dropped");
    }
}

}  // namespace detail
}  // namespace cede
