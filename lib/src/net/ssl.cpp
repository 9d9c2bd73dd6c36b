#include "cede/net/ssl.hpp"

namespace cede {
namespace {

class Category final : public std::error_category {
public:
    const char* name() const noexcept override { return "ssl"; }
    std::string message(int code) const override {
        switch (static_cast<SSLErrc>(code)) {
            case SSLErrc::protocol: return "TLS protocol error";
            case SSLErrc::certificate_verify_failed: return "certificate verify failed";
            case SSLErrc::eof: return "TLS stream ended unexpectedly";
            case SSLErrc::zero_return: return "TLS session is closed";
            case SSLErrc::configuration: return "TLS configuration error";
        }
        return "TLS error " + std::to_string(code);
    }
};

}  // namespace

const std::error_category& ssl_category() noexcept {
    static const Category category;
    return category;
}

std::error_code make_error_code(SSLErrc code) noexcept { return {static_cast<int>(code), ssl_category()}; }

SSLObject::~SSLObject() = default;
SSLContext::~SSLContext() = default;

SSLError::SSLError(SSLErrc code, const std::string& message) : std::system_error(make_error_code(code), message) {}
SSLError::~SSLError() = default;

SSLCertVerificationError::SSLCertVerificationError(const std::string& message, int verify_code,
                                                   const std::string& verify_message)
    : SSLError(SSLErrc::certificate_verify_failed, message), verify_code_(verify_code), verify_message_(verify_message) {}
SSLCertVerificationError::~SSLCertVerificationError() = default;

SSLEOFError::SSLEOFError(const std::string& message) : SSLError(SSLErrc::eof, message) {}
SSLEOFError::~SSLEOFError() = default;

}  // namespace cede
