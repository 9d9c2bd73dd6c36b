#include "net/process_transport.hpp"

#include <stdexcept>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "cede/base/reports.hpp"
#include "net/network_state.hpp"
#include "net/pipe_transport.hpp"
#include "net/spawn.hpp"
#include "net/system.hpp"

namespace cede {
namespace detail {
namespace {

Pipe null_device() {
    const int fd = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    if (fd < 0) throw_errno("/dev/null for a process");
    try {
        return Pipe::from_fd(fd);
    } catch (...) {
        ::close(fd);
        throw;
    }
}

// The descriptors that a child is started with: its ends, which are closed here once it has them, and ours.
class StandardPipes {
public:
    explicit StandardPipes(const SubprocessOptions& options) {
        connect(0, options.stdin_().value_or(subprocess::PIPE));
        connect(1, options.stdout_().value_or(subprocess::PIPE));
        const int err = options.stderr_().value_or(subprocess::PIPE);
        if (err == subprocess::STDOUT) {
            streams.fds[2] = streams.fds[1] >= 0 ? streams.fds[1] : 1;
        } else {
            connect(2, err);
        }
    }

    StandardStreams streams;
    Pipe ours[3];

private:
    void connect(int fd, int wanted) {
        if (wanted == subprocess::PIPE) {
            std::pair<Pipe, Pipe> ends = Pipe::pair();
            if (fd == 0) std::swap(ends.first, ends.second);
            ours[fd] = std::move(ends.first);
            theirs_[fd] = std::move(ends.second);
        } else if (wanted == subprocess::DEVNULL) {
            theirs_[fd] = null_device();
        } else if (wanted >= 0) {
            streams.fds[fd] = wanted;
            return;
        } else if (wanted != subprocess::INHERIT) {
            throw std::invalid_argument(wanted == subprocess::STDOUT ? "subprocess::STDOUT is for stderr_() alone"
                                                                     : "a stream of a process is a descriptor or one of "
                                                                       "subprocess::PIPE, DEVNULL, STDOUT, INHERIT");
        }
        streams.fds[fd] = theirs_[fd].fd();
    }

    Pipe theirs_[3];
};

}  // namespace

// The protocol of the pipe to one standard stream.
class ProcessTransport::PipeEnd final : public Protocol {
public:
    PipeEnd(std::shared_ptr<ProcessTransport> process, int fd) : process_(std::move(process)), fd_(fd) {}

