// TLS on a connection that is up already, and below protocols instead of streams.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "cede/cede.hpp"
#include "support/captured.hpp"

#include "raw_peer.hpp"
#include "streams.hpp"

namespace cede {
namespace tests {

namespace {

class Recording : public Protocol {
public:
    void connection_made(std::shared_ptr<BaseTransport> made) override {
        calls += "made ";
        transport = as<Transport>(made);
    }
    void data_received(absl::string_view bytes) override {
        data.append(bytes.data(), bytes.size());
        changed.set();
    }
    bool eof_received() override {
        calls += "eof ";
        changed.set();
        return false;
    }
    void connection_lost(std::exception_ptr error) override {
        calls += error ? "lost(" + describe_exception(error) + ") " : "lost ";
        changed.set();
    }
    template <class F>
    void wait_until(F condition) {
        while (!condition()) {
            changed.clear();
            await(changed.wait());
        }
    }
    void wait_for_data(const std::string& wanted) {
        wait_until([&] { return data.size() >= wanted.size(); });
        BOOST_TEST(data == wanted);
        data.clear();
    }
    void wait_for_end() {
        wait_until([&] { return contains(calls, "lost"); });
    }

    std::shared_ptr<Transport> transport;
    std::string calls;
    std::string data;
    Event changed;
};

class Buffered : public BufferedProtocol {
public:
    absl::Span<char> get_buffer(std::ptrdiff_t) override { return absl::Span<char>(room); }
    void buffer_updated(std::size_t count) override {
        data.append(room, count);
        if (data.back() == '\n') line.set();
    }
    char room[5];
    std::string data;
    Event line;
};

// A plain connection of a client's protocol to a raw peer.
struct Upgrading {
    Upgrading() : client(std::make_shared<Recording>()) {
        RawServer server;
        const Task<Socket> accepting = create_task([&] { return server.accept(); });
        await(get_running_loop().create_connection([this] { return client; }, "127.0.0.1", server.port()));
        raw.reset(new RawPeer(await(accepting)));
    }
    // Talks in plain first.
    void agree() {
        client->transport->write("STARTTLS\n");
        BOOST_TEST(await(get_running_loop().sock_recv(raw->socket, 100)) == "STARTTLS\n");
        raw->send_plain("go\n");
        client->wait_for_data("go\n");
    }
    std::shared_ptr<Transport> upgrade(const std::shared_ptr<BaseProtocol>& protocol) {
        const Task<> peer = create_task([&] { raw->shake_hands(); });
        auto transport = await(get_running_loop().start_tls(client->transport, protocol, client_context(),
                                                            StartTlsOptions().server_hostname("localhost")));
        await(peer);
        return transport;
    }

