// What it is: what the handles of a Server share. While it listens the loop keeps it (`self_`); its connections do too.
#ifndef CEDE_SRC_NET_SERVER_CORE_HPP
#define CEDE_SRC_NET_SERVER_CORE_HPP

#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

#include "cede/loop/event_loop.hpp"
#include "cede/net/net.hpp"
#include "cede/task/wait_list.hpp"
#include "loop/owned_list.hpp"
#include "net/listener.hpp"

namespace cede {
namespace detail {

// A connection that a server has accepted, as the server sees it.
class ServerClient {
public:
    virtual void close_client() = 0;
    virtual void abort_client() = 0;

protected:
    ServerClient() = default;
    ~ServerClient() = default;

private:
    friend class ServerCore;
    ServerClient* next_client_ = nullptr;
    ServerClient* previous_client_ = nullptr;
};

// The file of a Unix socket, removed when its server closes, unless it is another file by then.
struct SocketFile {
    std::string path;  // empty for none
    dev_t device = 0;
    ino_t inode = 0;

    // Of the file at `path`; empty when there is none.
    static SocketFile at(const std::string& path);
    void remove() noexcept;
};

class ServerCore final : public std::enable_shared_from_this<ServerCore>, private LoopOwned {
public:
    using ProtocolFactory = LoopNetwork::ProtocolFactory;

    // A server on bound sockets. Throws RuntimeError when a transport uses one of them.
    static std::shared_ptr<ServerCore> make(EventLoop& loop, std::vector<Socket> sockets, ProtocolFactory factory,
                                            int backlog, SocketFile file);
    ~ServerCore();

    EventLoop& loop() const;
    bool is_serving() const noexcept { return serving_; }
    bool is_closed() const noexcept { return closed_; }
    void start_serving();
    void serve_forever();
    void close();
    void wait_closed();
    void close_clients();
    void abort_clients();
    std::vector<TransportSocket> sockets() const;

    // Of a listener: a connection, which is ours from here on.
    void accepted(int fd, const SocketAddress& peer);
    void attach(ServerClient& client) noexcept;
    void detach(ServerClient& client) noexcept;

private:
    ServerCore(EventLoop& loop, ProtocolFactory factory, int backlog, SocketFile file);
    void stop_listening() noexcept;
    void wake_waiters() noexcept;
    void loop_closes() noexcept override;

    EventLoop* loop_;  // null once the loop has closed
    LoopReference loop_reference_;
    // Shared, so that one that runs outlives a close() in its middle.
    std::shared_ptr<ProtocolFactory> factory_;
    const int backlog_;
    SocketFile file_;
    std::vector<std::unique_ptr<Listener>> listeners_;
    std::shared_ptr<ServerCore> self_;
    ServerClient* first_client_ = nullptr;
    ServerClient* last_client_ = nullptr;
    WaitList waiters_;
    Future<void> forever_ = nullptr;
    bool serving_ = false;
    bool closed_ = false;
};

}  // namespace detail
}  // namespace cede

#endif
