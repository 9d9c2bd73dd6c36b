// What it is: "happy eyeballs" (RFC 8305): connecting to several addresses beside each other, each a little after the one
// before, until one answers. Against hosts whose first address is dead this saves the minutes of a TCP timeout.
#ifndef CEDE_SRC_NET_CONNECT_RACE_HPP
#define CEDE_SRC_NET_CONNECT_RACE_HPP

#include <exception>
#include <functional>
#include <vector>

#include "cede/loop/event_loop.hpp"
#include "cede/net/net.hpp"

namespace cede {
namespace detail {

// Runs `connect(i)` for i = 0 .. count - 1, each in a task, the next once `delay` has passed or one has failed. Cedes; the
// first socket wins, the other tasks are cancelled. A closed Socket when all have failed; `errors` then has why.
Socket connect_race(EventLoop& loop, std::size_t count, Duration delay, std::function<Socket(std::size_t)> connect,
                    std::vector<std::exception_ptr>& errors);

// Alternates the families: the first `first` of the family that comes first, then one of each in turn.
std::vector<AddressInfo> interleave_families(std::vector<AddressInfo> addresses, std::size_t first);

}  // namespace detail
}  // namespace cede

#endif
