// What it is: a TLS connection as the application sees it: asyncio's _SSLProtocolTransport. All that it does is done by
// ssl_protocol.hpp.
#ifndef CEDE_SRC_NET_SSL_TRANSPORT_HPP
#define CEDE_SRC_NET_SSL_TRANSPORT_HPP

#include <memory>
#include <string>
#include <utility>

#include "cede/base/exceptions.hpp"
#include "net/ssl_protocol.hpp"

namespace cede {
namespace detail {

class SSLTransport final : public Transport {
public:
    explicit SSLTransport(std::shared_ptr<SSLProtocol> ssl) noexcept : ssl_(std::move(ssl)) {}

    void close() override { ssl_->close(); }
    void abort() override { ssl_->abort(); }
    bool is_closing() const override { return ssl_->is_closing(); }
    absl::any get_extra_info(absl::string_view name) const override { return ssl_->get_extra_info(name); }
    void set_protocol(std::shared_ptr<BaseProtocol> protocol) override { ssl_->set_app_protocol(std::move(protocol)); }
    std::shared_ptr<BaseProtocol> get_protocol() const override { return ssl_->app_protocol(); }
    bool is_reading() const override { return ssl_->is_reading(); }
    void pause_reading() override { ssl_->pause_reading(); }
    void resume_reading() override { ssl_->resume_reading(); }
    void write(absl::string_view data) override {
        check_not_sending_file("write()");
        ssl_->write(data);
    }
    void writelines(absl::Span<const absl::string_view> data) override {
        check_not_sending_file("writelines()");
        ssl_->write_all(data);
    }
    void flush() override { ssl_->flush(); }
    void write_eof() override {
        throw RuntimeError("TLS has no end of one direction: can_write_eof() is false; say so in your protocol, or close()");
    }
    bool can_write_eof() const override { return false; }
    void set_write_buffer_limits(absl::optional<std::size_t> high, absl::optional<std::size_t> low) override {
        ssl_->set_write_buffer_limits(high, low);
    }
    Limits get_write_buffer_limits() const override { return ssl_->write_buffer_limits(); }
    std::size_t get_write_buffer_size() const override { return ssl_->write_buffer_size(); }

    // For loop.sendfile(): while this lives it alone writes. Throws RuntimeError when there is one already.
    class FileWriter {
    public:
        explicit FileWriter(std::shared_ptr<SSLTransport> transport) : transport_(std::move(transport)) {
            transport_->check_not_sending_file("sendfile()");
            transport_->sending_file_ = true;
        }
        ~FileWriter() { transport_->sending_file_ = false; }
        FileWriter(const FileWriter&) = delete;
        FileWriter& operator=(const FileWriter&) = delete;
        void write(absl::string_view data) { transport_->ssl_->write(data); }

    private:
        const std::shared_ptr<SSLTransport> transport_;
    };

private:
    void check_not_sending_file(const char* call) const {
        if (!sending_file_ || is_closing()) return;
        throw RuntimeError(std::string("Cannot call ") + call + " while a sendfile is in progress: await that first");
    }

    const std::shared_ptr<SSLProtocol> ssl_;
    bool sending_file_ = false;
};

}  // namespace detail
}  // namespace cede

#endif
