// A client of a protocol of lines that keeps its connection: it notices the loss, connects again, waits longer after each
// failure, and asks its question again. The server here gives it every reason: it drops the client after three answers, and
// once goes away altogether for a while. `reconnecting_client PORT` asks another one.
#include <algorithm>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <string>
#include <system_error>

#include <cede/cede.hpp>

using namespace std::chrono_literals;
using cede::StreamReader;
using cede::StreamWriter;
using cede::await;

namespace {

// Each wait is twice as long as the one before, up to a bound. (Many clients of one server would add a random part, so that
// they do not all come back at the same moment.)
class Backoff {
public:
    std::chrono::milliseconds next() {
        const auto now = wait_;
        wait_ = std::min(wait_ * 2, std::chrono::milliseconds(1s));
        return now;
    }
    void reset() { wait_ = 50ms; }

private:
    std::chrono::milliseconds wait_ = 50ms;
};

class LineClient {
public:
    explicit LineClient(int port) : port_(port) {}

    // Told before each wait: which one it is since the last answer.
    std::function<void(int failures)> on_failure = [](int) {};

    // Asks until there is an answer. Right for questions that may be asked twice: when the connection is lost in between,
    // nobody knows whether the server has heard the first one.
    std::string ask(const std::string& question) {
        for (;;) {
            try {
                if (!writer_) connect();
                const std::string answer = exchange(question);
                backoff_.reset();
                failures_ = 0;
                return answer;
            } catch (const std::system_error& error) {
                const bool refused = error.code() == std::errc::connection_refused;
                std::cout << (refused ? "  nobody there\n" : "  lost the connection\n");
            } catch (const cede::IncompleteReadError&) {
                std::cout << "  lost the connection\n";  // the end of the stream in place of an answer
            }
            disconnect();
            const auto wait = backoff_.next();
            std::cout << "  again in " << wait.count() << " ms\n";
            on_failure(++failures_);
            await(cede::sleep(wait));
        }
    }

    void disconnect() {
        if (!writer_) return;
        writer_.close();
        writer_ = StreamWriter();
        reader_ = nullptr;
    }

private:
    void connect() {
        // A server that neither answers nor refuses must not stop us for the minutes that TCP would wait.
        auto streams = cede::timeout(5s, [&] { return await(cede::open_connection("127.0.0.1", port_)); });
        reader_ = streams.first;
        writer_ = streams.second;
        std::cout << "  connected\n";
    }

    std::string exchange(const std::string& question) {
        writer_.write(question + "\n");
        await(writer_.drain());
        std::string answer = cede::timeout(5s, [&] { return await(reader_.readuntil("\n")); });
        answer.pop_back();
        return answer;
    }

    const int port_;
    StreamReader reader_ = nullptr;
    StreamWriter writer_;
    Backoff backoff_;
    int failures_ = 0;
};

// Answers three questions of each client, then hangs up.
void serve_client(StreamReader reader, StreamWriter writer) {
    for (int answers = 0; answers < 3; ++answers) {
        const std::string question = await(reader.readline());
        if (question.empty()) break;
        writer.write("answer to " + question);
        await(writer.drain());
    }
    writer.close();
    await(writer.wait_closed());
}

int port_of(const cede::Server& server) { return server.sockets().front().local_address().port(); }

}  // namespace

int main(int argc, char** argv) {
    cede::run([=] {
        if (argc > 1) {
            LineClient client(std::atoi(argv[1]));
            for (int i = 1; i <= 8; ++i) std::cout << client.ask("question " + std::to_string(i)) << std::endl;
            return client.disconnect();
        }
        cede::Server server = await(cede::start_server(serve_client, "127.0.0.1", 0));
        const int port = port_of(server);
        LineClient client(port);
        for (int i = 1; i <= 8; ++i) {
            if (i == 7) {
                server.close();
                std::cout << "(the server goes away)\n";
                client.on_failure = [&](int failures) {
                    if (failures != 3) return;
                    std::cout << "(the server comes back)\n";
                    server = await(cede::start_server(serve_client, "127.0.0.1", port));
                };
            }
            std::cout << "question " << i << "\n";
            const std::string answer = client.ask("question " + std::to_string(i));
            std::cout << "  " << answer << "\n";
        }
        client.disconnect();
        server.close();
        await(server.wait_closed());
    });
}
