// What it is: the transport of a child process: asyncio's BaseSubprocessTransport.
//
// Its life: start() makes the child and the pipes to it, and registers all with the loop, which keeps the transport (`self_`)
// until connection_lost, or kills the child when it closes before. connection_lost comes when the child has ended and every
// pipe is lost; until then a pipe's protocol (PipeEnd) refers to the transport, which refers to the pipe: the ring opens when
// the pipe ends, or with the loop.
#ifndef CEDE_SRC_NET_PROCESS_TRANSPORT_HPP
#define CEDE_SRC_NET_PROCESS_TRANSPORT_HPP

#include <memory>
#include <string>
#include <vector>

#include <signal.h>

#include "cede/loop/event_loop.hpp"
#include "cede/net/net.hpp"
#include "cede/task/wait_list.hpp"
#include "loop/owned_list.hpp"
#include "net/child_watch.hpp"
#include "net/descriptor_transport.hpp"

namespace cede {
namespace detail {

class ProcessTransport final : public SubprocessTransport,
                               public std::enable_shared_from_this<ProcessTransport>,
                               private LoopOwned,
                               private ChildEvents {
public:
    // Executes the program, and calls connection_made in the next iteration, then completes `made`. Throws what spawn()
    // throws; std::system_error when there are not enough descriptors; nothing is left of the child then.
    static std::shared_ptr<ProcessTransport> start(EventLoop& loop, const std::vector<std::string>& arguments,
                                                   const SubprocessOptions& options,
                                                   std::shared_ptr<SubprocessProtocol> protocol, Future<void> made);
    ~ProcessTransport() override;

    void close() override;
    bool is_closing() const override { return closed_; }
    absl::any get_extra_info(absl::string_view name) const override;
    void set_protocol(std::shared_ptr<BaseProtocol> protocol) override;
    std::shared_ptr<BaseProtocol> get_protocol() const override { return protocol_; }

    int get_pid() const override { return pid_; }
    absl::optional<int> get_returncode() const override { return returncode_; }
    std::shared_ptr<BaseTransport> get_pipe_transport(int fd) const override;
    void send_signal(int signal) override;
    void terminate() override { send_signal(SIGTERM); }
    void kill() override { send_signal(SIGKILL); }

    // Cedes until the child has ended.
    void wait_for_exit();

private:
    class PipeEnd;

    ProcessTransport(EventLoop& loop, std::shared_ptr<SubprocessProtocol> protocol);
    void begin(const Future<void>& made);
    void connection_made();
    void connect_pipes(Pipe (&pipes)[3]);
    void close_pipes() noexcept;
    void give_up() noexcept;

    template <class F>
    void call(const char* name, F f);
    void pipe_data_received(int fd, absl::string_view data);
    void pipe_lost(int fd, std::exception_ptr error);
    void child_exited(int returncode) override;
    void finish_if_over();
    void connection_lost();
    void release() noexcept;
    void loop_closes() noexcept override;

    EventLoop* loop_;
    std::shared_ptr<ProcessTransport> self_;
    std::shared_ptr<SubprocessProtocol> protocol_;
    std::shared_ptr<DescriptorTransport> pipes_[3];
    bool pipe_open_[3] = {false, false, false};
    std::unique_ptr<ChildWatch> child_;
    int pid_ = 0;
    absl::optional<int> returncode_;
    WaitList exit_waiters_;
    bool made_ = false;
    bool closed_ = false;
    bool finished_ = false;
};

}  // namespace detail
}  // namespace cede

#endif
