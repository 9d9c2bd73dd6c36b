// What it is: the order in which the addresses of a host are tried.
#ifndef CEDE_SRC_NET_ADDRESS_ORDER_HPP
#define CEDE_SRC_NET_ADDRESS_ORDER_HPP

#include <cstddef>
#include <vector>

#include "cede/net/address_info.hpp"

namespace cede {
namespace detail {

// Alternates the families, as RFC 8305 says, so that a family that is broken costs every second attempt: the first `first`
// addresses of the family that comes first, then one of each in turn.
std::vector<AddressInfo> interleave_families(std::vector<AddressInfo> addresses, std::size_t first);

}  // namespace detail
}  // namespace cede

#endif
