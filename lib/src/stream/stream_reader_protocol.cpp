#include "cede/stream/stream_reader_protocol.hpp"

#include <exception>
#include <utility>

#include "cede/base/reports.hpp"
#include "cede/loop/event_loop.hpp"
#include "cede/net/transport.hpp"
#include "cede/task/task.hpp"
#include "stream/peer.hpp"
#include "stream/reader_core.hpp"
#include "stream/writer_core.hpp"

namespace cede {
namespace {

EventLoop& loop_of(const StreamReader& reader) {
    if (!reader) throw RuntimeError("a StreamReaderProtocol needs a reader to feed: this one is empty");
    return reader.core()->loop();
}

// What asyncio does when the client's task is done. The connection of one that returned is its own to close, and so is one
// whose writer is gone: it was closed with that. Not simply the transport of the beginning, which TLS may run on by now.
void client_ended(EventLoop& loop, const std::shared_ptr<BaseTransport>& first,
                  const std::weak_ptr<detail::WriterCore>& writer, const Future<void>& task) {
    const std::shared_ptr<detail::WriterCore> open = writer.lock();
    const auto close = [&] {
        if (open != nullptr) open->transport()->close();
    };
    if (task.cancelled()) return close();
    ExceptionContext context;
    context.exception = task.exception();
    if (context.exception == nullptr) return;
    context.message = "Unhandled exception in client_connected_cb";
    context.task = AnyTask(task.ref());
    context.transport = open != nullptr ? open->transport() : first;
    loop.call_exception_handler(context);
    close();
}

// A client's task before its first step. One that is cancelled there takes the writer with it, without a warning: nobody
// had a chance to close it.
struct Client {
    std::shared_ptr<ClientConnected> callback;
    StreamReader reader;
    StreamWriter writer;

    Client(std::shared_ptr<ClientConnected> c, StreamReader r, StreamWriter w) noexcept
        : callback(std::move(c)), reader(std::move(r)), writer(std::move(w)) {}
    Client(Client&&) noexcept = default;
    Client& operator=(Client&&) = delete;
    ~Client() {
        try {
            if (writer) writer.close();
        } catch (...) {
            detail::report_unraisable(std::current_exception(), "a client's task was dropped");
        }
    }
    void operator()() { (*callback)(std::move(reader), std::move(writer)); }
};

void start_client(EventLoop& loop, std::shared_ptr<BaseTransport> transport, std::shared_ptr<ClientConnected> callback,
                  StreamReader reader, StreamWriter writer) {
    const TaskOptions options = TaskOptions().name("client" + detail::peer_suffix(*transport));
    const std::weak_ptr<detail::WriterCore> core = writer.core();
    const Task<void> task = loop.create_task(Client(std::move(callback), std::move(reader), std::move(writer)), options);
    task.add_done_callback([&loop, first = std::move(transport), core](const Future<void>& done) {
        client_ended(loop, first, core, done);
    });
}

}  // namespace

StreamReaderProtocol::StreamReaderProtocol(StreamReader reader)
    : StreamReaderProtocol(std::move(reader), std::shared_ptr<ClientConnected>()) {}

StreamReaderProtocol::StreamReaderProtocol(StreamReader reader, std::shared_ptr<ClientConnected> client_connected)
    : FlowControlMixin(loop_of(reader)), reader_(reader.core()), client_connected_(std::move(client_connected)) {
    if (client_connected_ != nullptr) kept_ = std::move(reader);
}

StreamReaderProtocol::~StreamReaderProtocol() = default;

void StreamReaderProtocol::connection_made(std::shared_ptr<BaseTransport> transport) {
    const StreamReader reader = this->reader();
    if (reader) reader.set_transport(std::dynamic_pointer_cast<ReadTransport>(transport));
    over_ssl_ = transport->get_extra_info("sslcontext").has_value();
    if (client_connected_ == nullptr) return;
    kept_ = nullptr;
    EventLoop& loop = loop_of(reader);
    StreamWriter writer(as<WriteTransport>(transport), flow_control(), reader, loop);
    start_client(loop, std::move(transport), client_connected_, reader, std::move(writer));
}

std::string StreamReaderProtocol::take_received() {
    const auto reader = reader_.lock();
    return reader != nullptr ? reader->take_all() : std::string();
}

void StreamReaderProtocol::replace_transport(const std::shared_ptr<Transport>& transport) {
    if (const auto reader = reader_.lock()) reader->replace_transport(transport);
}

void StreamReaderProtocol::connection_lost(std::exception_ptr error) {
    if (const StreamReader reader = this->reader()) {
        if (error == nullptr) {
            reader.feed_eof();
        } else {
            reader.set_exception(error);
        }
    }
    FlowControlMixin::connection_lost(std::move(error));
    reader_.reset();
    kept_ = nullptr;
    client_connected_ = nullptr;
}

void StreamReaderProtocol::data_received(absl::string_view data) {
    if (const auto reader = reader_.lock()) reader->feed_data(data);
}

bool StreamReaderProtocol::eof_received() {
    if (const auto reader = reader_.lock()) reader->feed_eof();
    return !over_ssl_;
}

}  // namespace cede
