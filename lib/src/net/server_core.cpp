#include "net/server_core.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include "cede/base/reports.hpp"
#include "cede/task/await.hpp"
#include "net/network_state.hpp"
#include "net/protocol_calls.hpp"
#include "net/socket_core.hpp"
#include "net/stream_transport.hpp"
#include "net/system.hpp"

namespace cede {
namespace detail {

SocketFile SocketFile::at(const std::string& path) {
    SocketFile file;
    struct stat status;
    if (path.empty() || path.front() == '\0' || ::stat(path.c_str(), &status) != 0) return file;
    file.path = path;
    file.device = status.st_dev;
    file.inode = status.st_ino;
    return file;
}

void SocketFile::remove() noexcept {
    // Once only: while our socket is open nobody else's file can have its inode, later it can.
    const std::string file = std::move(path);
    path.clear();
    struct stat status;
    if (file.empty() || ::stat(file.c_str(), &status) != 0) return;
    if (status.st_dev != device || status.st_ino != inode) return;
    if (::unlink(file.c_str()) != 0 && errno != ENOENT) warn("cannot remove the socket file " + file);
}

ServerCore::ServerCore(EventLoop& loop, ProtocolFactory factory, int backlog, SocketFile file)
    : loop_(&loop), loop_reference_(loop.reference()), factory_(std::make_shared<ProtocolFactory>(std::move(factory))),
      backlog_(backlog), file_(std::move(file)) {}

ServerCore::~ServerCore() { stop_listening(); }

std::shared_ptr<ServerCore> ServerCore::make(EventLoop& loop, std::vector<Socket> sockets, ProtocolFactory factory,
                                             int backlog, SocketFile file) {
    std::shared_ptr<ServerCore> self(new ServerCore(loop, std::move(factory), backlog, std::move(file)));
    for (Socket& socket : sockets) {
        self->listeners_.push_back(std::make_unique<Listener>(loop, *self, std::move(socket)));
    }
    self->self_ = self;
    loop.network().open.add(*self);
    return self;
}

EventLoop& ServerCore::loop() const {
    if (EventLoop* loop = loop_reference_.get()) return *loop;
    throw RuntimeError("the event loop of this server was destroyed");
}

void ServerCore::start_serving() {
    if (closed_) throw RuntimeError("the server is closed");
    if (serving_) return;
    for (const auto& listener : listeners_) listener->listen(backlog_);
    serving_ = true;
}

void ServerCore::serve_forever() {
    if (forever_) throw RuntimeError("another serve_forever() of this server waits already");
    start_serving();
    forever_ = Future<void>(loop());
    const Future<void> end = forever_;
    struct Forgets {
        Future<void>& forever;
        ~Forgets() { forever = nullptr; }
    } forgets{forever_};
    try {
        await(end);
    } catch (const CancelledError&) {
        close();
        wait_closed();
        throw;
    }
}

void ServerCore::close() {
    if (closed_) return;
    const std::shared_ptr<ServerCore> alive = std::move(self_);
    self_ = nullptr;
    closed_ = true;
    serving_ = false;
    stop_listening();
    if (loop_ != nullptr) loop_->network().open.remove(*this);
    // What the factory has captured may be a handle of this server.
    const std::shared_ptr<ProtocolFactory> factory = std::move(factory_);
    factory_ = nullptr;
    if (forever_ && !forever_.done()) forever_.cancel();
    if (first_client_ == nullptr) wake_waiters();
}

void ServerCore::stop_listening() noexcept {
    // Before the listeners: once the path is free, nobody must find a socket there that does not answer.
    file_.remove();
    for (const auto& listener : listeners_) listener->close();
}

void ServerCore::wait_closed() {
    if (closed_ && first_client_ == nullptr) return;
    Waiter(waiters_, loop()).wait();
}

void ServerCore::wake_waiters() noexcept {
    try {
        waiters_.pop_and_wake_all();
    } catch (...) {
        report_unraisable(std::current_exception(), "a server has closed");
    }
}

// Closing a client only schedules its end, so the list stays as it is meanwhile.
void ServerCore::close_clients() {
    for (ServerClient* each = first_client_; each != nullptr; each = each->next_client_) each->close_client();
}

void ServerCore::abort_clients() {
    for (ServerClient* each = first_client_; each != nullptr; each = each->next_client_) each->abort_client();
}

std::vector<TransportSocket> ServerCore::sockets() const {
    std::vector<TransportSocket> result;
    if (closed_) return result;
    for (const auto& listener : listeners_) result.push_back(listener->socket().view());
    return result;
}

void ServerCore::accepted(int fd, const SocketAddress& peer) {
    Socket socket = adopt_socket(fd);
    const std::shared_ptr<ProtocolFactory> factory = factory_;
    EventLoop& loop = *loop_;
    if (std::exception_ptr error = failure_of([&] {
            StreamTransport::open(loop, std::move(socket), (*factory)(), nullptr, shared_from_this(), peer);
        })) {
        report(loop, "Error on transport creation for incoming connection", std::move(error), nullptr);
    }
}

void ServerCore::attach(ServerClient& client) noexcept {
    client.previous_client_ = last_client_;
    (last_client_ != nullptr ? last_client_->next_client_ : first_client_) = &client;
    last_client_ = &client;
}

void ServerCore::detach(ServerClient& client) noexcept {
    (client.previous_client_ != nullptr ? client.previous_client_->next_client_ : first_client_) = client.next_client_;
    (client.next_client_ != nullptr ? client.next_client_->previous_client_ : last_client_) = client.previous_client_;
    client.next_client_ = client.previous_client_ = nullptr;
    if (closed_ && first_client_ == nullptr && loop_ != nullptr) wake_waiters();
}

void ServerCore::loop_closes() noexcept {
    loop_->network().open.remove(*this);
    loop_ = nullptr;
    closed_ = true;
    serving_ = false;
    stop_listening();
    factory_ = nullptr;
    forever_ = nullptr;
    const std::shared_ptr<ServerCore> last = std::move(self_);
    self_ = nullptr;
}

}  // namespace detail
}  // namespace cede
