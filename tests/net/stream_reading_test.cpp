// Reading by a stream transport: data, the end, errors, pausing, both kinds of protocol.
#include "net/fixtures.hpp"
#include "support/captured.hpp"
#include "support/faults/system_calls.hpp"

namespace cede {
namespace tests {

BOOST_AUTO_TEST_SUITE(stream_reading)

BOOST_AUTO_TEST_CASE(what_arrives_is_handed_over_in_order) {
    in_loop([] {
        Connected<> c;
        c.peer_sends("hello ");
        BOOST_TEST(until([&] { return c.protocol->data.size() == 6; }));
        c.peer_sends("world");
        BOOST_TEST(until([&] { return c.protocol->data == "hello world"; }));
        BOOST_TEST(c.protocol->calls == "made ");
        c.transport->close();
        settle();
        BOOST_TEST(c.protocol->calls == "made lost ");
    });
}

BOOST_AUTO_TEST_CASE(an_end_of_the_stream_closes_the_transport) {
    in_loop([] {
        Connected<> c;
        c.peer_sends("last words");
        c.peer.close();
        BOOST_TEST(until([&] { return c.protocol->losses == 1; }));
        BOOST_TEST(c.protocol->calls == "made eof lost ");
        BOOST_TEST(c.protocol->data == "last words");
        BOOST_TEST(c.transport->is_closing());
    });
}

// TRANS-005
BOOST_AUTO_TEST_CASE(eof_received_returning_true_keeps_it_open_for_writing) {
    in_loop([] {
        Connected<> c;
        c.protocol->keep_open = true;
        c.peer.shutdown(SHUT_WR);
        BOOST_TEST(until([&] { return c.protocol->calls == "made eof "; }));
        settle();
        BOOST_TEST(c.protocol->calls == "made eof ");  // once, though the end stays readable
        c.transport->pause_reading();
        c.transport->resume_reading();
        settle();
        BOOST_TEST(c.protocol->calls == "made eof ");
        c.transport->write("still here");
        BOOST_TEST(c.peer_receives() == "still here");
        c.transport->close();
        settle();
        BOOST_TEST(c.protocol->calls == "made eof lost ");
    });
}

// TRANS-006
BOOST_AUTO_TEST_CASE(would_block_and_interruption_are_ignored) {
    in_loop([] {
        Connected<> c;
        for (int error : {EAGAIN, EINTR}) {
            c.protocol->data.clear();
            const FailingCall failing(SystemCall::recv, error);
            c.peer_sends("data");
            BOOST_TEST(until([&] { return c.protocol->data == "data"; }));
            BOOST_TEST(failing.failed() == 1);
        }
        BOOST_TEST(!c.transport->is_closing());
    });
}

// TRANS-007, TRANS-022
BOOST_AUTO_TEST_CASE(a_reset_closes_the_transport_with_the_error) {
    in_loop([] {
        Reports reports(get_running_loop());
        Connected<> c(tcp_pair());
        const linger reset = {1, 0};
        ::setsockopt(c.peer.fd(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        c.peer.close();
        BOOST_TEST(until([&] { return c.protocol->losses == 1; }));
        BOOST_TEST(c.protocol->calls == "made lost(error) ");
        BOOST_CHECK_EXCEPTION(std::rethrow_exception(c.protocol->error), std::system_error,
                              [](const std::system_error& e) { return e.code() == std::errc::connection_reset; });
        BOOST_TEST(reports.all.empty());
    });
}

// TRANS-008
BOOST_AUTO_TEST_CASE(an_exception_of_data_received_closes_it_and_is_reported) {
    in_loop([] {
        Reports reports(get_running_loop());
        Connected<> c;
        c.protocol->on_data = [] { throw std::runtime_error("bad data"); };
        c.peer_sends("x");
        BOOST_TEST(until([&] { return c.protocol->losses == 1; }));
        BOOST_TEST(c.protocol->calls == "made lost(error) ");
        BOOST_REQUIRE(reports.all.size() == 1);
        BOOST_TEST(reports.all[0].message == "Fatal error: protocol.data_received() call failed.");
        BOOST_TEST((reports.all[0].transport == c.transport));
        BOOST_TEST((reports.all[0].exception == c.protocol->error));
    });
}

// TRANS-008
BOOST_AUTO_TEST_CASE(an_exception_of_eof_received_closes_it_and_is_reported) {
    in_loop([] {
        Reports reports(get_running_loop());
        Connected<> c;
        c.protocol->on_eof = [] { throw CancelledError("as good as any"); };
        c.peer.close();
        BOOST_TEST(until([&] { return c.protocol->losses == 1; }));
        BOOST_TEST(c.protocol->calls == "made eof lost(error) ");
        BOOST_TEST(reports.all.size() == 1);
    });
}

// TRANS-009
BOOST_AUTO_TEST_CASE(pausing_is_idempotent_and_told_by_is_reading) {
    in_loop([] {
        Connected<> c;
        BOOST_TEST(c.transport->is_reading());
        c.transport->pause_reading();
        c.transport->pause_reading();
        BOOST_TEST(!c.transport->is_reading());
        c.peer_sends("later");
        settle();
        BOOST_TEST(c.protocol->data.empty());
        c.transport->resume_reading();
        c.transport->resume_reading();
        BOOST_TEST(c.transport->is_reading());
        BOOST_TEST(until([&] { return c.protocol->data == "later"; }));
        c.transport->close();
        BOOST_TEST(!c.transport->is_reading());
        c.transport->pause_reading();
        c.transport->resume_reading();
        BOOST_TEST(!c.transport->is_reading());
        settle();
        BOOST_TEST(c.protocol->calls == "made lost ");
    });
}

// TRANS-010
BOOST_AUTO_TEST_CASE(pausing_in_connection_made_prevents_the_first_read) {
    in_loop([] {
        auto ends = Socket::pair();
        BOOST_REQUIRE(::send(ends.second.fd(), "early", 5, 0) == 5);
        const auto protocol = std::make_shared<Recording>();
        protocol->on_made = [&] { protocol->transport->pause_reading(); };
        const CallCounter reads(SystemCall::recv);
        await(get_running_loop().connect_accepted_socket(factory_of(protocol), std::move(ends.first)));
        settle();
        BOOST_TEST(reads.count() == 0);
        protocol->transport->resume_reading();
        BOOST_TEST(until([&] { return protocol->data == "early"; }));
        protocol->transport->abort();
    });
}

BOOST_AUTO_TEST_CASE(closing_in_data_received_delivers_nothing_more) {
    in_loop([] {
        Connected<> c;
        c.protocol->on_data = [&] { c.transport->close(); };
        c.peer_sends("one");
        BOOST_TEST(until([&] { return c.protocol->reads == 1; }));
        c.peer_sends("two");
        settle();
        BOOST_TEST(c.protocol->data == "one");
        BOOST_TEST(c.protocol->calls == "made lost ");
    });
}

// TRANS-025
BOOST_AUTO_TEST_CASE(a_buffered_protocol_with_a_small_buffer_gets_several_rounds) {
    in_loop([] {
        Connected<BufferedRecording> c;
        const std::string text = "sixteen bytes at a time, as the buffer is small";
        c.peer_sends(text);
        BOOST_TEST(until([&] { return c.protocol->data == text; }));
        BOOST_TEST(c.protocol->rounds == 3);
        c.peer.close();
        BOOST_TEST(until([&] { return c.protocol->losses == 1; }));
        BOOST_TEST(c.protocol->calls == "made eof lost ");
    });
}

// TRANS-023
BOOST_AUTO_TEST_CASE(a_buffered_protocol_that_fails_is_closed_and_reported) {
    in_loop([] {
        Reports reports(get_running_loop());
        Connected<BufferedRecording> empty, get, update;
        empty.protocol->buffer.clear();
        get.protocol->on_get = [] { throw std::logic_error("no buffer"); };
        update.protocol->on_data = [] { throw std::logic_error("no use"); };
        for (auto* each : {&empty, &get, &update}) {
            each->peer_sends("x");
            BOOST_TEST(until([&] { return each->protocol->losses == 1; }));
            BOOST_TEST(each->protocol->calls == "made lost(error) ");
        }
        BOOST_REQUIRE(reports.all.size() == 3);
        BOOST_TEST(reports.all[0].message == "Fatal error: protocol.get_buffer() call failed.");
        BOOST_CHECK_THROW(std::rethrow_exception(reports.all[0].exception), RuntimeError);
        BOOST_TEST(reports.all[1].message == "Fatal error: protocol.get_buffer() call failed.");
        BOOST_TEST(reports.all[2].message == "Fatal error: protocol.buffer_updated() call failed.");
    });
}

// TRANS-024
BOOST_AUTO_TEST_CASE(the_protocol_can_be_switched_between_kinds) {
    in_loop([] {
        Connected<> c;
        const auto buffered = std::make_shared<BufferedRecording>();
        c.peer_sends("1");
        BOOST_TEST(until([&] { return c.protocol->data == "1"; }));
        c.transport->set_protocol(buffered);
        BOOST_TEST((c.transport->get_protocol() == buffered));
        c.peer_sends("2");
        BOOST_TEST(until([&] { return buffered->data == "2"; }));
        c.transport->set_protocol(c.protocol);
        c.peer_sends("3");
        BOOST_TEST(until([&] { return c.protocol->data == "13"; }));
        BOOST_CHECK_THROW(c.transport->set_protocol(std::make_shared<DatagramProtocol>()), std::invalid_argument);
        BOOST_CHECK_THROW(c.transport->set_protocol(nullptr), std::invalid_argument);
        c.transport->close();
        settle();
        BOOST_TEST(c.protocol->calls == "made lost ");
        BOOST_TEST(buffered->calls.empty());
        BOOST_TEST((c.transport->get_protocol() == nullptr));
    });
}

BOOST_AUTO_TEST_CASE(whatever_connection_made_throws_is_reported_and_ends_the_connection) {
    in_loop([] {
        struct Throwing : Recording {
            explicit Throwing(std::exception_ptr what) : thrown(std::move(what)) {}
            void connection_made(std::shared_ptr<BaseTransport>) override { std::rethrow_exception(thrown); }
            std::exception_ptr thrown;
        };
        CapturedReports reports(get_running_loop());
        for (const std::exception_ptr& error : {std::make_exception_ptr(std::logic_error("of the program")),
                                                std::make_exception_ptr(std::system_error(EPIPE, std::generic_category()))}) {
            auto ends = Socket::pair();
            const auto protocol = std::make_shared<Throwing>(error);
            await(get_running_loop().connect_accepted_socket([&] { return protocol; }, std::move(ends.first)));
            BOOST_TEST(until([&] { return protocol->losses == 1; }));
            BOOST_TEST(reports.only() == "Fatal error: protocol.connection_made() call failed.");
            reports.all.clear();
        }
    });
}

// The old one may be destroyed by the switch, in the middle of its own call.
BOOST_AUTO_TEST_CASE(the_protocol_can_be_switched_from_inside_its_own_call) {
    in_loop([] {
        struct Switching : Protocol {
            explicit Switching(std::shared_ptr<Recording> to) : next(std::move(to)) {}
            void connection_made(std::shared_ptr<BaseTransport> made) override { transport = made; }
            void data_received(absl::string_view) override {
                transport->set_protocol(next);
                transport = nullptr;
                next->data = "switched ";
                next = nullptr;
            }
            std::shared_ptr<BaseTransport> transport;
            std::shared_ptr<Recording> next;
        };
        auto ends = Socket::pair();
        const auto next = std::make_shared<Recording>();
        await(get_running_loop().connect_accepted_socket([&] { return std::make_shared<Switching>(next); },
                                                         std::move(ends.first)));
        BOOST_REQUIRE(::send(ends.second.fd(), "x", 1, 0) == 1);
        BOOST_TEST(until([&] { return !next->data.empty(); }));
        BOOST_REQUIRE(::send(ends.second.fd(), "y", 1, 0) == 1);
        BOOST_TEST(until([&] { return next->data == "switched y"; }));
        ends.second.close();
        BOOST_TEST(until([&] { return next->losses == 1; }));
    });
}

// TRANS-029
BOOST_AUTO_TEST_CASE(protocols_do_nothing_by_default) {
    Protocol plain;
    plain.connection_made(nullptr);
    plain.data_received("x");
    BOOST_TEST(!plain.eof_received());
    plain.pause_writing();
    plain.resume_writing();
    plain.connection_lost(nullptr);
    DatagramProtocol datagram;
    datagram.datagram_received("x", SocketAddress());
    datagram.error_received(nullptr);
    SubprocessProtocol process;
    process.pipe_data_received(1, "x");
    process.pipe_connection_lost(1, nullptr);
    process.process_exited();
    BufferedRecording buffered;
    BOOST_TEST(!buffered.BufferedProtocol::eof_received());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