    std::shared_ptr<Recording> client;
    std::unique_ptr<RawPeer> raw;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(start_tls)

BOOST_AUTO_TEST_CASE(SSL_009_a_client_goes_over_to_tls_with_the_same_protocol) {
    run([] {
        Upgrading connection;
        connection.agree();
        const auto plain = connection.client->transport;
        const auto transport = connection.upgrade(connection.client);
        BOOST_TEST((transport != plain));
        transport->write("secret\n");
        BOOST_TEST(connection.raw->receive_line() == "secret\n");
        connection.raw->send("answer\n");
        connection.client->wait_for_data("answer\n");
        transport->close();
        connection.raw->receive_all();
        connection.raw->tls->unwrap();
        connection.raw->flush();
        connection.client->wait_for_end();
        BOOST_TEST(connection.raw->clean);
        BOOST_TEST(connection.client->calls == "made lost ");
    });
}

BOOST_AUTO_TEST_CASE(SSL_010_a_server_goes_over_to_tls_after_plain_data) {
    run([] {
        const auto serving = std::make_shared<Recording>();
        const Server server = await(get_running_loop().create_server([&] { return serving; }, "127.0.0.1", 0));
        RawPeer raw(connect_plain(port_of(server)), client_context()->wrap_bio(false, "localhost"));
        raw.send_plain("STARTTLS\n");
        serving->wait_for_data("STARTTLS\n");
        const Task<> peer = create_task([&] { raw.shake_hands(); });
        const auto transport = await(get_running_loop().start_tls(serving->transport, serving, server_context(),
                                                                  StartTlsOptions().server_side(true)));
        await(peer);
        raw.send("secret\n");
        serving->wait_for_data("secret\n");
        transport->write("answer\n");
        BOOST_TEST(raw.receive_line() == "answer\n");
        raw.tls->unwrap();
        raw.flush();
        serving->wait_for_end();
        BOOST_TEST(serving->calls == "made eof lost ");
        end_server(server);
    });
}

BOOST_AUTO_TEST_CASE(SSL_011_another_protocol_takes_over_and_it_may_be_a_buffered_one) {
    run([] {
        Upgrading connection;
        connection.agree();
        const auto transport = connection.upgrade(connection.client);
        const auto next = std::make_shared<Buffered>();
        transport->set_protocol(next);
        BOOST_TEST((transport->get_protocol() == next));
        connection.raw->send("longer than the buffer\n");
        await(next->line.wait());
        BOOST_TEST(next->data == "longer than the buffer\n");
        BOOST_TEST(connection.client->data.empty());
        transport->abort();
    });
    run([] {
        Upgrading connection;
        connection.agree();
        const auto buffered = std::make_shared<Buffered>();
        const auto transport = connection.upgrade(buffered);
        connection.raw->send("hello\n");
        await(buffered->line.wait());
        BOOST_TEST(buffered->data == "hello\n");
        transport->abort();
    });
}

BOOST_AUTO_TEST_CASE(SSL_012_a_stream_is_upgraded_in_place_on_both_sides) {
    run([] {
        const auto serve = [](StreamReader reader, StreamWriter writer) {
            BOOST_TEST(!writer.get_extra_info("sslcontext").has_value());
            BOOST_TEST(await(reader.readline()) == "STARTTLS\n");
            writer.write("go\n");
            await(writer.start_tls(server_context()));
            BOOST_TEST(writer.get_extra_info("sslcontext").has_value());
            echo(reader, writer);
        };
        const Server server = await(start_server(serve, "127.0.0.1", 0));
        for (int i = 0; i < 3; ++i) {
            const Streams streams = await(open_connection("127.0.0.1", port_of(server)));
            streams.second.write("STARTTLS\n");
            BOOST_TEST(await(streams.first.readline()) == "go\n");
            await(streams.second.start_tls(client_context(), StartTlsOptions().server_hostname("localhost")));
            BOOST_TEST(streams.second.get_extra_info("peercert").has_value());
            streams.second.write("secret\n");
            BOOST_TEST(await(streams.first.readline()) == "secret\n");
            hang_up(streams);
        }
        end_server(server);
    });
}

// SSL-014
BOOST_AUTO_TEST_CASE(SSL_014_nonsense_after_the_upgrade_is_the_error_of_the_connection) {
    run([] {
        Upgrading connection;
        connection.agree();
        connection.upgrade(connection.client);
        connection.raw->send_plain("this is not a record of TLS");
        connection.client->wait_for_end();
        BOOST_TEST(contains(connection.client->calls, "wrong version number"));
    });
}

BOOST_AUTO_TEST_CASE(SSL_018_what_came_before_the_end_is_delivered_after_a_pause) {
    run([] {
        Upgrading connection;
        connection.agree();
        const auto transport = connection.upgrade(connection.client);
        transport->pause_reading();
        connection.raw->send("last words");
        connection.raw->tls->unwrap();
        connection.raw->flush();
        ::shutdown(connection.raw->socket.fd(), SHUT_WR);
        for (int i = 0; i < 50; ++i) await(sleep(std::chrono::seconds(0)));
        BOOST_TEST(connection.client->calls == "made ");
        BOOST_TEST(connection.client->data.empty());
        transport->resume_reading();
        connection.client->wait_for_end();
        BOOST_TEST(connection.client->data == "last words");
        BOOST_TEST(connection.client->calls == "made eof lost ");
    });
}

BOOST_AUTO_TEST_CASE(SSL_019_close_in_the_handshake_drops_the_connection) {
    run([] {
        // start_tls calls it off when its task is cancelled, which is the close() that there is before the transport is known.
        Upgrading connection;
        connection.agree();
        const auto task = create_task([&] {
            return await(get_running_loop().start_tls(connection.client->transport, connection.client, client_context(),
                                                      StartTlsOptions().server_hostname("localhost")));
        });
        connection.raw->hear();  // its hello, so that it is in the middle
        task.cancel();
        BOOST_CHECK_THROW(await(task), CancelledError);
        bool over = false;
        try {
            over = !connection.raw->hear();
        } catch (const std::system_error&) {
            over = true;
        }
        BOOST_TEST(over);
    });
}

BOOST_AUTO_TEST_CASE(SSL_021_tls_inside_tls) {
    run([] {
        const CapturedReports reports(get_running_loop());
        const auto serve = [](StreamReader reader, StreamWriter writer) {
            BOOST_TEST(await(reader.readline()) == "more\n");
            writer.write("go\n");
            await(writer.start_tls(server_context("other")));
            echo(reader, writer);
        };
        const Server server = await(start_server(serve, "127.0.0.1", 0, ServerOptions().ssl(server_context())));
        const Streams streams = connect(server, client_context());
        streams.second.write("more\n");
        BOOST_TEST(await(streams.first.readline()) == "go\n");
        await(streams.second.start_tls(client_context(), StartTlsOptions().server_hostname("other.example")));
        const std::string much = bytes(6, 300000);
        const Task<> writing = create_task([&] {
            streams.second.write(much);
            await(streams.second.drain());
        });
        BOOST_TEST((await(streams.first.readexactly(static_cast<std::ptrdiff_t>(much.size()))) == much));
        await(writing);
        hang_up(streams);
        end_server(server);
        BOOST_TEST(reports.all.empty());
    });
}

BOOST_AUTO_TEST_CASE(SSL_022_an_accepted_socket_is_served) {
    run([] {
        RawServer listener;
        const Task<Socket> accepting = create_task([&] { return listener.accept(); });
        RawPeer raw(connect_plain(listener.port()), client_context()->wrap_bio(false, "localhost"));
        const Task<> peer = create_task([&] { raw.shake_hands(); });
        const auto serving = std::make_shared<Recording>();
        const auto connection = await(get_running_loop().connect_accepted_socket(
            [&] { return serving; }, await(accepting), ConnectionOptions().ssl(server_context())));
        await(peer);
        BOOST_TEST(serving->calls == "made ");
        raw.send("hello\n");
        serving->wait_for_data("hello\n");
        connection.first->abort();
    });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
