#include "cede/net/group_server.hpp"

#include <atomic>
#include <stdexcept>

#include "cede/base/exceptions.hpp"
#include "cede/net/server.hpp"
#include "cede/task/await.hpp"
#include "cede/task/gather.hpp"
#include "cede/task/wait.hpp"
#include "net/server_core.hpp"
#include "net/server_sockets.hpp"
#include "net/ssl_settings.hpp"
#include "task/loop_group_core.hpp"

namespace cede {
namespace detail {

class GroupServerCore : public std::enable_shared_from_this<GroupServerCore> {
public:
    using ProtocolFactory = LoopNetwork::ProtocolFactory;

    explicit GroupServerCore(std::shared_ptr<LoopGroupCore> group) : group_(std::move(group)), servers_(group_->size()) {}

    void open(std::vector<std::vector<Socket>> sockets, std::vector<ProtocolFactory> factories, int backlog);
    const std::vector<SocketAddress>& addresses() const noexcept { return addresses_; }
    bool is_serving() const noexcept { return serving_ && !closed_ && !group_->stopping(); }
    void start_serving();
    void serve_forever();
    void close();
    void wait_closed();
    // Has `f`, void(const Server&), called in each loop. Nothing happens when the group has stopped: then there is no server.
    template <class F>
    void tell(F f);

private:
    // `f`, void(const Server&) as well, as a task of each loop; the futures are of the running loop.
    template <class F>
    std::vector<Future<void>> in_each_loop(F f);
    void check_open() const;

