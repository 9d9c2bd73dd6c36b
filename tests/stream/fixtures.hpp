// What it is: what the tests of this room share: a transport that writes down what is asked of it, and ways to let the
// loop run.
#ifndef CEDE_TESTS_STREAM_FIXTURES_HPP
#define CEDE_TESTS_STREAM_FIXTURES_HPP

#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cede/loop/event_loop.hpp"
#include "cede/net/transport.hpp"
#include "cede/stream/stream_reader_protocol.hpp"
#include "cede/task/run.hpp"
#include "cede/task/sleep.hpp"
#include "cede/task/task.hpp"
#include "support/captured.hpp"

namespace cede {
namespace tests {

using std::chrono_literals::operator""s;

// Lets everything that is ready run, and what that makes ready, a few times over.
inline void settle() {
    for (int i = 0; i < 8; ++i) await(sleep(0s));
}

// The message of what a call throws; empty when it does not.
template <class F>
std::string error_of(F&& f) {
    try {
        f();
    } catch (const std::exception& error) {
        return error.what();
    } catch (const BaseException& error) {
        return error.what();
    }
    return std::string();
}

// A connection whose peer is the test.
class MockTransport final : public Transport, public std::enable_shared_from_this<MockTransport> {
public:
    explicit MockTransport(std::shared_ptr<Protocol> protocol = nullptr) : protocol_(std::move(protocol)) {}

    void close() override {
        if (closing) return;
        closing = true;
        note("close");
        if (!lose_on_close) return;
        get_running_loop().call_soon([self = shared_from_this()] { self->lose(nullptr); });
    }
    void abort() override { close(); }
    bool is_closing() const override { return closing; }
    void set_protocol(std::shared_ptr<BaseProtocol> protocol) override {
        protocol_ = std::dynamic_pointer_cast<Protocol>(protocol);
    }
    std::shared_ptr<BaseProtocol> get_protocol() const override { return protocol_; }
    bool is_reading() const override { return reading; }
    void pause_reading() override {
        reading = false;
        note("pause");
    }
    void resume_reading() override {
        reading = true;
        note("resume");
    }
    void write(absl::string_view data) override { written.append(data.data(), data.size()); }
    void writelines(absl::Span<const absl::string_view> pieces) override {
        for (const absl::string_view piece : pieces) write(piece);
        note("writelines");
    }
    void write_eof() override { note("write_eof"); }
    bool can_write_eof() const override { return true; }
    void set_write_buffer_limits(absl::optional<std::size_t>, absl::optional<std::size_t>) override {}
    Limits get_write_buffer_limits() const override { return {0, 0}; }
    std::size_t get_write_buffer_size() const override { return 0; }

    // What happened on the wire.
    void lose(const std::exception_ptr& error) {
        if (const auto protocol = std::exchange(protocol_, nullptr)) protocol->connection_lost(error);
    }

    std::string written;
    std::string calls;
    bool closing = false;
    bool reading = true;
    bool lose_on_close = true;

private:
    void note(const char* call) { calls += (calls.empty() ? "" : " ") + std::string(call); }

    std::shared_ptr<Protocol> protocol_;
};

// Both streams of a connection to a mock, as open_connection makes them.
struct MockConnection {
    explicit MockConnection(std::ptrdiff_t limit = StreamReader::default_limit)
        : reader(limit), protocol(std::make_shared<StreamReaderProtocol>(reader)),
          transport(std::make_shared<MockTransport>(protocol)) {
        protocol->connection_made(transport);
        writer = StreamWriter(transport, protocol->flow_control(), reader, get_running_loop());
    }

    StreamReader reader;
    std::shared_ptr<StreamReaderProtocol> protocol;
    std::shared_ptr<MockTransport> transport;
    StreamWriter writer;
};

}  // namespace tests
}  // namespace cede

#endif
