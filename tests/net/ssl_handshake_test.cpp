// The beginning of a TLS connection: what the handshake may come to, and who is told.
#include "net/ssl_fixtures.hpp"

#include "cede/testing/run.hpp"

namespace cede {
namespace tests {
namespace {

// create_connection over TLS on one end of a pair, as a task; the test plays the other.
struct Connecting {
    explicit Connecting(ConnectionOptions options = ConnectionOptions(), std::shared_ptr<SSLContext> context = toy())
        : Connecting(std::move(options), std::move(context), Socket::pair()) {}
    Connecting(ConnectionOptions options, std::shared_ptr<SSLContext> context, std::pair<Socket, Socket> ends)
        : peer(std::move(ends.second), true) {
        options.socket(std::move(ends.first)).ssl(std::move(context)).server_hostname("toy.example");
        task = create_task(get_running_loop().create_connection(factory_of(protocol), options));
    }
    std::exception_ptr error() {
        return thrown_by([&] { await(task); });
    }

    std::shared_ptr<Recording> protocol = std::make_shared<Recording>();
    ToyPeer peer;
    Task<LoopNetwork::Connection> task;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(ssl_handshake)

// SSL-001, SSL-022
BOOST_AUTO_TEST_CASE(data_goes_both_ways_over_sockets_that_are_connected) {
    in_loop([] {
        BothEnds<> both;
        both.client_transport->write("ping");
        both.server_transport->write("pong");
        BOOST_TEST(until([&] { return both.server->data == "ping" && both.client->data == "pong"; }));
        both.client_transport->close();
        BOOST_TEST(until([&] { return both.client->losses == 1 && both.server->losses == 1; }));
        BOOST_TEST(both.client->calls == "lost ");
        BOOST_TEST(both.server->calls == "eof lost ");
    });
}

// SSL-001
BOOST_AUTO_TEST_CASE(many_connections_to_a_server_and_an_answer_on_each) {
    in_loop([] {
        const int before = open_descriptors();
        EventLoop& loop = get_running_loop();
        const Server server =
            await(loop.create_server([] { return std::make_shared<Echo>(); }, "127.0.0.1", 0, ServerOptions().ssl(toy())));
        const int port = server.sockets().front().local_address().port();
        std::vector<std::shared_ptr<Recording>> clients;
        std::vector<Task<LoopNetwork::Connection>> connecting;
        const ConnectionOptions options = ConnectionOptions().ssl(toy()).server_hostname("toy.example");
        for (int i = 0; i < 50; ++i) {
            clients.push_back(std::make_shared<Recording>());
            connecting.push_back(create_task(loop.create_connection(factory_of(clients.back()), "127.0.0.1", port, options)));
        }
        for (int i = 0; i < 50; ++i) await(connecting[i]).first->write("client " + std::to_string(i));
        for (int i = 0; i < 50; ++i) {
            BOOST_TEST(until([&] { return clients[i]->data == "client " + std::to_string(i); }));
            clients[i]->transport->close();
        }
        server.close();
        await(server.wait_closed());
        BOOST_TEST(until([&] { return open_descriptors() == before; }));
    });
}

// SSL-002: the peer closes, or resets, during the handshake.
BOOST_AUTO_TEST_CASE(a_peer_that_hangs_up_in_the_handshake_is_a_reset_connection) {
    in_loop([] {
        for (int flights = 0; flights < 2; ++flights) {
            Connecting c;
            settle();
            c.peer.receive();
            if (flights == 1) {
                BOOST_TEST(!c.peer.object->do_handshake());
                c.peer.send_raw(taken_from(*c.peer.object).substr(0, 5));
            }
            c.peer.socket.close();
            BOOST_TEST(errno_of(c.error()) == ECONNRESET);
            BOOST_TEST(c.protocol->calls == "");
        }
        Connecting reset(ConnectionOptions(), toy(), tcp_pair());
        settle();
        const linger hard{1, 0};
        ::setsockopt(reset.peer.socket.fd(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        reset.peer.socket.close();
        BOOST_TEST(errno_of(reset.error()) == ECONNRESET);
    });
}

// SSL-003: by the virtual clock, after 60 s unless the options say otherwise.
BOOST_AUTO_TEST_CASE(a_handshake_that_takes_too_long_is_given_up) {
    for (int given = 0; given < 2; ++given) {
        testing::run([=] {
            const int before = open_descriptors();
            EventLoop& loop = get_running_loop();
            const TimePoint start = loop.time();
            {
                ConnectionOptions options;
                if (given) options.ssl_handshake_timeout(std::chrono::milliseconds(10));
                Connecting c(options);
                const std::exception_ptr error = c.error();
                BOOST_TEST(errno_of(error) == ECONNABORTED);
                BOOST_TEST(describe_exception(error).find("SSL handshake is taking longer than") != std::string::npos);
                BOOST_TEST(c.protocol->calls == "");
                c.peer.receive();
                BOOST_TEST(c.peer.ended);
            }
            const auto took = std::chrono::nanoseconds(loop.time() - start);
            BOOST_TEST((took == (given ? std::chrono::nanoseconds(10000000) : std::chrono::nanoseconds(std::chrono::seconds(60)))));
            BOOST_TEST(open_descriptors() == before);
        });
    }
}

// The timer is gone with the handshake.
BOOST_AUTO_TEST_CASE(a_handshake_in_time_is_not_given_up_later) {
    testing::run([] {
        ToClient<> c;
        await(sleep(std::chrono::hours(1)));
        c.peer.says("still here");
        BOOST_TEST(until([&] { return c.protocol->data == "still here"; }));
        c.transport->abort();
    });
}

// SSL-006: the error is the connecting call's alone, and the server is told why by an alert.
BOOST_AUTO_TEST_CASE(a_certificate_for_somebody_else_is_refused) {
    in_loop([] {
        const Reports reports(get_running_loop());
        EventLoop& loop = get_running_loop();
        auto ends = Socket::pair();
        const auto server = std::make_shared<Recording>();
        const auto impostor = toy();
        impostor->options->certificate = "impostor.example";
        const auto accepting = create_task(loop.connect_accepted_socket(factory_of(server), std::move(ends.first),
                                                                        ConnectionOptions().ssl(impostor)));
        const auto client = std::make_shared<Recording>();
        BOOST_CHECK_THROW(await(loop.create_connection(factory_of(client), over_toy(std::move(ends.second)))),
                          SSLCertVerificationError);
        const std::exception_ptr told = thrown_by([&] { await(accepting); });
        BOOST_TEST(describe_exception(told).find("alert: the certificate is for impostor.example") != std::string::npos);
        BOOST_TEST(client->calls + server->calls == "");
        BOOST_TEST(reports.all.empty());
    });
}

// SSL-007: also that of the transport below, also after the end; nothing before the handshake.
BOOST_AUTO_TEST_CASE(extra_info_is_that_of_tls_and_of_what_is_below) {
    in_loop([] {
        const auto context = toy();
        ToClient<> c(ConnectionOptions(), context);
        const auto check = [&] {
            BOOST_TEST((absl::any_cast<std::shared_ptr<SSLContext>>(c.transport->get_extra_info("sslcontext")) == context));
            BOOST_TEST((absl::any_cast<std::shared_ptr<SSLObject>>(c.transport->get_extra_info("ssl_object")) != nullptr));
            BOOST_TEST(absl::any_cast<std::string>(c.transport->get_extra_info("peercert")) == "toy.example");
            BOOST_TEST(absl::any_cast<std::string>(c.transport->get_extra_info("cipher")) == "TOY");
            BOOST_TEST(!c.transport->get_extra_info("compression").has_value());
            BOOST_TEST(c.transport->get_extra_info("socket").has_value());
            BOOST_TEST(!c.transport->get_extra_info("what").has_value());
        };
        check();
        c.transport->abort();
        BOOST_TEST(c.lost());
        check();
    });
}

// SSL-020: an error of the transport below before the handshake is finished.
BOOST_AUTO_TEST_CASE(an_error_before_the_handshake_is_finished_is_the_connecting_calls) {
    in_loop([] {
        const auto context = toy();
        Connecting c(ConnectionOptions(), context);
        settle();
        context->options->on_call = [](const char* call) {
            if (call == std::string("feed")) throw std::system_error(EIO, std::generic_category(), "broken");
        };
        c.peer.send_raw("x");
        BOOST_TEST(errno_of(c.error()) == EIO);
        BOOST_TEST(c.protocol->calls == "");
    });
}

// Whatever the peer says that is not TLS ends it with a TLS error.
BOOST_AUTO_TEST_CASE(a_peer_that_does_not_speak_tls_is_an_error) {
    in_loop([] {
        const Reports reports(get_running_loop());
        Connecting c;
        c.peer.send_raw(std::string("d\0\4HTTP.", 8));
        const std::exception_ptr error = c.error();
        BOOST_CHECK_THROW(std::rethrow_exception(error), SSLError);
        BOOST_TEST(c.protocol->calls == "");
        BOOST_TEST(reports.all.empty());
    });
}

// Nobody waits for it, so that it is told in debug mode, where it may be looked for; else anybody who knocks would be reported.
BOOST_AUTO_TEST_CASE(a_handshake_that_fails_at_a_server_is_told_in_debug_mode) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        for (const bool debug : {true, false}) {
            loop.set_debug(debug);
            const Reports reports(loop);
            const Server server = await(loop.create_server([] { return std::make_shared<Recording>(); }, "127.0.0.1", 0,
                                                           ServerOptions().ssl(toy())));
            const auto client = std::make_shared<Recording>();
            const int port = server.sockets().front().local_address().port();
            await(loop.create_connection(factory_of(client), "127.0.0.1", port)).first->write(std::string("d\0\4HTTP.", 8));
            BOOST_TEST(until([&] { return client->losses == 1; }));
            BOOST_TEST(reports.all.size() == (debug ? 1u : 0u));
            if (!reports.all.empty()) BOOST_TEST(reports.all.front().message == "SSL handshake failed");
            server.close();
            await(server.wait_closed());
        }
    });
}

// SSL-019
BOOST_AUTO_TEST_CASE(a_cancelled_handshake_aborts_the_connection) {
    in_loop([] {
        const int before = open_descriptors();
        {
            Connecting c;
            settle();
            c.task.cancel();
            BOOST_CHECK_THROW(await(c.task), CancelledError);
            BOOST_TEST(until([&] {
                c.peer.receive();
                return c.peer.ended;
            }));
            BOOST_TEST(c.protocol->calls == "");
        }
        BOOST_TEST(open_descriptors() == before);
    });
}

BOOST_AUTO_TEST_CASE(every_byte_may_come_alone) {
    in_loop([] {
        Connecting c;
        BOOST_TEST(until([&] {
            c.peer.receive();
            const bool done = c.peer.object->do_handshake();
            for (char each : taken_from(*c.peer.object)) {
                c.peer.send_raw(absl::string_view(&each, 1));
                for (int i = 0; i < 3; ++i) await(sleep(std::chrono::seconds(0)));
            }
            return done;
        }));
        await(c.task);
        std::string rest = c.peer.encrypted("slow");
        rest += c.peer.close_notify();
        for (char each : rest) {
            c.peer.send_raw(absl::string_view(&each, 1));
            for (int i = 0; i < 3; ++i) await(sleep(std::chrono::seconds(0)));
        }
        BOOST_TEST(until([&] { return c.protocol->losses == 1; }));
        BOOST_TEST(c.protocol->calls == "made eof lost ");
        BOOST_TEST(c.protocol->data == "slow");
    });
}

// What comes in one piece with the end of the handshake is delivered after connection_made.
BOOST_AUTO_TEST_CASE(data_right_behind_the_handshake_is_delivered) {
    in_loop([] {
        auto ends = Socket::pair();
        const auto protocol = std::make_shared<Recording>();
        const auto accepting = create_task(get_running_loop().connect_accepted_socket(
            factory_of(protocol), std::move(ends.first), ConnectionOptions().ssl(toy())));
        ToyPeer peer(std::move(ends.second), false);
        BOOST_TEST(!peer.object->do_handshake());
        peer.send_all();
        BOOST_TEST(until([&] {
            peer.receive();
            return peer.object->do_handshake();
        }));
        std::string all = taken_from(*peer.object);
        all += peer.encrypted("early");
        all += peer.close_notify();
        peer.send_raw(all);
        await(accepting);
        BOOST_TEST(until([&] { return protocol->losses == 1; }));
        BOOST_TEST(protocol->calls == "made eof lost ");
        BOOST_TEST(protocol->data == "early");
    });
}

// In connection_made anything may be done.
BOOST_AUTO_TEST_CASE(connection_made_may_write_close_abort_and_throw) {
    in_loop([] {
        for (int what = 0; what < 4; ++what) {
            const Reports reports(get_running_loop());
            Connecting c;
            c.protocol->on_made = [&] {
                c.protocol->transport->write("hello");
                if (what == 1) c.protocol->transport->close();
                if (what == 2) c.protocol->transport->abort();
                if (what == 3) throw std::logic_error("no");
            };
            c.peer.shake_hands();
            if (what == 3) {
                BOOST_CHECK_THROW(await(c.task), std::logic_error);
            } else {
                await(c.task);
            }
            std::string heard;
            BOOST_TEST(until([&] { return (heard += c.peer.hears()) == "hello"; }));
            if (what == 1) {
                BOOST_TEST(until([&] { return c.peer.hears() == "" && c.peer.closed; }));
                c.peer.socket.close();
            }
            if (what == 0) c.protocol->transport->abort();
            BOOST_TEST(until([&] { return c.protocol->losses == 1; }));
            BOOST_TEST(c.protocol->calls == (what == 3 ? "made lost(error) " : "made lost "));
            BOOST_TEST(reports.all.size() == (what == 3 ? 1u : 0u));
        }
    });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
