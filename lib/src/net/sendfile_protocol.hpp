// What it is: the protocol of a transport for the time in which loop.sendfile() writes to it piece by piece, so that it can
// wait for pause_writing and resume_writing. For transports that have no descriptor to send on; asyncio's
// _SendfileFallbackProtocol.
#ifndef CEDE_SRC_NET_SENDFILE_PROTOCOL_HPP
#define CEDE_SRC_NET_SENDFILE_PROTOCOL_HPP

#include <memory>

#include "cede/loop/event_loop.hpp"
#include "cede/net/net.hpp"

namespace cede {
namespace detail {

class SendfileProtocol final : public Protocol {
public:
    // Takes the place of the transport's protocol, and pauses reading.
    static std::shared_ptr<SendfileProtocol> install(EventLoop& loop, std::shared_ptr<Transport> transport);
    // Puts the other one back, and tells it what it has missed.
    void restore();
    // Cedes while the transport has more than enough. Throws ECONNABORTED when it is closing.
    void drain();

    void data_received(absl::string_view data) override;
    bool eof_received() override;
    void connection_lost(std::exception_ptr error) override;
    void pause_writing() override;
    void resume_writing() override;

private:
    SendfileProtocol(EventLoop& loop, std::shared_ptr<Transport> transport);
    void wake();

    EventLoop& loop_;
    std::shared_ptr<Transport> transport_;
    std::shared_ptr<BaseProtocol> original_;
    const bool resumes_reading_;
    bool paused_;
    absl::optional<bool> original_paused_;  // what the other one was told last, once that can be inferred
    bool lost_ = false;
    Future<void> waiting_ = nullptr;
};

}  // namespace detail
}  // namespace cede

#endif
