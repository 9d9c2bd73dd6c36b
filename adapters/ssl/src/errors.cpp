#include "errors.hpp"

#include <new>

namespace cede {
namespace ssl {

std::string reason_of_last_error() {
    const unsigned long error = ERR_peek_last_error();
    if (error == 0) return std::string();
    const char* reason = ERR_reason_error_string(error);
    return reason != nullptr ? reason : "OpenSSL's error " + std::to_string(error);
}

void throw_configuration_error(const std::string& what) {
    if (ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE) throw std::bad_alloc();
    const std::string reason = reason_of_last_error();
    throw SSLError(SSLErrc::configuration, reason.empty() ? what : what + ": " + reason);
}

}  // namespace ssl
}  // namespace cede
