// The echo server by hand on raw Boost.Context over epoll: each connection a fiber with a guarded stack of 256 KiB, which is
// gone over to when its descriptor is ready. What a server of fibers pays without a library; a buffer for all, and no
// answer is larger than what the socket takes.
#include "support/epoll_server.hpp"
#include "support/stacks.hpp"

#include <boost/context/fiber.hpp>

#include <unistd.h>

#include <cerrno>
#include <vector>

namespace {

namespace context = boost::context;

// An odd number of pages apart, so that the tops of all stacks do not share a few sets of the cache.
constexpr std::size_t stack_size = 65 * 4096;
constexpr std::size_t most_connections = 100000;

char buffer[64 * 1024];
context::fiber loop;

// A fiber that serves one connection after the other. It is never destroyed, for Boost would unwind it.
struct Worker {
    context::fiber fiber;
    int fd = -1;
};

struct Connection {
    int fd;
    Worker* worker;  // from its first event on
};

std::vector<Worker*> idle;

void wait() { loop = std::move(loop).resume(); }

void echo(int fd) {
    for (;;) {
        const ssize_t got = recv(fd, buffer, sizeof buffer, 0);
        if (got < 0 && errno == EAGAIN) {
            wait();
            continue;
        }
        if (got <= 0 || send(fd, buffer, static_cast<std::size_t>(got), MSG_NOSIGNAL) != got) return;
        wait();
    }
}

Worker* make_worker() {
    static bench::Stacks stacks(most_connections, stack_size);
    Worker* const worker = new Worker;
    worker->fiber = context::fiber(std::allocator_arg, stacks.take(), bench::NoStackOfItsOwn(), [worker](context::fiber&& from) {
        loop = std::move(from);
        for (;;) {
            echo(worker->fd);
            close(worker->fd);
            worker->fd = -1;
            wait();
        }
        return std::move(loop);
    });
    return worker;
}

void serve(int, Connection& connection) {
    if (connection.worker == nullptr) {
        if (idle.empty()) idle.push_back(make_worker());
        connection.worker = idle.back();
        idle.pop_back();
        connection.worker->fd = connection.fd;
    }
    Worker& worker = *connection.worker;
    worker.fiber = std::move(worker.fiber).resume();
    if (worker.fd >= 0) return;
    idle.push_back(&worker);
    delete &connection;
}

}  // namespace

int main() { bench::serve_by_epoll<Connection>(serve); }
