// What it is: what the tests of the net room share: a protocol that writes down its calls, pairs of connected sockets, and
// running the loop until something holds.
#ifndef CEDE_TESTS_NET_FIXTURES_HPP
#define CEDE_TESTS_NET_FIXTURES_HPP

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "cede/base/reports.hpp"
#include "cede/net/net.hpp"
#include "cede/task/await.hpp"
#include "cede/task/run.hpp"
#include "cede/task/sleep.hpp"
#include "support/open_descriptors.hpp"

namespace cede {
namespace tests {

// Runs `f` as the main task of a loop in debug mode, which does not complain of a slow machine.
template <class F>
auto in_loop(F f) -> decltype(f()) {
    return cede::run(
        [f = std::move(f)]() mutable {
            get_running_loop().slow_callback_duration = std::chrono::hours(1);
            return f();
        },
        RunOptions().debug(true));
}

// Lets the loop run until `condition` holds: what is local needs no time, only turns. False when it never does.
template <class F>
bool until(F condition, int most = 200000) {
    for (int turns = 0; turns < most; ++turns) {
        if (condition()) return true;
        await(sleep(std::chrono::seconds(0)));
    }
    return condition();
}

// Lets everything happen that can, without a condition to wait for.
inline void settle() {
    int turns = 0;
    until([&] { return ++turns > 500; });
}

// A port on which nobody listens, kept from others.
struct DeadPort {
    explicit DeadPort(const char* host = "127.0.0.1") {
        socket = Socket(SocketAddress(host, 0).family(), SOCK_STREAM);
        socket.bind(SocketAddress(host, 0));
    }
    SocketAddress address() const { return socket.local_address(); }
    Socket socket;
};

// A listening socket on a port of its own.
inline Socket listening(const char* host = "127.0.0.1") {
    Socket socket(SocketAddress(host, 0).family(), SOCK_STREAM);
    socket.bind(SocketAddress(host, 0));
    socket.listen(10);
    return socket;
}

inline bool is_bad_descriptor(const std::system_error& error) { return error.code() == std::errc::bad_file_descriptor; }

// What a loop reports while this lives.
struct Reports {
    explicit Reports(EventLoop& in) : loop(in) {
        loop.set_exception_handler([this](EventLoop&, const ExceptionContext& context) { all.push_back(context); });
    }
    ~Reports() { loop.set_exception_handler(nullptr); }
    EventLoop& loop;
    std::vector<ExceptionContext> all;
};

// The warnings given while this lives, which do not go to stderr then.
class Warnings {
public:
    Warnings() : before_(set_warning_hook([](absl::string_view text) { list().emplace_back(text); })) { list().clear(); }
    ~Warnings() { set_warning_hook(before_); }
    Warnings(const Warnings&) = delete;
    Warnings& operator=(const Warnings&) = delete;
    static std::vector<std::string>& list() {
        static std::vector<std::string> texts;
        return texts;
    }

private:
    WarningHook before_;
};

// Writes down what a transport tells; each call can be given something to do.
template <class Base>
class RecordingOf : public Base {
public:
    void connection_made(std::shared_ptr<BaseTransport> made) override {
        calls += "made ";
        transport = as<Transport>(made);
        if (on_made) on_made();
    }
    void connection_lost(std::exception_ptr why) override {
        calls += why ? "lost(error) " : "lost ";
        error = why;
        ++losses;
        if (on_lost) on_lost();
        transport = nullptr;
    }
    void pause_writing() override {
        calls += "pause ";
        if (on_pause) on_pause();
    }
    void resume_writing() override {
        calls += "resume ";
        if (on_resume) on_resume();
    }
    bool eof_received() override {
        calls += "eof ";
        if (on_eof) on_eof();
        return keep_open;
    }

    std::shared_ptr<Transport> transport;
    std::string calls;
    std::string data;
    std::exception_ptr error;
    int losses = 0;
    bool keep_open = false;
    std::function<void()> on_made, on_data, on_eof, on_lost, on_pause, on_resume;
};

class Recording : public RecordingOf<Protocol> {
public:
    void data_received(absl::string_view bytes) override {
        data.append(bytes.data(), bytes.size());
        ++reads;
        if (on_data) on_data();
    }
    int reads = 0;
};

class BufferedRecording : public RecordingOf<BufferedProtocol> {
public:
    absl::Span<char> get_buffer(std::ptrdiff_t) override {
        if (on_get) on_get();
        return absl::MakeSpan(buffer);
    }
    void buffer_updated(std::size_t count) override {
        data.append(buffer.data(), count);
        ++rounds;
        if (on_data) on_data();
    }
    std::vector<char> buffer = std::vector<char>(16);
    int rounds = 0;
    std::function<void()> on_get;
};

class Echo : public Protocol {
public:
    void connection_made(std::shared_ptr<BaseTransport> made) override { transport = as<Transport>(made); }
    void data_received(absl::string_view bytes) override { transport->write(bytes); }
    void connection_lost(std::exception_ptr) override { transport = nullptr; }
    std::shared_ptr<Transport> transport;
};

template <class P>
LoopNetwork::ProtocolFactory factory_of(std::shared_ptr<P> protocol) {
    return [protocol] { return protocol; };
}

// Two TCP sockets on loopback that are connected with each other.
inline std::pair<Socket, Socket> tcp_pair() {
    Socket listener(AF_INET, SOCK_STREAM);
    listener.bind(SocketAddress("127.0.0.1", 0));
    listener.listen(1);
    Socket one(AF_INET, SOCK_STREAM);
    one.set_blocking(true);
    const SocketAddress address = listener.local_address();
    BOOST_REQUIRE(::connect(one.fd(), address.data(), address.size()) == 0);
    one.set_blocking(false);
    listener.set_blocking(true);
    Socket other = Socket::from_fd(::accept(listener.fd(), nullptr, nullptr));
    return {std::move(one), std::move(other)};
}

// A transport on one end of a pair, driven by a recording protocol; the other end is a plain socket.
template <class P = Recording>
struct Connected {
    explicit Connected(std::pair<Socket, Socket> ends = Socket::pair()) : peer(std::move(ends.second)) {
        auto connection =
            await(get_running_loop().connect_accepted_socket(factory_of(protocol), std::move(ends.first)));
        transport = connection.first;
    }
    void peer_sends(absl::string_view bytes) {
        BOOST_REQUIRE(::send(peer.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
                      static_cast<ssize_t>(bytes.size()));
    }
    // All that has arrived.
    std::string peer_receives() {
        std::string result;
        char bytes[65536];
        ssize_t count;
        while ((count = ::recv(peer.fd(), bytes, sizeof bytes, 0)) > 0) {
            result.append(bytes, static_cast<std::size_t>(count));
        }
        peer_ended = peer_ended || count == 0;
        return result;
    }

    std::shared_ptr<P> protocol = std::make_shared<P>();
    Socket peer;
    std::shared_ptr<Transport> transport;
    bool peer_ended = false;
};

// More than any socket buffer holds.
inline const std::string& huge() {
    static const std::string bytes = [] {
        std::string made(std::size_t{8} << 20, '\0');
        for (std::size_t i = 0; i < made.size(); ++i) made[i] = static_cast<char>(i * 2654435761u >> 13);
        return made;
    }();
    return bytes;
}

}  // namespace tests
}  // namespace cede

#endif
