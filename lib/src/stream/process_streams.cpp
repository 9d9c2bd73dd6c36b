#include "stream/process_streams.hpp"

#include <system_error>
#include <utility>

#include "cede/base/exceptions.hpp"
#include "cede/loop/event_loop.hpp"
#include "cede/task/await.hpp"
#include "cede/task/gather.hpp"

namespace cede {
namespace detail {
namespace {

// The child did not want (all of) its input.
bool is_broken_pipe(const std::system_error& error) {
    return error.code() == std::errc::broken_pipe || error.code() == std::errc::connection_reset;
}

}  // namespace

ProcessStreams::ProcessStreams(EventLoop& loop, std::size_t limit)
    : output(nullptr), errors(nullptr), loop_(loop.reference()), limit_(limit), flow_(std::make_shared<FlowControl>(loop)) {}

ProcessStreams::~ProcessStreams() = default;

void ProcessStreams::connection_made(std::shared_ptr<BaseTransport> transport) {
    transport_ = as<SubprocessTransport>(transport);
    output = open_reader(1);
    errors = open_reader(2);
    if (const auto pipe = transport_->get_pipe_transport(0)) {
        input = StreamWriter(as<WriteTransport>(pipe), flow_, nullptr, *loop_.get());
    }
}

StreamReader ProcessStreams::open_reader(int fd) {
    const std::shared_ptr<BaseTransport> pipe = transport_->get_pipe_transport(fd);
    if (pipe == nullptr) return nullptr;
    StreamReader reader(limit_, *loop_.get());
    reader.set_transport(as<ReadTransport>(pipe));
    ++open_readers_;
    return reader;
}

void ProcessStreams::pipe_data_received(int fd, absl::string_view data) {
    if (const StreamReader reader = reader_of(fd)) reader.feed_data(data);
}

void ProcessStreams::pipe_connection_lost(int fd, std::exception_ptr error) {
    if (fd == 0) {
        flow_->connection_lost(std::move(error));
        return;
    }
    const StreamReader reader = reader_of(fd);
    if (!reader) return;
    if (error == nullptr) {
        reader.feed_eof();
    } else {
        reader.set_exception(std::move(error));
    }
    --open_readers_;
    close_when_over();
}

void ProcessStreams::process_exited() {
    exited_ = true;
    waiters_.pop_and_wake_all();
    close_when_over();
}

// Its standard input, which a child of the child may have kept open.
void ProcessStreams::close_when_over() {
    if (exited_ && open_readers_ == 0) transport_->close();
}

int ProcessStreams::wait() {
    if (!exited_) {
        EventLoop* const loop = loop_.get();
        if (loop == nullptr) throw RuntimeError("the event loop of this process was destroyed");
        Waiter(waiters_, *loop).wait();
    }
    return *transport_->get_returncode();
}

void ProcessStreams::feed(const absl::optional<std::string>& text) {
    if (!input) return;
    try {
        if (text) input.write(*text);
        await(input.drain());
    } catch (const std::system_error& error) {
        if (!is_broken_pipe(error)) throw;
    }
    input.close();
}

absl::optional<std::string> ProcessStreams::read_all(int fd) {
    const StreamReader reader = reader_of(fd);
    if (!reader) return absl::nullopt;
    std::string all = await(reader.read());
    transport_->get_pipe_transport(fd)->close();
    return all;
}

Process::Output ProcessStreams::communicate(absl::optional<std::string> text) {
    if (text && !input) {
        throw RuntimeError("communicate(input) needs a pipe to the child: start it with stdin_(subprocess::PIPE)");
    }
    const std::shared_ptr<ProcessStreams> self = shared_from_this();
    auto all = await(gather([self, text = std::move(text)] { self->feed(text); }, [self] { return self->read_all(1); },
                            [self] { return self->read_all(2); }));
    wait();
    return {std::move(std::get<1>(all)), std::move(std::get<2>(all))};
}

}  // namespace detail
}  // namespace cede
