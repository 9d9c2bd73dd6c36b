// What it is: what the net room keeps for one loop.
#ifndef CEDE_SRC_NET_NETWORK_STATE_HPP
#define CEDE_SRC_NET_NETWORK_STATE_HPP

#include <cstddef>
#include <memory>

#include "loop/owned_list.hpp"
#include "net/datagram_inbox.hpp"

namespace cede {
namespace detail {

// Bytes read at once; asyncio's number. Pages of the buffer that no read has reached cost nothing.
constexpr std::size_t read_buffer_size = 256 * 1024;

class NetworkState {
public:
    // One for all connections of the loop, because what is read is handed on before the next read: a fresh buffer for each
    // would cost its page faults, or a copy.
    char* read_buffer() {
        if (read_buffer_ == nullptr) read_buffer_.reset(new char[read_buffer_size]);
        return read_buffer_.get();
    }

    // For datagrams, of which many are read at once.
    DatagramInbox& inbox() {
        if (inbox_ == nullptr) inbox_.reset(new DatagramInbox());
        return *inbox_;
    }

    // What the loop closes when it closes: transports and servers.
    OwnedList open;

private:
    std::unique_ptr<char[]> read_buffer_;
    std::unique_ptr<DatagramInbox> inbox_;
};

}  // namespace detail
}  // namespace cede

#endif
