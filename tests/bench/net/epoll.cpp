// The echo server by hand on epoll: what a server without a library pays. Level-triggered, one buffer for all, and it
// writes at once what the socket takes.
#include "support/server.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <string>

namespace {

char buffer[64 * 1024];

struct Connection {
    int fd;
    std::string unsent;
};

void watch(int epoll, int operation, Connection& connection, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = &connection;
    bench::or_die(epoll_ctl(epoll, operation, connection.fd, &event) == 0, "epoll_ctl");
}

void accept_all(int epoll, int listener) {
    for (;;) {
        const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) return;
        watch(epoll, EPOLL_CTL_ADD, *new Connection{fd, {}}, EPOLLIN);
    }
}

void end(Connection& connection) {
    close(connection.fd);
    delete &connection;
}

void send_rest(int epoll, Connection& connection) {
    const ssize_t sent = send(connection.fd, connection.unsent.data(), connection.unsent.size(), MSG_NOSIGNAL);
    if (sent > 0) connection.unsent.erase(0, static_cast<std::size_t>(sent));
    if (connection.unsent.empty()) watch(epoll, EPOLL_CTL_MOD, connection, EPOLLIN);
}

void echo(int epoll, Connection& connection) {
    const ssize_t got = recv(connection.fd, buffer, sizeof buffer, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return end(connection);
    const ssize_t sent = send(connection.fd, buffer, static_cast<std::size_t>(got), MSG_NOSIGNAL);
    if (sent == got) return;
    if (sent < 0 && errno != EAGAIN) return end(connection);
    const ssize_t begin = sent < 0 ? 0 : sent;
    connection.unsent.assign(buffer + begin, static_cast<std::size_t>(got - begin));
    watch(epoll, EPOLL_CTL_MOD, connection, EPOLLOUT);  // and no reading until it is gone
}

}  // namespace

int main() {
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    Connection listener{bench::listen_on_loopback(), {}};
    watch(epoll, EPOLL_CTL_ADD, listener, EPOLLIN);
    epoll_event events[256];
    for (;;) {
        const int count = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < count; ++i) {
            Connection& connection = *static_cast<Connection*>(events[i].data.ptr);
            if (&connection == &listener) {
                accept_all(epoll, listener.fd);
            } else if (!connection.unsent.empty()) {
                send_rest(epoll, connection);
            } else {
                echo(epoll, connection);
            }
        }
    }
}
