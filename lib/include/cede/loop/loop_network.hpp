// What it is: the network members of EventLoop, declared here and defined by the net room. When to use it: as members of
// a loop, with the net room's headers (or cede/cede.hpp) for the types. When not: on its own; it has no life of its own.
//
// Each function returns a lazy Coroutine: nothing happens, and nothing is thrown, until it is awaited or made a task.
// Strings, addresses and options are kept by it, and a Socket may be moved or closed meanwhile; only buffers to fill and
// the data of sock_* must live until it ends. Loop's thread only. All are virtual, for subclasses and instruments.
//
// Errors of the system are std::system_error in std::generic_category(), of name resolution in resolver_category().
#ifndef CEDE_LOOP_LOOP_NETWORK_HPP
#define CEDE_LOOP_LOOP_NETWORK_HPP

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"

#include "cede/base/buffers.hpp"
#include "cede/base/depends_on.hpp"
#include "cede/base/fwd.hpp"

namespace cede {

struct AddressInfo;
class BaseProtocol;
class BaseTransport;
class ConnectionOptions;
class DatagramOptions;
class DatagramTransport;
class Pipe;
class Port;
class ReadTransport;
class ResolveOptions;
class SendfileOptions;
class Server;
class ServerOptions;
class SSLContext;
class Socket;
class SocketAddress;
class StartTlsOptions;
class SubprocessOptions;
class SubprocessProtocol;
class SubprocessTransport;
class Transport;
class WriteTransport;

namespace detail {
class NetworkState;

[[noreturn]] void throw_no_factory();

// Any callable that returns a shared_ptr to a P, or one to what derives from it. Calling an empty one throws.
template <class P>
class Factory : public absl::AnyInvocable<std::shared_ptr<P>()> {
    using Base = absl::AnyInvocable<std::shared_ptr<P>()>;

public:
    Factory() = default;
    Factory(std::nullptr_t) noexcept {}
    template <class F, class = std::enable_if_t<!std::is_same<std::decay_t<F>, Factory>::value &&
                                                std::is_convertible<F, Base>::value>>
    Factory(F&& f) : Base(std::forward<F>(f)) {}

    std::shared_ptr<P> operator()() {
        if (!*this) throw_no_factory();
        return Base::operator()();
    }
};

// What a factory makes, if that is a protocol of a class of its own.
template <class F, class Base = BaseProtocol, class P = typename std::decay_t<decltype(std::declval<F&>()())>::element_type>
using OwnProtocol = std::enable_if_t<std::is_base_of<Base, P>::value && !std::is_same<Base, P>::value, P>;
template <class F>
using OwnSubprocessProtocol = OwnProtocol<F, SubprocessProtocol>;
template <class T, class P>
using ConnectionTo = Coroutine<std::pair<std::shared_ptr<T>, std::shared_ptr<P>>>;
}  // namespace detail

class LoopNetwork {
public:
    // Makes the protocol of a new connection: any callable that returns a shared_ptr to one.
    using ProtocolFactory = detail::Factory<BaseProtocol>;
    // A connection that is up: connection_made has been called.
    using Connection = std::pair<std::shared_ptr<Transport>, std::shared_ptr<BaseProtocol>>;

    // --- Names ---

    // The addresses of a host. An empty host is this machine: its loopback addresses, or with AI_PASSIVE all interfaces.
    // Asks the system on a resolver thread; a cancelled look-up leaves that thread behind, and its answer is dropped.
    virtual Coroutine<std::vector<AddressInfo>> getaddrinfo(std::string host, Port port, ResolveOptions options);
    Coroutine<std::vector<AddressInfo>> getaddrinfo(std::string host, Port port);
    Coroutine<std::vector<AddressInfo>> getaddrinfo(absl::nullopt_t, Port port, ResolveOptions options);
    Coroutine<std::vector<AddressInfo>> getaddrinfo(absl::nullopt_t, Port port);
    // The host and service names of an address; `flags` are getnameinfo(3)'s NI_*.
    virtual Coroutine<std::pair<std::string, std::string>> getnameinfo(SocketAddress address, int flags);
    Coroutine<std::pair<std::string, std::string>> getnameinfo(SocketAddress address);

