// What it is: sockets that have been waited for once and lie idle in the selector, for the tests of what they leave there.
#ifndef CEDE_TESTS_NET_SOCKET_WATCH_FIXTURES_HPP
#define CEDE_TESTS_NET_SOCKET_WATCH_FIXTURES_HPP

#include <string>
#include <utility>

#include "cede/task/task.hpp"
#include "net/fixtures.hpp"

namespace cede {
namespace tests {

using Ends = std::pair<Socket, Socket>;

inline void put(const Socket& socket, absl::string_view text) {
    BOOST_REQUIRE(::send(socket.fd(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
}

// Has been waited for once, and lies idle in the selector.
inline void receive_once(const Ends& ends) {
    const Task<std::string> reading = create_task(get_running_loop().sock_recv(ends.first, 10));
    await(sleep(Duration()));
    put(ends.second, "first");
    BOOST_TEST(await(reading) == "first");
}

}  // namespace tests
}  // namespace cede

#endif
