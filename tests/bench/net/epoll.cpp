// The echo server by hand on epoll: one buffer for all connections, and what the socket takes is written at once.
#include "support/epoll_server.hpp"

#include <unistd.h>

#include <cerrno>
#include <string>

namespace {

char buffer[64 * 1024];

struct Connection {
    int fd;
    std::string unsent;
};

void end(Connection& connection) {
    close(connection.fd);
    delete &connection;
}

void send_rest(int epoll, Connection& connection) {
    const ssize_t sent = send(connection.fd, connection.unsent.data(), connection.unsent.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return end(connection);
    if (sent > 0) connection.unsent.erase(0, static_cast<std::size_t>(sent));
    if (connection.unsent.empty()) bench::watch(epoll, EPOLL_CTL_MOD, connection.fd, &connection, EPOLLIN);
}

void echo(int epoll, Connection& connection) {
    if (!connection.unsent.empty()) return send_rest(epoll, connection);
    const ssize_t got = recv(connection.fd, buffer, sizeof buffer, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return end(connection);
    const ssize_t sent = send(connection.fd, buffer, static_cast<std::size_t>(got), MSG_NOSIGNAL);
    if (sent == got) return;
    if (sent < 0 && errno != EAGAIN) return end(connection);
    const ssize_t begin = sent < 0 ? 0 : sent;
    connection.unsent.assign(buffer + begin, static_cast<std::size_t>(got - begin));
    // And no reading until it is gone.
    bench::watch(epoll, EPOLL_CTL_MOD, connection.fd, &connection, EPOLLOUT);
}

}  // namespace

int main() { bench::serve_by_epoll<Connection>(echo); }
