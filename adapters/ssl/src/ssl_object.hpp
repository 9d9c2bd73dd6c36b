// What it is: one connection's TLS, by OpenSSL.
#ifndef CEDE_ADAPTERS_SSL_SRC_SSL_OBJECT_HPP
#define CEDE_ADAPTERS_SSL_SRC_SSL_OBJECT_HPP

#include <exception>
#include <memory>
#include <string>

#include "byte_queue.hpp"
#include "context_impl.hpp"

namespace cede {
namespace ssl {

class OpenSSLObject final : public SSLObject {
public:
    OpenSSLObject(std::shared_ptr<Context::Impl> context, const std::string& server_hostname);

    void feed(absl::string_view ciphertext) override;
    void feed_eof() override;
    std::size_t take(absl::Span<char> ciphertext) override;
    bool do_handshake() override;
    absl::optional<std::size_t> read(absl::Span<char> plaintext) override;
    std::size_t write(absl::string_view plaintext) override;
    bool unwrap() override;
    absl::any get_extra_info(absl::string_view name) const override;

    // For OpenSSL's callbacks, which must not throw.
    static OpenSSLObject& of(const SSL* connection) { return *static_cast<OpenSSLObject*>(SSL_get_app_data(connection)); }
    void use(const std::shared_ptr<Context::Impl>& chosen);
    void fail(std::exception_ptr why) noexcept { wire_.failure = std::move(why); }

private:
    enum class Outcome { done, wants_more, closed };

    void name_server();
    // Calls f(SSL*), which returns 1 for success, and finds out what came of it.
    template <class F>
    Outcome call(F f);
    std::exception_ptr what_went_wrong() const;
    absl::any peer_certificate() const;
    absl::any cipher() const;

    const std::shared_ptr<Context::Impl> context_;
    std::shared_ptr<Context::Impl> chosen_;  // by the SNI callback
    std::string server_hostname_;
    Wire wire_;
    SSLHandle ssl_;
    // Once TLS has failed OpenSSL only says that it has; this says why.
    std::exception_ptr broken_;
};

}  // namespace ssl
}  // namespace cede

#endif
