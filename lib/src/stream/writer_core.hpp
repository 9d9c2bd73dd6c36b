// What it is: what the handles of a StreamWriter refer to.
#ifndef CEDE_SRC_STREAM_WRITER_CORE_HPP
#define CEDE_SRC_STREAM_WRITER_CORE_HPP

#include <memory>

#include "cede/net/ssl_options.hpp"
#include "cede/net/transport.hpp"
#include "cede/stream/flow_control.hpp"
#include "cede/stream/stream_reader.hpp"
#include "stream/loop_bound.hpp"

namespace cede {
namespace detail {

class WriterCore final : public LoopBound {
public:
    WriterCore(std::shared_ptr<WriteTransport> transport, std::shared_ptr<FlowControl> flow, StreamReader reader,
               EventLoop& loop);

    const std::shared_ptr<WriteTransport>& transport() const noexcept { return transport_; }
    FlowControl& flow() const noexcept { return *flow_; }
    // Both cede; see StreamWriter.
    void drain();
    void start_tls(const std::shared_ptr<SSLContext>& context, StartTlsOptions options);

private:
    // Closes what nobody has closed, and says so.
    void ended(bool with_loop) noexcept override;

    std::shared_ptr<WriteTransport> transport_;
    std::shared_ptr<FlowControl> flow_;
    StreamReader reader_;
};

}  // namespace detail
}  // namespace cede

#endif
