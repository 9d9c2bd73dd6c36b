// loop.sock_*: one system call on a socket each, repeated until it does not block.
#include <algorithm>
#include <chrono>
#include <memory>

#include <poll.h>

#include "cede/coroutine/coroutine.hpp"
#include "cede/loop/event_loop.hpp"
#include "cede/net/net.hpp"
#include "cede/task/await.hpp"
#include "cede/task/sleep.hpp"
#include "loop/loop_impl.hpp"
#include "net/network_state.hpp"
#include "net/resolver.hpp"
#include "net/socket_operation.hpp"
#include "net/system.hpp"

namespace cede {
namespace {

using Operation = detail::SocketOperation;

// Room for the address of a peer, to be filled by a system call.
struct PeerAddress {
    sockaddr_storage storage;
    socklen_t size;

    sockaddr* data() noexcept {
        size = sizeof storage;
        return reinterpret_cast<sockaddr*>(&storage);
    }
    SocketAddress get() const noexcept { return SocketAddress(reinterpret_cast<const sockaddr*>(&storage), size); }
};

// Where sock_recv() and sock_recvfrom() read to: the loop's buffer, from which it is copied at its length, so that a generous `n`
// costs nothing. Of a stream what does not fit there can wait for the next call; a message would be cut, and gets a buffer of its
// own, once it is there and its length is known.
class Received {
public:
    Received(const Operation& operation, std::size_t n)
        : wanted_(n), shared_(operation.loop().network().copied_buffer()),
          whole_(n > detail::read_buffer_size && !operation.is_stream()) {}

