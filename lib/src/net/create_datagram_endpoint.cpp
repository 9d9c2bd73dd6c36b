// loop.create_datagram_endpoint.
#include <algorithm>
#include <stdexcept>

#include "cede/coroutine/coroutine.hpp"
#include "cede/loop/event_loop.hpp"
#include "cede/net/net.hpp"
#include "cede/task/await.hpp"
#include "net/datagram_transport.hpp"
#include "net/resolver.hpp"
#include "net/socket_setup.hpp"

namespace cede {
namespace {

using Endpoint = LoopNetwork::DatagramEndpoint;

// What one socket is made of. An address of no family is none.
struct Candidate {
    int family;
    int protocol;
    SocketAddress local;
    SocketAddress remote;
};
using Candidates = std::vector<Candidate>;

bool given(const DatagramAddress& address) { return address.kind != DatagramAddress::none; }

void check(bool holds, const char* message) {
    if (!holds) throw std::invalid_argument(message);
}

Socket given_socket(const DatagramOptions& options) {
    check(!given(options.local_addr()) && !given(options.remote_addr()) && options.family() == AF_UNSPEC &&
              options.proto() == 0 && options.flags() == 0 && !options.reuse_port() && !options.allow_broadcast(),
          "create_datagram_endpoint: a socket and other options can not be specified at the same time");
    check(static_cast<bool>(*options.socket()), "the socket of these options was taken by another endpoint, or is closed");
    check(options.socket()->type() == SOCK_DGRAM, "a datagram socket was expected");
    Socket socket = std::move(*options.socket());
    socket.set_blocking(false);
    return socket;
}

// The family that is asked for, by name or by an address.
int family_of(const DatagramOptions& options) {
    int family = options.family();
    for (const DatagramAddress* each : {&options.local_addr(), &options.remote_addr()}) {
        if (each->kind != DatagramAddress::literal) continue;
        if (family == AF_UNSPEC) family = each->address.family();
        check(family == each->address.family(), "create_datagram_endpoint: addresses and family do not match");
    }
    return family;
}

SocketAddress unix_address(const DatagramAddress& address) {
    if (!given(address)) return SocketAddress();
    if (address.kind == DatagramAddress::literal) return address.address;
    check(address.kind == DatagramAddress::path, "create_datagram_endpoint: an AF_UNIX address is a path");
    return SocketAddress::from_path(address.host);
}

std::vector<AddressInfo> resolve(EventLoop& loop, const DatagramAddress& address, const DatagramOptions& options) {
    check(address.kind != DatagramAddress::path,
          "create_datagram_endpoint: an address is a host and a port; a path needs family(AF_UNIX)");
    if (address.kind == DatagramAddress::literal) {
        AddressInfo info;
        info.family = address.address.family();
        info.protocol = options.proto();
        info.address = address.address;
        return {info};
    }
    return detail::ensure_resolved(
        loop, address.host, address.port,
        ResolveOptions().family(options.family()).type(SOCK_DGRAM).protocol(options.proto()).flags(options.flags()));
}

// UDP by any name: a literal address says 0 where the resolver says IPPROTO_UDP.
bool same_protocol(int a, int b) { return a == b || a == 0 || b == 0; }

// The pairs of one family and protocol, in the order of the first address that is given.
Candidates resolve_both(EventLoop& loop, const DatagramOptions& options) {
    const bool has_local = given(options.local_addr());
    const bool has_remote = given(options.remote_addr());
    Candidates all;
    if (has_local) {
        for (const AddressInfo& each : resolve(loop, options.local_addr(), options)) {
            all.push_back({each.family, each.protocol, each.address, SocketAddress()});
        }
    }
    if (has_remote) {
        const std::vector<AddressInfo> remotes = resolve(loop, options.remote_addr(), options);
        if (!has_local) {
            for (const AddressInfo& each : remotes) all.push_back({each.family, each.protocol, SocketAddress(), each.address});
        }
        for (Candidate& candidate : all) {
            if (candidate.remote.size() > 0) continue;
            const auto match = std::find_if(remotes.begin(), remotes.end(), [&](const AddressInfo& remote) {
                return remote.family == candidate.family && same_protocol(remote.protocol, candidate.protocol);
            });
            if (match != remotes.end()) candidate.remote = match->address;
        }
        all.erase(std::remove_if(all.begin(), all.end(), [](const Candidate& each) { return each.remote.size() == 0; }),
                  all.end());
    }
    check(!all.empty(), "create_datagram_endpoint: local and remote address have no family in common");
    return all;
}

Candidates candidates_for(EventLoop& loop, const DatagramOptions& options) {
    const int family = family_of(options);
    if (family == AF_UNIX) {
        return {{family, options.proto(), unix_address(options.local_addr()), unix_address(options.remote_addr())}};
    }
    if (given(options.local_addr()) || given(options.remote_addr())) return resolve_both(loop, options);
    check(family != AF_UNSPEC, "create_datagram_endpoint needs a local_addr, a remote_addr, a family or a socket");
    return {{family, options.proto(), SocketAddress(), SocketAddress()}};
}

Socket make_socket(EventLoop& loop, const Candidate& candidate, const DatagramOptions& options) {
    Socket socket(candidate.family, SOCK_DGRAM, candidate.protocol);
    if (options.reuse_port()) detail::share_port(socket);
    if (options.allow_broadcast()) socket.setsockopt(SOL_SOCKET, SO_BROADCAST, 1);
    if (candidate.local.size() > 0) {
        if (candidate.family == AF_UNIX) detail::remove_stale_socket(candidate.local.path());
        socket.bind(candidate.local);
    }
    if (candidate.remote.size() > 0 && !options.allow_broadcast()) await(loop.sock_connect(socket, candidate.remote));
    return socket;
}

std::pair<Socket, SocketAddress> first_that_works(EventLoop& loop, const DatagramOptions& options) {
    std::exception_ptr failure;
    for (const Candidate& each : candidates_for(loop, options)) {
        try {
            return {make_socket(loop, each, options), each.remote};
        } catch (const std::system_error&) {
            if (!failure) failure = std::current_exception();
        }
    }
    std::rethrow_exception(failure);
}

// A transport on the socket; cedes until connection_made was called.
Endpoint make_endpoint(EventLoop& loop, Socket socket, const SocketAddress& remote,
                       LoopNetwork::ProtocolFactory& factory) {
    const std::shared_ptr<BaseProtocol> protocol = factory();
    const Future<void> made(loop);
    const std::shared_ptr<DatagramTransport> transport =
        detail::SelectorDatagramTransport::open(loop, std::move(socket), protocol, made, remote);
    try {
        await(made);
    } catch (...) {
        transport->close();
        throw;
    }
    return {transport, protocol};
}

}  // namespace

Coroutine<Endpoint> LoopNetwork::create_datagram_endpoint(ProtocolFactory factory, DatagramOptions options) {
    EventLoop* const in = &loop();
    return [in, factory = std::move(factory), options = std::move(options)]() mutable {
        if (options.socket() != nullptr) return make_endpoint(*in, given_socket(options), SocketAddress(), factory);
        std::pair<Socket, SocketAddress> made = first_that_works(*in, options);
        return make_endpoint(*in, std::move(made.first), made.second, factory);
    };
}

}  // namespace cede
