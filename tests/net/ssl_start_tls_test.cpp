// loop.start_tls: plain connections that go over to TLS, and TLS on top of TLS.
#include "net/ssl_fixtures.hpp"

#include "base/sanitizers.hpp"
#include "cede/testing/fail_allocations.hpp"
#include "cede/testing/run.hpp"
#include "support/allocation_counter.hpp"

namespace cede {
namespace tests {
namespace {

// Two plain connections with each other.
template <class P = Recording>
struct Plain {
    explicit Plain(std::pair<Socket, Socket> ends = Socket::pair()) {
        EventLoop& loop = get_running_loop();
        one = await(loop.connect_accepted_socket(factory_of(client), std::move(ends.first))).first;
        other = await(loop.connect_accepted_socket(factory_of(server), std::move(ends.second))).first;
        client->calls.clear();
        server->calls.clear();
    }
    void upgrade(const StartTlsOptions& of_client = StartTlsOptions().server_hostname("toy.example")) {
        EventLoop& loop = get_running_loop();
        const auto accepting = create_task(loop.start_tls(other, server, toy(), StartTlsOptions().server_side(true)));
        one = await(loop.start_tls(one, client, toy(), of_client));
        other = await(accepting);
    }
    bool over() {
        return until([&] { return client->losses == 1 && server->losses == 1; });
    }

