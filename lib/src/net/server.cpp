#include "cede/net/server.hpp"

#include "cede/coroutine/coroutine.hpp"
#include "cede/task/await.hpp"
#include "cede/task/sleep.hpp"
#include "net/server_core.hpp"

namespace cede {

detail::ServerCore& Server::core() const {
    if (core_ == nullptr) throw RuntimeError("this handle is empty: it refers to no server");
    return *core_;
}

Coroutine<void> Server::start_serving() const {
    core();
    return [core = core_] {
        core->start_serving();
        await(sleep(Duration()));
    };
}

Coroutine<void> Server::serve_forever() const {
    core();
    return [core = core_] { core->serve_forever(); };
}

Coroutine<void> Server::wait_closed() const {
    core();
    return [core = core_] { core->wait_closed(); };
}

bool Server::is_serving() const { return core().is_serving(); }

void Server::close() const { core().close(); }

void Server::close_clients() const { core().close_clients(); }

void Server::abort_clients() const { core().abort_clients(); }

std::vector<TransportSocket> Server::sockets() const { return core().sockets(); }

EventLoop& Server::get_loop() const { return core().loop(); }

bool Server::exit(std::exception_ptr) const {
    const std::shared_ptr<detail::ServerCore> alive = core_;
    core().close();
    core().wait_closed();
    return false;
}

}  // namespace cede
