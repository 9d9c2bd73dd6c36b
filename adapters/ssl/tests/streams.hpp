// What it is: the small change of the tests over real connections.
#ifndef CEDE_ADAPTERS_SSL_TESTS_STREAMS_HPP
#define CEDE_ADAPTERS_SSL_TESTS_STREAMS_HPP

#include <string>
#include <utility>

#include "cede/cede.hpp"

#include "fixtures.hpp"

namespace cede {
namespace tests {

using Streams = std::pair<StreamReader, StreamWriter>;

inline int port_of(const Server& server) { return server.sockets().front().local_address().port(); }

inline Streams connect(int port, const SharedContext& context) {
    return await(open_connection("127.0.0.1", port, ConnectOptions().ssl(context)));
}
inline Streams connect(const Server& server, const SharedContext& context) { return connect(port_of(server), context); }

inline void hang_up(const Streams& streams) {
    streams.second.close();
    await(streams.second.wait_closed());
}

inline void end_server(const Server& server) {
    server.close();
    await(server.wait_closed());
}

// A client's conversation: everything comes back.
inline void echo(StreamReader reader, StreamWriter writer) {
    for (std::string some; !(some = await(reader.read(65536))).empty();) {
        writer.write(some);
        await(writer.drain());
    }
    writer.close();
}

// Different for each `seed`.
inline std::string bytes(std::size_t seed, std::size_t size) {
    std::string made(size, '\0');
    for (std::size_t i = 0; i < size; ++i) made[i] = static_cast<char>((i * 2654435761u >> 11) + seed);
    return made;
}

}  // namespace tests
}  // namespace cede

#endif
