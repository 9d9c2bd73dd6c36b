// Writing by a stream transport: at once or buffered, flow control, half-close, errors.
#include "net/fixtures.hpp"
#include "support/faults/system_calls.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <thread>

namespace cede {
namespace tests {
namespace {

// Lets the peer receive until `size` bytes have come.
std::string drain(Connected<>& c, std::size_t size) {
    std::string received;
    until([&] {
        received += c.peer_receives();
        return received.size() >= size;
    });
    return received;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(stream_writing)

// TRANS-011, TRANS-013
BOOST_AUTO_TEST_CASE(what_the_system_takes_is_sent_at_once) {
    in_loop([] {
        Connected<> c;
        const CallCounter sends(SystemCall::send);
        c.transport->write("now");
        BOOST_TEST(c.peer_receives() == "now");
        BOOST_TEST(c.transport->get_write_buffer_size() == 0u);
        c.transport->write("");
        BOOST_TEST(sends.count() == 1);
        c.transport->close();
    });
}

// TRANS-011, TRANS-012, TRANS-014
BOOST_AUTO_TEST_CASE(the_rest_is_buffered_in_order_and_sent_when_it_can_be) {
    in_loop([] {
        Connected<> c;
        const std::string bytes = huge();
        {
            std::string own = bytes;
            c.transport->write(own);
            own.assign(own.size(), '?');  // the caller's memory is free again
        }
        BOOST_TEST(c.transport->get_write_buffer_size() > 0u);
        std::string expected = bytes;
        for (int i = 0; i < 1000; ++i) {
            const std::string small = std::to_string(i) + ",";
            c.transport->write(small);
            expected += small;
        }
        BOOST_TEST((drain(c, expected.size()) == expected));
        BOOST_TEST(c.transport->get_write_buffer_size() == 0u);
        c.transport->close();
        settle();
        BOOST_TEST(c.protocol->calls == "made pause resume lost ");
    });
}

// TRANS-011
BOOST_AUTO_TEST_CASE(a_write_that_would_block_is_buffered_whole) {
    in_loop([] {
        Connected<> c;
        for (int error : {EAGAIN, EINTR}) {
            const FailingCall failing(SystemCall::send, error);
            c.transport->write("data");
            BOOST_TEST(c.transport->get_write_buffer_size() == 4u);
            BOOST_TEST(drain(c, 4) == "data");
        }
        c.transport->abort();
    });
}

// TRANS-017
BOOST_AUTO_TEST_CASE(a_vectored_send_that_stops_anywhere_loses_nothing) {
    in_loop([] {
        Connected<> c;
        const StingySend stingy;
        const std::vector<absl::string_view> lines = {"ab", "", "cde", "f"};
        c.transport->writelines(lines);
        BOOST_TEST(c.transport->get_write_buffer_size() == 5u);
        c.transport->writelines(lines);
        c.transport->write("gh");
        BOOST_TEST(drain(c, 14) == "abcdefabcdefgh");
        c.transport->abort();
    });
}

BOOST_AUTO_TEST_CASE(more_lines_than_one_system_call_takes_arrive_in_order) {
    in_loop([] {
        Connected<> c;
        std::vector<std::string> lines;
        std::string expected;
        for (int i = 0; i < 300; ++i) {
            lines.push_back(std::to_string(i) + "\n");
            expected += lines.back();
        }
        const std::vector<absl::string_view> views(lines.begin(), lines.end());
        c.transport->writelines(views);
        BOOST_TEST(drain(c, expected.size()) == expected);
        c.transport->abort();
    });
}

// TRANS-015, TRANS-022
BOOST_AUTO_TEST_CASE(a_write_error_closes_the_transport_with_it) {
    in_loop([] {
        Reports reports(get_running_loop());
        Connected<> c;
        const FailingCall failing(SystemCall::send, ENETDOWN);
        c.transport->write("x");
        BOOST_TEST(c.transport->is_closing());
        BOOST_TEST(c.protocol->losses == 0);
        settle();
        BOOST_TEST(c.protocol->calls == "made lost(error) ");
        BOOST_CHECK_EXCEPTION(std::rethrow_exception(c.protocol->error), std::system_error,
                              [](const std::system_error& e) { return e.code() == std::errc::network_down; });
        BOOST_TEST(reports.all.empty());
    });
}

// TRANS-015
BOOST_AUTO_TEST_CASE(a_reset_in_the_middle_of_a_write_drops_what_is_buffered) {
    in_loop([] {
        Connected<> c(tcp_pair());
        c.transport->write(huge());
        BOOST_TEST(c.transport->get_write_buffer_size() > 0u);
        const linger reset = {1, 0};
        ::setsockopt(c.peer.fd(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        c.peer.close();
        BOOST_TEST(until([&] { return c.protocol->losses == 1; }));
        BOOST_TEST((c.protocol->error != nullptr));
        BOOST_TEST(c.transport->get_write_buffer_size() == 0u);
        settle();
        BOOST_TEST(c.protocol->losses == 1);
    });
}

// TRANS-016
BOOST_AUTO_TEST_CASE(writes_to_a_closed_transport_are_dropped_and_the_fifth_warns) {
    in_loop([] {
        const Warnings catching;
        Connected<> c;
        c.transport->close();
        for (int i = 0; i < 4; ++i) c.transport->write("x");
        BOOST_TEST(Warnings::list().empty());
        c.transport->write("x");
        BOOST_REQUIRE(Warnings::list().size() == 1);
        BOOST_TEST(Warnings::list()[0] == "data written to a closed connection is dropped");
        settle();
        BOOST_TEST(c.peer_receives() == "");
        c.transport->write("x");
        c.transport->writelines(std::vector<absl::string_view>{"x", "y"});
        BOOST_TEST(c.peer_ended);
    });
}

// TRANS-016: but what was written before close() is on its way still, and as in asyncio (whose close() counts as the loss only when
// nothing is buffered) what comes then goes with it.
BOOST_AUTO_TEST_CASE(what_is_written_while_a_closed_transport_sends_the_rest_is_sent) {
    in_loop([] {
        const Warnings catching;
        Connected<> c;
        c.transport->write(huge());
        c.transport->close();
        for (int i = 0; i < 6; ++i) c.transport->write("x");
        c.transport->writelines(std::vector<absl::string_view>{"y", "z"});
        std::string received;
        BOOST_TEST(until([&] { return received += c.peer_receives(), c.protocol->losses == 1; }));
        received += c.peer_receives();
        BOOST_TEST((received == huge() + "xxxxxxyz"));
        BOOST_TEST(c.peer_ended);
        BOOST_TEST(Warnings::list().empty());
    });
}

BOOST_AUTO_TEST_CASE(a_client_that_half_closes_gets_the_rest_of_the_answer) {
    in_loop([] {
        Connected<> c;
        c.protocol->on_data = [&] { c.transport->write(huge()); };
        c.peer_sends("GET");
        BOOST_TEST(until([&] { return c.transport->get_write_buffer_size() > 0; }));
        ::shutdown(c.peer.fd(), SHUT_WR);
        BOOST_TEST(until([&] { return c.transport->is_closing(); }));
        c.transport->write("TAIL");
        std::string received;
        BOOST_TEST(until([&] { return received += c.peer_receives(), c.protocol->losses == 1; }));
        received += c.peer_receives();
        BOOST_TEST((received == huge() + "TAIL"));
    });
}

// TRANS-018, TRANS-020
BOOST_AUTO_TEST_CASE(close_tells_the_protocol_later_and_once) {
    in_loop([] {
        Connected<> c;
        bool ended_before = false;
        c.protocol->on_lost = [&] {
            c.peer_receives();
            ended_before = c.peer_ended;  // the socket closes after connection_lost
        };
        c.transport->close();
        c.transport->close();
        BOOST_TEST(c.protocol->losses == 0);
        BOOST_TEST(c.transport->is_closing());
        await(sleep(std::chrono::seconds(0)));
        BOOST_TEST(c.protocol->losses == 1);
        BOOST_TEST(!ended_before);
        c.peer_receives();
        BOOST_TEST(c.peer_ended);
        c.transport->close();
        c.transport->abort();
        settle();
        BOOST_TEST(c.protocol->calls == "made lost ");
    });
}

BOOST_AUTO_TEST_CASE(close_sends_what_is_buffered_first) {
    in_loop([] {
        Connected<> c;
        const std::string bytes = huge();
        c.transport->write(bytes);
        c.transport->close();
        BOOST_TEST((drain(c, bytes.size()) == bytes));
        BOOST_TEST(until([&] { return c.protocol->losses == 1; }));
        BOOST_TEST((c.protocol->error == nullptr));
    });
}

// TRANS-019
BOOST_AUTO_TEST_CASE(abort_drops_what_is_buffered) {
    in_loop([] {
        Connected<> c;
        c.transport->write(huge());
        c.transport->abort();
        BOOST_TEST(c.transport->get_write_buffer_size() == 0u);
        BOOST_TEST(c.protocol->losses == 0);
        await(sleep(std::chrono::seconds(0)));
        BOOST_TEST(c.protocol->losses == 1);
        BOOST_TEST((c.protocol->error == nullptr));
    });
}

// TRANS-021
BOOST_AUTO_TEST_CASE(write_eof_ends_the_sending_side_and_reading_goes_on) {
    in_loop([] {
        Connected<> c;
        BOOST_TEST(c.transport->can_write_eof());
        c.transport->write("bye");
        c.transport->write_eof();
        c.transport->write_eof();
        BOOST_TEST(c.peer_receives() == "bye");
        BOOST_TEST(c.peer_ended);
        BOOST_CHECK_THROW(c.transport->write("more"), RuntimeError);
        BOOST_CHECK_THROW(c.transport->writelines(std::vector<absl::string_view>{"more"}), RuntimeError);
        c.peer_sends("answer");
        BOOST_TEST(until([&] { return c.protocol->data == "answer"; }));
        c.transport->close();
    });
}

// TRANS-021
BOOST_AUTO_TEST_CASE(write_eof_waits_for_what_is_buffered) {
    in_loop([] {
        Connected<> c;
        const std::string bytes = huge();
        c.transport->write(bytes);
        c.transport->write_eof();
        settle();
        BOOST_TEST((drain(c, bytes.size()) == bytes));
        BOOST_TEST(until([&] {
            c.peer_receives();
            return c.peer_ended;
        }));
        BOOST_TEST(!c.transport->is_closing());
        c.transport->close();
    });
}

// TRANS-027, TRANS-028
BOOST_AUTO_TEST_CASE(the_protocol_is_paused_once_above_the_high_mark_and_resumed_once_at_the_low) {
    in_loop([] {
        Connected<> c;
        BOOST_TEST(c.transport->get_write_buffer_limits().high == 65536u);
        BOOST_TEST(c.transport->get_write_buffer_limits().low == 16384u);
        BOOST_CHECK_THROW(c.transport->set_write_buffer_limits(1, 2), std::invalid_argument);
        c.transport->set_write_buffer_limits(absl::nullopt, 10);
        BOOST_TEST(c.transport->get_write_buffer_limits().high == 40u);
        c.transport->set_write_buffer_limits(100);
        BOOST_TEST(c.transport->get_write_buffer_limits().low == 25u);
        {
            const FailingCall full(SystemCall::send, EAGAIN, 1, 1000);
            c.transport->write(std::string(100, 'x'));
            BOOST_TEST(c.protocol->calls == "made ");
            c.transport->write("x");
            c.transport->write("x");
            BOOST_TEST(c.protocol->calls == "made pause ");
        }
        BOOST_TEST(drain(c, 102).size() == 102u);
        BOOST_TEST(c.protocol->calls == "made pause resume ");
        {
            const FailingCall full(SystemCall::send, EAGAIN, 1, 1000);
            c.transport->write("twenty bytes or more");
        }
        c.transport->set_write_buffer_limits(10);
        BOOST_TEST(c.protocol->calls == "made pause resume pause ");
        c.transport->abort();
    });
}

BOOST_AUTO_TEST_CASE(a_failure_of_pause_or_resume_is_reported_and_the_connection_lives) {
    in_loop([] {
        Reports reports(get_running_loop());
        Connected<> c;
        c.protocol->on_pause = [] { throw std::runtime_error("no pause"); };
        c.protocol->on_resume = [] { throw std::runtime_error("no resume"); };
        const std::string bytes = huge();
        c.transport->write(bytes);
        BOOST_TEST((drain(c, bytes.size()) == bytes));
        BOOST_REQUIRE(reports.all.size() == 2);
        BOOST_TEST(reports.all[0].message == "protocol.pause_writing() failed");
        BOOST_TEST(reports.all[1].message == "protocol.resume_writing() failed");
        BOOST_TEST(!c.transport->is_closing());
        c.transport->close();
    });
}

BOOST_AUTO_TEST_CASE(closing_or_aborting_while_resumed_ends_it_once) {
    in_loop([] {
        for (bool abort : {false, true}) {
            Connected<> c;
            c.protocol->on_resume = [&] { abort ? c.transport->abort() : c.transport->close(); };
            const std::string bytes = huge();
            c.transport->write(bytes);
            const std::string received = drain(c, abort ? 1 : bytes.size());
            BOOST_TEST(until([&] {
                c.peer_receives();
                return c.protocol->losses == 1;
            }));
            settle();
            BOOST_TEST(c.protocol->calls == "made pause resume lost ");
        }
    });
}

BOOST_AUTO_TEST_CASE(writing_more_while_resumed_sends_that_too) {
    in_loop([] {
        Connected<> c;
        c.protocol->on_resume = [&] {
            c.transport->write("and more");
            c.transport->close();
        };
        const std::string bytes = huge();
        c.transport->write(bytes);
        BOOST_TEST((drain(c, bytes.size() + 8) == bytes + "and more"));
        BOOST_TEST(until([&] { return c.protocol->losses == 1; }));
    });
}

BOOST_AUTO_TEST_CASE(writing_from_another_thread_is_an_error_in_debug_mode) {
    in_loop([] {
        Connected<> c;
        std::thread([&] { BOOST_CHECK_THROW(c.transport->write("x"), RuntimeError); }).join();
        BOOST_TEST(c.peer_receives() == "");
        c.transport->close();
    });
}

// TRANS-030
BOOST_AUTO_TEST_CASE(tcp_connections_have_nodelay) {
    in_loop([] {
        Connected<> c(tcp_pair());
        const auto socket = absl::any_cast<TransportSocket>(c.transport->get_extra_info("socket"));
        BOOST_TEST(socket.getsockopt(IPPROTO_TCP, TCP_NODELAY) != 0);
        c.transport->close();
    });
}

// TRANS-026
BOOST_AUTO_TEST_CASE(extra_info_tells_the_addresses) {
    in_loop([] {
        Connected<> c(tcp_pair());
        BOOST_TEST((absl::any_cast<SocketAddress>(c.transport->get_extra_info("peername")) == c.peer.local_address()));
        BOOST_TEST((absl::any_cast<SocketAddress>(c.transport->get_extra_info("sockname")) == c.peer.remote_address()));
        BOOST_TEST(!c.transport->get_extra_info("cipher").has_value());
        BOOST_TEST(absl::any_cast<int>(c.transport->get_extra_info("cipher", 5)) == 5);
        BOOST_TEST((absl::any_cast<SocketAddress>(c.transport->get_extra_info("peername", 5)) == c.peer.local_address()));
        c.transport->close();
        settle();
        BOOST_TEST(absl::any_cast<TransportSocket>(c.transport->get_extra_info("socket")).fileno() == -1);
    });
}

// A program that stops its loop and waits for its peer would wait for ever.
BOOST_AUTO_TEST_CASE(what_was_held_back_is_sent_when_the_loop_stops_before_its_turn) {
    const auto loop = new_event_loop();
    std::unique_ptr<Connected<>> c;
    loop->run_until_complete([&] { c = std::make_unique<Connected<>>(); });
    const auto run_once_with = [&](std::function<void()> callback) {
        loop->call_soon(std::move(callback));
        loop->run_forever();
    };
    run_once_with([&] { c->transport->write("one "), c->transport->write("two "), loop->stop(); });
    BOOST_TEST(c->peer_receives() == "one two ");
    run_once_with([&] { c->transport->write("three "), loop->stop(), c->transport->write("four "), c->transport->write("five"); });
    BOOST_TEST(c->peer_receives() == "three four five");
    BOOST_TEST(c->transport->get_write_buffer_size() == 0u);
    loop->call_soon([&] { c->transport->write("six "), c->transport->write("seven"), throw KeyboardInterrupt(); });
    BOOST_CHECK_THROW(loop->run_forever(), KeyboardInterrupt);
    BOOST_TEST(c->peer_receives() == "six seven");
    loop->run_until_complete([&] { c->transport->close(), settle(); });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
