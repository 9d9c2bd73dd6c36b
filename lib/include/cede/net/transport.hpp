// What it is: a connection as a protocol sees it: asyncio's transports, as abstract classes. When to use it: inside a
// protocol, or through StreamWriter::transport(). When not: to make one; create_connection and its kin do.
//
// Loop's thread only; nothing here cedes. The loop keeps a transport until connection_lost, whoever else does; one that
// is open when the loop closes is closed with it, and in debug mode reported.
#ifndef CEDE_NET_TRANSPORT_HPP
#define CEDE_NET_TRANSPORT_HPP

#include <cstddef>
#include <exception>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/any.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"

#include "cede/base/buffers.hpp"
#include "cede/base/fwd.hpp"

namespace cede {

class BaseProtocol;
class SocketAddress;

namespace detail {
[[noreturn]] void throw_wrong_transport();
[[noreturn]] void throw_wrong_extra_info(absl::string_view name, const absl::any& known, const std::type_info& wanted);

template <class T>
T extra_info_as(const absl::any& known, absl::string_view name) {
    const T* const value = absl::any_cast<T>(&known);
    if (value == nullptr) throw_wrong_extra_info(name, known, typeid(T));
    return *value;
}

// A container of pieces of data that is not a span of views already.
template <class Lines>
using IfLines = std::enable_if_t<
    std::is_convertible<decltype(*std::begin(std::declval<const Lines&>())), absl::string_view>::value &&
    !std::is_convertible<const Lines&, absl::Span<const absl::string_view>>::value>;
// Views of them, for as long as this lives: a range that makes its strings one by one (std::views::transform) gives values, which
// are kept here.
class LineViews {
public:
    template <class Lines, class Line = decltype(*std::begin(std::declval<const Lines&>()))>
    explicit LineViews(const Lines& lines)
        : LineViews(lines, std::integral_constant<bool, std::is_reference<Line>::value || std::is_pointer<Line>::value ||
                                                            std::is_same<Line, absl::string_view>::value>()) {}
    LineViews(const LineViews&) = delete;
    LineViews& operator=(const LineViews&) = delete;
    absl::Span<const absl::string_view> span() const noexcept { return views_; }

private:
    template <class Lines>
    LineViews(const Lines& lines, std::true_type) {
        for (const auto& line : lines) views_.push_back(line);
    }
    template <class Lines>
    LineViews(const Lines& lines, std::false_type) {
        for (auto&& line : lines) made_.emplace_back(absl::string_view(line));
        views_.assign(made_.begin(), made_.end());
    }

    std::vector<std::string> made_;
    std::vector<absl::string_view> views_;
};
}  // namespace detail

class BaseTransport {
public:
    virtual ~BaseTransport();

    // Sends what is buffered, then closes; connection_lost(null) follows in a later iteration. Harmless when repeated.
    virtual void close() = 0;
    virtual bool is_closing() const = 0;
    // Of a socket: "peername", "sockname" (SocketAddress), "socket" (TransportSocket); of a pipe: "pipe" (int); of a
    // process: "subprocess" (int, the pid). Of TLS: "sslcontext" (std::shared_ptr<SSLContext>) and what is below it; after the
    // handshake "ssl_object" (std::shared_ptr<SSLObject>) and, as the TLS library tells them, "peercert", "cipher" and
    // "compression". An empty any for what is unknown.
    virtual absl::any get_extra_info(absl::string_view name) const;
    // The same, with `otherwise` for what it does not know.
    absl::any get_extra_info(absl::string_view name, absl::any otherwise) const {
        absl::any known = get_extra_info(name);
        return known.has_value() ? known : otherwise;
    }
    // What it knows as a T, get_extra_info<SocketAddress>("peername"). Throws std::out_of_range for what it does not know, and
    // std::invalid_argument, naming both types, when it is no T.
    template <class T>
    T get_extra_info(absl::string_view name) const { return detail::extra_info_as<T>(get_extra_info(name), name); }
    // From now on `protocol` is called. Throws std::invalid_argument for one of a kind that this transport cannot serve.
    virtual void set_protocol(std::shared_ptr<BaseProtocol> protocol) = 0;
    // Null after connection_lost.
    virtual std::shared_ptr<BaseProtocol> get_protocol() const = 0;
};

// An error of a read other than EINTR and EAGAIN ends the connection, for writing too: connection_lost gets it.
class ReadTransport : public virtual BaseTransport {
public:
    virtual bool is_reading() const = 0;
    // No data_received until resume_reading. Harmless when repeated.
    virtual void pause_reading() = 0;
    virtual void resume_reading() = 0;
};

class WriteTransport : public virtual BaseTransport {
public:
    // EINTR and EAGAIN are nobody's business. Any other error of a write, at once or later (ECONNRESET and EPIPE when the
    // peer has gone, ENOBUFS), ends the connection: what is buffered is dropped, and connection_lost gets the error in a
    // later iteration. Nobody knows then how much has arrived.