    void data_received(absl::string_view data) override {
        if (process_ != nullptr) process_->pipe_data_received(fd_, data);
    }
    void connection_lost(std::exception_ptr error) override {
        if (const std::shared_ptr<ProcessTransport> process = std::move(process_)) process->pipe_lost(fd_, std::move(error));
        process_ = nullptr;
    }
    // As with every transport, what these throw is reported by the pipe.
    void pause_writing() override {
        if (process_ != nullptr && process_->protocol_ != nullptr) process_->protocol_->pause_writing();
    }
    void resume_writing() override {
        if (process_ != nullptr && process_->protocol_ != nullptr) process_->protocol_->resume_writing();
    }

private:
    std::shared_ptr<ProcessTransport> process_;
    const int fd_;
};

ProcessTransport::ProcessTransport(EventLoop& loop, std::shared_ptr<SubprocessProtocol> protocol)
    : loop_(&loop), protocol_(std::move(protocol)) {
    if (protocol_ == nullptr) throw std::invalid_argument("a subprocess needs a SubprocessProtocol");
}

ProcessTransport::~ProcessTransport() = default;

std::shared_ptr<ProcessTransport> ProcessTransport::start(EventLoop& loop, const std::vector<std::string>& arguments,
                                                          const SubprocessOptions& options,
                                                          std::shared_ptr<SubprocessProtocol> protocol, Future<void> made) {
    loop.check_open();
    loop.check_thread();
    check_passed(options);
    NetworkState& network = loop.network();  // made before the child is: from there to its watch nothing may fail
    std::shared_ptr<ProcessTransport> self(new ProcessTransport(loop, std::move(protocol)));
    Pipe ours[3];
    {
        StandardPipes pipes(options);
        self->pid_ = spawn(arguments, options, pipes.streams);
        std::move(pipes.ours, pipes.ours + 3, ours);
    }
    self->self_ = self;
    network.open.add(*self);  // before its pipes, so that it is the one to tell of when the loop closes
    try {
        self->child_.reset(new ChildWatch(loop, self->pid_, *self));
        self->connect_pipes(ours);
        loop.call_soon([self, made] { self->begin(made); });
    } catch (...) {
        self->give_up();
        throw;
    }
    return self;
}

void ProcessTransport::connect_pipes(Pipe (&pipes)[3]) {
    const std::shared_ptr<ProcessTransport> self = shared_from_this();
    for (int fd = 0; fd < 3; ++fd) {
        if (!pipes[fd]) continue;
        const auto end = std::make_shared<PipeEnd>(self, fd);
        if (fd == 0) {
            pipes_[fd] = WritePipeTransport::open(*loop_, std::move(pipes[fd]), end, nullptr);
        } else {
            pipes_[fd] = ReadPipeTransport::open(*loop_, std::move(pipes[fd]), end, nullptr);
        }
        pipe_open_[fd] = true;
    }
}

// The child cannot be watched: nobody has heard of it, and nobody will.
void ProcessTransport::give_up() noexcept {
    close_pipes();
    if (child_ != nullptr) {
        child_->abandon();
    } else {
        kill_and_reap(pid_);
    }
    release();
}

void ProcessTransport::close_pipes() noexcept {
    for (const auto& pipe : pipes_) {
        try {
            if (pipe != nullptr) pipe->close();
        } catch (...) {
            report_unraisable(std::current_exception(), "the pipes of a process were closed");
        }
    }
}

void ProcessTransport::begin(const Future<void>& made) {
    if (self_ != nullptr) connection_made();
    if (made && !made.done()) made.set_result();
}

// What the protocol throws changes nothing: the child goes on.
template <class F>
void ProcessTransport::call(const char* name, F f) {
    const std::shared_ptr<ProcessTransport> alive = self_;
    const std::shared_ptr<SubprocessProtocol> protocol = protocol_;
    if (protocol == nullptr) return;
    EventLoop& loop = *loop_;
    if (std::exception_ptr error = failure_of([&] { f(*protocol); })) {
        report(loop, (std::string("protocol.") + name + "() failed").c_str(), std::move(error), alive);
    }
}

// Before all other calls, even where the loop runs what is ready in another order.
void ProcessTransport::connection_made() {
    if (std::exchange(made_, true)) return;
    call("connection_made", [this](SubprocessProtocol& protocol) { protocol.connection_made(self_); });
}

void ProcessTransport::pipe_data_received(int fd, absl::string_view data) {
    connection_made();
    call("pipe_data_received", [=](SubprocessProtocol& protocol) { protocol.pipe_data_received(fd, data); });
}

void ProcessTransport::pipe_lost(int fd, std::exception_ptr error) {
    if (loop_ == nullptr) return;
    connection_made();
    pipe_open_[fd] = false;
    call("pipe_connection_lost", [&](SubprocessProtocol& protocol) { protocol.pipe_connection_lost(fd, error); });
    finish_if_over();
}

void ProcessTransport::child_exited(int returncode) {
    const std::shared_ptr<ProcessTransport> alive = self_;
    connection_made();
    returncode_ = returncode;
    call("process_exited", [](SubprocessProtocol& protocol) { protocol.process_exited(); });
    exit_waiters_.pop_and_wake_all();
    finish_if_over();
}

void ProcessTransport::finish_if_over() {
    if (finished_ || loop_ == nullptr || !returncode_ || pipe_open_[0] || pipe_open_[1] || pipe_open_[2]) return;
    finished_ = true;
    const std::shared_ptr<ProcessTransport> self = self_;
    loop_->call_soon([self] { self->connection_lost(); });
}

void ProcessTransport::connection_lost() {
    if (loop_ == nullptr) return;
    const std::shared_ptr<ProcessTransport> alive = self_;
    struct Releases {
        ProcessTransport& transport;
        ~Releases() { transport.release(); }
    } releases{*this};
    call("connection_lost", [](SubprocessProtocol& protocol) { protocol.connection_lost(nullptr); });
}

void ProcessTransport::release() noexcept {
    if (loop_ == nullptr) return;
    const std::shared_ptr<ProcessTransport> alive = std::move(self_);
    const std::shared_ptr<SubprocessProtocol> protocol = std::move(protocol_);
    self_ = nullptr;
    protocol_ = nullptr;
    finished_ = true;
    child_.reset();
    loop_->network().open.remove(*this);
    loop_ = nullptr;
}

void ProcessTransport::close() {
    if (closed_) return;
    closed_ = true;
    const bool runs = !returncode_;
    close_pipes();
    // What a child that is killed has not read, nobody will.
    if (const auto input = runs ? std::dynamic_pointer_cast<WriteTransport>(pipes_[0]) : nullptr) input->abort();
    if (!runs || child_ == nullptr) return;
    if (loop_->get_debug()) warn("close of a running child process: kill " + std::to_string(pid_));
    try {
        child_->send_signal(SIGKILL);
    } catch (const std::system_error&) {
        // It has ended meanwhile, or changed its user: then the end of its pipes has to do.
    }
}

void ProcessTransport::loop_closes() noexcept {
    if (loop_->get_debug() && !closed_) {
        warn("unclosed transport: process " + std::to_string(pid_) + (returncode_ ? "" : ", which is killed"));
    }
    closed_ = true;
    close_pipes();
    if (!returncode_ && child_ != nullptr) child_->abandon();
    release();
}

absl::any ProcessTransport::get_extra_info(absl::string_view name) const {
    return name == "subprocess" ? absl::any(pid_) : absl::any();
}

void ProcessTransport::set_protocol(std::shared_ptr<BaseProtocol> protocol) {
    auto chosen = std::dynamic_pointer_cast<SubprocessProtocol>(protocol);
    if (chosen == nullptr) throw std::invalid_argument("the transport of a process needs a SubprocessProtocol");
    if (loop_ != nullptr) protocol_.swap(chosen);
}

std::shared_ptr<BaseTransport> ProcessTransport::get_pipe_transport(int fd) const {
    return fd >= 0 && fd < 3 ? pipes_[fd] : nullptr;
}

void ProcessTransport::send_signal(int signal) {
    if (loop_ != nullptr) loop_->check_thread();
    if (returncode_ || child_ == nullptr) throw os_error(ESRCH, "process " + std::to_string(pid_) + " has ended");
    child_->send_signal(signal);
}

void ProcessTransport::wait_for_exit() {
    if (!returncode_ && loop_ != nullptr) Waiter(exit_waiters_, *loop_).wait();
}

}  // namespace detail
}  // namespace cede
