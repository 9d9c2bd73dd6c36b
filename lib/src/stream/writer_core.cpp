#include "stream/writer_core.hpp"

#include <exception>
#include <string>
#include <utility>

#include "cede/base/reports.hpp"
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

void WriterCore::ended(bool with_loop) noexcept {
    try {
        if (transport_->is_closing()) return;
        if (!with_loop) return warn("loop is closed: unclosed <StreamWriter" + peer_suffix(*transport_) + ">");
        transport_->close();
        // While an exception unwinds, nobody had the chance to close it.
        if (!unwound()) {
            warn("unclosed <StreamWriter" + peer_suffix(*transport_) + ">: close() it, then await wait_closed()");
        }
    } catch (...) {
        report_unraisable(std::current_exception(), "an unclosed StreamWriter was dropped");
    }
}

}  // namespace detail
}  // namespace cede
