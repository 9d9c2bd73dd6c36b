// A thousand small writes are two system calls, whoever makes them and whatever comes after them; and they lose and reorder
// nothing.
#include "net/fixtures.hpp"
#include "support/faults/system_calls.hpp"

#include "cede/stream/streams.hpp"

namespace cede {
namespace tests {
namespace {

// Of any kind that could send.
struct Sends {
    int count() const { return send.count() + sendmsg.count() + sendto.count() + sendmmsg.count(); }
    CallCounter send{SystemCall::send}, sendmsg{SystemCall::sendmsg};
    CallCounter sendto{SystemCall::sendto}, sendmmsg{SystemCall::sendmmsg};
};

// Writes a thousand different pieces of `size` bytes; what they are together.
template <class W>
std::string write_a_thousand(const W& write, std::size_t size) {
    std::string all;
    for (int i = 0; i < 1000; ++i) {
        const std::string piece = (std::to_string(i) + std::string(size, '.')).substr(0, size);
        write(piece);
        all += piece;
    }
    return all;
}

// The peer receives until `size` bytes have come.
template <class P>
std::string received(Connected<P>& c, std::size_t size) {
    std::string bytes;
    until([&] {
        bytes += c.peer_receives();
        return bytes.size() >= size;
    });
    return bytes;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(write_amplification)

BOOST_AUTO_TEST_CASE(a_thousand_writes_of_a_protocol_are_two_system_calls) {
    for (std::size_t size : {8, 64, 128}) {
        in_loop([&] {
            Connected<> c(tcp_pair());
            const Sends sends;
            const std::string all = write_a_thousand([&](const std::string& piece) { c.transport->write(piece); }, size);
            BOOST_TEST((received(c, all.size()) == all));
            BOOST_TEST(sends.count() <= 2);
            BOOST_TEST(c.protocol->calls == "made ");  // the system took it: nobody was asked to pause
            BOOST_TEST(c.transport->get_write_buffer_size() == 0u);
            c.transport->close();
        });
    }
}

BOOST_AUTO_TEST_CASE(a_thousand_writes_of_a_stream_before_one_drain_are_two_system_calls) {
    for (bool as_lines : {false, true}) {
        in_loop([&] {
            EventLoop& loop = get_running_loop();
            std::string expected, all;
            const auto receiver = std::make_shared<Recording>();
            const Server server = await(loop.create_server(factory_of(receiver), "127.0.0.1", 0));
            const auto streams = await(open_connection("127.0.0.1", server.sockets().front().local_address().port()));
            const StreamWriter& writer = streams.second;
            const Sends sends;
            expected = write_a_thousand(
                [&](const std::string& piece) { as_lines ? writer.writelines({piece}) : writer.write(piece); }, 32);
            await(writer.drain());
            BOOST_TEST(writer.transport()->get_write_buffer_size() == 0u);  // drain() is what sends it
            BOOST_TEST(sends.count() <= 2);
            BOOST_TEST(until([&] { return receiver->data.size() >= expected.size(); }));
            BOOST_TEST((receiver->data == expected));
            BOOST_TEST(sends.count() <= 2);
            writer.close();
            server.close();
        });
    }
}

BOOST_AUTO_TEST_CASE(the_first_write_of_an_iteration_goes_at_once_and_the_others_in_the_next) {
    in_loop([] {
        Connected<> c;
        for (int i = 0; i < 3; ++i) {
            c.transport->write("1");
            BOOST_TEST(c.peer_receives() == "1");
            c.transport->write("2");
            c.transport->write("3");
            BOOST_TEST(c.peer_receives() == "");
            BOOST_TEST(c.transport->get_write_buffer_size() == 2u);
            await(sleep(std::chrono::seconds(0)));
            BOOST_TEST(c.peer_receives() == "23");
        }
        c.transport->close();
    });
}

BOOST_AUTO_TEST_CASE(what_is_large_is_not_held_back_and_stays_behind_what_is) {
    in_loop([] {
        Connected<> c;
        c.transport->write("a");
        c.transport->write("b");
        const std::string large(20000, 'c');
        c.transport->write(large);
        BOOST_TEST((c.peer_receives() == "ab" + large));
        c.transport->write(large);
        BOOST_TEST((c.peer_receives() == large));
        c.transport->close();
    });
}

BOOST_AUTO_TEST_CASE(a_protocol_that_never_cedes_does_not_pile_up) {
    in_loop([] {
        Connected<> c;
        std::size_t most = 0;
        std::string got;
        const std::string piece(100, 'x');
        for (int i = 0; i < 20000; ++i) {
            c.transport->write(piece);
            most = std::max(most, c.transport->get_write_buffer_size());
            got += c.peer_receives();
        }
        got += received(c, 2000000 - got.size());
        BOOST_TEST(got.size() == 2000000u);
        BOOST_TEST(most <= 128u * 1024);
        BOOST_TEST(c.protocol->calls == "made ");
        c.transport->close();
    });
}

// TRANS-028
BOOST_AUTO_TEST_CASE(the_high_mark_counts_once_the_system_has_refused) {
    in_loop([] {
        Connected<> c;
        c.transport->set_write_buffer_limits(100);
        const FailingCall full(SystemCall::sendmsg, EAGAIN, 1, 1000000);
        c.transport->write("first");
        c.transport->write(std::string(200, 'x'));
        BOOST_TEST(c.protocol->calls == "made ");
        c.transport->flush();
        BOOST_TEST(c.protocol->calls == "made pause ");
        c.transport->write("more");
        BOOST_TEST(c.transport->get_write_buffer_size() == 204u);
        c.transport->abort();
    });
}

// TRANS-018, TRANS-019, TRANS-021: nothing that was written in time is lost, however it ends.
BOOST_AUTO_TEST_CASE(close_abort_write_eof_and_the_end_of_the_loop_send_it_first) {
    const std::vector<std::function<void(Transport&)>> ends = {
        [](Transport& transport) { transport.close(); },
        [](Transport& transport) { transport.abort(); },
        [](Transport& transport) { transport.write_eof(); },
        [](Transport& transport) { transport.set_write_buffer_limits(10); },
        [](Transport&) {},
    };
    for (const auto& end : ends) {
        Socket peer;
        in_loop([&] {
            Connected<> c;
            c.transport->write("one ");
            c.transport->write("two ");
            c.transport->write("three");
            end(*c.transport);
            peer = std::move(c.peer);
        });
        char bytes[100];
        const ssize_t count = ::recv(peer.fd(), bytes, sizeof bytes, 0);
        BOOST_TEST(std::string(bytes, count > 0 ? static_cast<std::size_t>(count) : 0) == "one two three");
    }
    // A loop that is closed before it comes to that.
    auto loop = new_event_loop();
    Socket peer;
    std::shared_ptr<Transport> transport;
    loop->run_until_complete([&] {
        Connected<> c;
        peer = std::move(c.peer);
        transport = c.transport;
    });
    loop->call_soon([&] {
        transport->write("first");
        loop->stop();
        transport->write("second");
    });
    loop->run_forever();
    loop->close();
    char bytes[100];
    BOOST_TEST(::recv(peer.fd(), bytes, sizeof bytes, 0) == 11);
}

// TRANS-015
BOOST_AUTO_TEST_CASE(an_error_of_the_joined_writes_closes_the_transport) {
    in_loop([] {
        const std::vector<std::function<void(Transport&)>> causes = {
            [](Transport&) { settle(); }, [](Transport& transport) { transport.flush(); },
            [](Transport& transport) { transport.close(); }, [](Transport& transport) { transport.write_eof(); },
            [](Transport& transport) { transport.write(std::string(10000, 'x')); }};
        for (const auto& cause : causes) {
            Connected<> c;
            const FailingCall failing(SystemCall::sendmsg, ENETDOWN);
            c.transport->write("x");
            c.transport->write("y");
            BOOST_TEST(!c.transport->is_closing());
            cause(*c.transport);
            BOOST_TEST(c.transport->is_closing());
            settle();
            BOOST_TEST(c.protocol->calls == "made lost(error) ");
        }
    });
}

BOOST_AUTO_TEST_CASE(what_the_system_takes_in_parts_arrives_in_order) {
    in_loop([] {
        Connected<> c;
        const StingySend stingy;
        std::string expected;
        for (int i = 0; i < 300; ++i) {
            const std::string piece = std::to_string(i) + ",";
            c.transport->write(piece);
            expected += piece;
            if (i % 7 == 0) c.transport->flush();
            if (i % 31 == 0) await(sleep(std::chrono::seconds(0)));
        }
        BOOST_TEST(received(c, expected.size()) == expected);
        c.transport->close();
    });
}

// What waits to be joined stands in the loop's queue. When it is sent earlier it leaves that, in the middle of an iteration.
BOOST_AUTO_TEST_CASE(what_was_to_be_joined_may_go_before_its_turn) {
    cede::run([] {
        std::vector<std::unique_ptr<Connected<>>> all;
        for (int i = 0; i < 60; ++i) all.emplace_back(new Connected<>());
        const Future<void> begin, never;
        std::vector<Task<void>> waits;
        for (int i = 0; i < 2; ++i) {
            waits.push_back(create_task([&] {
                await(begin);
                for (const auto& each : all) each->transport->flush();
                await(never);
            }));
        }
        await(sleep(std::chrono::seconds(0)));
        begin.set_result();
        for (const auto& each : all) {
            for (const char* piece : {"a", "b", "c"}) each->transport->write(piece);
        }
        await(sleep(std::chrono::seconds(0)));
        await(sleep(std::chrono::seconds(0)));
        for (const auto& each : all) {
            BOOST_TEST(each->peer_receives() == "abc");
            each->transport->close();
        }
        for (const auto& each : waits) each.cancel();
    });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
