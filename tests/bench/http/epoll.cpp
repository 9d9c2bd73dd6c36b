// HTTP/1.1 keep-alive by hand on epoll: the end of a request's head is looked for, and the same answer is sent. No request
// has a body, and an answer always fits into the socket's buffer.
#include "support/epoll_server.hpp"

#include <unistd.h>

#include <cerrno>
#include <string>

#include "http/answer.hpp"

namespace {

char buffer[64 * 1024];

struct Connection {
    int fd;
    std::string received;
};

void serve(int, Connection& connection) {
    const ssize_t got = recv(connection.fd, buffer, sizeof buffer, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        close(connection.fd);
        delete &connection;
        return;
    }
    connection.received.append(buffer, static_cast<std::size_t>(got));
    // An error shows at the next recv.
    bench::answer_all(connection.received, [&](const char* answer, std::size_t size) {
        send(connection.fd, answer, size, MSG_NOSIGNAL);
    });
}

}  // namespace

int main() { bench::serve_by_epoll<Connection>(serve); }