    const std::shared_ptr<LoopGroupCore> group_;
    std::vector<Server> servers_;  // each is touched by its own loop only
    std::vector<SocketAddress> addresses_;
    std::atomic<bool> serving_{false};
    std::atomic<bool> closed_{false};
    std::atomic<bool> forever_{false};
};

template <class F>
void GroupServerCore::tell(F f) {
    for (std::size_t i = 0; i < servers_.size(); ++i) {
        try {
            group_->post(i, [self = shared_from_this(), i, f](EventLoop&) {
                if (self->servers_[i]) f(self->servers_[i]);
            });
        } catch (const RuntimeError&) {
            return;
        }
    }
}

template <class F>
std::vector<Future<void>> GroupServerCore::in_each_loop(F f) {
    std::vector<Future<void>> futures;
    for (std::size_t i = 0; i < servers_.size(); ++i) {
        futures.push_back(wrap_future(submit_to_group(*group_, i, [self = shared_from_this(), i, f] {
            if (self->servers_[i]) f(self->servers_[i]);
        })));
    }
    return futures;
}

void GroupServerCore::check_open() const {
    if (closed_) throw RuntimeError("the server is closed");
}

void GroupServerCore::open(std::vector<std::vector<Socket>> sockets, std::vector<ProtocolFactory> factories, int backlog) {
    for (const Socket& each : sockets.front()) addresses_.push_back(each.local_address());
    std::vector<Future<void>> made;
    for (std::size_t i = 0; i < servers_.size(); ++i) {
        made.push_back(wrap_future(submit_to_group(
            *group_, i,
            [self = shared_from_this(), i, backlog, own = std::move(sockets[i]), factory = std::move(factories[i])]() mutable {
                self->servers_[i] = Server(
                    ServerCore::make(get_running_loop(), std::move(own), std::move(factory), backlog, SocketFile()));
                // By a start that was cancelled: its close() was told to this loop before there was anything to close.
                if (self->closed_) self->servers_[i].close();
            })));
    }
    await(gather(std::move(made)));
}

void GroupServerCore::start_serving() {
    check_open();
    try {
        await(gather(in_each_loop([](const Server& server) { await(server.start_serving()); })));
        serving_ = true;
    } catch (...) {
        close();
        throw;
    }
}

void GroupServerCore::serve_forever() {
    check_open();
    if (forever_.exchange(true)) throw RuntimeError("another serve_forever() of this server waits already");
    struct Forgets {
        std::atomic<bool>& forever;
        ~Forgets() { forever = false; }
    } forgets{forever_};
    if (!serving_) start_serving();
    // Each ends with its server, or with its loop, or because of a cancellation here; the first takes the others with it.
    const std::vector<Future<void>> ends = in_each_loop([](const Server& server) { await(server.serve_forever()); });
    try {
        await(wait(ends, WaitOptions().return_when(FIRST_COMPLETED)));
    } catch (const CancelledError&) {
        close();
        await(wait(ends));
        throw;
    }
    const bool was_closed = closed_;
    close();
    await(wait(ends));
    std::exception_ptr error;
    for (const Future<void>& each : ends) {
        if (!each.cancelled() && each.exception() && !error) error = each.exception();
    }
    if (error && !was_closed) std::rethrow_exception(error);
    throw CancelledError("the server was closed");
}

void GroupServerCore::close() {
    if (closed_.exchange(true)) return;
    tell([](const Server& server) { server.close(); });
}

void GroupServerCore::wait_closed() {
    std::vector<Future<void>> ends;
    try {
        ends = in_each_loop([](const Server& server) { await(server.wait_closed()); });
    } catch (const RuntimeError&) {
        return;  // the group has stopped, and its loops close what they have
    }
    try {
        await(wait(ends));
    } catch (const CancelledError&) {
        for (const Future<void>& each : ends) each.cancel();
        throw;
    }
}

Coroutine<GroupServer> create_group_server(std::shared_ptr<LoopGroupCore> group,
                                           std::vector<LoopNetwork::ProtocolFactory> factories,
                                           std::vector<std::string> hosts, Port port, ServerOptions options) {
    return [group = std::move(group), factories = std::move(factories), hosts = std::move(hosts), port = std::move(port),
            options = std::move(options)]() mutable {
        if (options.socket() != nullptr) {
            throw std::invalid_argument("the loops of a group need a socket each: give create_server a host and a port");
        }
        check_ssl_settings("create_server", options.ssl_settings());
        for (auto& factory : factories) factory = over_ssl(std::move(factory), options.ssl_settings());
        options.reuse_port(true);
        std::vector<std::vector<Socket>> sockets;
        sockets.push_back(bind_to_hosts(get_running_loop(), hosts, port, options));
        while (sockets.size() < group->size()) sockets.push_back(bind_beside(sockets.front(), options));
        const auto core = std::make_shared<GroupServerCore>(group);
        try {
            core->open(std::move(sockets), std::move(factories), options.backlog());
            if (options.start_serving()) core->start_serving();
        } catch (...) {
            core->close();
            core->wait_closed();
            throw;
        }
        return GroupServer(core);
    };
}

}  // namespace detail

const std::shared_ptr<detail::GroupServerCore>& GroupServer::core() const {
    if (core_ == nullptr) throw RuntimeError("this GroupServer is empty: it refers to no server");
    return core_;
}

const std::vector<SocketAddress>& GroupServer::addresses() const { return core()->addresses(); }
int GroupServer::port() const { return addresses().front().port(); }
bool GroupServer::is_serving() const { return core()->is_serving(); }
void GroupServer::close() const { core()->close(); }

void GroupServer::close_clients() const {
    core()->tell([](const Server& server) { server.close_clients(); });
}

void GroupServer::abort_clients() const {
    core()->tell([](const Server& server) { server.abort_clients(); });
}

// Each coroutine keeps the server, so that the handle may go while it is awaited.
Coroutine<void> GroupServer::start_serving() const {
    return [core = core()] { core->start_serving(); };
}
Coroutine<void> GroupServer::serve_forever() const {
    return [core = core()] { core->serve_forever(); };
}
Coroutine<void> GroupServer::wait_closed() const {
    return [core = core()] { core->wait_closed(); };
}

bool GroupServer::exit(std::exception_ptr) const {
    close();
    await(wait_closed());
    return false;
}

}  // namespace cede
