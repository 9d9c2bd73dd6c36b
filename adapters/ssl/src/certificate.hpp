// What it is: an X509 as the plain data that users see.
#ifndef CEDE_ADAPTERS_SSL_SRC_CERTIFICATE_HPP
#define CEDE_ADAPTERS_SSL_SRC_CERTIFICATE_HPP

#include "cede/adapters/ssl.hpp"

#include "handles.hpp"

namespace cede {
namespace ssl {

// All but `der` is left empty unless it is verified.
Certificate describe_certificate(X509* certificate, bool verified);

}  // namespace ssl
}  // namespace cede

#endif
