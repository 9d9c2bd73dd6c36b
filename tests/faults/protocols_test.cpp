// Connections, datagrams and pipes by protocols, with any system call failing.
#include "faults/fixtures.hpp"

#include <unistd.h>

namespace cede {
namespace tests {
namespace {

struct Echo : Protocol {
    void connection_made(std::shared_ptr<BaseTransport> made) override {
        transport = as<Transport>(made);
        make_narrow(*transport);
    }
    void data_received(absl::string_view bytes) override {
        received.append(bytes.data(), bytes.size());
        transport->write(bytes);
    }
    bool eof_received() override {
        transport->write_eof();
        return true;  // what is buffered is still sent; the peer ends the connection
    }
    std::shared_ptr<Transport> transport;
    std::string received;
};

// Collects what comes until the end; every error is one of `lost`.
template <class Base>
struct Collects : Base {
    void connection_made(std::shared_ptr<BaseTransport> made) override { transport = made; }
    void connection_lost(std::exception_ptr error) override { error ? lost.set_exception(error) : lost.set_result(); }
    std::shared_ptr<BaseTransport> transport;
    const Future<void> lost;
    std::string data;
};

struct Client : Collects<Protocol> {
    void data_received(absl::string_view bytes) override { data.append(bytes.data(), bytes.size()); }
};

struct BufferedClient : Collects<BufferedProtocol> {
    absl::Span<char> get_buffer(std::ptrdiff_t) override { return absl::MakeSpan(buffer); }
    void buffer_updated(std::size_t count) override { data.append(buffer.data(), count); }
    std::vector<char> buffer = std::vector<char>(100000);
};

template <class C>
void talk(const std::string& text) {
    EventLoop& loop = get_running_loop();
    const auto echo = std::make_shared<Echo>();
    const Server server = await(loop.create_server([&] { return echo; }, "127.0.0.1", 0));
    struct Ends {
        Server server;
        ~Ends() {
            server.close();
            server.abort_clients();
        }
    } const ends{server};
    const auto client = std::make_shared<C>();
    const auto made = await(loop.create_connection([&] { return client; }, "127.0.0.1", port_of(server)));
    make_narrow(*made.first);
    // The first is sent at once, small ones are joined, the last is large.
    absl::string_view rest = text;
    for (const std::size_t size : {1, 1, 2}) {
        made.first->write(rest.substr(0, size));
        rest.remove_prefix(size);
    }
    const absl::string_view pieces[] = {rest.substr(0, rest.size() / 2), rest.substr(rest.size() / 2)};
    made.first->writelines(pieces);
    made.first->write_eof();
    struct ChecksAtEnd {
        const std::string& text;
        const Echo& echo;
        ~ChecksAtEnd() { BOOST_TEST(text.compare(0, echo.received.size(), echo.received) == 0, "a hole in what has arrived"); }
    } const checks{text, *echo};
    await(client->lost);
    check_arrived(text, client->data);
}

// The loop has to close what is in the middle of everything.
void leave_open() {
    EventLoop& loop = get_running_loop();
    const Server server = await(loop.create_server([] { return std::make_shared<Echo>(); }, "127.0.0.1", 0));
    const auto made = await(loop.create_connection([] { return std::make_shared<Protocol>(); }, "127.0.0.1", port_of(server),
                                                   ConnectionOptions().happy_eyeballs_delay(std::chrono::seconds(1))));
    make_narrow(*made.first);
    made.first->write(long_text());
    std::pair<Pipe, Pipe> ends = Pipe::pair();
    await(loop.connect_read_pipe([] { return std::make_shared<Protocol>(); }, std::move(ends.first)));
    const auto written = await(loop.connect_write_pipe([] { return std::make_shared<BaseProtocol>(); }, std::move(ends.second)));
    for (int i = 0; i < 3; ++i) written.first->write("some");
}

void read_and_write_pipes(const std::string& text) {
    EventLoop& loop = get_running_loop();
    std::pair<Pipe, Pipe> ends = Pipe::pair();
    const auto reader = std::make_shared<Client>();
    const auto writer = std::make_shared<Collects<BaseProtocol>>();
    struct Closes {
        Collects<BaseProtocol>& writer;
        ~Closes() {
            if (writer.transport != nullptr) writer.transport->close();
        }
    } const closes{*writer};
    await(loop.connect_read_pipe([&] { return reader; }, std::move(ends.first)));
    const auto written = await(loop.connect_write_pipe([&] { return writer; }, std::move(ends.second))).first;
    written->write(text);
    written->close();
    await(gather(reader->lost, writer->lost));
    check_arrived(text, reader->data);
}

// A datagram may be lost, so each side tells the other's waiter of its own errors.
struct Asks : DatagramProtocol {
    void datagram_received(absl::string_view bytes, const SocketAddress&) override {
        data.append(bytes.data(), bytes.size());
        if (!over.done() && data.size() >= 3) over.set_result();
    }
    void error_received(std::exception_ptr error) override {
        if (!over.done()) over.set_exception(error);
    }
    void connection_lost(std::exception_ptr error) override {
        if (!over.done()) error ? over.set_exception(error) : over.set_result();
    }
    const Future<void> over;
    std::string data;
};

struct Answers : DatagramProtocol {
    explicit Answers(std::shared_ptr<Asks> to) : asker(std::move(to)) {}
    void connection_made(std::shared_ptr<BaseTransport> made) override { transport = as<DatagramTransport>(made); }
    void datagram_received(absl::string_view bytes, const SocketAddress& from) override { transport->sendto(bytes, from); }
    void error_received(std::exception_ptr error) override { asker->error_received(error); }
    void connection_lost(std::exception_ptr error) override { asker->connection_lost(error); }
    const std::shared_ptr<Asks> asker;
    std::shared_ptr<DatagramTransport> transport;
};

void exchange_datagrams(const DatagramOptions& of_server, const DatagramOptions& of_client) {
    EventLoop& loop = get_running_loop();
    const auto asker = std::make_shared<Asks>();
    struct Closes {
        std::shared_ptr<DatagramTransport> transport;
        ~Closes() { transport->close(); }
    };
    const Closes server{
        await(loop.create_datagram_endpoint([&] { return std::make_shared<Answers>(asker); }, of_server)).first};
    const absl::any name = server.transport->get_extra_info("sockname");
    if (!name.has_value()) return;  // getsockname() has failed, which is no reason not to serve
    DatagramOptions to_server = of_client;
    to_server.remote_addr(absl::any_cast<SocketAddress>(name));
    const Closes client{await(loop.create_datagram_endpoint([&] { return asker; }, to_server)).first};
    for (const char* each : {"a", "b", "c"}) client.transport->sendto(each);
    await(asker->over);
    if (asker->data != "abc") throw std::logic_error("other datagrams have arrived: " + asker->data);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(protocols)

BOOST_AUTO_TEST_CASE(a_connection) {
    BOOST_TEST(fail_every_system_call([] { talk<Client>("hello"); }) > 100);
}

BOOST_AUTO_TEST_CASE(a_connection_with_much_to_say) {
    BOOST_TEST(fail_every_system_call([] { talk<BufferedClient>(long_text()); }) > 100);
}

BOOST_AUTO_TEST_CASE(what_is_open_when_the_loop_closes) { BOOST_TEST(fail_every_system_call(&leave_open) > 100); }

BOOST_AUTO_TEST_CASE(datagrams) {
    const auto over_udp = [] { exchange_datagrams(DatagramOptions().local_addr("127.0.0.1", 0), DatagramOptions()); };
    BOOST_TEST(fail_every_system_call(over_udp) > 50);
}

BOOST_AUTO_TEST_CASE(datagrams_of_unix_sockets) {
    const std::string name = std::string(1, '\0') + "cede_faults_" + std::to_string(::getpid());
    const auto over_unix = [&] {
        exchange_datagrams(DatagramOptions().local_addr(SocketAddress::from_path(name + "s")),
                           DatagramOptions().local_addr(SocketAddress::from_path(name + "c")));
    };
    BOOST_TEST(fail_every_system_call(over_unix) > 50);
}

BOOST_AUTO_TEST_CASE(pipes) {
    BOOST_TEST(fail_every_system_call([] { read_and_write_pipes(long_text().substr(0, 300000)); }) > 50);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
