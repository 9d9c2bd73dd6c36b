// The echo server on libuv: one read buffer for the loop, and a write that is tried before it is queued.
#include "support/server.hpp"

#include <uv.h>

#include <cstring>

namespace {

char buffer[64 * 1024];

struct Write {
    uv_write_t request;
    uv_buf_t data;
};

void give_buffer(uv_handle_t*, size_t, uv_buf_t* out) { *out = uv_buf_init(buffer, sizeof buffer); }

void free_connection(uv_handle_t* handle) { delete reinterpret_cast<uv_tcp_t*>(handle); }

void write_rest(uv_stream_t* stream, const char* data, std::size_t size) {
    auto* const write = new Write;
    write->data = uv_buf_init(new char[size], static_cast<unsigned>(size));
    std::memcpy(write->data.base, data, size);
    write->request.data = write;
    uv_write(&write->request, stream, &write->data, 1, [](uv_write_t* request, int) {
        auto* const done = static_cast<Write*>(request->data);
        delete[] done->data.base;
        delete done;
    });
}

void echo(uv_stream_t* stream, ssize_t got, const uv_buf_t* data) {
    if (got < 0) return uv_close(reinterpret_cast<uv_handle_t*>(stream), free_connection);
    if (got == 0) return;
    const uv_buf_t all = uv_buf_init(data->base, static_cast<unsigned>(got));
    const int tried = uv_try_write(stream, &all, 1);
    const ssize_t sent = tried < 0 ? 0 : tried;
    if (sent < got) write_rest(stream, data->base + sent, static_cast<std::size_t>(got - sent));
}

void accept_one(uv_stream_t* listener, int status) {
    if (status < 0) return;
    auto* const connection = new uv_tcp_t;
    uv_tcp_init(listener->loop, connection);
    auto* const stream = reinterpret_cast<uv_stream_t*>(connection);
    if (uv_accept(listener, stream) == 0) uv_read_start(stream, give_buffer, echo);
}

}  // namespace

int main() {
    uv_loop_t* const loop = uv_default_loop();
    uv_tcp_t listener;
    uv_tcp_init(loop, &listener);
    uv_tcp_open(&listener, bench::listen_on_loopback());
    bench::or_die(uv_listen(reinterpret_cast<uv_stream_t*>(&listener), bench::backlog, accept_one) == 0, "uv_listen");
    uv_run(loop, UV_RUN_DEFAULT);
}
