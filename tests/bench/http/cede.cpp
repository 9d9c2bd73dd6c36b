// HTTP/1.1 keep-alive on cede: on streams, or on protocols. No request has a body.
#include "support/server.hpp"

#include <cede/cede.hpp>

#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "http/answer.hpp"

using cede::await;

namespace {

cede::ServerOptions on(cede::Socket listener) {
    return cede::ServerOptions().socket(std::move(listener)).backlog(bench::backlog);
}

void serve_by_streams(cede::StreamReader reader, cede::StreamWriter writer) {
    try {
        for (;;) {
            await(reader.readuntil(bench::end_of_head));
            writer.write(absl::string_view(bench::answer, bench::answer_size));
            await(writer.drain());
        }
    } catch (const cede::IncompleteReadError&) {
    } catch (const std::system_error&) {
    }
    writer.close();
}

void serve_streams(cede::Socket listener) {
    const cede::Server server = await(cede::start_server(serve_by_streams, on(std::move(listener))));
    await(server.serve_forever());
}

class Http final : public cede::Protocol {
public:
    void connection_made(std::shared_ptr<cede::BaseTransport> transport) override {
        transport_ = cede::as<cede::Transport>(transport);
    }
    void data_received(absl::string_view data) override {
        received_.append(data.data(), data.size());
        bench::answer_all(received_, [this](const char* text, std::size_t size) {
            transport_->write(absl::string_view(text, size));
        });
    }
    void connection_lost(std::exception_ptr) override { transport_ = nullptr; }

private:
    std::shared_ptr<cede::Transport> transport_;
    std::string received_;
};

void serve_protocols(cede::Socket listener) {
    const auto make = []() -> std::shared_ptr<cede::BaseProtocol> { return std::make_shared<Http>(); };
    const cede::Server server = await(cede::get_running_loop().create_server(make, on(std::move(listener))));
    await(server.serve_forever());
}

}  // namespace

int main(int argc, char** argv) {
    const bool streams = argc > 1 && std::strcmp(argv[1], "streams") == 0;
    if (!streams && !(argc > 1 && std::strcmp(argv[1], "protocols") == 0)) {
        std::fprintf(stderr, "usage: %s streams|protocols\n", argv[0]);
        return 3;
    }
    cede::Socket listener = cede::Socket::from_fd(bench::listen_on_loopback());
    cede::run([&] { (streams ? serve_streams : serve_protocols)(std::move(listener)); });
}
