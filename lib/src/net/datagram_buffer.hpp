// What it is: datagrams that a transport has taken and the system has not, each with where it goes. Their bytes lie one behind
// the other in one block, so that a backlog that comes and goes allocates nothing once the block is large enough.
#ifndef CEDE_SRC_NET_DATAGRAM_BUFFER_HPP
#define CEDE_SRC_NET_DATAGRAM_BUFFER_HPP

#include <cstddef>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

#include "cede/net/socket_address.hpp"
#include "net/datagram_calls.hpp"

namespace cede {
namespace detail {

class DatagramBuffer {
public:
    // What a datagram counts for beyond its bytes, so that empty ones are not free; asyncio's number.
    static constexpr std::size_t header_size = 8;

    bool empty() const noexcept { return first_ == entries_.size(); }
    // Bytes, header_size for each datagram included.
    std::size_t size() const noexcept { return size_; }

    // `to` is of no family for the connected peer. Nothing has changed when it throws.
    void append(absl::string_view data, const SocketAddress& to);
    // Describes the datagrams at the front, whose first one exists; how many. Valid until the next change.
    unsigned fill(absl::Span<DatagramHeader> headers, absl::Span<iovec> pieces) noexcept;
    // Drops the first `count`, which were sent.
    void consume(std::size_t count) noexcept;
    void clear() noexcept;

private:
    struct Entry {
        std::size_t begin;
        std::size_t size;
        SocketAddress to;
    };
    void drop_sent() noexcept;

    std::vector<char> bytes_;
    std::vector<Entry> entries_;
    std::size_t first_ = 0;  // those before it are sent
    std::size_t size_ = 0;
};

}  // namespace detail
}  // namespace cede

#endif
