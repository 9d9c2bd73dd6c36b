#include "cede/net/transport.hpp"

#include <stdexcept>
#include <string>

#include "base/call_stack.hpp"
#include "cede/base/reports.hpp"

namespace cede {

BaseTransport::~BaseTransport() = default;

absl::any BaseTransport::get_extra_info(absl::string_view) const { return absl::any(); }

namespace detail {
void throw_wrong_transport() { throw std::invalid_argument("as<T>(transport): the transport is not of that kind"); }

void throw_wrong_extra_info(absl::string_view name, const absl::any& known, const std::type_info& wanted) {
    const std::string call = "get_extra_info(\"" + std::string(name) + "\")";
    if (!known.has_value()) throw std::out_of_range(call + ": this transport does not know it");
    throw std::invalid_argument(call + " is a " + readable(demangle(known.type().name())) + ", not a " +
                                readable(demangle(wanted.name())));
}
}  // namespace detail

}  // namespace cede
