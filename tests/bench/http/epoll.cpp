// HTTP/1.1 keep-alive by hand on epoll: the end of a request's head is looked for, and the same answer is sent. No request
// has a body, and an answer always fits into the socket's buffer.
#include "support/server.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <string>

#include "http/answer.hpp"

namespace {

char buffer[64 * 1024];

struct Connection {
    int fd;
    std::string received;
};

void watch(int epoll, Connection& connection) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &connection;
    bench::or_die(epoll_ctl(epoll, EPOLL_CTL_ADD, connection.fd, &event) == 0, "epoll_ctl");
}

void accept_all(int epoll, int listener) {
    for (;;) {
        const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) return;
        watch(epoll, *new Connection{fd, {}});
    }
}

void serve(Connection& connection) {
    const ssize_t got = recv(connection.fd, buffer, sizeof buffer, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        close(connection.fd);
        delete &connection;
        return;
    }
    connection.received.append(buffer, static_cast<std::size_t>(got));
    bench::answer_all(connection.received, [&](const char* answer, std::size_t size) {
        bench::or_die(send(connection.fd, answer, size, MSG_NOSIGNAL) != 0, "send");
    });
}

}  // namespace

int main() {
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    Connection listener{bench::listen_on_loopback(), {}};
    watch(epoll, listener);
    epoll_event events[256];
    for (;;) {
        const int count = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < count; ++i) {
            Connection& connection = *static_cast<Connection*>(events[i].data.ptr);
            if (&connection == &listener) {
                accept_all(epoll, listener.fd);
            } else {
                serve(connection);
            }
        }
    }
}