    // --- Sockets ---
    // Each tries at once, and cedes only while the socket would block. A cancelled one leaves the socket usable; closing the
    // socket ends it with EBADF, and whoever gets the number next is not touched. Several may wait for one socket: they are
    // served in turn, those who read apart from those who write; a hang-up or an error wakes the first of both, and each
    // gets what its call says. EINTR, and EAGAIN after readiness, are never seen: the call is made again. All throw
    // RuntimeError when a transport uses the fd, and, in debug mode, std::invalid_argument for a blocking socket.

    // At most `n` bytes; empty at the end of the stream, and at once for no bytes.
    virtual Coroutine<std::string> sock_recv(const Socket& socket, std::size_t n);
    // Fills the front of `buffer`; how much, 0 at the end of the stream.
    virtual Coroutine<std::size_t> sock_recv_into(const Socket& socket, absl::Span<char> buffer);
    // A container that has a name: std::vector<char>, std::array, std::string. Its size is how much it takes.
    template <class Buffer, class = detail::IfBuffer<Buffer>>
    Coroutine<detail::DependsOn<Buffer, std::size_t>> sock_recv_into(const Socket& socket, Buffer& buffer);
    // A datagram, cut at `n` bytes, and who sent it.
    virtual Coroutine<std::pair<std::string, SocketAddress>> sock_recvfrom(const Socket& socket, std::size_t n);
    virtual Coroutine<std::pair<std::size_t, SocketAddress>> sock_recvfrom_into(const Socket& socket,
                                                                                absl::Span<char> buffer);
    // At most `n` bytes of `buffer`; 0 for all of it. Throws std::invalid_argument when it has fewer.
    Coroutine<std::pair<std::size_t, SocketAddress>> sock_recvfrom_into(const Socket& socket, absl::Span<char> buffer,
                                                                        std::size_t n);
    template <class Buffer, class = detail::IfBuffer<Buffer>>
    Coroutine<std::pair<std::size_t, detail::DependsOn<Buffer, SocketAddress>>> sock_recvfrom_into(
        const Socket& socket, Buffer& buffer, std::size_t n = 0);
    // All of `data`. After an error, or a cancellation, nobody knows how much was sent. A temporary string or container is kept
    // until it is sent; what has a name, or is a view, must live.
    virtual Coroutine<void> sock_sendall(const Socket& socket, absl::string_view data);
    template <class Bytes, class = detail::IfBytes<Bytes>>
    Coroutine<detail::DependsOn<Bytes, void>> sock_sendall(const Socket& socket, const Bytes& data);
    template <class Bytes, class = detail::IfTemporary<Bytes>>
    Coroutine<detail::DependsOn<Bytes, void>> sock_sendall(const Socket& socket, Bytes&& data);
    // One datagram; the number of bytes sent.
    virtual Coroutine<std::size_t> sock_sendto(const Socket& socket, absl::string_view data, SocketAddress to);
    template <class Bytes, class = detail::IfBytes<Bytes>>
    Coroutine<detail::DependsOn<Bytes, std::size_t>> sock_sendto(const Socket& socket, const Bytes& data, SocketAddress to);
    template <class Bytes, class = detail::IfTemporary<Bytes>>
    Coroutine<detail::DependsOn<Bytes, std::size_t>> sock_sendto(const Socket& socket, Bytes&& data, SocketAddress to);
    virtual Coroutine<void> sock_connect(const Socket& socket, SocketAddress to);
    // To the path of a Unix socket.
    template <class Path, class = std::enable_if_t<detail::IsText<Path>::value>>
    Coroutine<detail::DependsOn<Path, void>> sock_connect(const Socket& socket, const Path& path);
    // A host name is resolved for the socket's own family, type and protocol; the first address is taken.
    Coroutine<void> sock_connect(const Socket& socket, std::string host, Port port);
    // The next connection of a listening socket, non-blocking, and who made it. One that was given up before its turn
    // (ECONNABORTED) is passed over; EMFILE and the like are thrown, and it stays in the backlog for the next call.
    virtual Coroutine<std::pair<Socket, SocketAddress>> sock_accept(const Socket& socket);

