// A program for syscalls.py: a client and an echo server in one loop exchange as many messages as its argument says.
#include <cstdlib>
#include <iostream>
#include <string>

#include "cede/stream/streams.hpp"
#include "cede/task/run.hpp"
#include "stream/sockets.hpp"

using namespace cede;

namespace {

void echo(StreamReader reader, StreamWriter writer) {
    char memory[1000];
    while (const std::size_t count = await(reader.read_into(memory))) {
        writer.write(absl::string_view(memory, count));
        await(writer.drain());
    }
    writer.close();
}

void exchange(const tests::Streams& streams, int rounds) {
    const std::string message(100, 'm');
    char memory[100];
    for (int i = 0; i < rounds; ++i) {
        streams.second.write(message);
        await(streams.second.drain());
        for (std::size_t got = 0; got < sizeof memory;) {
            const std::size_t count = await(streams.first.read_into(absl::MakeSpan(memory).subspan(got)));
            if (count == 0) throw std::runtime_error("the server has hung up");
            got += count;
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    const int rounds = argc > 1 ? std::atoi(argv[1]) : 1;
    run([rounds] {
        const Server server = await(start_server(echo, "127.0.0.1", 0));
        const tests::Streams streams = await(open_connection("127.0.0.1", tests::port_of(server)));
        exchange(streams, rounds);
        tests::hang_up(streams);
        tests::end_server(server);
    });
    std::cout << rounds << " messages\n";
}
