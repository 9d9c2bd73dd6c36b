// What it is: the small change of the tests over real sockets.
#ifndef CEDE_TESTS_STREAM_SOCKETS_HPP
#define CEDE_TESTS_STREAM_SOCKETS_HPP

#include <string>
#include <utility>

#include "cede/net/server.hpp"
#include "cede/stream/streams.hpp"
#include "cede/task/await.hpp"
#include "support/open_descriptors.hpp"

namespace cede {
namespace tests {

using Streams = std::pair<StreamReader, StreamWriter>;

inline int port_of(const Server& server) { return server.sockets().front().local_address().port(); }

inline void hang_up(const Streams& streams) {
    streams.second.close();
    await(streams.second.wait_closed());
}

inline void end_server(const Server& server) {
    server.close();
    await(server.wait_closed());
}

// A client's conversation: each line comes back.
inline void echo_lines(StreamReader reader, StreamWriter writer) {
    for (const std::string& line : reader) {
        writer.write(line);
        await(writer.drain());
    }
    writer.close();
}

}  // namespace tests
}  // namespace cede

#endif
