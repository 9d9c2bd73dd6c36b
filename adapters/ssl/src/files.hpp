// What it is: keys and certificates in files.
#ifndef CEDE_ADAPTERS_SSL_SRC_FILES_HPP
#define CEDE_ADAPTERS_SSL_SRC_FILES_HPP

#include <string>

#include "absl/strings/string_view.h"

#include "handles.hpp"

namespace cede {
namespace ssl {

// Who we are. Throw std::system_error where there is nothing to be read, SSLError for what is not what it should be.
struct Identity {
    X509Handle certificate;
    ChainHandle chain;
    KeyHandle key;
};
Identity load_identity(const std::string& certfile, const std::string& keyfile, const std::string& password);

// Whom we trust. The same errors.
void trust_file(SSL_CTX* context, const std::string& cafile);
void trust_folder(SSL_CTX* context, const std::string& capath);
void trust_data(SSL_CTX* context, absl::string_view cadata);

}  // namespace ssl
}  // namespace cede

#endif
