// The echo server on cede, on each of its three layers: streams, protocols, or the bare socket operations; and by streams on
// the loops of a LoopGroup.
#include "support/server.hpp"

#include <cede/cede.hpp>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

using cede::await;

namespace {

cede::ServerOptions on(cede::Socket listener) {
    return cede::ServerOptions().socket(std::move(listener)).backlog(bench::backlog);
}

void echo_by_streams(cede::StreamReader reader, cede::StreamWriter writer) {
    for (;;) {
        const std::string data = await(reader.read(64 * 1024));
        if (data.empty()) break;
        writer.write(data);
        await(writer.drain());
    }
    writer.close();
}

void serve_streams(cede::Socket listener) {
    const cede::Server server = await(cede::start_server(echo_by_streams, on(std::move(listener))));
    await(server.serve_forever());
}

class Echo final : public cede::Protocol {
public:
    void connection_made(std::shared_ptr<cede::BaseTransport> transport) override {
        transport_ = cede::as<cede::Transport>(transport);
    }
    void data_received(absl::string_view data) override { transport_->write(data); }
    void pause_writing() override { transport_->pause_reading(); }
    void resume_writing() override { transport_->resume_reading(); }
    void connection_lost(std::exception_ptr) override { transport_ = nullptr; }

private:
    std::shared_ptr<cede::Transport> transport_;
};

void serve_protocols(cede::Socket listener) {
    const auto make = []() -> std::shared_ptr<cede::BaseProtocol> { return std::make_shared<Echo>(); };
    const cede::Server server = await(cede::get_running_loop().create_server(make, on(std::move(listener))));
    await(server.serve_forever());
}

void echo_by_socket(const cede::Socket& socket) {
    cede::EventLoop& loop = cede::get_running_loop();
    // A small one on the stack would be as good for small messages; a connection should have room for large ones too.
    std::vector<char> buffer(16 * 1024);
    for (;;) {
        const std::size_t got = await(loop.sock_recv_into(socket, absl::MakeSpan(buffer)));
        if (got == 0) break;
        await(loop.sock_sendall(socket, absl::string_view(buffer.data(), got)));
    }
}

void serve_sockets(cede::Socket listener) {
    cede::EventLoop& loop = cede::get_running_loop();
    for (;;) {
        const auto socket = std::make_shared<cede::Socket>(await(loop.sock_accept(listener)).first);
        cede::create_task([socket] { echo_by_socket(*socket); });
    }
}

int serve_group(int loops) {
    cede::LoopGroup group(static_cast<std::size_t>(loops));
    cede::run([&] {
        const cede::GroupServer server =
            await(cede::start_server(group, echo_by_streams, "127.0.0.1", 0, cede::ServerOptions().backlog(bench::backlog)));
        std::printf("%d\n", server.port());
        std::fflush(stdout);
        await(server.serve_forever());
    });
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const char* const layer = argc > 1 ? argv[1] : "";
    if (argc > 2 && std::strcmp(layer, "group") == 0) return serve_group(std::atoi(argv[2]));
    const auto serve = std::strcmp(layer, "streams") == 0     ? serve_streams
                       : std::strcmp(layer, "protocols") == 0 ? serve_protocols
                       : std::strcmp(layer, "sockets") == 0   ? serve_sockets
                                                              : nullptr;
    if (serve == nullptr) {
        std::fprintf(stderr, "usage: %s streams|protocols|sockets|group LOOPS\n", argv[0]);
        return 3;
    }
    cede::Socket listener = cede::Socket::from_fd(bench::listen_on_loopback());
    cede::run([&] { serve(std::move(listener)); });
}
