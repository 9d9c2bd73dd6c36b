#include "reason.hpp"

#include <system_error>

#include <netdb.h>

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <cede/net/address_info.hpp>

namespace fetch {
namespace {

std::string reason_of_resolver(const std::error_code& code) {
    if (code.value() == EAI_NONAME || code.value() == EAI_FAIL) return "unknown name";
#ifdef EAI_NODATA
    if (code.value() == EAI_NODATA) return "the name has no address";
#endif
    if (code.value() == EAI_AGAIN) return "the name cannot be looked up: no name server answers";
    return absl::StrCat("the name cannot be looked up: ", absl::AsciiStrToLower(code.message()));
}

std::string reason_of_system(const std::error_code& code) {
    if (code == std::errc::connection_refused) return "connection refused";
    if (code == std::errc::connection_reset) return "connection dropped by the server";
    if (code == std::errc::broken_pipe) return "connection dropped by the server";
    if (code == std::errc::timed_out) return "the host does not answer";
    if (code == std::errc::host_unreachable) return "the host cannot be reached";
    if (code == std::errc::network_unreachable) return "the network cannot be reached";
    if (code == std::errc::too_many_files_open) return "too many open files; use a lower --concurrency";
    return absl::AsciiStrToLower(code.message());
}

}  // namespace

std::string plain_reason(const std::exception& error) {
    // Not what(): it has details for the programmer, such as the name of the system call.
    if (const auto* system = dynamic_cast<const std::system_error*>(&error)) {
        const std::error_code& code = system->code();
        return code.category() == cede::resolver_category() ? reason_of_resolver(code) : reason_of_system(code);
    }
    return error.what();
}

}  // namespace fetch
