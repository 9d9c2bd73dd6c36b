// What it is: OpenSSL's queue of errors as exceptions. The queue belongs to the thread and outlives the call that failed: what
// anybody has left there would be the next call's error for SSL_get_error(), so whoever calls OpenSSL here empties it before and
// after.
#ifndef CEDE_ADAPTERS_SSL_SRC_ERRORS_HPP
#define CEDE_ADAPTERS_SSL_SRC_ERRORS_HPP

#include <string>

#include <openssl/err.h>

#include "cede/net/ssl.hpp"

namespace cede {
namespace ssl {

struct ClearsErrors {
    ClearsErrors() noexcept = default;
    ClearsErrors(const ClearsErrors&) = delete;
    ClearsErrors& operator=(const ClearsErrors&) = delete;
    ~ClearsErrors() { ERR_clear_error(); }
};

struct ErrorScope : ClearsErrors {
    ErrorScope() noexcept { ERR_clear_error(); }
};

// What the youngest error in the queue says, in OpenSSL's words; empty without one.
std::string reason_of_last_error();
// Throws SSLErrc::configuration with `what` and that reason; std::bad_alloc when memory was short.
[[noreturn]] void throw_configuration_error(const std::string& what);

}  // namespace ssl
}  // namespace cede

#endif