    // --- Files ---
    // `file` is a descriptor that can be read, of a regular file as a rule: that of open(2), or fileno() of a FILE. It is
    // duplicated at once, so that it may be closed. Returns how many bytes were sent; the file's position is behind them
    // then, also after an error or a cancellation. By the system's sendfile(2), so that the bytes never reach the program;
    // where that cannot, the file is read by the default executor. Throws std::invalid_argument for a negative offset and a
    // count that is not positive; SendfileNotAvailableError without SendfileOptions::fallback(); EMFILE when the file cannot
    // be duplicated.

    // Behind what was written to the transport before. Until it is done reading pauses and every write() throws RuntimeError.
    // Throws RuntimeError for a transport that is closing, or not a stream's; ECONNABORTED when it is closed in the middle.
    virtual Coroutine<std::int64_t> sendfile(std::shared_ptr<BaseTransport> transport, int file, SendfileOptions options);
    Coroutine<std::int64_t> sendfile(std::shared_ptr<BaseTransport> transport, int file);
    Coroutine<std::int64_t> sendfile(std::shared_ptr<BaseTransport> transport, int file, std::int64_t offset,
                                     absl::optional<std::int64_t> count = absl::nullopt);
    // On a stream socket; as other sock_* it throws std::invalid_argument for a blocking one in debug mode.
    virtual Coroutine<std::int64_t> sock_sendfile(const Socket& socket, int file, SendfileOptions options);
    Coroutine<std::int64_t> sock_sendfile(const Socket& socket, int file);
    Coroutine<std::int64_t> sock_sendfile(const Socket& socket, int file, std::int64_t offset,
                                          absl::optional<std::int64_t> count = absl::nullopt);

    // --- Connections ---

    // Connects to the first address of `host` that answers, in the order that the resolver gives. Throws the error of the
    // attempts: theirs when they agree, one that lists them when they do not, an ExceptionGroup of all with all_errors.
    // Also std::invalid_argument for a host and a socket together, or for neither. With ConnectionOptions::ssl() it cedes until
    // TLS is agreed on, and then calls connection_made; throws SSLError for what is wrong with the peer, ECONNRESET when the peer
    // hangs up meanwhile, ECONNABORTED after ssl_handshake_timeout(). About TLS std::invalid_argument is for: ssl() without host
    // and server_hostname(), ssl(true), a context of servers; without ssl() a server_hostname() or a timeout of TLS; a timeout
    // that is not positive. The same in create_unix_connection, where there is no host.
    virtual Coroutine<Connection> create_connection(ProtocolFactory factory, std::string host, Port port,
                                                    ConnectionOptions options);
    Coroutine<Connection> create_connection(ProtocolFactory factory, std::string host, Port port);
    // On ConnectionOptions::socket(), which is connected.
    Coroutine<Connection> create_connection(ProtocolFactory factory, ConnectionOptions options);
    virtual Coroutine<Connection> create_unix_connection(ProtocolFactory factory, std::string path,
                                                         ConnectionOptions options);
    Coroutine<Connection> create_unix_connection(ProtocolFactory factory, std::string path);
    Coroutine<Connection> create_unix_connection(ProtocolFactory factory, ConnectionOptions options);
    // The same, evaluating to the class that the factory makes: `await(loop.create_connection(f, host, port)).second->answer`.
    template <class F, class... Args, class P = detail::OwnProtocol<F>>
    detail::ConnectionTo<Transport, P> create_connection(F factory, Args&&... args);
    template <class F, class... Args, class P = detail::OwnProtocol<F>>
    detail::ConnectionTo<Transport, P> create_unix_connection(F factory, Args&&... args);
    // On a socket that was accepted elsewhere; of the options those for TLS, where we are the server. Throws
    // std::invalid_argument when it is not a stream socket, for a server_hostname(), which is of clients, for a context of
    // clients, and about TLS as create_connection does; it also throws what that throws of a handshake.
    virtual Coroutine<Connection> connect_accepted_socket(ProtocolFactory factory, Socket socket, ConnectionOptions options);
    Coroutine<Connection> connect_accepted_socket(ProtocolFactory factory, Socket socket);
    template <class F, class... Args, class P = detail::OwnProtocol<F>>
    detail::ConnectionTo<Transport, P> connect_accepted_socket(F factory, Args&&... args);

