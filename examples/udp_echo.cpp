// Datagrams: a server that echoes and a client that knows what to do when nothing comes back.
//
// Both are protocols: callbacks that the loop calls. The client's request() turns them into something to await, with a Future;
// UDP may lose a datagram, so it asks again. This server "loses" each second one, to show that. With a port it serves there for good.
#include <cede/cede.hpp>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>

using namespace std::chrono_literals;
using cede::await;

class EchoServer : public cede::DatagramProtocol {
public:
    void connection_made(std::shared_ptr<cede::BaseTransport> transport) override {
        transport_ = cede::as<cede::DatagramTransport>(transport);
    }
    void datagram_received(absl::string_view data, const cede::SocketAddress& from) override {
        const bool lost = ++received_ % 2 == 0;
        std::cout << "server: " << data << (lost ? " (lost)\n" : "\n");
        if (!lost) transport_->sendto(data, from);
    }

private:
    std::shared_ptr<cede::DatagramTransport> transport_;
    int received_ = 0;
};

class EchoClient : public cede::DatagramProtocol {
public:
    void connection_made(std::shared_ptr<cede::BaseTransport> transport) override {
        transport_ = cede::as<cede::DatagramTransport>(transport);
    }
    void datagram_received(absl::string_view data, const cede::SocketAddress&) override {
        if (answer_ && !answer_.done()) answer_.set_result(std::string(data));
    }
    // The server's machine is there, and nobody listens at that port.
    void error_received(std::exception_ptr error) override {
        if (answer_ && !answer_.done()) answer_.set_exception(error);
    }

    cede::Coroutine<std::string> request(std::string text) {
        return [=] {
            for (int attempt = 1; attempt <= 3; ++attempt) {
                answer_ = cede::Future<std::string>();
                transport_->sendto(text);
                try {
                    return cede::timeout(1s, [&] { return await(answer_); });
                } catch (const cede::TimeoutError&) {
                    std::cout << "client: no answer to " << text << ", once more\n";
                }
            }
            throw cede::TimeoutError("no answer");
        };
    }

private:
    std::shared_ptr<cede::DatagramTransport> transport_;
    cede::Future<std::string> answer_ = nullptr;
};

int main(int argc, char** argv) {
    cede::run([=] {
        cede::EventLoop& loop = cede::get_running_loop();
        const auto server = await(loop.create_datagram_endpoint([] { return std::make_shared<EchoServer>(); },
                                                                cede::DatagramOptions().local_addr(
                                                                    "127.0.0.1", argc > 1 ? std::atoi(argv[1]) : 0)))
                                .first;
        const auto address = absl::any_cast<cede::SocketAddress>(server->get_extra_info("sockname"));
        if (argc > 1) {
            std::cout << address.str() << std::endl;
            return await(loop.create_future<void>());
        }

        const auto client = std::make_shared<EchoClient>();
        const auto transport = await(loop.create_datagram_endpoint([&] { return client; },
                                                                   cede::DatagramOptions().remote_addr(address)))
                                   .first;
        for (const char* text : {"one", "two", "three"}) {
            const std::string answer = await(client->request(text));
            std::cout << "client: " << answer << "\n";
        }

        server->close();
        await(cede::sleep(0s));  // a transport closes in the next iteration
        try {
            await(client->request("four"));
        } catch (const std::system_error& error) {
            std::cout << "client: " << error.code().message() << "\n";
        }
        transport->close();
    });
}
