#include "cede/net/transport.hpp"

#include <stdexcept>

namespace cede {

BaseTransport::~BaseTransport() = default;

absl::any BaseTransport::get_extra_info(absl::string_view) const { return absl::any(); }

namespace detail {
void throw_wrong_transport() { throw std::invalid_argument("as<T>(transport): the transport is not of that kind"); }
}  // namespace detail

}  // namespace cede
