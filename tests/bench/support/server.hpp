// What every echo server in C++ shares: the listening socket, so that all have the same options, and the line that tells
// the harness its port.
#ifndef CEDE_BENCH_SUPPORT_SERVER_HPP
#define CEDE_BENCH_SUPPORT_SERVER_HPP

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstdio>
#include <cstdlib>

namespace bench {

constexpr int backlog = 4096;

inline void or_die(bool good, const char* what) {
    if (good) return;
    std::perror(what);
    std::exit(1);
}

// A non-blocking listening socket on a free port of the loopback, which it prints. What it accepts inherits TCP_NODELAY.
inline int listen_on_loopback() {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    or_die(fd >= 0, "socket");
    const int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    or_die(bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0, "bind");
    or_die(listen(fd, backlog) == 0, "listen");
    or_die(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0, "getsockname");
    std::printf("%d\n", ntohs(address.sin_port));
    std::fflush(stdout);
    return fd;
}

}  // namespace bench

#endif
