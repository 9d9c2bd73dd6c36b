// What it is: what the handles of a Process refer to: the protocol that joins the transport of a child and its streams,
// asyncio's SubprocessStreamProtocol.
#ifndef CEDE_SRC_STREAM_PROCESS_STREAMS_HPP
#define CEDE_SRC_STREAM_PROCESS_STREAMS_HPP

#include <memory>
#include <string>

#include "cede/net/protocol.hpp"
#include "cede/net/transport.hpp"
#include "cede/stream/flow_control.hpp"
#include "cede/stream/process.hpp"
#include "cede/task/wait_list.hpp"

namespace cede {
namespace detail {

class ProcessStreams final : public SubprocessProtocol, public std::enable_shared_from_this<ProcessStreams> {
public:
    ProcessStreams(EventLoop& loop, std::size_t limit);
    ~ProcessStreams() override;

    void connection_made(std::shared_ptr<BaseTransport> transport) override;
    void pause_writing() override { flow_->pause_writing(); }
    void resume_writing() override { flow_->resume_writing(); }
    void pipe_data_received(int fd, absl::string_view data) override;
    void pipe_connection_lost(int fd, std::exception_ptr error) override;
    void process_exited() override;

    SubprocessTransport& transport() const { return *transport_; }
    StreamWriter input;
    StreamReader output;
    StreamReader errors;

    // Both cede; see Process.
    int wait();
    Process::Output communicate(absl::optional<std::string> text);

private:
    StreamReader reader_of(int fd) const { return fd == 1 ? output : fd == 2 ? errors : StreamReader(nullptr); }
    StreamReader open_reader(int fd);
    void close_when_over();
    void feed(const absl::optional<std::string>& text);
    absl::optional<std::string> read_all(int fd);

    const LoopReference loop_;
    const std::size_t limit_;
    std::shared_ptr<FlowControl> flow_;
    std::shared_ptr<SubprocessTransport> transport_;
    int open_readers_ = 0;
    bool exited_ = false;
    WaitList waiters_;
};

}  // namespace detail
}  // namespace cede

#endif
