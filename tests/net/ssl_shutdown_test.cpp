// The end of a TLS connection: by us, by the peer, by neither in time.
#include "net/ssl_fixtures.hpp"

#include "base/sanitizers.hpp"
#include "cede/testing/fail_allocations.hpp"
#include "cede/testing/run.hpp"
#include "support/allocation_counter.hpp"

namespace cede {
namespace tests {

BOOST_AUTO_TEST_SUITE(ssl_shutdown)

// SSL-015: a close_notify is the end of the stream, and is answered.
BOOST_AUTO_TEST_CASE(a_clean_shutdown_by_the_peer_is_the_end_of_the_stream) {
    in_loop([] {
        ToClient<> c;
        c.protocol->on_eof = [&] { c.transport->write("bye"); };
        c.peer.says("last words");
        c.peer.send_raw(c.peer.close_notify());
        std::string heard;
        BOOST_TEST(until([&] {
            heard += c.peer.hears();
            return c.peer.closed;
        }));
        BOOST_TEST(heard == "bye");
        BOOST_TEST(c.lost());
        BOOST_TEST(c.protocol->data == "last words");
        BOOST_TEST(c.protocol->calls == "eof lost ");
        BOOST_TEST(until([&] {
            c.peer.receive();
            return c.peer.ended;
        }));
    });
}

// The peer goes without a close_notify: for asyncio that is the end of the stream as well.
BOOST_AUTO_TEST_CASE(a_stream_that_ends_without_a_close_notify_ends_the_connection) {
    in_loop([] {
        ToClient<> c;
        c.peer.says("last words");
        BOOST_REQUIRE(::shutdown(c.peer.socket.fd(), SHUT_WR) == 0);
        BOOST_TEST(c.lost());
        BOOST_TEST(c.protocol->data == "last words");
        BOOST_TEST(c.protocol->calls == "eof lost ");
        c.peer.hears();
        BOOST_TEST(c.peer.closed);
    });
}

// In the middle of a record, too: nobody knows more of it than that it has not arrived.
BOOST_AUTO_TEST_CASE(half_a_record_is_not_delivered) {
    in_loop([] {
        ToClient<> c;
        c.peer.send_raw(c.peer.encrypted("a record").substr(0, 6));
        c.peer.socket.close();
        BOOST_TEST(c.lost());
        BOOST_TEST(c.protocol->data == "");
        BOOST_TEST(c.protocol->calls == "eof lost ");
    });
}

// SSL-016: everything written before, however slowly it goes; then the close_notify, and the peer's is waited for.
BOOST_AUTO_TEST_CASE(close_sends_what_was_written_then_the_close_notify) {
    in_loop([] {
        ToClient<> c;
        c.transport->write(huge());
        c.transport->close();
        c.transport->close();
        BOOST_TEST(c.transport->is_closing());
        c.transport->write("too late");
        std::string heard;
        BOOST_TEST(until([&] {
            heard += c.peer.hears();
            return c.peer.closed;
        }));
        BOOST_TEST((heard == huge()));
        settle();
        BOOST_TEST(c.protocol->losses == 0);
        c.peer.send_raw(c.peer.close_notify());
        BOOST_TEST(c.lost());
        BOOST_TEST(c.protocol->calls == "pause resume lost ");
        BOOST_TEST((c.protocol->error == nullptr));
    });
}

// SSL-016, SSL-017: as the peer, who has shut down first, and hears all that was queued here; with an end of the stream in
// place of its close_notify as well.
BOOST_AUTO_TEST_CASE(what_was_written_reaches_a_peer_that_has_shut_down) {
    for (const bool with_notify : {true, false}) {
        in_loop([=] {
            ToClient<> c;
            c.transport->write(huge());
            c.peer.says("and this is delivered");
            if (with_notify) {
                c.peer.send_raw(c.peer.close_notify());
            } else {
                BOOST_REQUIRE(::shutdown(c.peer.socket.fd(), SHUT_WR) == 0);
            }
            settle();
            std::string heard;
            BOOST_TEST(until([&] {
                heard += c.peer.hears();
                return c.peer.closed;
            }));
            BOOST_TEST((heard == huge()));
            BOOST_TEST(c.lost());
            BOOST_TEST(c.protocol->data == "and this is delivered");
            BOOST_TEST((c.protocol->error == nullptr));
        });
    }
}

// What the peer was sending when we closed stands before its close_notify, and is dropped.
BOOST_AUTO_TEST_CASE(after_close_nothing_is_delivered) {
    for (const bool in_callback : {false, true}) {
        in_loop([=] {
            ToClient<> c;
            if (in_callback) {
                c.protocol->on_data = [&] { c.transport->close(); };
                c.peer.says("first");
            } else {
                c.transport->close();
            }
            std::string rest = c.peer.encrypted(huge().substr(0, 50000));
            rest += c.peer.close_notify();
            c.peer.send_raw(rest);
            BOOST_TEST(c.lost());
            BOOST_TEST(c.protocol->data.substr(0, 5) == (in_callback ? "first" : ""));
            BOOST_TEST(c.protocol->reads == (in_callback ? 1 : 0));
            BOOST_TEST(c.protocol->calls == "lost ");
            BOOST_TEST((c.protocol->error == nullptr));
        });
    }
}

// SSL-018: for as long as the application likes: the shutdown timeout does not run.
BOOST_AUTO_TEST_CASE(what_came_before_the_end_waits_for_resume_reading) {
    testing::run([] {
        for (const bool with_notify : {false, true}) {
            ToClient<> c;
            c.transport->pause_reading();
            std::string rest = c.peer.encrypted("extra bytes");
            if (with_notify) rest += c.peer.close_notify();
            c.peer.send_raw(rest);
            BOOST_REQUIRE(::shutdown(c.peer.socket.fd(), SHUT_WR) == 0);
            await(sleep(std::chrono::hours(1)));
            BOOST_TEST(c.protocol->data == "");
            BOOST_TEST(c.protocol->calls == "");
            c.transport->resume_reading();
            BOOST_TEST(c.lost());
            BOOST_TEST(c.protocol->data == "extra bytes");
            BOOST_TEST(c.protocol->calls == "eof lost ");
        }
    });
}

// One that closes instead of reading on does not wait.
BOOST_AUTO_TEST_CASE(close_while_reading_is_paused_ends_the_connection) {
    in_loop([] {
        for (const bool ended : {false, true}) {
            ToClient<> c;
            c.transport->pause_reading();
            c.peer.says(huge().substr(0, 20000));
            if (ended) BOOST_REQUIRE(::shutdown(c.peer.socket.fd(), SHUT_WR) == 0);
            settle();
            c.transport->close();
            BOOST_TEST(until([&] {
                c.peer.hears();
                return c.peer.closed;
            }));
            if (!ended) c.peer.send_raw(c.peer.close_notify());
            BOOST_TEST(c.lost());
            BOOST_TEST(c.protocol->data == "");
        }
    });
}

// What data_received was given is its own during the call, whatever it does to other connections.
BOOST_AUTO_TEST_CASE(closing_a_paused_connection_leaves_the_data_of_another_alone) {
    struct Reading : Protocol {
        void data_received(absl::string_view data) override {
            before.assign(data.data(), data.size());
            does();
            after.assign(data.data(), data.size());
        }
        std::function<void()> does;
        std::string before, after;
    };
    in_loop([] {
        ToClient<> c;
        c.transport->pause_reading();
        c.peer.says("the words of a peer that nobody has read");
        settle();
        Connected<Reading> other;
        other.protocol->does = [&] { c.transport->close(); };
        other.peer_sends("what the other one says");
        BOOST_TEST(until([&] { return !other.protocol->after.empty(); }));
        BOOST_TEST(other.protocol->before == "what the other one says");
        BOOST_TEST(other.protocol->after == other.protocol->before);
        c.peer.socket.close();
        BOOST_TEST(c.lost());
        other.transport->abort();
        settle();
    });
}

// The end of the peer's stream behind bytes that nobody has read yet: the connection is open, and the answer may be written.
BOOST_AUTO_TEST_CASE(a_paused_connection_whose_peer_has_ended_is_open_until_it_is_closed) {
    in_loop([] {
        for (const bool by_us : {false, true}) {
            const int before = open_descriptors();
            {
                ToClient<> c;
                c.transport->pause_reading();
                c.peer.says("a question");
                BOOST_REQUIRE(::shutdown(c.peer.socket.fd(), SHUT_WR) == 0);
                settle();
                BOOST_TEST(!c.transport->is_closing());
                c.transport->write("an answer");
                if (by_us) {
                    c.transport->close();
                } else {
                    c.transport->resume_reading();
                }
                BOOST_TEST(c.lost());
                BOOST_TEST(c.transport->is_closing());
                BOOST_TEST(c.peer.hears() == "an answer");
                BOOST_TEST(c.peer.closed);
                BOOST_TEST(c.protocol->data == (by_us ? "" : "a question"));
                BOOST_TEST(c.protocol->calls == (by_us ? "lost " : "eof lost "));
            }
            BOOST_TEST(until([&] { return open_descriptors() == before; }));
        }
    });
}

// After 30 s unless the options say otherwise: a peer that does not answer, and one that does not even read.
BOOST_AUTO_TEST_CASE(a_shutdown_that_takes_too_long_is_given_up) {
    for (int given = 0; given < 2; ++given) {
        for (const bool full : {false, true}) {
            testing::run([=] {
                const int before = open_descriptors();
                {
                    ConnectionOptions options;
                    if (given) options.ssl_shutdown_timeout(std::chrono::milliseconds(10));
                    ToClient<> c(options);
                    if (full) c.transport->write(huge());
                    const TimePoint start = get_running_loop().time();
                    c.transport->close();
                    const Future<void> over;
                    c.protocol->on_lost = [&] { over.set_result(); };
                    await(over);
                    const auto took = std::chrono::nanoseconds(get_running_loop().time() - start);
                    BOOST_TEST((took == (given ? std::chrono::nanoseconds(10000000) : std::chrono::nanoseconds(std::chrono::seconds(30)))));
                    BOOST_CHECK_THROW(std::rethrow_exception(c.protocol->error), TimeoutError);
                    BOOST_TEST(describe_exception(c.protocol->error) == "cede::TimeoutError: SSL shutdown timed out");
                }
                BOOST_TEST(open_descriptors() == before);
            });
        }
    }
}

// Nothing that could come behind a close_notify means anything.
BOOST_AUTO_TEST_CASE(data_after_the_close_notify_is_dropped) {
    in_loop([] {
        ToClient<> c;
        c.transport->write(huge());
        const std::string late = c.peer.encrypted("late");
        c.peer.send_raw(c.peer.close_notify());
        settle();
        for (int i = 0; i < 100; ++i) {
            c.peer.send_raw(late);
            await(sleep(std::chrono::seconds(0)));
        }
        std::string heard;
        BOOST_TEST(until([&] {
            heard += c.peer.hears();
            return c.peer.closed;
        }));
        BOOST_TEST(c.lost());
        BOOST_TEST(c.protocol->data == "");
        BOOST_TEST((heard == huge()));
    });
}

BOOST_AUTO_TEST_CASE(abort_drops_what_was_not_sent) {
    in_loop([] {
        ToClient<> c;
        c.transport->write(huge());
        c.transport->abort();
        c.transport->abort();
        BOOST_TEST(c.transport->is_closing());
        BOOST_TEST(c.lost());
        BOOST_TEST((c.protocol->error == nullptr));
        c.peer.receive();
        BOOST_TEST(c.peer.ended);
        BOOST_TEST(c.transport->get_write_buffer_size() == 0u);
    });
}

// connection_lost may write, and close, and ask.
BOOST_AUTO_TEST_CASE(what_is_left_of_a_connection_is_harmless) {
    in_loop([] {
        const Warnings warnings;
        ToClient<> c;
        c.protocol->on_lost = [&] {
            c.transport->write("x");
            c.transport->close();
            c.transport->abort();
        };
        c.peer.socket.close();
        BOOST_TEST(c.lost());
        for (int i = 0; i < 4; ++i) c.transport->write("x");
        BOOST_TEST(Warnings::list().size() == 1u);
        c.transport->writelines({"a", "b"});
        c.transport->flush();
        c.transport->pause_reading();
        c.transport->resume_reading();
        c.transport->set_write_buffer_limits(0);
        c.transport->set_protocol(std::make_shared<Recording>());
        BOOST_TEST((c.transport->get_protocol() == nullptr));
        BOOST_TEST(c.transport->is_closing());
        BOOST_TEST(!c.transport->is_reading());
        settle();
    });
}

#if !CEDE_TSAN  // whose own operator new cannot stand beside the one that lets allocations fail
// As long as it exists, the next allocation after it has gone fails.
struct Starving {
    static bool& active() {
        static bool on = false;
        return on;
    }
    ~Starving() {
        if (active()) detail::fail_allocation(1);
    }
};

// Neither the failure nor the failure to report it could be told to anybody: closed it is all the same.
BOOST_AUTO_TEST_CASE(a_connection_is_closed_also_when_its_error_cannot_be_reported) {
    if (!AllocationCounter::available()) return;
    in_loop([] {
        ToClient<> c;
        c.transport->pause_reading();
        c.peer.says("x");
        settle();
        const Reports reports(get_running_loop());
        c.protocol->on_data = [] {
            Starving::active() = true;
            detail::fail_allocation(1);
            throw Starving();
        };
        c.transport->resume_reading();
        const bool lost = c.lost();
        Starving::active() = false;
        detail::allocation_has_failed();
        BOOST_TEST(lost);
        c.transport->abort();
        settle();
    });
}
#endif

BOOST_AUTO_TEST_CASE(to_keep_a_tls_connection_open_is_warned_of) {
    in_loop([] {
        const Warnings warnings;
        ToClient<> c;
        c.protocol->keep_open = true;
        c.peer.send_raw(c.peer.close_notify());
        BOOST_TEST(c.lost());
        BOOST_TEST(Warnings::list().size() == 1u);
    });
}

// The peer hangs up, or resets the connection, in each state.
BOOST_AUTO_TEST_CASE(a_peer_that_hangs_up_in_any_state_ends_the_connection) {
    for (int state = 0; state < 4; ++state) {
        for (const bool hard : {false, true}) {
            in_loop([=] {
                const int before = open_descriptors();
                {
                    ToClient<> c(ConnectionOptions(), toy(), tcp_pair());
                    if (state == 1) c.transport->pause_reading();
                    if (state >= 2) c.transport->write(state == 2 ? huge() : std::string("x"));
                    if (state >= 2) c.transport->close();
                    settle();
                    const linger reset{1, 0};
                    if (hard) ::setsockopt(c.peer.socket.fd(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
                    c.peer.socket.close();
                    settle();
                    if (state == 1) c.transport->resume_reading();
                    BOOST_TEST(c.lost());
                }
                BOOST_TEST(until([&] { return open_descriptors() == before; }));
            });
        }
    }
}

// A server closes its clients in order, those over TLS with a close_notify.
BOOST_AUTO_TEST_CASE(a_server_closes_its_clients_in_order) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const auto accepted = std::make_shared<Recording>();
        const Server server = await(loop.create_server(factory_of(accepted), "127.0.0.1", 0, ServerOptions().ssl(toy())));
        const int port = server.sockets().front().local_address().port();
        const auto client = std::make_shared<Recording>();
        await(loop.create_connection(factory_of(client), "127.0.0.1", port,
                                     ConnectionOptions().ssl(toy()).server_hostname("toy.example")));
        BOOST_TEST(until([&] { return accepted->transport != nullptr; }));
        accepted->transport->write(huge());
        server.close();
        server.close_clients();
        await(server.wait_closed());
        BOOST_TEST(until([&] { return client->losses == 1; }));
        BOOST_TEST((client->data == huge()));
        BOOST_TEST(client->calls == "made eof lost ");
        BOOST_TEST((accepted->error == nullptr));
    });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
