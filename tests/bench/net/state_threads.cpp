// The echo server on State Threads, a thread for each connection.
#include "support/server.hpp"

#include <st.h>

#include <vector>

namespace {

void* echo(void* argument) {
    const st_netfd_t socket = static_cast<st_netfd_t>(argument);
    std::vector<char> data(16 * 1024);
    for (;;) {
        const ssize_t got = st_read(socket, data.data(), data.size(), ST_UTIME_NO_TIMEOUT);
        if (got <= 0) break;
        if (st_write(socket, data.data(), static_cast<std::size_t>(got), ST_UTIME_NO_TIMEOUT) != got) break;
    }
    st_netfd_close(socket);
    return nullptr;
}

}  // namespace

int main() {
    st_set_eventsys(ST_EVENTSYS_ALT);  // epoll
    bench::or_die(st_init() == 0, "st_init");
    const st_netfd_t listener = st_netfd_open_socket(bench::listen_on_loopback());
    for (;;) {
        const st_netfd_t socket = st_accept(listener, nullptr, nullptr, ST_UTIME_NO_TIMEOUT);
        bench::or_die(socket != nullptr, "st_accept");  // Debian's build takes 1,024 descriptors and no more
        st_thread_create(echo, socket, 0, 0);
    }
}
