// What goes over a TLS connection, in which pieces, and who has to wait.
#include "net/ssl_fixtures.hpp"

#include "net/player.hpp"
#include "net/sendfile_fixtures.hpp"
#include "support/allocation_counter.hpp"

namespace cede {
namespace tests {

BOOST_AUTO_TEST_SUITE(ssl_transfer)

// SSL-001: both at once, in pieces as sockets take them, with each of them slowed down by the other.
BOOST_AUTO_TEST_CASE(megabytes_go_both_ways_at_once) {
    in_loop([] {
        BothEnds<> both(tcp_pair());
        both.client_transport->write(huge());
        both.server_transport->write(huge());
        BOOST_TEST(both.client_transport->get_write_buffer_size() > 0u);
        BOOST_TEST(until([&] { return both.client->data.size() == huge().size() && both.server->data.size() == huge().size(); }));
        BOOST_TEST((both.client->data == huge()));
        BOOST_TEST((both.server->data == huge()));
        BOOST_TEST(both.client->calls == "pause resume ");
        BOOST_TEST(both.client_transport->get_write_buffer_size() == 0u);
        both.client_transport->abort();
    });
}

// SSL-011
BOOST_AUTO_TEST_CASE(a_buffered_protocol_gets_the_same_bytes) {
    in_loop([] {
        BothEnds<BufferedRecording> both;
        both.client_transport->write(huge().substr(0, 1 << 20));
        BOOST_TEST(until([&] { return both.server->data.size() == std::size_t{1} << 20; }));
        BOOST_TEST((both.server->data == huge().substr(0, 1 << 20)));
        both.client_transport->close();
        BOOST_TEST(until([&] { return both.client->losses == 1 && both.server->losses == 1; }));
        BOOST_TEST(both.server->calls == "eof lost ");
    });
}

BOOST_AUTO_TEST_CASE(an_empty_buffer_is_an_error) {
    in_loop([] {
        const Reports reports(get_running_loop());
        ToClient<BufferedRecording> c;
        c.protocol->buffer.clear();
        c.peer.says("x");
        BOOST_TEST(c.lost());
        BOOST_CHECK_THROW(std::rethrow_exception(c.protocol->error), RuntimeError);
        BOOST_TEST(reports.all.size() == 1u);
    });
}

// SSL-011: from within data_received, too.
BOOST_AUTO_TEST_CASE(the_protocol_can_be_replaced_at_any_time) {
    in_loop([] {
        ToClient<> c;
        const auto second = std::make_shared<BufferedRecording>();
        c.protocol->on_data = [&] { c.transport->set_protocol(second); };
        c.peer.says("one");
        BOOST_TEST(until([&] { return c.protocol->data == "one"; }));
        c.peer.says("two");
        BOOST_TEST(until([&] { return second->data == "two"; }));
        BOOST_TEST((c.transport->get_protocol() == second));
        BOOST_CHECK_THROW(c.transport->set_protocol(nullptr), std::invalid_argument);
        BOOST_CHECK_THROW(c.transport->set_protocol(std::make_shared<DatagramProtocol>()), std::invalid_argument);
        c.transport->abort();
        BOOST_TEST(until([&] { return second->losses == 1; }));
        BOOST_TEST((c.transport->get_protocol() == nullptr));
        BOOST_TEST(c.protocol->losses == 0);
    });
}

// Small writes of one iteration share records, and go in one piece.
BOOST_AUTO_TEST_CASE(lines_written_together_are_joined) {
    in_loop([] {
        ToClient<> c;
        const std::vector<absl::string_view> lines(1000, "a line\n");
        c.transport->writelines(lines);
        c.transport->writelines({});
        c.transport->write("");
        std::string heard;
        BOOST_TEST(until([&] { return (heard += c.peer.hears()).size() == 7000u; }));
        c.transport->abort();
    });
}

// A peer that does not read: nothing is encrypted that the socket does not take, the protocol is told, and told again.
BOOST_AUTO_TEST_CASE(a_slow_peer_pauses_the_protocol) {
    in_loop([] {
        ToClient<> c;
        BOOST_TEST(c.transport->get_write_buffer_limits().high == 512u * 1024);
        BOOST_TEST(c.transport->get_write_buffer_limits().low == 128u * 1024);
        std::size_t written = 0;
        while (c.protocol->calls.empty() && written < huge().size()) {
            c.transport->write(huge().substr(written, 50000));
            written += 50000;
        }
        BOOST_TEST(c.protocol->calls == "pause ");
        BOOST_TEST(c.transport->get_write_buffer_size() > 512u * 1024);
        std::string heard;
        BOOST_TEST(until([&] { return (heard += c.peer.hears()).size() >= written; }));
        BOOST_TEST((heard == huge().substr(0, written)));
        BOOST_TEST(c.protocol->calls == "pause resume ");
        c.transport->abort();
    });
}

// With limits of 0 resume_writing means that everything was sent, as with any transport.
BOOST_AUTO_TEST_CASE(limits_of_zero_wait_until_all_is_sent) {
    in_loop([] {
        ToClient<> c;
        BOOST_CHECK_THROW(c.transport->set_write_buffer_limits(1, 2), std::invalid_argument);
        c.transport->set_write_buffer_limits(0);
        BOOST_TEST(c.protocol->calls == "");
        c.transport->write("x");
        BOOST_TEST(c.protocol->calls == "");
        c.transport->write(huge());
        BOOST_TEST(c.protocol->calls == "pause ");
        std::size_t left_at_resume = 1;
        c.protocol->on_resume = [&] { left_at_resume = c.transport->get_write_buffer_size(); };
        BOOST_TEST(until([&] {
            c.peer.hears();
            return c.protocol->calls == "pause resume ";
        }));
        BOOST_TEST(left_at_resume == 0u);
        c.transport->abort();
    });
}

// An application that does not read: the ciphertext that is held is bounded, and all of it comes later.
BOOST_AUTO_TEST_CASE(an_application_that_pauses_slows_down_the_peer) {
    in_loop([] {
        ToClient<> c;
        c.transport->pause_reading();
        BOOST_TEST(!c.transport->is_reading());
        const std::string all = c.peer.encrypted(huge());
        std::size_t sent = 0;
        const auto send_some = [&] {
            const ssize_t count = ::send(c.peer.socket.fd(), all.data() + sent, all.size() - sent, MSG_NOSIGNAL);
            if (count > 0) sent += static_cast<std::size_t>(count);
        };
        int turns = 0;
        until([&] {
            send_some();
            return ++turns > 3000;
        });
        BOOST_TEST(sent < all.size() / 2);
        BOOST_TEST(c.protocol->reads == 0);
        // Each time it resumes only for one piece.
        c.protocol->on_data = [&] {
            c.transport->pause_reading();
            get_running_loop().call_soon([&] { c.transport->resume_reading(); });
        };
        c.transport->resume_reading();
        BOOST_TEST(until([&] {
            send_some();
            return c.protocol->data.size() == huge().size();
        }));
        BOOST_TEST((c.protocol->data == huge()));
        c.transport->abort();
    });
}

// TLS may want to hear from the peer before it encrypts anything.
BOOST_AUTO_TEST_CASE(what_tls_does_not_take_yet_waits) {
    in_loop([] {
        ToClient<> c;
        c.context->options->writes_that_wait = 3;
        c.transport->write("patience");
        BOOST_TEST(c.transport->get_write_buffer_size() == 8u);
        c.transport->write(", please");
        for (int i = 0; i < 2; ++i) {
            settle();
            BOOST_TEST(c.peer.hears() == "");
            c.peer.says("go on");
        }
        std::string heard;
        BOOST_TEST(until([&] { return (heard += c.peer.hears()) == "patience, please"; }));
        c.transport->abort();
    });
}

BOOST_AUTO_TEST_CASE(an_echoed_message_allocates_nothing) {
    cede::run(
        [] {
            auto ends = tcp_pair();
            EventLoop& loop = get_running_loop();
            const auto player = std::make_shared<Player>();
            const auto accepting = create_task(loop.connect_accepted_socket(
                [] { return std::make_shared<Echo>(); }, std::move(ends.first), ConnectionOptions().ssl(toy())));
            await(loop.create_connection(factory_of(player), over_toy(std::move(ends.second))));
            await(accepting);
            play(*player, 100);
            const AllocationCounter allocations;
            play(*player, 1000);
            const std::size_t allocated = allocations.count();
            if (AllocationCounter::available()) BOOST_TEST(allocated == 0u);
            player->transport->abort();
        },
        RunOptions().debug(false));
}

BOOST_AUTO_TEST_CASE(there_is_no_end_of_one_direction) {
    in_loop([] {
        ToClient<> c;
        BOOST_TEST(!c.transport->can_write_eof());
        BOOST_CHECK_THROW(c.transport->write_eof(), RuntimeError);
        c.transport->flush();
        c.transport->abort();
    });
}

// SSL-014: what came in order is delivered, then the error; the peer gets an alert.
BOOST_AUTO_TEST_CASE(a_corrupted_record_ends_the_connection_with_the_error) {
    in_loop([] {
        const Reports reports(get_running_loop());
        ToClient<> c;
        std::string bytes = c.peer.encrypted("whole");
        std::string broken = c.peer.encrypted("broken");
        broken[4] ^= 1;
        c.peer.send_raw(bytes + broken);
        BOOST_TEST(c.lost());
        BOOST_TEST(c.protocol->data == "whole");
        BOOST_TEST(c.protocol->calls == "lost(error) ");
        BOOST_CHECK_THROW(std::rethrow_exception(c.protocol->error), SSLError);
        BOOST_CHECK_THROW(until([&] { return !c.peer.hears().empty(); }), SSLError);
        BOOST_TEST(reports.all.empty());
    });
}

// A failure of the TLS library in any of its calls ends the connection; what is no OSError is reported as well.
BOOST_AUTO_TEST_CASE(a_failure_in_any_call_of_the_library_ends_the_connection) {
    for (const char* failing : {"feed", "take", "read", "write"}) {
        in_loop([=] {
            const Reports reports(get_running_loop());
            ToClient<> c;
            c.context->options->on_call = [=](const char* call) {
                if (call == std::string(failing)) throw std::logic_error(failing);
            };
            c.peer.says("x");
            c.transport->write("y");
            BOOST_TEST(c.lost());
            BOOST_TEST(c.protocol->calls == "lost(error) ");
            BOOST_TEST(reports.all.size() == 1u);
            c.context->options->on_call = nullptr;
        });
    }
}

BOOST_AUTO_TEST_CASE(an_exception_in_any_callback_ends_the_connection) {
    for (int which = 0; which < 5; ++which) {
        in_loop([=] {
            const Reports reports(get_running_loop());
            ToClient<> c;
            std::function<void()>* const callbacks[] = {&c.protocol->on_data, &c.protocol->on_eof, &c.protocol->on_pause,
                                                        &c.protocol->on_resume, &c.protocol->on_lost};
            *callbacks[which] = [] { throw std::logic_error("no"); };
            c.peer.says("x");
            if (which == 2 || which == 3) c.transport->write(huge().substr(0, 2 << 20));
            until([&] {
                if (c.peer.socket) c.peer.hears();
                return c.protocol->data == "x" && c.transport->get_write_buffer_size() == 0;
            });
            if (which > 0) {
                c.peer.send_raw(c.peer.close_notify());
                c.peer.socket.close();
            }
            BOOST_TEST(c.lost());
            BOOST_TEST((c.protocol->error != nullptr) == (which < 2));
            BOOST_TEST(reports.all.size() == 1u);
        });
    }
}

// Every callback may be the last that anybody hears of the protocol.
BOOST_AUTO_TEST_CASE(everything_may_be_dropped_or_aborted_in_every_callback) {
    for (int which = 0; which < 5; ++which) {
        const int before = open_descriptors();
        std::weak_ptr<Recording> watched;
        in_loop([&] {
            ToClient<> c;
            Recording* const raw = c.protocol.get();
            const auto drop = [raw] {
                if (raw->transport == nullptr) return;
                const std::shared_ptr<Transport> transport = std::move(raw->transport);
                transport->abort();
                transport->set_protocol(std::make_shared<Recording>());
                transport->write("after the abort");
                transport->close();
                transport->pause_reading();
                transport->resume_reading();
            };
            std::function<void()>* const callbacks[] = {&raw->on_data, &raw->on_eof, &raw->on_lost, &raw->on_pause,
                                                        &raw->on_resume};
            *callbacks[which] = drop;
            watched = c.protocol;
            c.protocol = nullptr;
            c.transport = nullptr;
            if (which > 2) raw->transport->write(huge());
            if (which == 3) return settle();
            std::string rest = c.peer.encrypted("x");
            rest += c.peer.close_notify();
            int turns = 0;
            until([&] {
                c.peer.receive();
                return ++turns > 500;
            });
            c.peer.send_raw(rest);
            c.peer.socket.close();
            BOOST_TEST(until([&] { return watched.expired(); }));
        });
        BOOST_TEST(watched.expired(), "callback " << which);
        BOOST_TEST(open_descriptors() == before);
    }
}

// SENDF-011: over TLS a file is read and written.
BOOST_AUTO_TEST_CASE(a_file_is_sent_by_the_fallback) {
    in_loop([] {
        ToClient<> c;
        const TemporaryFile file(huge().substr(0, 300000));
        BOOST_CHECK_THROW(await(get_running_loop().sendfile(c.transport, file.fd(), SendfileOptions().fallback(false))),
                          RuntimeError);
        c.transport->write("before ");
        const auto sending = create_task(get_running_loop().sendfile(c.transport, file.fd()));
        std::string heard;
        BOOST_TEST(until([&] { return (heard += c.peer.hears()).size() == 300007u; }));
        BOOST_TEST(await(sending) == 300000);
        c.transport->write(" after");
        BOOST_TEST(until([&] { return (heard += c.peer.hears()).size() == 300013u; }));
        BOOST_TEST((heard == "before " + huge().substr(0, 300000) + " after"));
        c.transport->abort();
    });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
