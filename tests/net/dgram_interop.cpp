// A program for dgram_interop.py, which is asyncio on the other end.
//
//   server       echoes datagrams backwards, and prints its port first, until it is told "end"
//   client PORT  sends 1,000 datagrams of all sizes to an echo, and checks what comes back; exit status 1 if it is wrong
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "cede/cede.hpp"

using cede::await;

namespace {

struct Peer : cede::DatagramProtocol {
    void connection_made(std::shared_ptr<cede::BaseTransport> made) override {
        transport = cede::as<cede::DatagramTransport>(made);
    }
    void error_received(std::exception_ptr error) override {
        if (!over.done()) over.set_exception(error);
    }
    std::shared_ptr<cede::DatagramTransport> transport;
    const cede::Future<void> over;
};

struct Backwards : Peer {
    void datagram_received(absl::string_view data, const cede::SocketAddress& from) override {
        if (data == "end") return over.set_result();
        std::string answer(data);
        std::reverse(answer.begin(), answer.end());
        transport->sendto(answer, from);
    }
};

// One at a time, for UDP may drop what comes too fast.
struct Client : Peer {
    void connection_made(std::shared_ptr<cede::BaseTransport> made) override {
        Peer::connection_made(made);
        next();
    }
    void next() {
        if (sent == 1000) return over.set_result();
        message.assign(static_cast<std::size_t>(sent * sent % 60000), static_cast<char>('a' + sent % 26));
        message += std::to_string(sent++);
        transport->sendto(message);
    }
    void datagram_received(absl::string_view data, const cede::SocketAddress&) override {
        if (std::string(data.rbegin(), data.rend()) != message) {
            return over.set_exception(std::runtime_error("a wrong answer to " + std::to_string(sent - 1)));
        }
        next();
    }
    int sent = 0;
    std::string message;
};

template <class P>
void run(const cede::DatagramOptions& options, bool tells_port) {
    cede::run([&] {
        const auto peer = std::make_shared<P>();
        await(cede::get_running_loop().create_datagram_endpoint([&] { return peer; }, options));
        if (tells_port) {
            std::printf("%d\n", absl::any_cast<cede::SocketAddress>(peer->transport->get_extra_info("sockname")).port());
            std::fflush(stdout);
        }
        cede::timeout(std::chrono::seconds(60), [&] { await(peer->over); });
        peer->transport->close();
    });
}

}  // namespace

int main(int count, char** arguments) {
    try {
        if (count == 2 && std::strcmp(arguments[1], "server") == 0) {
            run<Backwards>(cede::DatagramOptions().local_addr("127.0.0.1", 0), true);
        } else if (count == 3) {
            run<Client>(cede::DatagramOptions().remote_addr("127.0.0.1", arguments[2]), false);
        } else {
            return 2;
        }
    } catch (const std::exception& error) {
        std::fprintf(stderr, "dgram_interop: %s\n", error.what());
        return 1;
    }
    return 0;
}
