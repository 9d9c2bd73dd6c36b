// The loop of a server by hand on epoll, level-triggered: what a server pays without a library.
#ifndef CEDE_BENCH_SUPPORT_EPOLL_SERVER_HPP
#define CEDE_BENCH_SUPPORT_EPOLL_SERVER_HPP

#include "support/server.hpp"

#include <sys/epoll.h>

#include <cstdint>

namespace bench {

inline void watch(int epoll, int operation, int fd, void* data, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = data;
    or_die(epoll_ctl(epoll, operation, fd, &event) == 0, "epoll_ctl");
}

template <class Connection>
void accept_all(int epoll, int listener) {
    for (;;) {
        const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) return;
        watch(epoll, EPOLL_CTL_ADD, fd, new Connection{fd, {}}, EPOLLIN);
    }
}

// Calls `serve(epoll, connection)` for each event of a connection, which it deletes when that has ended.
template <class Connection, class Serve>
[[noreturn]] void serve_by_epoll(Serve serve) {
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    const int listener = listen_on_loopback();
    watch(epoll, EPOLL_CTL_ADD, listener, nullptr, EPOLLIN);
    epoll_event events[256];
    for (;;) {
        const int count = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < count; ++i) {
            if (events[i].data.ptr == nullptr) {
                accept_all<Connection>(epoll, listener);
            } else {
                serve(epoll, *static_cast<Connection*>(events[i].data.ptr));
            }
        }
    }
}

}  // namespace bench

#endif