    std::shared_ptr<P> client = std::make_shared<P>();
    std::shared_ptr<P> server = std::make_shared<P>();
    std::shared_ptr<Transport> one;
    std::shared_ptr<Transport> other;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(ssl_start_tls)

// SSL-009, SSL-010: after plain data was exchanged; nobody's connection_made is called again.
BOOST_AUTO_TEST_CASE(a_plain_connection_goes_over_to_tls) {
    in_loop([] {
        Plain<> c;
        c.one->write("STARTTLS");
        BOOST_TEST(until([&] { return c.server->data == "STARTTLS"; }));
        c.upgrade();
        c.one->write(" secret");
        c.other->write("answer");
        BOOST_TEST(until([&] { return c.server->data == "STARTTLS secret" && c.client->data == "answer"; }));
        BOOST_TEST(c.one->get_extra_info("sslcontext").has_value());
        c.one->close();
        BOOST_TEST(c.over());
        BOOST_TEST(c.client->calls == "lost ");
        BOOST_TEST(c.server->calls == "eof lost ");
    });
}

// SSL-011
BOOST_AUTO_TEST_CASE(the_protocol_can_be_another_one) {
    in_loop([] {
        Plain<BufferedRecording> c;
        c.upgrade();
        const auto next = std::make_shared<Recording>();
        c.one->set_protocol(next);
        c.one->write("to the buffered one, which takes sixteen bytes at once");
        c.other->write("to the next one");
        BOOST_TEST(until([&] { return next->data == "to the next one"; }));
        BOOST_TEST(until([&] { return c.server->data == "to the buffered one, which takes sixteen bytes at once"; }));
        c.other->close();
        BOOST_TEST(until([&] { return next->losses == 1 && c.server->losses == 1; }));
        BOOST_TEST(c.client->losses == 0);
    });
}

// SSL-013
BOOST_AUTO_TEST_CASE(what_cannot_be_upgraded_is_refused) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        Plain<> c;
        BOOST_CHECK_THROW(await(loop.start_tls(c.one, c.client, nullptr)), std::invalid_argument);
        BOOST_CHECK_THROW(await(loop.start_tls(nullptr, c.client, toy())), std::invalid_argument);
        BOOST_CHECK_THROW(await(loop.start_tls(c.one, nullptr, toy())), std::invalid_argument);
        BOOST_CHECK_THROW(await(loop.start_tls(c.one, std::make_shared<DatagramProtocol>(), toy())), std::invalid_argument);
        BOOST_CHECK_THROW(await(loop.start_tls(c.one, c.client, toy(), StartTlsOptions().ssl_handshake_timeout(Duration()))),
                          std::invalid_argument);
        struct Own : BaseTransport {
            void close() override {}
            bool is_closing() const override { return false; }
            void set_protocol(std::shared_ptr<BaseProtocol>) override {}
            std::shared_ptr<BaseProtocol> get_protocol() const override { return nullptr; }
        };
        BOOST_CHECK_THROW(await(loop.start_tls(std::make_shared<Own>(), c.client, toy())), std::invalid_argument);
        // None of that has done anything.
        c.one->write("still plain");
        BOOST_TEST(until([&] { return c.server->data == "still plain"; }));
        c.one->close();
        BOOST_CHECK_THROW(await(loop.start_tls(c.one, c.client, toy())), RuntimeError);
        BOOST_TEST(c.over());
    });
}

// SSL-003, 006, 020: the call throws, and the protocol, which has a connection, is told of its end.
BOOST_AUTO_TEST_CASE(a_failed_upgrade_ends_the_connection) {
    testing::run([] {
        EventLoop& loop = get_running_loop();
        {
            Plain<> c;
            const auto accepting = create_task(loop.start_tls(c.other, c.server, toy(), StartTlsOptions().server_side(true)));
            BOOST_CHECK_THROW(await(loop.start_tls(c.one, c.client, toy(), StartTlsOptions().server_hostname("other"))),
                              SSLCertVerificationError);
            BOOST_CHECK_THROW(await(accepting), SSLError);
            BOOST_TEST(c.over());
            BOOST_TEST(c.client->calls == "lost(error) ");
            BOOST_TEST(c.server->calls == "lost(error) ");
        }
        {
            Plain<> c;
            const std::exception_ptr error = thrown_by([&] { await(loop.start_tls(c.one, c.client, toy())); });
            BOOST_TEST(errno_of(error) == ECONNABORTED);
            BOOST_TEST(c.over());
            BOOST_TEST(c.client->calls == "lost(error) ");
        }
    });
}

#if !CEDE_TSAN  // whose own operator new cannot stand beside the one that lets allocations fail
// However short memory is when the connection goes, who waits for the handshake hears of it.
BOOST_AUTO_TEST_CASE(no_failed_allocation_leaves_the_upgrade_waiting) {
    if (!AllocationCounter::available()) return;
    bool failed = true;
    for (std::size_t nth = 1; failed; ++nth) {
        BOOST_REQUIRE(nth < 100);
        testing::run([&] {
            EventLoop& loop = get_running_loop();
            loop.set_exception_handler([](EventLoop&, const ExceptionContext&) {});
            Plain<> c;
            const auto starting = create_task(loop.start_tls(c.one, c.client, toy()));
            settle();
            loop.call_soon([&] {
                c.one->abort();
                detail::fail_allocation(nth);
            });
            const std::exception_ptr error = thrown_by([&] { await(starting); });
            failed = detail::allocation_has_failed();
            BOOST_TEST((error != nullptr));
            c.other->abort();
            settle();
        });
    }
}
#endif

BOOST_AUTO_TEST_CASE(a_cancelled_upgrade_ends_the_connection) {
    in_loop([] {
        for (const bool at_once : {false, true}) {
            Plain<> c;
            const auto task = create_task(get_running_loop().start_tls(c.one, c.client, toy()));
            if (!at_once) settle();
            task.cancel();
            BOOST_CHECK_THROW(await(task), CancelledError);
            if (at_once) c.one->close();  // it has not even begun
            BOOST_TEST(c.over());
            BOOST_TEST(c.client->calls == "lost ");
        }
    });
}

// Who was told to pause is told to resume, and who had paused reading reads on.
BOOST_AUTO_TEST_CASE(what_was_paused_before_goes_on_after) {
    in_loop([] {
        Plain<> c;
        c.one->write(huge());
        BOOST_TEST(c.client->calls == "pause ");
        BOOST_TEST(until([&] { return c.server->data.size() > 1000000; }));
        c.one->pause_reading();
        const auto starting =
            create_task(get_running_loop().start_tls(c.one, c.client, toy(), StartTlsOptions().server_hostname("toy.example")));
        // The greeting comes right behind the plain data, so the peer may start TLS when it has read that.
        c.server->on_data = [&] {
            if (c.server->data.size() < huge().size()) return;
            c.other->pause_reading();
        };
        BOOST_TEST(until([&] { return c.server->data.size() >= huge().size(); }));
        BOOST_TEST(c.client->calls == "pause resume ");
        starting.cancel();
        BOOST_CHECK_THROW(await(starting), CancelledError);
        c.other->close();
        BOOST_TEST(c.over());
    });
}

// SSL-021
BOOST_AUTO_TEST_CASE(tls_inside_tls_carries_data) {
    in_loop([] {
        const Reports reports(get_running_loop());
        const Warnings warnings;
        Plain<> c(tcp_pair());
        c.upgrade();
        c.upgrade();
        c.upgrade();
        c.one->write(huge());
        c.other->write(huge());
        BOOST_TEST(until([&] { return c.server->data.size() == huge().size() && c.client->data.size() == huge().size(); }));
        BOOST_TEST((c.server->data == huge()));
        BOOST_TEST((c.client->data == huge()));
        c.client->calls.clear();
        c.other->write("last");
        c.other->close();
        BOOST_TEST(c.over());
        BOOST_TEST(c.client->data.substr(huge().size()) == "last");
        BOOST_TEST(c.client->calls == "eof lost ");
        BOOST_TEST((c.server->error == nullptr));
        BOOST_TEST(reports.all.empty());
        BOOST_TEST(Warnings::list().empty());
    });
}

// What a loop that closes finds open it lets go of, in whatever state: a handshake that never ends, TLS inside TLS, a shutdown.
BOOST_AUTO_TEST_CASE(a_loop_may_end_with_tls_in_any_state) {
    const Warnings warnings;
    const int before = open_descriptors();
    for (int state = 0; state < 5; ++state) {
        std::weak_ptr<Recording> client, server;
        std::shared_ptr<Transport> outlives;
        in_loop([&] {
            Plain<> c(tcp_pair());
            client = c.client;
            server = c.server;
            if (state == 0) {
                create_task(get_running_loop().start_tls(c.one, c.client, toy()));
                return settle();
            }
            c.upgrade();
            if (state == 2) c.upgrade();
            if (state >= 3) c.one->write(huge());
            if (state >= 4) c.one->close();
            outlives = c.one;
        });
        BOOST_TEST(client.expired(), "state " << state);
        BOOST_TEST(server.expired(), "state " << state);
        BOOST_TEST(open_descriptors() == before);
        if (outlives == nullptr) continue;
        outlives->write("x");
        outlives->resume_reading();
        outlives->close();
        outlives->abort();
        BOOST_TEST(outlives->is_closing());
        BOOST_TEST(outlives->get_write_buffer_size() == 0u);
        BOOST_TEST(outlives->get_extra_info("cipher").has_value());
    }
}

// SSL-021: closing the outer one, or losing it, ends the inner one, and nobody reports anything.
BOOST_AUTO_TEST_CASE(closing_the_outer_tls_ends_the_inner_quietly) {
    in_loop([] {
        for (int how = 0; how < 3; ++how) {
            const Reports reports(get_running_loop());
            const Warnings warnings;
            Plain<> c;
            const std::shared_ptr<Transport> socket = c.one;
            c.upgrade();
            const std::shared_ptr<Transport> outer = c.one;
            c.upgrade();
            if (how == 0) outer->close();
            if (how == 1) outer->abort();
            if (how == 2) socket->close();
            BOOST_TEST(c.over());
            BOOST_TEST(c.client->calls == "lost ");
            BOOST_TEST(c.server->calls == "eof lost ");
            BOOST_TEST(reports.all.empty());
            BOOST_TEST(Warnings::list().empty());
        }
    });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
