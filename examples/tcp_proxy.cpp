// A TCP proxy that passes on the end of each direction by itself: a client that has sent everything, and said so by a half-close,
// still gets its answer. (`nc -N`, `ssh`, HTTP/1.0 and databases' dumps do that; a proxy that closes both sides at the first end
// cuts off the answer.)
//
//   tcp_proxy PORT HOST PORT     listens on the first, connects to the second
#include <array>
#include <csignal>
#include <iostream>
#include <string>

#include <sys/socket.h>

#include <cede/cede.hpp>

using namespace std::chrono_literals;
using cede::StreamReader;
using cede::StreamWriter;
using cede::await;

namespace {

// One direction. It reads no faster than the other side takes it: drain() waits, the reader's buffer fills, and the sender's
// own system makes it wait.
void pump(const StreamReader& from, const StreamWriter& to, std::size_t& passed) {
    std::array<char, 16 * 1024> piece;
    while (const std::size_t size = await(from.read_into({piece.data(), piece.size()}))) {
        to.write({piece.data(), size});
        await(to.drain());
        passed += size;
    }
    to.write_eof();
}

// Ends a connection in good order when all was passed on, else by a reset: a mere end would look like that of a whole answer.
struct Ends {
    const StreamWriter& writer;
    const bool& whole;
    ~Ends() {
        if (whole) {
            writer.close();
            return;
        }
        const absl::any socket = writer.get_extra_info("socket");
        const linger at_once{1, 0};
        const int fd = absl::any_cast<cede::TransportSocket>(socket).fileno();
        ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        writer.transport()->abort();
    }
};

void serve(const StreamReader& reader, const StreamWriter& writer, const std::string& host, const std::string& port) {
    bool whole = false;
    const Ends ends_client{writer, whole};
    const auto client = absl::any_cast<cede::SocketAddress>(writer.get_extra_info("peername")).str();
    std::size_t sent = 0, answered = 0;
    std::string error;
    try {
        const auto connect = [&] { return await(cede::open_connection(host, port)); };
        const std::pair<StreamReader, StreamWriter> server = cede::timeout(10s, connect);
        const Ends ends_server{server.second, whole};
        // When one direction fails, the group cancels the other.
        cede::task_group([&](cede::TaskGroup& group) {
            group.create_task([&] { pump(reader, server.second, sent); });
            group.create_task([&] { pump(server.first, writer, answered); });
        });
        whole = true;
    } catch (const std::exception& failure) {
        error = std::string(", then: ") + failure.what();
    }
    std::cerr << client << ": " << sent << " bytes there, " << answered << " back" << error << "\n";
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 4) return std::cerr << "usage: tcp_proxy PORT HOST PORT\n", 2;
    const std::string own_port = arguments[1], host = arguments[2], port = arguments[3];
    cede::run([&] {
        const auto accept = [&](StreamReader reader, StreamWriter writer) { serve(reader, writer, host, port); };
        const cede::Server server = await(cede::start_server(accept, "127.0.0.1", own_port));
        std::cout << server.sockets().front().local_address().str() << std::endl;
        const auto stop = [server] {
            server.close();
            server.abort_clients();
        };
        for (const int signal : {SIGINT, SIGTERM}) server.get_loop().add_signal_handler(signal, stop);
        await(server.wait_closed());
    });
}