    // Before each try.
    void make_room(int fd) {
        own_.reset();
        size_ = std::min(wanted_, whole_ ? length_of_next(fd) : detail::read_buffer_size);
        if (size_ > detail::read_buffer_size) own_.reset(new char[size_]);
    }
    char* data() const noexcept { return own_ != nullptr ? own_.get() : shared_; }
    std::size_t size() const noexcept { return size_; }
    std::string take(ssize_t count) const { return std::string(data(), static_cast<std::size_t>(count)); }

private:
    static std::size_t length_of_next(int fd) noexcept {
#if defined(__linux__)
        char byte;
        const ssize_t length = ::recv(fd, &byte, 1, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
        return std::max(static_cast<std::size_t>(std::max<ssize_t>(length, 0)), detail::read_buffer_size);
#else
        static_cast<void>(fd);  // others do not tell: more than their socket buffers hold
        return 16 * 1024 * 1024;
#endif
    }

    const std::size_t wanted_;
    char* const shared_;
    const bool whole_;
    std::size_t size_ = 0;
    std::unique_ptr<char[]> own_;
};

// A peer on this machine has answered by the time that connect() returns. Then the selector need not hear of the socket: two system
// calls for one, and a tenth of a client's request that has a connection to itself.
void wait_until_connected(const Operation& operation) {
    EventLoop& loop = operation.loop();
    pollfd now{operation.fd(), POLLOUT, 0};
    if (!loop.impl().tells_known() || ::poll(&now, 1, 0) <= 0) return operation.wait(selectors::EVENT_WRITE);
    const Future<void> told(loop);
    const detail::CancelsAtEnd event{detail::LoopImpl::call_after_look(loop, [told] {
        if (!told.done()) told.set_result();
    })};
    await(told);
}

// Waits for the outcome of a connect() that is under way.
void finish_connect(const Operation& operation, const SocketAddress& to) {
    wait_until_connected(operation);
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(operation.fd(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    if (error != 0) throw detail::os_error(error, "connect to " + to.str());
}

void connect_by(const Operation& operation, const SocketAddress& to) {
    using std::chrono::milliseconds;
    operation.begin();
    for (milliseconds pause(1);; pause = std::min(pause * 2, milliseconds(50))) {
        if (::connect(operation.fd(), to.data(), to.size()) == 0) return;
        // EALREADY: an earlier sock_connect was cancelled while its connect() was under way; that one is waited for.
        if (errno == EINPROGRESS || errno == EALREADY || errno == EINTR) return finish_connect(operation, to);
        if (!detail::would_block(errno) || to.family() != AF_UNIX) detail::throw_errno("connect to " + to.str());
        // The backlog of a Unix server is full, and no event tells when it is not.
        await(sleep(pause));
    }
}

}  // namespace

Coroutine<std::string> LoopNetwork::sock_recv(const Socket& socket, std::size_t n) {
    return [operation = Operation(loop(), socket), n] {
        operation.begin();
        if (n == 0) return std::string();  // at once, as Python's
        Received received(operation, n);
        return received.take(operation.until_done(selectors::EVENT_READ, "recv", [&](int fd) {
            received.make_room(fd);
            return ::recv(fd, received.data(), received.size(), 0);
        }));
    };
}

Coroutine<std::size_t> LoopNetwork::sock_recv_into(const Socket& socket, absl::Span<char> buffer) {
    return [operation = Operation(loop(), socket), buffer] {
        operation.begin();
        if (buffer.empty()) return std::size_t{0};
        return static_cast<std::size_t>(operation.until_done(
            selectors::EVENT_READ, "recv", [&](int fd) { return ::recv(fd, buffer.data(), buffer.size(), 0); }));
    };
}

Coroutine<std::pair<std::string, SocketAddress>> LoopNetwork::sock_recvfrom(const Socket& socket, std::size_t n) {
    return [operation = Operation(loop(), socket), n] {
        operation.begin();
        Received received(operation, n);
        PeerAddress peer;
        const ssize_t got = operation.until_done(selectors::EVENT_READ, "recvfrom", [&](int fd) {
            received.make_room(fd);
            return ::recvfrom(fd, received.data(), received.size(), 0, peer.data(), &peer.size);
        });
        return std::make_pair(received.take(got), peer.get());
    };
}

Coroutine<std::pair<std::size_t, SocketAddress>> LoopNetwork::sock_recvfrom_into(const Socket& socket,
                                                                                 absl::Span<char> buffer) {
    return [operation = Operation(loop(), socket), buffer] {
        operation.begin();
        PeerAddress peer;
        const ssize_t got = operation.until_done(selectors::EVENT_READ, "recvfrom", [&](int fd) {
            return ::recvfrom(fd, buffer.data(), buffer.size(), 0, peer.data(), &peer.size);
        });
        return std::make_pair(static_cast<std::size_t>(got), peer.get());
    };
}

Coroutine<void> LoopNetwork::sock_sendall(const Socket& socket, absl::string_view data) {
    return [operation = Operation(loop(), socket), data] {
        operation.begin();
        absl::string_view rest = data;
        while (!rest.empty()) {
            const ssize_t sent = operation.until_done(selectors::EVENT_WRITE, "send", [&](int fd) {
                return ::send(fd, rest.data(), rest.size(), detail::send_flags);
            });
            rest.remove_prefix(static_cast<std::size_t>(sent));
        }
    };
}

Coroutine<std::size_t> LoopNetwork::sock_sendto(const Socket& socket, absl::string_view data, SocketAddress to) {
    return [operation = Operation(loop(), socket), data, to] {
        operation.begin();
        return static_cast<std::size_t>(operation.until_done(selectors::EVENT_WRITE, "sendto", [&](int fd) {
            return ::sendto(fd, data.data(), data.size(), detail::send_flags, to.data(), to.size());
        }));
    };
}

Coroutine<void> LoopNetwork::send_kept(const Socket& socket, std::string data) {
    auto kept = std::make_unique<std::string>(std::move(data));
    Coroutine<void> sending = sock_sendall(socket, *kept);
    return [kept = std::move(kept), sending = std::move(sending)]() mutable { await(sending); };
}

Coroutine<std::size_t> LoopNetwork::send_kept(const Socket& socket, std::string data, SocketAddress to) {
    auto kept = std::make_unique<std::string>(std::move(data));
    Coroutine<std::size_t> sending = sock_sendto(socket, *kept, to);
    return [kept = std::move(kept), sending = std::move(sending)]() mutable { return await(sending); };
}

Coroutine<void> LoopNetwork::connect_path(const Socket& socket, std::string path) {
    return [operation = Operation(loop(), socket), path = std::move(path)] {
        connect_by(operation, SocketAddress::from_path(path));
    };
}

Coroutine<void> LoopNetwork::sock_connect(const Socket& socket, SocketAddress to) {
    return [operation = Operation(loop(), socket), to] { connect_by(operation, to); };
}

Coroutine<void> LoopNetwork::sock_connect(const Socket& socket, std::string host, Port port) {
    return [operation = Operation(loop(), socket), view = socket.view(), host, port] {
        operation.begin();
        const ResolveOptions options =
            ResolveOptions().family(view.family()).type(view.type()).protocol(view.protocol());
        const std::vector<AddressInfo> found = detail::ensure_resolved(operation.loop(), host, port, options);
        connect_by(operation, found.front().address);
    };
}

Coroutine<std::pair<Socket, SocketAddress>> LoopNetwork::sock_accept(const Socket& socket) {
    return [operation = Operation(loop(), socket)] {
        operation.begin();
        PeerAddress peer;
        const int fd = operation.until_done(selectors::EVENT_READ, "accept", [&](int listener) {
            int accepted;
            do {
                accepted = detail::accept_socket(listener, peer.data(), &peer.size);
            } while (accepted < 0 && errno == ECONNABORTED);  // that one has given up: the next
            return accepted;
        });
        return std::make_pair(detail::adopt_socket(fd), peer.get());
    };
}

}  // namespace cede
