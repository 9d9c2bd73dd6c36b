// Streams over TLS, from their beginning or by StreamWriter::start_tls.
#include <boost/test/unit_test.hpp>

#include "cede/testing/testing.hpp"
#include "stream/fixtures.hpp"
#include "stream/sockets.hpp"
#include "support/toy_ssl.hpp"

namespace cede {
namespace tests {
namespace {

ConnectOptions over_toy() { return ConnectOptions().ssl(toy()).server_hostname("toy.example"); }
StartTlsOptions as_client() { return StartTlsOptions().server_hostname("toy.example"); }

// "STARTTLS" and then lines that come back; what each side thinks of the connection is checked on the way.
void serve_starttls(StreamReader reader, StreamWriter writer) {
    while (true) {
        const std::string line = await(reader.readline());
        if (line.empty()) break;
        writer.write(line);
        if (line != "STARTTLS\n") continue;
        await(writer.start_tls(toy()));
    }
    writer.close();
    await(writer.wait_closed());
}

std::string talk_starttls(int port) {
    const Streams streams = await(open_connection("127.0.0.1", port));
    streams.second.write("plain\nSTARTTLS\n");
    std::string answer = await(streams.first.readline());
    answer += await(streams.first.readline());
    await(streams.second.start_tls(toy(), as_client()));
    streams.second.write("secret\n");
    await(streams.second.drain());
    answer += await(streams.first.readline());
    hang_up(streams);
    return answer;
}

std::string upgraded_conversation() {
    struct Closing {
        Server server;
        ~Closing() { server.close(); }
    };
    const Closing closing{await(start_server(&serve_starttls, "127.0.0.1", 0))};
    std::string answer = talk_starttls(port_of(closing.server));
    end_server(closing.server);
    return answer;
}

std::string conversation() {
    struct Closing {
        Server server;
        ~Closing() { server.close(); }
    };
    const Closing closing{await(start_server(
        [](StreamReader reader, StreamWriter writer) {
            const std::string body = await(reader.readexactly(200000));
            writer.write(body);
            await(writer.drain());
            writer.close();
            await(writer.wait_closed());
        },
        "127.0.0.1", 0, ServerOptions().ssl(toy())))};
    const Streams streams = await(open_connection("127.0.0.1", port_of(closing.server), over_toy()));
    for (int i = 0; i < 4; ++i) {
        streams.second.write(std::string(50000, static_cast<char>('a' + i)));
        await(streams.second.drain());
    }
    std::string answer = await(streams.first.read());
    hang_up(streams);
    end_server(closing.server);
    return answer;
}

std::string expected() {
    std::string all;
    for (int i = 0; i < 4; ++i) all += std::string(50000, static_cast<char>('a' + i));
    return all;
}

// What was sent on this machine arrives.
void let_it_arrive() {
    for (int i = 0; i < 200; ++i) await(sleep(0s));
}

const char* const upgraded = "plain\nSTARTTLS\nsecret\n";

// Cancels a conversation, or closes its loop, at each of its awaits.
template <class F>
void interrupt(F conversation_, const std::string& right) {
    const CapturedWarnings warnings;
    int before = 0;
    std::size_t points = testing::cancel_at_every_await(
        [&] {
            before = open_descriptors();
            const CapturedReports reports(get_running_loop());
            BOOST_TEST((conversation_() == right));
        },
        [&] {
            // The other end has to notice, too; its error is its own affair.
            get_running_loop().set_exception_handler([](EventLoop&, const ExceptionContext&) {});
            while (all_tasks().size() > 1) await(sleep(0s));
            for (int i = 0; i < 1000 && open_descriptors() > before; ++i) await(sleep(0s));
            BOOST_TEST(open_descriptors() == before);
        });
    BOOST_TEST(points > 10u);
    before = open_descriptors();
    points = testing::close_loop_at_every_await(
        [&] {
            get_running_loop().set_exception_handler([](EventLoop&, const ExceptionContext&) {});
            conversation_();
        },
        [&] { BOOST_TEST(open_descriptors() == before); });
    BOOST_TEST(points > 10u);
    BOOST_TEST(warnings.count() == 0u);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(start_tls)

// SSL-001, 015: over TCP and Unix sockets, and over a socket that is connected already.
BOOST_AUTO_TEST_CASE(streams_over_tls_carry_data_both_ways) {
    BOOST_TEST((run(conversation) == expected()));
    run([] {
        const CapturedWarnings warnings;
        const std::string path("\0cede-start-tls-test", 20);
        const Server server = await(start_unix_server(&echo_lines, path, ServerOptions().ssl(toy())));
        const auto check = [](const Streams& streams) {
            streams.second.write("a line\n");
            BOOST_TEST(await(streams.first.readline()) == "a line\n");
            hang_up(streams);
            BOOST_TEST(await(streams.first.read()) == "");
        };
        check(await(open_unix_connection(path, over_toy())));
        Socket socket(AF_UNIX, SOCK_STREAM);
        await(get_running_loop().sock_connect(socket, SocketAddress::from_path(path)));
        check(await(open_connection(over_toy().socket(std::move(socket)))));
        end_server(server);
        BOOST_TEST(warnings.count() == 0u);
    });
}

// SSL-001: many at once, in any order of the queue.
BOOST_AUTO_TEST_CASE(many_clients_at_once_are_served) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        testing::run(
            [] {
                const Server server = await(start_server(&echo_lines, "127.0.0.1", 0, ServerOptions().ssl(toy())));
                std::vector<Task<void>> clients;
                for (int i = 0; i < 30; ++i) {
                    clients.push_back(create_task([i, port = port_of(server)] {
                        const Streams streams = await(open_connection("127.0.0.1", port, over_toy()));
                        const std::string line(static_cast<std::size_t>(i) * 1000, 'x');
                        streams.second.write(line + "\n");
                        BOOST_TEST(await(streams.first.readline()) == line + "\n");
                        hang_up(streams);
                    }));
                }
                for (const Task<void>& each : clients) await(each);
                end_server(server);
            },
            testing::TestOptions().seed(seed));
    }
}

// SSL-012: as client and as server, in place: reader and writer go on, and a second upgrade is one inside the other (SSL-021).
BOOST_AUTO_TEST_CASE(a_stream_is_upgraded_in_place) {
    BOOST_TEST(run(upgraded_conversation) == upgraded);
    run([] {
        const CapturedWarnings warnings;
        const Server server = await(start_server(&serve_starttls, "127.0.0.1", 0));
        const Streams streams = await(open_connection("127.0.0.1", port_of(server)));
        BOOST_TEST(!streams.second.get_extra_info("sslcontext").has_value());
        const std::shared_ptr<WriteTransport> plain = streams.second.transport();
        for (int i = 0; i < 3; ++i) {
            streams.second.write("STARTTLS\n");
            BOOST_TEST(await(streams.first.readline()) == "STARTTLS\n");
            const auto context = toy();
            await(streams.second.start_tls(context, as_client()));
            BOOST_TEST((absl::any_cast<std::shared_ptr<SSLContext>>(streams.second.get_extra_info("sslcontext")) == context));
            BOOST_TEST((streams.second.transport() != plain));
            BOOST_TEST(streams.second.get_extra_info("peername").has_value());
        }
        streams.second.write("three layers deep\n");
        BOOST_TEST(await(streams.first.readline()) == "three layers deep\n");
        hang_up(streams);
        end_server(server);
        BOOST_TEST(warnings.count() == 0u);
    });
}

// A reader that has paused its transport before or in the upgrade reads on.
BOOST_AUTO_TEST_CASE(a_reader_that_is_full_reads_on_over_tls) {
    run([] {
        const std::string plain(300000, 'p');
        const std::string secret(300000, 's');
        const Server server = await(start_server(
            [&](StreamReader reader, StreamWriter writer) {
                writer.write(plain);
                await(reader.readline());
                await(writer.start_tls(toy()));
                writer.write(secret);
                await(writer.drain());
                writer.close();
                await(writer.wait_closed());
            },
            "127.0.0.1", 0));
        const Streams streams = await(open_connection("127.0.0.1", port_of(server), ConnectOptions().limit(1000)));
        let_it_arrive();
        BOOST_TEST((await(streams.first.readexactly(300000)).size() == 300000u));
        streams.second.write("STARTTLS\n");
        await(streams.second.start_tls(toy(), as_client()));
        BOOST_TEST((await(streams.first.read()) == secret));
        hang_up(streams);
        end_server(server);
    });
}

// What came while the server was busy with something else is the beginning of the client's handshake.
BOOST_AUTO_TEST_CASE(a_greeting_that_the_reader_holds_already_is_answered) {
    testing::run([] {
        for (const bool full : {false, true}) {
            Event busy;
            const Server server = await(start_server(
                [&](StreamReader reader, StreamWriter writer) {
                    BOOST_TEST(await(reader.readline()) == "STARTTLS\n");
                    await(busy.wait());
                    const auto context = toy();
                    BOOST_CHECK_THROW(await(writer.start_tls(nullptr)), std::invalid_argument);  // which takes nothing
                    await(writer.start_tls(context));
                    writer.write(await(reader.readline()));
                    writer.close();
                    await(writer.wait_closed());
                },
                "127.0.0.1", 0, ServerOptions().limit(full ? 8 : 1000)));
            const Streams streams = await(open_connection("127.0.0.1", port_of(server)));
            streams.second.write("STARTTLS\n");
            const auto starting = create_task(streams.second.start_tls(toy(), as_client()));
            let_it_arrive();
            busy.set();
            await(starting);
            streams.second.write("hi\n");
            BOOST_TEST(await(streams.first.read()) == "hi\n");
            hang_up(streams);
            end_server(server);
        }
    });
}

// A peer that has ended its stream by then will never finish the handshake, so nobody waits a minute for it. SSL-002
BOOST_AUTO_TEST_CASE(a_peer_that_has_ended_its_stream_before_the_upgrade_is_a_reset) {
    testing::run([] {
        EventLoop& loop = get_running_loop();
        for (const bool greets : {false, true}) {
            Event busy;
            const Server server = await(start_server(
                [&](StreamReader reader, StreamWriter writer) {
                    BOOST_TEST(await(reader.readline()) == "STARTTLS\n");
                    await(busy.wait());
                    const TimePoint begin = loop.time();
                    BOOST_CHECK_EXCEPTION(await(writer.start_tls(toy())), std::system_error, [](const std::system_error& e) {
                        return e.code() == std::errc::connection_reset;
                    });
                    BOOST_TEST((loop.time() - begin < std::chrono::seconds(1)));
                    BOOST_CHECK_THROW(await(writer.wait_closed()), std::system_error);
                },
                "127.0.0.1", 0));
            const Streams streams = await(open_connection("127.0.0.1", port_of(server)));
            streams.second.write("STARTTLS\n");
            if (greets) {
                const auto object = toy()->wrap_bio(false, "toy.example");
                object->do_handshake();
                streams.second.write(taken_from(*object));
            }
            streams.second.write_eof();
            let_it_arrive();
            busy.set();
            await(streams.first.read());
            hang_up(streams);
            end_server(server);
        }
    });
}

// Nor is anything that somebody has slipped in behind the plain answer taken for a part of what TLS protects.
BOOST_AUTO_TEST_CASE(plain_bytes_that_nobody_has_read_are_no_part_of_what_comes_by_tls) {
    testing::run([] {
        for (const bool to_server : {false, true}) {
            const CapturedReports reports(get_running_loop());
            const std::string slipped_in("d\0\4HTTP.", 8);
            Event go;
            const Server server = await(start_server(
                [&](StreamReader reader, StreamWriter writer) {
                    await(reader.readline());
                    writer.write("go ahead\n" + (to_server ? std::string() : slipped_in));
                    await(go.wait());
                    BOOST_CHECK_THROW(await(writer.start_tls(toy())), SSLError);
                },
                "127.0.0.1", 0));
            const Streams streams = await(open_connection("127.0.0.1", port_of(server)));
            streams.second.write("STARTTLS\n" + (to_server ? slipped_in : std::string()));
            await(streams.first.readline());
            let_it_arrive();
            go.set();
            BOOST_CHECK_THROW(await(streams.second.start_tls(toy(), as_client())), SSLError);
            BOOST_CHECK_THROW(await(streams.second.wait_closed()), std::exception);
            end_server(server);
            let_it_arrive();
        }
    });
}

// A peer that ends its stream while the reader is full does not keep the connection from being closed.
BOOST_AUTO_TEST_CASE(a_full_reader_whose_peer_has_ended_lets_the_connection_be_closed) {
    enum How { thrown, dropped, closed_if_open };
    for (const How how : {thrown, dropped, closed_if_open}) {
        testing::run([how] {
            const CapturedWarnings warnings;
            const CapturedReports reports(get_running_loop());
            Event ended;
            const Server server = await(start_server(
                [&](StreamReader reader, StreamWriter writer) {
                    await(reader.readexactly(1));
                    await(ended.wait());
                    BOOST_TEST(!writer.is_closing());
                    if (how == thrown) throw std::logic_error("no");
                    if (how == closed_if_open && !writer.is_closing()) writer.close();
                },
                "127.0.0.1", 0, ServerOptions().limit(1024).ssl(toy())));
            const Streams streams = await(open_connection("127.0.0.1", port_of(server), over_toy()));
            streams.second.write(std::string(100000, 'x'));
            await(streams.second.drain());
            const auto socket = absl::any_cast<TransportSocket>(streams.second.get_extra_info("socket"));
            let_it_arrive();
            BOOST_REQUIRE(::shutdown(socket.fd(), SHUT_WR) == 0);
            let_it_arrive();
            ended.set();
            BOOST_TEST(await(streams.first.read()) == "");
            end_server(server);
            streams.second.transport()->abort();
            BOOST_TEST(warnings.count() == (how == dropped ? 1u : 0u));
        });
    }
}

BOOST_AUTO_TEST_CASE(what_cannot_be_upgraded_is_refused) {
    run([] {
        const Server server = await(start_server(&echo_lines, "127.0.0.1", 0));
        const Streams streams = await(open_connection("127.0.0.1", port_of(server)));
        // SSL-013
        BOOST_CHECK_THROW(await(streams.second.start_tls(nullptr)), std::invalid_argument);
        streams.second.write("still plain\n");
        BOOST_TEST(await(streams.first.readline()) == "still plain\n");
        hang_up(streams);
        BOOST_CHECK_THROW(await(streams.second.start_tls(toy())), std::system_error);
        end_server(server);
        BOOST_CHECK_THROW((void)StreamWriter().start_tls(toy()), RuntimeError);
        const MockConnection mock;
        BOOST_CHECK_THROW(await(mock.writer.start_tls(toy())), std::invalid_argument);
        mock.writer.close();
        await(mock.writer.wait_closed());
    });
}

// SSL-006, 014: the error is thrown by the upgrade, and by reads and drains after it.
BOOST_AUTO_TEST_CASE(a_failed_upgrade_is_seen_by_both_streams) {
    run([] {
        const CapturedReports reports(get_running_loop());
        const Server server = await(start_server(&serve_starttls, "127.0.0.1", 0));
        const Streams streams = await(open_connection("127.0.0.1", port_of(server)));
        streams.second.write("STARTTLS\n");
        await(streams.first.readline());
        BOOST_CHECK_THROW(await(streams.second.start_tls(toy(), StartTlsOptions().server_hostname("other"))),
                          SSLCertVerificationError);
        BOOST_CHECK_THROW(await(streams.second.wait_closed()), SSLCertVerificationError);
        BOOST_CHECK_THROW(await(streams.first.read()), SSLCertVerificationError);
        end_server(server);
        settle();
        BOOST_TEST(reports.only() == "Unhandled exception in client_connected_cb");  // the server's, whose upgrade failed
    });
}

// The exception of a client's task closes what the connection is by then: with a close_notify, not in the middle.
BOOST_AUTO_TEST_CASE(a_failing_client_task_closes_the_upgraded_connection) {
    run([] {
        const CapturedReports reports(get_running_loop());
        StreamWriter kept;
        const Server server = await(start_server(
            [&](StreamReader, StreamWriter writer) {
                kept = writer;
                await(writer.start_tls(toy()));
                writer.write("before the end");
                throw std::logic_error("no");
            },
            "127.0.0.1", 0));
        const Streams streams = await(open_connection("127.0.0.1", port_of(server)));
        await(streams.second.start_tls(toy(), as_client()));
        BOOST_TEST(await(streams.first.read()) == "before the end");
        BOOST_TEST(kept.is_closing());
        hang_up(streams);
        end_server(server);
        settle();
        BOOST_TEST(reports.only() == "Unhandled exception in client_connected_cb");
    });
}

BOOST_AUTO_TEST_CASE(a_conversation_over_tls_may_be_interrupted_anywhere) { interrupt(&conversation, expected()); }

BOOST_AUTO_TEST_CASE(an_upgrade_may_be_interrupted_anywhere) { interrupt(&upgraded_conversation, upgraded); }

BOOST_AUTO_TEST_CASE(conversations_go_right_in_any_order_of_the_queue) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        BOOST_TEST((testing::run(conversation, testing::TestOptions().seed(seed)) == expected()));
        BOOST_TEST(testing::run(upgraded_conversation, testing::TestOptions().seed(seed)) == upgraded);
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
