// What it is: the sending side of a connection as straight code. `write()` never waits; `await(drain())` after it does
// while the peer reads more slowly than you write.
// When to use it: you get one from open_connection(), start_server() or a subprocess. When not: without drain(), for more
// data than you care to keep in memory.
//
// Call close() when done, and await wait_closed(). A writer whose last handle is dropped without that closes the connection
// and warns; no warning when an exception unwinds past it, since nobody had a chance.
//
// Copying a handle refers to the same connection. Loop's thread only, but handles may be copied and destroyed on any
// thread. Nothing cedes but what returns a Coroutine, when it is awaited. Every call on an empty handle throws RuntimeError.
#ifndef CEDE_STREAM_STREAM_WRITER_HPP
#define CEDE_STREAM_STREAM_WRITER_HPP

#include <cstddef>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/types/any.h"
#include "absl/types/span.h"

#include "cede/base/buffers.hpp"
#include "cede/base/fwd.hpp"
#include "cede/coroutine/coroutine.hpp"
#include "cede/net/ssl_options.hpp"
#include "cede/net/transport.hpp"
#include "cede/stream/stream_reader.hpp"

namespace cede {

class BaseProtocol;
class FlowControl;
class WriteTransport;

namespace detail {
class WriterCore;
}

class StreamWriter {
public:
    // Empty: refers to no connection.
    StreamWriter() noexcept = default;
    // On a transport of your own, with the flow control of its protocol. `reader`, if not empty, is the other side of the
    // connection: an error that arrives there is thrown by drain(). Throws std::invalid_argument without a transport or flow
    // control.
    StreamWriter(std::shared_ptr<WriteTransport> transport, std::shared_ptr<FlowControl> flow, StreamReader reader,
                 EventLoop& loop);
    // The same as in Python, with the protocol itself, a FlowControlMixin. Throws std::invalid_argument for another.
    template <class Protocol, class = std::enable_if_t<std::is_base_of<BaseProtocol, Protocol>::value>>
    StreamWriter(std::shared_ptr<WriteTransport> transport, const std::shared_ptr<Protocol>& protocol, StreamReader reader,
                 EventLoop& loop)
        : StreamWriter(std::move(transport), flow_control_of(protocol), std::move(reader), loop) {}
    // False for an empty handle.
    explicit operator bool() const noexcept { return core_ != nullptr; }

    // Sends, or buffers what the system does not take at once; `data` may be reused right away. After a lost connection it is
    // dropped, and drain() throws; after close() as WriteTransport::write() says.
    void write(absl::string_view data) const;
    template <class Bytes, class = detail::IfBytes<Bytes>>
    void write(const Bytes& data) const { write(detail::view_of(data)); }
    // The pieces one behind the other, in one system call if it takes them.
    void writelines(absl::Span<const absl::string_view> pieces) const;
    void writelines(absl::Span<const std::string> pieces) const;
    void writelines(std::initializer_list<absl::string_view> pieces) const;
    // Of any container: std::list, std::deque, pieces that are const char* ...
    template <class Lines, class = detail::IfLines<Lines>>
    void writelines(const Lines& pieces) const {
        writelines(detail::LineViews(pieces).span());
    }
    // Closes the sending side once everything is sent; the peer reads the end of the stream.
    void write_eof() const;
    bool can_write_eof() const;

    // Cedes while more is buffered than the transport likes (64 KiB by default), until the peer has taken most of it; else
    // not at all, and allocates nothing. When the connection is closing cedes once, so that its end is noticed. Throws what
    // the reader's exception() is, std::system_error with ECONNRESET when the connection is gone, CancelledError.
    Coroutine<void> drain() const;

    // Goes over to TLS on this connection: cedes as drain() does, and then until TLS is agreed on. This writer and its reader go
    // on with it. What the reader holds unread is taken for the beginning of the peer's TLS, so read all that was said in plain
    // first; anything else is an SSLError, and nothing in plain can pass for what comes by TLS. In what start_server has called
    // we are the server of TLS as well, else the client, unless the options say otherwise. Throws what drain() and
    // EventLoop::start_tls() throw; std::invalid_argument also for streams that are not those of a socket.
    Coroutine<void> start_tls(std::shared_ptr<SSLContext> context, StartTlsOptions options = StartTlsOptions()) const;

    // Sends what is buffered, then closes both sides; the reader reads the end of the stream. Harmless when repeated.
    void close() const;
    // Closed, or on the way.
    bool is_closing() const;
    // Cedes until the connection is gone. Throws the error that ended it, CancelledError.
    Coroutine<void> wait_closed() const;

    // See BaseTransport::get_extra_info: "peername", "sockname", "socket"; with TLS "sslcontext", "ssl_object", "peercert" ...
    absl::any get_extra_info(absl::string_view name) const;
    absl::any get_extra_info(absl::string_view name, absl::any otherwise) const {
        absl::any known = get_extra_info(name);
        return known.has_value() ? known : otherwise;
    }
    template <class T>
    T get_extra_info(absl::string_view name) const { return detail::extra_info_as<T>(get_extra_info(name), name); }
    std::shared_ptr<WriteTransport> transport() const;
    const std::shared_ptr<detail::WriterCore>& core() const noexcept { return core_; }

    friend bool operator==(const StreamWriter& a, const StreamWriter& b) noexcept { return a.core_ == b.core_; }
    friend bool operator!=(const StreamWriter& a, const StreamWriter& b) noexcept { return a.core_ != b.core_; }
    // Some order, for std::set and std::map.
    friend bool operator<(const StreamWriter& a, const StreamWriter& b) noexcept {
        return std::less<const void*>()(a.core_.get(), b.core_.get());
    }

private:
    static std::shared_ptr<FlowControl> flow_control_of(const std::shared_ptr<BaseProtocol>& protocol);
    const std::shared_ptr<detail::WriterCore>& open() const;

    std::shared_ptr<detail::WriterCore> core_;
};

}  // namespace cede

// Handles of the same connection are equal and hash alike.
namespace std {
template <>
struct hash<cede::StreamWriter> {
    size_t operator()(const cede::StreamWriter& handle) const noexcept { return hash<const void*>()(handle.core().get()); }
};
}  // namespace std

#endif
