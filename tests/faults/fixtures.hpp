// What it is: what the conversations of this room share. They take place on one loop, with both sides, and are written so that
// each side ends when the other fails.
#ifndef CEDE_TESTS_FAULTS_FIXTURES_HPP
#define CEDE_TESTS_FAULTS_FIXTURES_HPP

#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>

#include <sys/socket.h>

#include <boost/test/unit_test.hpp>

#include "cede/cede.hpp"
#include "support/faults/fail_every_system_call.hpp"

namespace cede {
namespace tests {

// More than the buffers of a narrow socket hold, so that writing waits.
inline const std::string& long_text() {
    static const std::string text = [] {
        std::string made(std::size_t{1} << 19, '\0');
        for (std::size_t i = 0; i < made.size(); ++i) made[i] = static_cast<char>(i * 2654435761u >> 13);
        return made;
    }();
    return text;
}

// What has arrived is what was sent; a part of it when the connection was cut, which is then said.
inline void check_arrived(const std::string& sent, const std::string& arrived) {
    if (arrived == sent) return;
    const bool is_part = arrived.size() < sent.size() && sent.compare(0, arrived.size(), arrived) == 0;
    if (!is_part) throw std::logic_error("what has arrived is not what was sent");
    throw std::system_error(ECONNRESET, std::generic_category(), "the connection was cut");
}

inline void make_narrow(const TransportSocket& socket) {
    const CallsSucceed all;
    socket.setsockopt(SOL_SOCKET, SO_SNDBUF, 64 << 10);
    socket.setsockopt(SOL_SOCKET, SO_RCVBUF, 64 << 10);
}

// Of a transport or a StreamWriter.
template <class T>
void make_narrow(const T& with_extra_info) {
    make_narrow(absl::any_cast<TransportSocket>(with_extra_info.get_extra_info("socket")));
}

inline int port_of(const Server& server) { return server.sockets().front().local_address().port(); }

}  // namespace tests
}  // namespace cede

#endif
