#include "cede/stream/stream_writer.hpp"

#include <stdexcept>
#include <utility>
#include <vector>

#include "cede/base/exceptions.hpp"
#include "stream/writer_core.hpp"

namespace cede {

StreamWriter::StreamWriter(std::shared_ptr<WriteTransport> transport, std::shared_ptr<FlowControl> flow,
                           StreamReader reader, EventLoop& loop) {
    if (transport == nullptr) throw std::invalid_argument("a StreamWriter needs a transport that can be written to");
    if (flow == nullptr) throw std::invalid_argument("a StreamWriter needs the flow control of its transport's protocol");
    core_ = std::shared_ptr<detail::WriterCore>(
        new detail::WriterCore(std::move(transport), std::move(flow), std::move(reader), loop),
        detail::LoopBound::Release());
}

std::shared_ptr<FlowControl> StreamWriter::flow_control_of(const std::shared_ptr<BaseProtocol>& protocol) {
    const auto mixin = std::dynamic_pointer_cast<FlowControlMixin>(protocol);
    if (mixin == nullptr) {
        throw std::invalid_argument("a StreamWriter needs a protocol that is a FlowControlMixin, or its FlowControl");
    }
    return mixin->flow_control();
}

const std::shared_ptr<detail::WriterCore>& StreamWriter::open() const {
    if (core_ == nullptr) throw RuntimeError("this StreamWriter is empty: it refers to no connection");
    return core_;
}

void StreamWriter::write(absl::string_view data) const { open()->transport()->write(data); }

void StreamWriter::writelines(absl::Span<const absl::string_view> pieces) const {
    open()->transport()->writelines(pieces);
}

void StreamWriter::writelines(absl::Span<const std::string> pieces) const {
    writelines(std::vector<absl::string_view>(pieces.begin(), pieces.end()));
}

void StreamWriter::writelines(std::initializer_list<absl::string_view> pieces) const {
    writelines(absl::MakeConstSpan(pieces.begin(), pieces.size()));
}

void StreamWriter::write_eof() const { open()->transport()->write_eof(); }
bool StreamWriter::can_write_eof() const { return open()->transport()->can_write_eof(); }
void StreamWriter::close() const { open()->transport()->close(); }
bool StreamWriter::is_closing() const { return open()->transport()->is_closing(); }

// Each coroutine keeps the connection, so that the handle may go while it is awaited.
Coroutine<void> StreamWriter::drain() const {
    return [core = open()] { core->drain(); };
}

Coroutine<void> StreamWriter::start_tls(std::shared_ptr<SSLContext> context, StartTlsOptions options) const {
    return [core = open(), context = std::move(context), options = std::move(options)] { core->start_tls(context, options); };
}

Coroutine<void> StreamWriter::wait_closed() const {
    return [core = open()] { core->flow().wait_closed(); };
}

absl::any StreamWriter::get_extra_info(absl::string_view name) const { return open()->transport()->get_extra_info(name); }
std::shared_ptr<WriteTransport> StreamWriter::transport() const { return open()->transport(); }

}  // namespace cede
