// What it is: the callbacks by which a transport tells a program what happened on its connection: asyncio's protocols.
// When to use it: to write a server or client without a task for each connection; derive and override what is needed,
// all else does nothing. When not: for straight code; streams (stream/streams.hpp) are a protocol already.
//
// The loop's thread calls these; none may cede. An exception thrown by one closes the connection with it and goes to
// the loop's exception handler; a std::system_error goes to connection_lost only, as an end of the connection like others, but
// for one that connection_made throws on a plain transport.
// What pause_writing, resume_writing or connection_lost throws is reported, and changes nothing.
#ifndef CEDE_NET_PROTOCOL_HPP
#define CEDE_NET_PROTOCOL_HPP

#include <cstddef>
#include <exception>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

#include "cede/base/fwd.hpp"

namespace cede {

class BaseTransport;
class SocketAddress;

class BaseProtocol {
public:
    virtual ~BaseProtocol();
    // The connection is there; the transport stays valid while it is kept, and is of the kind that was asked for
    // (`as<Transport>(transport)`).
    virtual void connection_made(std::shared_ptr<BaseTransport> transport);
    // The last call: null after a close or an end of the stream, else the error.
    virtual void connection_lost(std::exception_ptr error);
    // More than the high-water mark is buffered: stop writing until resume_writing.
    virtual void pause_writing();
    virtual void resume_writing();
};

// For a stream of bytes.
class Protocol : public BaseProtocol {
public:
    // The bytes are valid during the call only.
    virtual void data_received(absl::string_view data);
    // The peer will send no more. True keeps the transport open for writing.
    virtual bool eof_received();
};

// For a stream of bytes that is read straight into memory of the protocol's.
class BufferedProtocol : public BaseProtocol {
public:
    // Where the next bytes go; must not be empty. `size_hint` is how much could be of use, -1 for any.
    virtual absl::Span<char> get_buffer(std::ptrdiff_t size_hint) = 0;
    virtual void buffer_updated(std::size_t count) = 0;
    virtual bool eof_received();
};

// For datagrams. What these two throw is reported, and the endpoint stays open: what one peer has sent must not end the service
// of the others.
class DatagramProtocol : public BaseProtocol {
public:
    // The bytes are valid during the call only; `from` may be kept, and answered to, unless it is of no family: a Unix socket
    // without a name.
    virtual void datagram_received(absl::string_view data, const SocketAddress& from);
    // The system has refused to send a datagram, or tells that one did not arrive: a std::system_error.
    virtual void error_received(std::exception_ptr error);
};

namespace detail {
// A protocol that keeps what it has received until somebody reads it, as that of the streams does.
class HoldsReceived {
public:
    // For start_tls: to the peer that is the beginning of TLS. Throws std::bad_alloc, and has taken nothing then.
    virtual std::string take_received() = 0;

protected:
    ~HoldsReceived() = default;
};
}  // namespace detail

// For a child process: connection_made comes first, connection_lost last, when the child has ended and every pipe is lost.
// pause_writing and resume_writing are about its standard input. What these throw is reported, and changes nothing.
class SubprocessProtocol : public BaseProtocol {
public:
    // The child has written to its standard output (1) or error (2).
    virtual void pipe_data_received(int fd, absl::string_view data);
    virtual void pipe_connection_lost(int fd, std::exception_ptr error);
    // Its return code is known; what it wrote may still come.
    virtual void process_exited();
};

}  // namespace cede

// The templates among the loop's members, for whoever includes no more than this.
#include "cede/net/loop_templates.hpp"

#endif
