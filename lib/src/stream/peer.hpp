// What it is: the name of a connection's other end, for the names of tasks and for warnings.
#ifndef CEDE_SRC_STREAM_PEER_HPP
#define CEDE_SRC_STREAM_PEER_HPP

#include <string>

#include "cede/net/transport.hpp"

namespace cede {
namespace detail {

// " 127.0.0.1:80"; for a peer without a name " at " with the name of our end; empty when there is neither.
std::string peer_suffix(const BaseTransport& transport);

}  // namespace detail
}  // namespace cede

#endif