    // Goes over to TLS on a connection that is up, of a socket or TLS itself, and cedes until it is agreed on. The result is the
    // transport that `protocol` must use from then on, in place of the other; its connection_made is not called again. What
    // a protocol was given before belongs to the plain connection: both sides must know who speaks next. Only what the reader of
    // a StreamReaderProtocol holds unread is the beginning of TLS. Throws as create_connection does with ssl(), and then
    // connection_lost was or will be called; before anything has happened std::invalid_argument without a context, for a context
    // or a timeout that will not do, and for a transport of another kind; RuntimeError for one that is closing.
    virtual Coroutine<std::shared_ptr<Transport>> start_tls(std::shared_ptr<BaseTransport> transport,
                                                            std::shared_ptr<BaseProtocol> protocol,
                                                            std::shared_ptr<SSLContext> context, StartTlsOptions options);
    Coroutine<std::shared_ptr<Transport>> start_tls(std::shared_ptr<BaseTransport> transport,
                                                    std::shared_ptr<BaseProtocol> protocol,
                                                    std::shared_ptr<SSLContext> context);

    // --- Datagrams ---

    // An endpoint that is up: connection_made has been called.
    using DatagramEndpoint = std::pair<std::shared_ptr<DatagramTransport>, std::shared_ptr<BaseProtocol>>;
    // For UDP and Unix datagrams; the factory makes a DatagramProtocol. The first pair of addresses that works is taken.
    // Throws std::invalid_argument for options that contradict each other, the first error of the system when no address
    // works.
    virtual Coroutine<DatagramEndpoint> create_datagram_endpoint(ProtocolFactory factory, DatagramOptions options);
    template <class F, class P = detail::OwnProtocol<F>>
    detail::ConnectionTo<DatagramTransport, P> create_datagram_endpoint(F factory, DatagramOptions options);

    // --- Servers ---

    // Listens on every address of `host`: an empty one is all interfaces, IPv4 and IPv6. Port 0 lets the system choose,
    // the same for all addresses. Cedes at least once, so that it serves when this returns.
    virtual Coroutine<Server> create_server(ProtocolFactory factory, std::string host, Port port, ServerOptions options);
    Coroutine<Server> create_server(ProtocolFactory factory, std::string host, Port port);
    Coroutine<Server> create_server(ProtocolFactory factory, absl::nullopt_t, Port port, ServerOptions options);
    Coroutine<Server> create_server(ProtocolFactory factory, absl::nullopt_t, Port port);
    Coroutine<Server> create_server(ProtocolFactory factory, std::nullptr_t, Port port, ServerOptions options);
    Coroutine<Server> create_server(ProtocolFactory factory, std::nullptr_t, Port port);
    // The same on every address of each of `hosts`: a vector or a list in braces of what a string is made from, so that
    // create_server(factory, {"127.0.0.1", "::1"}, 80) is one server. An address that several of them have is taken once; no
    // host at all is std::system_error, EADDRNOTAVAIL. All go through the last one. See net/loop_templates.hpp.
    template <class Host>
    Coroutine<detail::DependsOn<Host, Server>> create_server(ProtocolFactory factory, const std::vector<Host>& hosts, Port port);
    template <class Host>
    Coroutine<detail::DependsOn<Host, Server>> create_server(ProtocolFactory factory, const std::vector<Host>& hosts, Port port,
                                    ServerOptions options);
    template <class Host>
    Coroutine<detail::DependsOn<Host, Server>> create_server(ProtocolFactory factory, std::initializer_list<Host> hosts, Port port);
    template <class Host>
    Coroutine<detail::DependsOn<Host, Server>> create_server(ProtocolFactory factory, std::initializer_list<Host> hosts, Port port,
                                    ServerOptions options);
    virtual Coroutine<Server> create_server_on_hosts(ProtocolFactory factory, std::vector<std::string> hosts, Port port,
                                                     ServerOptions options);
    // On ServerOptions::socket(), which is bound.
    Coroutine<Server> create_server(ProtocolFactory factory, ServerOptions options);
    // A stale socket file at `path` is replaced; a path that begins with '\0' is an abstract name.
    virtual Coroutine<Server> create_unix_server(ProtocolFactory factory, std::string path, ServerOptions options);
    Coroutine<Server> create_unix_server(ProtocolFactory factory, std::string path);
    Coroutine<Server> create_unix_server(ProtocolFactory factory, ServerOptions options);

    // --- Pipes ---

