// What it is: what the tests of pipes share: a protocol that writes down its calls, and a transport on one end of a pipe
// whose other end is the test's.
#ifndef CEDE_TESTS_NET_PIPE_FIXTURES_HPP
#define CEDE_TESTS_NET_PIPE_FIXTURES_HPP

#include "net/fixtures.hpp"

#include <fcntl.h>

namespace cede {
namespace tests {

struct PipeRecording : Protocol {
    void connection_made(std::shared_ptr<BaseTransport> made) override {
        calls += "made ";
        transport = made;
    }
    void data_received(absl::string_view bytes) override { data.append(bytes.data(), bytes.size()); }
    bool eof_received() override {
        calls += "eof ";
        return true;
    }
    void connection_lost(std::exception_ptr why) override {
        calls += why ? "lost(error) " : "lost ";
        error = why;
        lost = true;
        if (on_lost) on_lost();
    }
    void pause_writing() override { calls += "pause "; }
    void resume_writing() override { calls += "resume "; }

    std::shared_ptr<BaseTransport> transport;
    std::string calls;
    std::string data;
    std::exception_ptr error;
    bool lost = false;
    std::function<void()> on_lost;
};

// A transport on one end of a pipe; the other end is the test's.
struct Reading {
    explicit Reading(std::pair<Pipe, Pipe> ends = Pipe::pair()) : peer(std::move(ends.second)) {
        transport = await(get_running_loop().connect_read_pipe(factory_of(protocol), std::move(ends.first))).first;
    }
    void peer_writes(absl::string_view bytes) {
        BOOST_REQUIRE(::write(peer.fd(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
    }
    std::shared_ptr<PipeRecording> protocol = std::make_shared<PipeRecording>();
    Pipe peer;
    std::shared_ptr<ReadTransport> transport;
};

struct Writing {
    explicit Writing(std::pair<Pipe, Pipe> ends = Pipe::pair()) : peer(std::move(ends.first)) {
        ::fcntl(peer.fd(), F_SETFL, O_NONBLOCK);
        transport = await(get_running_loop().connect_write_pipe(factory_of(protocol), std::move(ends.second))).first;
    }
    // All that has arrived.
    std::string peer_reads() {
        std::string result;
        char bytes[65536];
        ssize_t count;
        while ((count = ::read(peer.fd(), bytes, sizeof bytes)) > 0) result.append(bytes, static_cast<std::size_t>(count));
        peer_ended = peer_ended || count == 0;
        return result;
    }
    std::string peer_reads(std::size_t size) {
        std::string received;
        until([&] {
            received += peer_reads();
            return received.size() >= size;
        });
        return received;
    }
    std::shared_ptr<PipeRecording> protocol = std::make_shared<PipeRecording>();
    Pipe peer;
    std::shared_ptr<WriteTransport> transport;
    bool peer_ended = false;
};

inline int errno_of(const std::exception_ptr& error) {
    if (error == nullptr) return 0;
    try {
        std::rethrow_exception(error);
    } catch (const std::system_error& e) {
        return e.code().value();
    }
}

inline Pipe copy_of(const Pipe& pipe) { return Pipe::from_fd(::dup(pipe.fd())); }

}  // namespace tests
}  // namespace cede

#endif
