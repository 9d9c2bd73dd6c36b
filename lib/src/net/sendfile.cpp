// loop.sendfile and sock_sendfile.
#include <algorithm>
#include <stdexcept>
#include <vector>

#include <sys/socket.h>

#include "cede/base/reports.hpp"
#include "cede/coroutine/coroutine.hpp"
#include "cede/loop/event_loop.hpp"
#include "cede/loop/run_in_executor.hpp"
#include "cede/net/net.hpp"
#include "cede/task/await.hpp"
#include "cede/task/sleep.hpp"
#include "net/file_source.hpp"
#include "net/sendfile_protocol.hpp"
#include "net/socket_operation.hpp"
#include "net/ssl_transport.hpp"
#include "net/stream_transport.hpp"
#include "net/system.hpp"

namespace cede {

SendfileNotAvailableError::~SendfileNotAvailableError() = default;

namespace {

using detail::FileSource;
using File = std::shared_ptr<FileSource>;
using detail::StreamTransport;

// Sent by one call of the system, which blocks the loop while it reads from the disk; bytes.
constexpr std::size_t native_piece = 1 << 20;
// Read at once where the system's sendfile() cannot; asyncio's numbers.
constexpr std::size_t socket_piece = 256 * 1024;
constexpr std::size_t transport_piece = 16 * 1024;

// What is sent on.
class Channel {
public:
    // Throws when it is closed.
    virtual int fd() const = 0;
    // Cedes until it takes more.
    virtual void wait() = 0;
    // Sending has failed.
    virtual void failed(std::exception_ptr) {}

protected:
    Channel() = default;
    ~Channel() = default;
};

class SocketChannel final : public Channel {
public:
    explicit SocketChannel(const detail::SocketOperation& operation) : operation_(operation) {}
    int fd() const override { return operation_.fd(); }
    void wait() override { operation_.wait(selectors::EVENT_WRITE); }

private:
    const detail::SocketOperation& operation_;
};

class TransportChannel final : public Channel {
public:
    explicit TransportChannel(StreamTransport& transport) : transport_(transport) { transport_.begin_sendfile(); }
    ~TransportChannel() {
        try {
            transport_.end_sendfile();
        } catch (...) {
            detail::report_unraisable(std::current_exception(), "a sendfile ended");
        }
    }
    TransportChannel(const TransportChannel&) = delete;
    TransportChannel& operator=(const TransportChannel&) = delete;