    // Sends what the system takes at once and buffers the rest; never blocks. Small writes that follow the first one in the
    // same iteration of the loop are joined instead, and go together: by flush(), a StreamWriter's drain(), or in the next
    // iteration. The data may be reused at once. Data written after close() or a lost connection is dropped, from the fifth
    // time on with a warning; but a socket that still has something to send at close() sends, as asyncio's, what is written until
    // it has. Throws RuntimeError after write_eof().
    virtual void write(absl::string_view data) = 0;
    template <class Bytes, class = detail::IfBytes<Bytes>>
    void write(const Bytes& data) { write(detail::view_of(data)); }
    virtual void writelines(absl::Span<const absl::string_view> data) = 0;
    // Of any container of what a string_view is made from, and a list in braces.
    template <class Lines, class = detail::IfLines<Lines>>
    void writelines(const Lines& data) {
        writelines(detail::LineViews(data).span());
    }
    void writelines(std::initializer_list<absl::string_view> data) { writelines(absl::MakeConstSpan(data.begin(), data.size())); }
    // Gives the system now what waits to be joined. For who is going to keep the loop busy; else nobody needs it.
    virtual void flush() {}
    // Closes the sending side once everything is sent. Harmless when repeated. Throws RuntimeError where it cannot: with TLS.
    virtual void write_eof() = 0;
    virtual bool can_write_eof() const = 0;
    // Drops what is buffered and closes.
    virtual void abort() = 0;
    // Above `high` bytes buffered the protocol's pause_writing is called, at `low` its resume_writing. By default 64 KiB
    // and a quarter of `high`. Throws std::invalid_argument for low > high.
    virtual void set_write_buffer_limits(absl::optional<std::size_t> high = absl::nullopt,
                                         absl::optional<std::size_t> low = absl::nullopt) = 0;
    struct Limits {
        std::size_t low;
        std::size_t high;
    };
    virtual Limits get_write_buffer_limits() const = 0;
    // Bytes not yet taken by the system, those that wait to be joined included.
    virtual std::size_t get_write_buffer_size() const = 0;
};

class Transport : public virtual ReadTransport, public virtual WriteTransport {};

class DatagramTransport : public virtual BaseTransport {
public:
    // Sends one datagram, which may be empty, to `to`, or to the endpoint's remote_addr when that is null. At once if the
    // system takes it, else it is copied and sent later, whole and in order; never blocks. What the system refuses (ENOBUFS,
    // ECONNREFUSED of an earlier one, EMSGSIZE ...) is dropped and told by error_received, inside this call or later. After
    // close() it is dropped, from the fifth time on with a warning. Throws std::invalid_argument for no address where there
    // is no remote_addr, and for another where there is one.
    virtual void sendto(absl::string_view data, const SocketAddress* to = nullptr) = 0;
    void sendto(absl::string_view data, const SocketAddress& to) { sendto(data, &to); }
    // Drops what is buffered and closes.
    virtual void abort() = 0;
    // As for WriteTransport; each datagram counts 8 bytes more than it has.
    virtual void set_write_buffer_limits(absl::optional<std::size_t> high = absl::nullopt,
                                         absl::optional<std::size_t> low = absl::nullopt) = 0;
    using Limits = WriteTransport::Limits;
    virtual Limits get_write_buffer_limits() const = 0;
    virtual std::size_t get_write_buffer_size() const = 0;
};

class SubprocessTransport : public virtual BaseTransport {
public:
    virtual int get_pid() const = 0;
    // Empty while it runs; -N when it was killed by signal N.
    virtual absl::optional<int> get_returncode() const = 0;
    // Of standard input (0, a WriteTransport), output or error (1 and 2, ReadTransports); null for one without a pipe.
    virtual std::shared_ptr<BaseTransport> get_pipe_transport(int fd) const = 0;
    // Throw std::system_error with ESRCH when the child has ended. close() kills one that runs, and closes the pipes.
    virtual void send_signal(int signal) = 0;
    virtual void terminate() = 0;
    virtual void kill() = 0;
};

// The same transport as what it is besides: `as<Transport>(transport)` in connection_made. Throws std::invalid_argument when
// it is not a T.
template <class T>
std::shared_ptr<T> as(const std::shared_ptr<BaseTransport>& transport) {
    std::shared_ptr<T> result = std::dynamic_pointer_cast<T>(transport);
    if (result == nullptr) detail::throw_wrong_transport();
    return result;
}

}  // namespace cede

#endif