    using ReadPipe = std::pair<std::shared_ptr<ReadTransport>, std::shared_ptr<BaseProtocol>>;
    using WritePipe = std::pair<std::shared_ptr<WriteTransport>, std::shared_ptr<BaseProtocol>>;
    // Reads from, or writes to, an end of a pipe or FIFO, a socket or a character device, such as a terminal, which is made
    // non-blocking, and closed with the transport. A write pipe notices when nobody can read any more what it would write.
    // Throws std::invalid_argument for what is nothing of all that, regular files for instance, and for a protocol of a
    // wrong kind; RuntimeError when a transport uses the descriptor. The pipe is closed then.
    virtual Coroutine<ReadPipe> connect_read_pipe(ProtocolFactory factory, Pipe pipe);
    virtual Coroutine<WritePipe> connect_write_pipe(ProtocolFactory factory, Pipe pipe);
    template <class F, class P = detail::OwnProtocol<F>>
    detail::ConnectionTo<ReadTransport, P> connect_read_pipe(F factory, Pipe pipe);
    template <class F, class P = detail::OwnProtocol<F>>
    detail::ConnectionTo<WriteTransport, P> connect_write_pipe(F factory, Pipe pipe);

    // --- Processes ---

    using SubprocessProtocolFactory = detail::Factory<SubprocessProtocol>;
    using Subprocess = std::pair<std::shared_ptr<SubprocessTransport>, std::shared_ptr<SubprocessProtocol>>;
    // Executes a program, the first of `arguments`, searched for in PATH if there is no '/' in it, and cedes until
    // connection_made was called. Any loop may, in any thread. Cancelled, it kills the child and waits for its end. Standard
    // streams are pipes unless the options say otherwise. Throws std::system_error with the child's errno when the program
    // cannot be executed (ENOENT: not found), or when the system is short of something; std::invalid_argument for arguments
    // that cannot be. See create_subprocess_exec() for streams.
    virtual Coroutine<Subprocess> subprocess_exec(SubprocessProtocolFactory factory, std::vector<std::string> arguments,
                                                  SubprocessOptions options);
    Coroutine<Subprocess> subprocess_exec(SubprocessProtocolFactory factory, std::vector<std::string> arguments);
    // As Python spells it: the program, its arguments, and SubprocessOptions, if any, behind them. See net/command_line.hpp.
    template <class Program, class... More,
              class = std::enable_if_t<std::is_convertible<const Program&, absl::string_view>::value>>
    Coroutine<detail::DependsOn<Program, Subprocess>> subprocess_exec(SubprocessProtocolFactory factory, const Program& program,
                                                                      const More&... more);
    // The same for a line of the shell (/bin/sh). Whatever of it comes from outside must be quoted, or is commands, too.
    virtual Coroutine<Subprocess> subprocess_shell(SubprocessProtocolFactory factory, std::string command,
                                                   SubprocessOptions options);
    Coroutine<Subprocess> subprocess_shell(SubprocessProtocolFactory factory, std::string command);
    // The pair has the protocol as the class that the factory makes, unless the arguments are a list in braces.
    template <class F, class... Args, class P = detail::OwnSubprocessProtocol<F>>
    detail::ConnectionTo<SubprocessTransport, P> subprocess_exec(F factory, Args&&... args);
    template <class F, class... Args, class P = detail::OwnSubprocessProtocol<F>>
    detail::ConnectionTo<SubprocessTransport, P> subprocess_shell(F factory, Args&&... args);

    // For the net room: what it keeps for this loop.
    detail::NetworkState& network();

protected:
    LoopNetwork() noexcept;
    LoopNetwork(const LoopNetwork&) = delete;
    LoopNetwork& operator=(const LoopNetwork&) = delete;
    virtual ~LoopNetwork();

    // The loop closes: closes what is still open.
    void close_network() noexcept;

private:
    Coroutine<void> send_kept(const Socket& socket, std::string data);
    Coroutine<std::size_t> send_kept(const Socket& socket, std::string data, SocketAddress to);
    Coroutine<void> connect_path(const Socket& socket, std::string path);

    EventLoop& loop() noexcept;

    std::shared_ptr<detail::NetworkState> network_;  // not shared, but quicker to compile than a unique_ptr
};

}  // namespace cede

#endif