    int fd() const override { return transport_.sendfile_fd(); }
    void wait() override { transport_.wait_writable(); }
    void failed(std::exception_ptr error) override { transport_.sendfile_failed(std::move(error)); }

private:
    StreamTransport& transport_;
};

// However the sending ends.
struct SetsPosition {
    FileSource& file;
    ~SetsPosition() { file.set_position(); }
};

// Whether an error of sendfile() says something about the file, and nothing about the connection.
bool is_of_file(int error) noexcept {
    return error == EIO || error == EBADF || error == EINVAL || error == ENOMEM || error == EOVERFLOW;
}

[[noreturn]] void throw_native_error(int error, const FileSource& file, Channel& channel) {
    const std::system_error failure = detail::os_error(error, "sendfile");
    if (file.sent() == 0) throw SendfileNotAvailableError(failure.what(), std::make_exception_ptr(failure));
    if (!is_of_file(error)) channel.failed(std::make_exception_ptr(failure));
    throw failure;
}

void send_natively(Channel& channel, FileSource& file) {
    if (!file.is_regular()) throw SendfileNotAvailableError("sendfile: not a regular file");
    while (const std::size_t size = file.next(native_piece)) {
        const ssize_t sent = file.send_to(channel.fd(), size);
        if (sent == 0) return;
        if (sent > 0) {
            file.advance(sent);
            // A reader that is as fast as we are must not keep everybody else waiting.
            if (static_cast<std::size_t>(sent) == size) await(sleep(Duration()));
        } else if (detail::would_block(errno)) {
            channel.wait();
        } else if (errno != EINTR) {
            throw_native_error(errno, file, channel);
        }
    }
}

void send_all(Channel& channel, FileSource& file, absl::string_view data) {
    while (!data.empty()) {
        const ssize_t sent = ::send(channel.fd(), data.data(), data.size(), detail::send_flags);
        if (sent >= 0) {
            data.remove_prefix(static_cast<std::size_t>(sent));
            file.advance(sent);
        } else if (detail::would_block(errno)) {
            channel.wait();
        } else if (errno != EINTR) {
            const std::exception_ptr error = std::make_exception_ptr(detail::os_error(errno, "send of a file"));
            channel.failed(error);
            std::rethrow_exception(error);
        }
    }
}

// Reads the file piece by piece, in the default executor for a disk may be slow, and gives each to `send`. The buffer is the
// thread's too, which goes on reading when this is cancelled.
template <class F>
void for_each_piece(EventLoop& loop, const File& file, std::size_t piece, F send) {
    const auto buffer = std::make_shared<std::vector<char>>(file->next(piece));
    struct Read {
        ssize_t size;
        int error;
    };
    while (const std::size_t size = file->next(piece)) {
        const std::int64_t ahead = file->sent();
        const Read read = await(loop.run_in_executor(nullptr, [file, buffer, size, ahead] {
            ssize_t got;
            do {
                got = file->read(buffer->data(), size, ahead);
            } while (got < 0 && errno == EINTR);
            return Read{got, got < 0 ? errno : 0};
        }));
        if (read.size < 0) throw detail::os_error(read.error, "read of a file to be sent");
        if (read.size == 0) return;
        send(absl::string_view(buffer->data(), static_cast<std::size_t>(read.size)));
    }
}

// Tries the system's sendfile(), and reads and writes if that cannot.
void send_file(EventLoop& loop, Channel& channel, const File& file, bool fallback) {
    try {
        return send_natively(channel, *file);
    } catch (const SendfileNotAvailableError&) {
        if (!fallback) throw;
    }
    for_each_piece(loop, file, socket_piece, [&](absl::string_view data) { send_all(channel, *file, data); });
}

void send_through(StreamTransport& transport, EventLoop& loop, const File& file, bool fallback) {
    TransportChannel channel(transport);
    transport.wait_drained();
    send_file(loop, channel, file, fallback);
}

// Any other transport is only written to.
void write_through(const std::shared_ptr<Transport>& transport, EventLoop& loop, const File& file) {
    struct Installed {
        absl::optional<detail::SSLTransport::FileWriter> alone;
        std::shared_ptr<detail::SendfileProtocol> protocol;
        ~Installed() {
            alone.reset();  // first: whoever is told that it may write again does
            if (protocol == nullptr) return;
            try {
                protocol->restore();
            } catch (...) {
                detail::report_unraisable(std::current_exception(), "a protocol was told that it may write again");
            }
        }
    };
    Installed installed;
    if (const auto over_tls = std::dynamic_pointer_cast<detail::SSLTransport>(transport)) installed.alone.emplace(over_tls);
    installed.protocol = detail::SendfileProtocol::install(loop, transport);
    for_each_piece(loop, file, transport_piece, [&](absl::string_view data) {
        installed.protocol->drain();
        if (installed.alone) {
            installed.alone->write(data);
        } else {
            transport->write(data);
        }
        file->advance(static_cast<ssize_t>(data.size()));
    });
}

}  // namespace

Coroutine<std::int64_t> LoopNetwork::sock_sendfile(const Socket& socket, int file, SendfileOptions options) {
    const auto source = std::make_shared<FileSource>(file, options);
    return [operation = detail::SocketOperation(loop(), socket), view = socket.view(), source, options] {
        operation.begin();
        if (view.type() != SOCK_STREAM) throw std::invalid_argument("sock_sendfile: a stream socket was expected");
        source->check();
        const SetsPosition sets_position{*source};
        SocketChannel channel(operation);
        send_file(operation.loop(), channel, source, options.fallback());
        return source->sent();
    };
}

Coroutine<std::int64_t> LoopNetwork::sendfile(std::shared_ptr<BaseTransport> transport, int file,
                                              SendfileOptions options) {
    EventLoop* const in = &loop();
    const auto source = std::make_shared<FileSource>(file, options);
    return [in, transport, source, options] {
        if (transport == nullptr) throw std::invalid_argument("sendfile: no transport");
        if (transport->is_closing()) throw RuntimeError("sendfile: the transport is closing");
        source->check();
        const SetsPosition sets_position{*source};
        if (const auto own = std::dynamic_pointer_cast<StreamTransport>(transport)) {
            send_through(*own, *in, source, options.fallback());
        } else if (const auto other = std::dynamic_pointer_cast<Transport>(transport)) {
            if (!options.fallback()) {
                throw RuntimeError("sendfile: this transport cannot do it without a fallback, and the fallback is disabled");
            }
            write_through(other, *in, source);
        } else {
            throw RuntimeError("sendfile is not supported for this kind of transport: only for streams");
        }
        return source->sent();
    };
}

}  // namespace cede
