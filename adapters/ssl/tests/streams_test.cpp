// Streams over TLS, end to end, over real sockets.
#include <chrono>
#include <string>
#include <system_error>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <sys/socket.h>

#include "cede/cede.hpp"
#include "cede/testing/testing.hpp"
#include "support/captured.hpp"

#include "raw_peer.hpp"
#include "streams.hpp"

namespace cede {
namespace tests {

namespace {

template <class F>
bool fails_with(std::errc code, F f) {
    try {
        f();
    } catch (const std::system_error& error) {
        return error.code() == code;
    }
    return false;
}

std::string echoed(const Streams& streams, const std::string& text) {
    std::string answer;
    task_group([&](TaskGroup& group) {
        group.create_task([&] {
            streams.second.write(text);
            await(streams.second.drain());
        });
        answer = await(streams.first.readexactly(static_cast<std::ptrdiff_t>(text.size())));
    });
    hang_up(streams);
    return answer;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(streams)

BOOST_AUTO_TEST_CASE(SSL_001_many_connections_carry_data_both_ways) {
    run([] {
        const CapturedReports reports(get_running_loop());
        const SharedContext client = client_context();
        const Server server = await(start_server(echo, "127.0.0.1", 0, ServerOptions().ssl(server_context())));
        task_group([&](TaskGroup& group) {
            for (std::size_t i = 0; i < 60; ++i) {
                group.create_task([&server, &client, i] {
                    const std::string text = bytes(i, i % 10 == 0 ? 500000 : 1 + i * 100);
                    BOOST_TEST((echoed(connect(server, client), text) == text));
                });
            }
        });
        end_server(server);
        BOOST_TEST(reports.all.empty());
    });
}

BOOST_AUTO_TEST_CASE(SSL_001_over_a_connected_socket_and_over_unix_sockets) {
    run([] {
        const Server server = await(start_server(echo, "127.0.0.1", 0, ServerOptions().ssl(server_context())));
        const auto options = [] { return ConnectOptions().ssl(client_context()).server_hostname("localhost"); };
        BOOST_TEST(echoed(await(open_connection(options().socket(connect_plain(port_of(server))))), "hello") == "hello");
        end_server(server);

        const std::string path = certificate_file("socket");
        const Server local = await(start_unix_server(echo, path, ServerOptions().ssl(server_context())));
        BOOST_TEST(echoed(await(open_unix_connection(path, options())), "hello") == "hello");
        end_server(local);
    });
}

BOOST_AUTO_TEST_CASE(SSL_001_a_group_of_loops_serves_with_one_context) {
    LoopGroup group(2);
    run([&] {
        const auto server = await(start_server(group, echo, "127.0.0.1", 0, ServerOptions().ssl(server_context())));
        const SharedContext client = client_context();
        for (int i = 0; i < 10; ++i) {
            BOOST_TEST(echoed(connect(server.port(), client), "hello") == "hello");
        }
        server.close();
        await(server.wait_closed());
    });
}

BOOST_AUTO_TEST_CASE(SSL_002_a_peer_that_hangs_up_in_the_handshake_is_a_reset) {
    run([] {
        const RawServer server;
        const Task<> peer = create_task([&] { RawPeer(server.accept()).hear(); });
        const auto connecting = [&] { connect(server.port(), client_context()); };
        BOOST_TEST(fails_with(std::errc::connection_reset, connecting));
        await(peer);
    });
}

// The client's connection lost with an error: a reset instead of an end.
BOOST_AUTO_TEST_CASE(SSL_020_an_error_in_the_handshake_is_the_connecting_calls) {
    run([] {
        RawServer server;
        const Task<> peer = create_task([&] {
            RawPeer raw(server.accept());
            raw.hear();
            const linger at_once = {1, 0};
            ::setsockopt(raw.socket.fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        });
        BOOST_TEST(fails_with(std::errc::connection_reset, [&] { connect(server.port(), client_context()); }));
        await(peer);
        const Task<> babbler = create_task([&] {
            RawPeer raw(server.accept());
            raw.send_plain("220 mail.example ESMTP\r\n");
            raw.hear();
        });
        BOOST_TEST(contains(message_of<SSLError>([&] { connect(server.port(), client_context()); }), "speak TLS on this port"));
        await(babbler);
    });
}

BOOST_AUTO_TEST_CASE(SSL_003_a_handshake_may_not_take_for_ever) {
    run([] {
        RawServer server;
        const Task<> silent = create_task([&] {
            RawPeer raw(server.accept());
            while (raw.hear()) continue;
        });
        const auto options = ConnectOptions().ssl(client_context()).ssl_handshake_timeout(std::chrono::milliseconds(50));
        const auto connecting = [&] { await(open_connection("127.0.0.1", server.port(), options)); };
        BOOST_TEST(fails_with(std::errc::connection_aborted, connecting));
        await(silent);
    });
}

BOOST_AUTO_TEST_CASE(SSL_006_a_certificate_for_somebody_else_is_refused_and_the_server_serves_on) {
    run([] {
        const CapturedReports reports(get_running_loop());
        const Server server = await(start_server(echo, "127.0.0.1", 0, ServerOptions().ssl(server_context("other"))));
        const std::string what = message_of<SSLCertVerificationError>([&] { connect(server, client_context()); });
        BOOST_TEST(contains(what, "certificate is not valid for '127.0.0.1'"));
        const auto right = ConnectOptions().ssl(client_context()).server_hostname("other.example");
        BOOST_TEST(echoed(await(open_connection("127.0.0.1", port_of(server), right)), "hello") == "hello");
        end_server(server);
    });
}

BOOST_AUTO_TEST_CASE(SSL_007_what_is_known_of_the_peer) {
    run([] {
        const SharedContext serving = server_context();
        serving->load_verify_locations(certificate_file("ca.pem")).verify_mode(ssl::CERT_REQUIRED);
        std::string client_name;
        const auto greet = [&](StreamReader, StreamWriter writer) {
            client_name = absl::any_cast<ssl::Certificate>(writer.get_extra_info("peercert")).subject.at(0).second;
            writer.close();
        };
        const Server server = await(start_server(greet, "127.0.0.1", 0, ServerOptions().ssl(serving)));
        const SharedContext trusting = client_context();
        trusting->load_cert_chain(certificate_file("client.crt"), certificate_file("client.key"));
        const Streams streams = connect(server, trusting);
        const StreamWriter& writer = streams.second;
        const auto certificate = absl::any_cast<ssl::Certificate>(writer.get_extra_info("peercert"));
        BOOST_TEST(certificate.subjectAltName.at(2).second == "127.0.0.1");
        BOOST_TEST(absl::any_cast<ssl::Cipher>(writer.get_extra_info("cipher")).protocol == "TLSv1.3");
        BOOST_TEST(!writer.get_extra_info("compression").has_value());
        const auto object = absl::any_cast<std::shared_ptr<SSLObject>>(writer.get_extra_info("ssl_object"));
        BOOST_TEST(text_info(*object, "version") == "TLSv1.3");
        const auto context = absl::any_cast<std::shared_ptr<SSLContext>>(writer.get_extra_info("sslcontext"));
        BOOST_TEST((context == trusting));
        BOOST_TEST(absl::any_cast<SocketAddress>(writer.get_extra_info("peername")).port() == port_of(server));
        BOOST_TEST(await(streams.first.read()).empty());
        hang_up(streams);
        end_server(server);
        BOOST_TEST(client_name == "a client");
    });
}

BOOST_AUTO_TEST_CASE(SSL_014_a_corrupted_record_is_the_error_of_pending_and_later_reads) {
    run([] {
        RawServer server;
        const Task<> peer = create_task([&] {
            RawPeer raw(server.accept());
            raw.shake_hands();
            raw.send("good ");
            raw.tls->write("bad");
            std::string record = raw.pending_ciphertext();
            record.back() ^= 1;
            raw.send_plain(record);
            while (raw.hear()) continue;
        });
        const Streams streams = connect(server.port(), client_context());
        BOOST_TEST(await(streams.first.readexactly(5)) == "good ");
        const auto read = [&] { await(streams.first.read(10)); };
        const std::string why = message_of<SSLError>(read);
        BOOST_TEST(contains(why, "mac"));
        BOOST_TEST(message_of<SSLError>(read) == why);
        BOOST_TEST(streams.second.is_closing());
        BOOST_TEST(message_of<SSLError>([&] { await(streams.second.wait_closed()); }) == why);
        await(peer);
    });
}

BOOST_AUTO_TEST_CASE(SSL_015_a_clean_shutdown_of_the_peer_is_the_end_of_the_stream) {
    run([] {
        RawServer server;
        bool answered = false;
        const Task<> peer = create_task([&] {
            RawPeer raw(server.accept());
            raw.shake_hands();
            raw.send("last words");
            raw.tls->unwrap();
            raw.flush();
            raw.receive_all();
            answered = raw.clean;
        });
        const Streams streams = connect(server.port(), client_context());
        BOOST_TEST(await(streams.first.read()) == "last words");
        BOOST_TEST(streams.first.at_eof());
        hang_up(streams);
        await(peer);
        BOOST_TEST(answered);
    });
}

BOOST_AUTO_TEST_CASE(SSL_016_close_sends_what_was_written_and_then_says_that_it_was_all) {
    run([] {
        RawServer server;
        const std::string much = bytes(3, 3000000);
        bool whole = false, clean = false;
        const Task<> peer = create_task([&] {
            RawPeer raw(server.accept());
            raw.shake_hands();
            whole = raw.receive_all() == much;
            clean = raw.clean;
            raw.tls->unwrap();
            raw.flush();
        });
        const Streams streams = connect(server.port(), client_context());
        streams.second.write(much);
        hang_up(streams);
        await(peer);
        BOOST_TEST(whole);
        BOOST_TEST(clean);
    });
}

BOOST_AUTO_TEST_CASE(SSL_017_what_is_under_way_when_the_peer_shuts_down_still_arrives) {
    run([] {
        RawServer server;
        const std::string much = bytes(4, 3000000);
        bool whole = false;
        const Task<> peer = create_task([&] {
            RawPeer raw(server.accept());
            raw.shake_hands();
            raw.send("before the end");
            raw.tls->unwrap();
            raw.flush();
            whole = raw.receive_all() == much;
        });
        const Streams streams = connect(server.port(), client_context());
        streams.second.write(much);  // more than the system takes
        BOOST_TEST(await(streams.first.read()) == "before the end");
        hang_up(streams);
        await(peer);
        BOOST_TEST(whole);
    });
}

// The usual server: the answer is given when all was read, and by then the peer may be gone.
BOOST_AUTO_TEST_CASE(to_answer_a_peer_that_has_ended_is_no_error_yet) {
    for (const bool in_order : {true, false}) {
        run([in_order] {
            const CapturedReports reports(get_running_loop());
            std::string heard;
            bool drained = false;
            const auto handler = [&](StreamReader reader, StreamWriter writer) {
                heard = await(reader.read());
                writer.write("too late");
                await(writer.drain());
                drained = true;
                writer.close();
                await(writer.wait_closed());
            };
            const Server server = await(start_server(handler, "127.0.0.1", 0, ServerOptions().ssl(server_context())));
            const Streams streams = connect(server, client_context());
            streams.second.write("hello");
            await(streams.second.drain());
            if (!in_order) {
                ::shutdown(streams.second.get_extra_info<TransportSocket>("socket").fileno(), SHUT_WR);
                await(streams.first.read());
            }
            hang_up(streams);
            end_server(server);
            BOOST_TEST(heard == "hello");
            BOOST_TEST(drained);
            BOOST_TEST(reports.all.empty());
        });
    }
}

BOOST_AUTO_TEST_CASE(who_reads_slowly_holds_up_who_writes_and_nothing_is_lost) {
    run([] {
        const std::string much = bytes(5, 4 << 20);
        const auto send = [&](StreamReader, StreamWriter writer) {
            for (std::size_t at = 0; at < much.size(); at += 50000) {
                writer.write(absl::string_view(much).substr(at, 50000));
                await(writer.drain());
            }
            writer.close();
        };
        const Server server = await(start_server(send, "127.0.0.1", 0, ServerOptions().ssl(server_context())));
        const Streams streams = connect(server, client_context());
        std::string all;
        for (std::string some; !(some = await(streams.first.read(5000))).empty();) {
            all += some;
            if (all.size() % 7 == 0) await(sleep(std::chrono::seconds(0)));
        }
        BOOST_TEST((all == much));
        hang_up(streams);
        end_server(server);
    });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
