// The echo server on libevent's bufferevents, its usual way.
#include "support/server.hpp"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>

namespace {

void echo(bufferevent* connection, void*) {
    evbuffer_add_buffer(bufferevent_get_output(connection), bufferevent_get_input(connection));
}

void end(bufferevent* connection, short events, void*) {
    if ((events & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) != 0) bufferevent_free(connection);
}

void accept_one(evconnlistener* listener, evutil_socket_t fd, sockaddr*, int, void*) {
    bufferevent* const connection = bufferevent_socket_new(evconnlistener_get_base(listener), fd, BEV_OPT_CLOSE_ON_FREE);
    bufferevent_setcb(connection, echo, nullptr, end, nullptr);
    bufferevent_enable(connection, EV_READ | EV_WRITE);
}

}  // namespace

int main() {
    event_base* const base = event_base_new();
    evconnlistener_new(base, accept_one, nullptr, LEV_OPT_CLOSE_ON_FREE, 0, bench::listen_on_loopback());
    event_base_dispatch(base);
}
