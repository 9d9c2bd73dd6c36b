// Datagram transports: sending, receiving, flow control and errors.
#include "net/dgram_fixtures.hpp"
#include "support/faults/system_calls.hpp"

#include <limits>

#include "support/allocation_counter.hpp"

namespace cede {
namespace tests {
namespace {

struct Throws {};

}  // namespace

BOOST_AUTO_TEST_SUITE(dgram_transport)

// DGRAM-009
BOOST_AUTO_TEST_CASE(a_datagram_is_sent_at_once) {
    in_loop([] {
        Paired p;
        p.transport.sendto("at once");
        BOOST_TEST((received_by(p.peer) == Texts{"at once"}));
        BOOST_TEST(p.transport.get_write_buffer_size() == 0u);
    });
}

// DGRAM-009
BOOST_AUTO_TEST_CASE(what_would_block_is_sent_later_in_order_and_whole) {
    in_loop([] {
        Paired p;
        const int sent = p.fill();
        const int all = sent + 100;
        for (int i = sent; i < all; ++i) p.transport.sendto(numbered(i));
        BOOST_TEST((p.peer_receives(static_cast<std::size_t>(all)) == numbered_texts(0, all)));
        BOOST_TEST(until([&] { return p.transport.get_write_buffer_size() == 0; }));
        BOOST_TEST(p.protocol.errors.empty());
    });
}

// DGRAM-009
BOOST_AUTO_TEST_CASE(an_interrupted_send_is_repeated_later) {
    in_loop([] {
        Paired p;
        {
            const FailingCall interrupted(SystemCall::sendto, EINTR);
            p.transport.sendto("interrupted");
            BOOST_TEST(interrupted.failed() == 1);
        }
        BOOST_TEST(p.transport.get_write_buffer_size() == 11u + 8u);
        const FailingCall again(SystemCall::sendmmsg, EINTR);
        BOOST_TEST((p.peer_receives(1) == Texts{"interrupted"}));
        BOOST_TEST(again.failed() == 1);
        BOOST_TEST(p.protocol.errors.empty());
    });
}

// DGRAM-010
BOOST_AUTO_TEST_CASE(an_empty_datagram_is_one_like_others) {
    in_loop([] {
        Paired p;
        p.transport.sendto("");
        BOOST_TEST((received_by(p.peer) == Texts{""}));
        p.peer_sends("");
        BOOST_TEST(p.endpoint.receives(1));
        BOOST_TEST((p.protocol.received == Texts{""}));
        // And so it is when it is buffered: it counts for the flow control, too.
        const int sent = p.fill();
        const std::size_t before = p.transport.get_write_buffer_size();
        p.transport.sendto("");
        BOOST_TEST(p.transport.get_write_buffer_size() == before + 8);
        const Texts texts = p.peer_receives(static_cast<std::size_t>(sent) + 1);
        BOOST_TEST(texts.back() == "");
        BOOST_TEST(texts.size() == static_cast<std::size_t>(sent) + 1);
    });
}

// DGRAM-011
BOOST_AUTO_TEST_CASE(a_connected_endpoint_sends_to_its_peer_only) {
    in_loop([] {
        Endpoint server(on_loopback());
        Endpoint other(on_loopback());
        Endpoint client(connected_to(server.address()));
        client.transport->sendto("to the peer, named", server.address());
        BOOST_TEST(server.receives(1));
        BOOST_CHECK_EXCEPTION(client.transport->sendto("elsewhere", other.address()), std::invalid_argument,
                              [&](const std::invalid_argument& e) {
                                  return std::string(e.what()).find(server.address().str()) != std::string::npos;
                              });
        // Of a socket that was connected elsewhere it holds as well.
        Socket connected(AF_INET, SOCK_DGRAM);
        await(get_running_loop().sock_connect(connected, server.address()));
        Endpoint given(DatagramOptions().socket(std::move(connected)));
        BOOST_CHECK_THROW(given.transport->sendto("elsewhere", other.address()), std::invalid_argument);
        settle();
        BOOST_TEST(other.protocol->received.empty());
        BOOST_TEST(!client.transport->is_closing());
    });
}

BOOST_AUTO_TEST_CASE(an_unconnected_endpoint_must_be_told_where_to) {
    in_loop([] {
        Endpoint server(on_loopback());
        BOOST_CHECK_THROW(server.transport->sendto("nowhere"), std::invalid_argument);
        BOOST_CHECK_THROW(server.transport->sendto("nowhere", SocketAddress()), std::invalid_argument);
        BOOST_TEST(!server.transport->is_closing());
    });
}

// DGRAM-012
BOOST_AUTO_TEST_CASE(an_error_of_the_system_on_receive_leaves_the_endpoint_open) {
    in_loop([] {
        Paired p;
        for (const int error : {ECONNREFUSED, ENOBUFS, EHOSTUNREACH}) {
            const std::size_t before = p.protocol.errors.size();
            const FailingCall failing(SystemCall::recvmmsg, error);
            p.peer_sends("is received after the error");
            BOOST_TEST(until([&] { return p.protocol.errors.size() == before + 1; }));
            BOOST_TEST(code_of(p.protocol.errors.back()).value() == error);
            BOOST_TEST(p.endpoint.receives(before + 1));
        }
        for (const int error : {EAGAIN, EINTR}) {
            p.protocol.received.clear();
            const FailingCall failing(SystemCall::recvmmsg, error);
            p.peer_sends("said nothing");
            BOOST_TEST(p.endpoint.receives(1));
            BOOST_TEST(failing.failed() == 1);
        }
        BOOST_TEST(p.protocol.errors.size() == 3u);
        BOOST_TEST(p.protocol.calls == "made ");
    });
}

// DGRAM-012
BOOST_AUTO_TEST_CASE(a_refused_datagram_is_told_to_error_received) {
    in_loop([] {
        Socket gone(AF_INET, SOCK_DGRAM);
        gone.bind(SocketAddress("127.0.0.1", 0));
        const SocketAddress nobody = gone.local_address();
        gone.close();
        Endpoint client(connected_to(nobody));
        client.transport->sendto("is anybody there?");
        BOOST_TEST(until([&] { return !client.protocol->errors.empty(); }));
        BOOST_TEST((code_of(client.protocol->errors.front()) == std::errc::connection_refused));
        BOOST_TEST(!client.transport->is_closing());
        // And when somebody comes there, it works.
        Endpoint late(DatagramOptions().local_addr(nobody));
        client.transport->sendto("now?");
        BOOST_TEST(late.receives(1));
    });
}

// DGRAM-012
BOOST_AUTO_TEST_CASE(an_error_of_the_system_on_send_drops_that_datagram_alone) {
    in_loop([] {
        Paired p;
        {
            const FailingCall failing(SystemCall::sendto, ENOBUFS);
            p.transport.sendto("has no room");
            BOOST_TEST(p.protocol.errors.size() == 1u);
        }
        BOOST_TEST((code_of(p.protocol.errors.front()) == std::errc::no_buffer_space));
        p.transport.sendto("has");
        BOOST_TEST((received_by(p.peer) == Texts{"has"}));
        p.transport.sendto(std::string(std::size_t{8} << 20, 'x'));
        BOOST_TEST((code_of(p.protocol.errors.back()) == std::errc::message_size));
        BOOST_TEST(p.protocol.calls == "made ");
    });
}

BOOST_AUTO_TEST_CASE(of_buffered_datagrams_only_those_that_are_refused_are_lost) {
    in_loop([] {
        Paired p;
        const int sent = p.fill();
        for (int i = sent; i < sent + 10; ++i) p.transport.sendto(numbered(i));
        {
            // Number `sent - 1` and the next two.
            const FailingCall failing(SystemCall::sendmmsg, ENOBUFS, 1, 3);
            received_by(p.peer);
            BOOST_TEST(until([&] { return p.protocol.errors.size() == 3; }));
        }
        BOOST_TEST((p.peer_receives(8) == numbered_texts(sent + 2, sent + 10)));
        // A protocol that sends again for each error ends nothing and starves nobody.
        p.fill();
        const FailingCall failing(SystemCall::sendmmsg, ENOBUFS, 1, 20), full(SystemCall::sendto, EAGAIN, 1, 20);
        p.protocol.on_error = [&] { p.transport.sendto("again"); };
        BOOST_TEST(until([&] {
            received_by(p.peer);
            return failing.failed() == 20;
        }));
        BOOST_TEST((p.peer_receives(1) == Texts{"again"}));
    });
}

// DGRAM-013
BOOST_AUTO_TEST_CASE(an_error_that_is_not_the_systems_is_fatal) {
    in_loop([] {
        if (!AllocationCounter::available()) return;
        Reports reports(get_running_loop());
        Paired p;
        {
            const FailingCall full(SystemCall::sendto, EAGAIN);
            // Not even address space has room for a copy of this, and the system is not asked for its bytes.
            p.transport.sendto(absl::string_view("", std::numeric_limits<std::ptrdiff_t>::max()));
        }
        BOOST_TEST(p.transport.is_closing());
        BOOST_REQUIRE(reports.all.size() == 1u);
        BOOST_TEST(reports.all.front().message == "Fatal write error on datagram transport");
        BOOST_TEST(reports.all.front().transport == p.endpoint.transport);
        BOOST_TEST(until([&] { return p.protocol.losses == 1; }));
        BOOST_TEST(p.protocol.calls == "made lost(error) ");
        BOOST_TEST(p.protocol.errors.empty());
    });
}

// What a peer has sent must not end the service of the others: as in asyncio, where such an exception is the callback's.
BOOST_AUTO_TEST_CASE(an_exception_of_the_protocol_is_reported_and_the_endpoint_stays_open) {
    in_loop([] {
        Reports reports(get_running_loop());
        Paired p;
        p.protocol.on_datagram = [&] {
            if (p.protocol.received.back() == "poison") throw Throws();
        };
        for (const char* text : {"good", "poison", "good, too"}) p.peer_sends(text);
        BOOST_TEST(p.endpoint.receives(3));
        BOOST_REQUIRE(reports.all.size() == 1u);
        BOOST_TEST(reports.all.front().message == "protocol.datagram_received() failed");
        p.protocol.on_error = [] { throw Throws(); };
        {
            const FailingCall failing(SystemCall::sendto, ENOBUFS);
            p.transport.sendto("refused");
        }
        BOOST_REQUIRE(reports.all.size() == 2u);
        BOOST_TEST(reports.all.back().message == "protocol.error_received() failed");
        p.protocol.on_error = nullptr;
        BOOST_TEST(p.protocol.calls == "made ");
    });
}

// DGRAM-014
BOOST_AUTO_TEST_CASE(the_callers_buffer_may_change_after_sendto) {
    in_loop([] {
        Paired p;
        const int sent = p.fill();
        std::string mine = "as it was";
        p.transport.sendto(mine);
        mine.assign(mine.size(), '!');
        BOOST_TEST(p.peer_receives(static_cast<std::size_t>(sent) + 1).back() == "as it was");
    });
}

BOOST_AUTO_TEST_CASE(a_protocol_is_paused_above_the_high_mark_and_resumed_at_the_low_one) {
    in_loop([] {
        Paired p;
        BOOST_TEST(p.transport.get_write_buffer_limits().high == 64u * 1024);
        BOOST_TEST(p.transport.get_write_buffer_limits().low == 16u * 1024);
        BOOST_CHECK_THROW(p.transport.set_write_buffer_limits(1, 2), std::invalid_argument);
        p.transport.set_write_buffer_limits(100, 40);
        const int sent = p.fill();
        BOOST_TEST(p.protocol.calls == "made ");
        int more = 0;
        while (p.protocol.calls == "made ") p.transport.sendto(numbered(sent + more++));
        BOOST_TEST(p.transport.get_write_buffer_size() > 100u);
        p.transport.sendto("once is enough");
        BOOST_TEST(p.protocol.calls == "made pause ");
        std::size_t left = 1000;
        p.protocol.on_resume = [&] { left = p.transport.get_write_buffer_size(); };
        p.peer_receives(static_cast<std::size_t>(sent + more) + 1);
        BOOST_TEST(until([&] { return p.protocol.calls == "made pause resume "; }));
        BOOST_TEST(left <= 40u);
        // Lowering the mark below what is buffered pauses at once.
        p.fill();
        p.transport.set_write_buffer_limits(0, 0);
        BOOST_TEST(p.protocol.calls == "made pause resume pause ");
        p.protocol.on_resume = nullptr;
    });
}

BOOST_AUTO_TEST_CASE(close_sends_what_is_buffered_first) {
    in_loop([] {
        Paired p;
        const int sent = p.fill();
        p.transport.close();
        p.transport.close();
        p.transport.sendto("too late");
        BOOST_TEST(p.protocol.losses == 0);
        p.peer_sends("nobody receives any more");
        BOOST_TEST((p.peer_receives(static_cast<std::size_t>(sent)) == numbered_texts(0, sent)));
        BOOST_TEST(until([&] { return p.protocol.losses == 1; }));
        BOOST_TEST(p.protocol.calls == "made lost ");
        BOOST_TEST(p.protocol.received.empty());
    });
}

BOOST_AUTO_TEST_CASE(abort_drops_what_is_buffered) {
    in_loop([] {
        Paired p;
        const int sent = p.fill();
        p.transport.abort();
        BOOST_TEST(p.transport.get_write_buffer_size() == 0u);
        BOOST_TEST(p.protocol.losses == 0);
        BOOST_TEST(until([&] { return p.protocol.losses == 1; }));
        BOOST_TEST(p.protocol.calls == "made lost ");
        BOOST_TEST((received_by(p.peer) == numbered_texts(0, sent - 1)));
        const Warnings warnings;
        for (int i = 0; i < 4; ++i) p.transport.sendto("dropped");
        BOOST_TEST(Warnings::list().empty());
        p.transport.sendto("dropped, and said");
        BOOST_TEST(Warnings::list().size() == 1u);
    });
}

BOOST_AUTO_TEST_CASE(a_protocol_may_close_or_be_switched_in_the_middle_of_a_burst) {
    in_loop([] {
        Paired p;
        const auto successor = std::make_shared<Datagrams>();
        p.protocol.on_datagram = [&] { p.transport.set_protocol(successor); };
        for (int i = 0; i < 8; ++i) p.peer_sends(numbered(i));
        successor->on_datagram = [&] {
            if (successor->received.size() == 3) p.transport.abort();
        };
        BOOST_TEST(until([&] { return successor->losses == 1; }));
        BOOST_TEST((p.protocol.received == numbered_texts(0, 1)));
        BOOST_TEST((successor->received == numbered_texts(1, 4)));
    });
}

// Nobody could receive them again.
BOOST_AUTO_TEST_CASE(an_interrupt_leaves_after_the_rest_of_its_burst) {
    const std::unique_ptr<EventLoop> loop = new_event_loop();
    auto ends = datagram_pair();
    const auto protocol = std::make_shared<Datagrams>();
    loop->run_until_complete(
        loop->create_datagram_endpoint(factory_of(protocol), DatagramOptions().socket(std::move(ends.first))));
    protocol->on_datagram = [&] {
        if (protocol->received.size() == 2) throw KeyboardInterrupt();
    };
    for (int i = 0; i < 4; ++i) {
        const std::string text = numbered(i);
        BOOST_REQUIRE(::send(ends.second.fd(), text.data(), text.size(), 0) > 0);
    }
    BOOST_CHECK_THROW(loop->run_forever(), KeyboardInterrupt);
    BOOST_TEST((protocol->received == numbered_texts(0, 4)));
    protocol->transport->abort();
    protocol->transport = nullptr;
    loop->close();
}

BOOST_AUTO_TEST_CASE(the_longest_datagrams_arrive_whole) {
    in_loop([] {
        Endpoint server(on_loopback());
        Endpoint client(connected_to(server.address()));
        const std::string longest = huge().substr(0, 65507);
        client.transport->sendto(longest);
        BOOST_TEST(server.receives(1));
        BOOST_TEST((server.protocol->received.front() == longest));
        Paired p;
        const std::string unix_datagram = huge().substr(0, 150000);
        p.peer_sends(unix_datagram);
        BOOST_TEST(p.endpoint.receives(1));
        BOOST_TEST((p.protocol.received.front() == unix_datagram));
        // The loop's slots are the sockets' turn by turn.
        client.transport->sendto("short");
        BOOST_TEST(server.receives(2));
        BOOST_TEST(server.protocol->received.back() == "short");
    });
}

BOOST_AUTO_TEST_CASE(a_datagram_that_is_too_long_is_an_error_and_not_cut) {
    in_loop([] {
        Paired p;
        const int room = 4 << 20;
        if (::setsockopt(p.peer.fd(), SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room) != 0) return;  // for root only
        p.peer_sends(huge().substr(0, 300000));
        p.peer_sends("fits");
        BOOST_TEST(p.endpoint.receives(1));
        BOOST_TEST((p.protocol.received == Texts{"fits"}));
        BOOST_REQUIRE(p.protocol.errors.size() == 1u);
        BOOST_TEST((code_of(p.protocol.errors.front()) == std::errc::message_size));
    });
}

// A sandbox may know neither recvmmsg nor sendmmsg.
BOOST_AUTO_TEST_CASE(one_by_one_where_the_system_has_no_call_for_many) {
    in_loop([] {
        Paired p;
        const FailingCall no_receive(SystemCall::recvmmsg, ENOSYS, 1, 1000);
        const FailingCall no_send(SystemCall::sendmmsg, ENOSYS, 1, 1000);
        const int sent = p.fill();
        BOOST_TEST((p.peer_receives(static_cast<std::size_t>(sent)) == numbered_texts(0, sent)));
        for (int i = 0; i < 5; ++i) p.peer_sends(numbered(i));
        BOOST_TEST(p.endpoint.receives(5));
        BOOST_TEST((p.protocol.received == numbered_texts(0, 5)));
        BOOST_TEST(no_receive.failed() >= 5);
        BOOST_TEST(no_send.failed() >= 1);
    });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
