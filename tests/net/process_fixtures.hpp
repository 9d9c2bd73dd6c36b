// What it is: what the tests of child processes share: a protocol that writes down its calls, and a child that has one.
#ifndef CEDE_TESTS_NET_PROCESS_FIXTURES_HPP
#define CEDE_TESTS_NET_PROCESS_FIXTURES_HPP

#include <thread>

#include "net/fixtures.hpp"
#include "support/children.hpp"

namespace cede {
namespace tests {

// As until(), for what a child does, which takes the time it takes.
template <class F>
bool eventually(F condition) {
    return until(
        [&] {
            if (condition()) return true;
            std::this_thread::yield();
            return false;
        },
        100000000);
}

struct RecordingProcess : SubprocessProtocol {
    void connection_made(std::shared_ptr<BaseTransport> made) override {
        transport = as<SubprocessTransport>(made);
        note("made");
    }
    void pipe_data_received(int fd, absl::string_view bytes) override {
        data[fd].append(bytes.data(), bytes.size());
        note("data" + std::to_string(fd));
    }
    void pipe_connection_lost(int fd, std::exception_ptr) override { note("lost" + std::to_string(fd)); }
    void process_exited() override { note("exited"); }
    void connection_lost(std::exception_ptr error) override {
        lost = true;
        note(error ? "LOST(error)" : "LOST");
        transport = nullptr;
    }
    void note(const std::string& call) {
        calls += call + " ";
        if (on_call) on_call(call);
    }

    std::shared_ptr<SubprocessTransport> transport;
    std::string calls;
    std::string data[3];
    bool lost = false;
    std::function<void(const std::string&)> on_call;
};

struct Child {
    explicit Child(std::vector<std::string> arguments, SubprocessOptions options = SubprocessOptions(),
                   std::shared_ptr<RecordingProcess> told = std::make_shared<RecordingProcess>())
        : protocol(std::move(told)) {
        transport = await(get_running_loop().subprocess_exec([this] { return protocol; }, std::move(arguments), options)).first;
    }
    // Waits for it.
    void end() { BOOST_TEST(eventually([&] { return protocol->lost; })); }

    std::shared_ptr<RecordingProcess> protocol;
    std::shared_ptr<SubprocessTransport> transport;
};

// What a child says, from its beginning to its end.
inline std::string output_of(std::vector<std::string> arguments, SubprocessOptions options = SubprocessOptions()) {
    if (!options.stdin_()) options.stdin_(subprocess::DEVNULL);
    Child child(std::move(arguments), std::move(options));
    child.end();
    return child.protocol->data[1] + child.protocol->data[2];
}

}  // namespace tests
}  // namespace cede

#endif
