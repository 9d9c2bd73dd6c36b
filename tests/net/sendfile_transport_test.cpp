// loop.sendfile: a file in the midst of what is written to a transport.
#include "net/dgram_fixtures.hpp"
#include "net/sendfile_fixtures.hpp"
#include "support/faults/system_calls.hpp"

#include <thread>

#include "cede/task/task.hpp"

namespace cede {
namespace tests {
namespace {

using Options = SendfileOptions;

// A transport that has no descriptor of its own to send on, as one that encrypts: all goes through another.
class Forwarding : public Transport {
public:
    explicit Forwarding(std::shared_ptr<Transport> to) : inner(std::move(to)) {}
    void close() override { inner->close(); }
    bool is_closing() const override { return inner->is_closing(); }
    void set_protocol(std::shared_ptr<BaseProtocol> protocol) override { inner->set_protocol(std::move(protocol)); }
    std::shared_ptr<BaseProtocol> get_protocol() const override { return inner->get_protocol(); }
    bool is_reading() const override { return inner->is_reading(); }
    void pause_reading() override { inner->pause_reading(); }
    void resume_reading() override { inner->resume_reading(); }
    void write(absl::string_view data) override { inner->write(data); }
    void writelines(absl::Span<const absl::string_view> data) override { inner->writelines(data); }
    void write_eof() override { inner->write_eof(); }
    bool can_write_eof() const override { return inner->can_write_eof(); }
    void abort() override { inner->abort(); }
    void set_write_buffer_limits(absl::optional<std::size_t> high, absl::optional<std::size_t> low) override {
        inner->set_write_buffer_limits(high, low);
    }
    Limits get_write_buffer_limits() const override { return inner->get_write_buffer_limits(); }
    std::size_t get_write_buffer_size() const override { return inner->get_write_buffer_size(); }

    std::shared_ptr<Transport> inner;
};

// The ways in which a file may go.
enum Way { natively, by_reading, by_writing };
std::ostream& operator<<(std::ostream& out, Way way) {
    return out << (way == natively ? "natively" : way == by_reading ? "by reading" : "by writing");
}

struct Sender : Connected<> {
    explicit Sender(Way by) : way(by), unsupported(SystemCall::sendfile, ENOSYS, 1, by == by_reading ? 1 : 0) {
        target = transport;
        if (by == by_writing) target = std::make_shared<Forwarding>(transport);
    }
    ~Sender() { transport->abort(); }
    Coroutine<std::int64_t> sendfile(const TemporaryFile& file, Options options = Options()) {
        return get_running_loop().sendfile(target, file.fd(), options);
    }
    // Starts it, and lets it run until it is in the middle.
    Task<std::int64_t> in_progress(const TemporaryFile& file) {
        auto sending = create_task(sendfile(file));
        until([&] {
            received += peer_receives();
            return received.size() > 200000;
        });
        BOOST_TEST(!sending.done());
        return sending;
    }
    const Way way;
    const FailingCall unsupported;
    std::shared_ptr<Transport> target;
    std::string received;
};

template <class E>
bool throws(const Task<std::int64_t>& sending) {
    try {
        await(sending);
    } catch (const E&) {
        return true;
    }
    return false;
}

bool sendfile_refused(const std::shared_ptr<BaseTransport>& transport, const TemporaryFile& file,
                      Options options = Options()) {
    try {
        await(get_running_loop().sendfile(transport, file.fd(), options));
    } catch (const SendfileNotAvailableError&) {
        return false;
    } catch (const RuntimeError&) {
        return file.position() == 0;
    }
    return false;
}

template <class F>
void each_way(F f) {
    for (const Way way : {natively, by_reading, by_writing}) {
        BOOST_TEST_CONTEXT(way) in_loop([&] { f(way); });
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sendfile_transport)

// SENDF-008
BOOST_AUTO_TEST_CASE(a_file_is_sent_between_what_is_written) {
    each_way([](Way way) {
        const TemporaryFile file(huge());
        Sender s(way);
        auto receiving = create_task([&] { return receive_all(s.peer); });
        const std::string before = huge().substr(0, 3000000);
        s.target->write(before);
        BOOST_TEST(await(s.sendfile(file)) == file.size());
        BOOST_TEST(file.position() == file.size());
        s.target->write("in between");
        BOOST_TEST(await(s.sendfile(file, Options().offset(100).count(2000000))) == 2000000);
        BOOST_TEST(file.position() == 2000100);
        s.target->write("after");
        s.target->close();
        const std::string all = before + huge() + "in between" + huge().substr(100, 2000000) + "after";
        BOOST_TEST((await(std::move(receiving)) == all));
    });
}

// SENDF-009
BOOST_AUTO_TEST_CASE(nothing_is_sent_on_a_closing_transport) {
    in_loop([] {
        const TemporaryFile file("some bytes");
        Connected<> c;
        c.transport->close();
        BOOST_TEST(sendfile_refused(c.transport, file));
        settle();
        BOOST_TEST(sendfile_refused(c.transport, file));
        BOOST_TEST(c.peer_receives() == "");
        Connected<> ended;
        ended.transport->write_eof();
        BOOST_TEST(sendfile_refused(ended.transport, file));
        ended.transport->abort();
        BOOST_CHECK_THROW(await(get_running_loop().sendfile(nullptr, file.fd())), std::invalid_argument);
    });
}

// SENDF-010
BOOST_AUTO_TEST_CASE(a_transport_of_another_kind_is_refused) {
    in_loop([] {
        const TemporaryFile file("some bytes");
        Endpoint datagrams(on_loopback());
        BOOST_TEST(sendfile_refused(datagrams.transport, file));
        BOOST_TEST(!datagrams.transport->is_closing());
    });
}

// SENDF-011
BOOST_AUTO_TEST_CASE(a_transport_that_only_writes_needs_the_fallback) {
    in_loop([] {
        const TemporaryFile file("some bytes");
        Sender s(by_writing);
        BOOST_TEST(sendfile_refused(s.target, file, Options().fallback(false)));
        BOOST_TEST(s.peer_receives() == "");
        BOOST_TEST(await(s.sendfile(file)) == 10);
        BOOST_TEST(receive_exactly(s.peer, 10) == "some bytes");
    });
}

// SENDF-002
BOOST_AUTO_TEST_CASE(without_fallback_nothing_happens_where_the_system_cannot) {
    in_loop([] {
        const TemporaryFile file("some bytes");
        Sender s(by_reading);
        BOOST_CHECK_THROW(await(s.sendfile(file, Options().fallback(false))), SendfileNotAvailableError);
        BOOST_TEST(file.position() == 0);
        BOOST_TEST(s.peer_receives() == "");
        // The transport is as it was.
        s.transport->write("goes on");
        BOOST_TEST(s.peer_receives() == "goes on");
        BOOST_TEST(s.transport->is_reading());
        BOOST_CHECK_THROW(await(s.sendfile(file, Options().offset(-1))), std::invalid_argument);
        BOOST_CHECK_THROW(await(s.sendfile(file, Options().count(0))), std::invalid_argument);
    });
}

// SENDF-012
BOOST_AUTO_TEST_CASE(nobody_else_writes_while_a_file_is_sent) {
    for (const Way way : {natively, by_reading}) {
        in_loop([way] {
            const TemporaryFile file(huge());
            Sender s(way);
            auto sending = s.in_progress(file);
            const absl::string_view lines[] = {"a", "b"};
            BOOST_CHECK_THROW(s.transport->write("in the midst"), RuntimeError);
            BOOST_CHECK_THROW(s.transport->writelines(lines), RuntimeError);
            BOOST_CHECK_THROW(await(s.sendfile(file)), RuntimeError);
            auto receiving = create_task([&] { return receive_exactly(s.peer, huge().size() - s.received.size()); });
            BOOST_TEST(await(sending) == file.size());
            BOOST_TEST((s.received + await(std::move(receiving)) == huge()));
            s.transport->write("afterwards");
            BOOST_TEST(s.peer_receives() == "afterwards");
        });
    }
}

// SENDF-013
BOOST_AUTO_TEST_CASE(a_peer_that_closes_in_the_middle_is_a_connection_error) {
    each_way([](Way way) {
        const TemporaryFile file(huge());
        Sender s(way);
        auto sending = s.in_progress(file);
        s.peer.close();
        BOOST_TEST(throws<std::system_error>(sending));
        BOOST_TEST(s.transport->is_closing());
        BOOST_TEST(file.position() >= static_cast<std::int64_t>(s.received.size()));
        BOOST_TEST(file.position() < file.size());
        BOOST_TEST(until([&] { return s.protocol->losses == 1; }));
        BOOST_TEST(s.protocol->calls == "made lost(error) ");
    });
}

// SENDF-014
BOOST_AUTO_TEST_CASE(a_peer_that_closes_after_receiving_everything_is_no_error) {
    each_way([](Way way) {
        const TemporaryFile file(huge());
        Sender s(way);
        auto receiving = create_task([&] {
            const std::string all = receive_exactly(s.peer, huge().size());
            s.peer.close();
            return all;
        });
        BOOST_TEST(await(s.sendfile(file)) == file.size());
        BOOST_TEST((await(std::move(receiving)) == huge()));
        BOOST_TEST(file.position() == file.size());
    });
}

BOOST_AUTO_TEST_CASE(reading_pauses_meanwhile_and_goes_on_afterwards) {
    each_way([](Way way) {
        const TemporaryFile file(huge());
        Sender s(way);
        auto sending = s.in_progress(file);
        s.peer_sends("a question");
        settle();
        BOOST_TEST(s.protocol->data == "");
        auto receiving = create_task([&] { return receive_exactly(s.peer, huge().size() - s.received.size()); });
        await(sending);
        BOOST_TEST(until([&] { return s.protocol->data == "a question"; }));
        await(std::move(receiving));
        // Who had paused it stays paused.
        s.transport->pause_reading();
        await(s.sendfile(file, Options().count(10)));
        BOOST_TEST(!s.transport->is_reading());
    });
}

BOOST_AUTO_TEST_CASE(a_cancelled_one_leaves_the_transport_usable) {
    each_way([](Way way) {
        const TemporaryFile file(huge());
        Sender s(way);
        auto sending = s.in_progress(file);
        sending.cancel();
        BOOST_TEST(throws<CancelledError>(sending));
        s.target->write("next");
        until([&] {
            s.received += s.peer_receives();
            return s.transport->get_write_buffer_size() == 0;
        });
        s.received += s.peer_receives();
        const std::size_t sent = static_cast<std::size_t>(file.position());
        BOOST_TEST((s.received == huge().substr(0, sent) + "next"));
        BOOST_TEST(s.transport->get_protocol() == s.protocol);
        BOOST_TEST(s.transport->is_reading());
    });
}

BOOST_AUTO_TEST_CASE(one_that_is_cancelled_before_its_turn_sends_nothing) {
    in_loop([] {
        const TemporaryFile file(huge());
        Sender s(natively);
        s.transport->write(huge());
        auto sending = create_task(s.sendfile(file));
        settle();
        BOOST_CHECK_THROW(s.transport->write("x"), RuntimeError);
        sending.cancel();
        BOOST_TEST(throws<CancelledError>(sending));
        BOOST_TEST(file.position() == 0);
        s.transport->write("next");
        std::string received;
        until([&] {
            received += s.peer_receives();
            return received.size() >= huge().size() + 4;
        });
        BOOST_TEST((received == huge() + "next"));
    });
}

BOOST_AUTO_TEST_CASE(closing_the_transport_ends_it) {
    each_way([](Way way) {
        for (const bool abort : {true, false}) {
            const TemporaryFile file(huge());
            Sender s(way);
            auto sending = s.in_progress(file);
            if (abort) {
                s.target->abort();
            } else {
                s.target->close();
            }
            // What a close() still has to send is what was buffered.
            auto draining = create_task([&] { s.received += receive_all(s.peer); });
            BOOST_TEST(throws<std::system_error>(sending));
            await(draining);
            BOOST_TEST((s.received == huge().substr(0, s.received.size())));
            BOOST_TEST(file.position() < file.size());
            BOOST_TEST(until([&] { return s.protocol->losses == 1; }));
            BOOST_TEST(s.protocol->calls.find("lost ") != std::string::npos);
            if (way != by_writing || !abort) {
                BOOST_TEST(file.position() == static_cast<std::int64_t>(s.received.size()));
            }
        }
    });
}

BOOST_AUTO_TEST_CASE(a_close_before_its_turn_still_sends_what_was_written) {
    in_loop([] {
        const TemporaryFile file("not sent");
        Sender s(natively);
        s.transport->write(huge());
        auto sending = create_task(s.sendfile(file));
        settle();
        s.transport->close();
        BOOST_TEST((receive_all(s.peer) == huge()));
        BOOST_TEST(throws<std::system_error>(sending));
        BOOST_TEST(file.position() == 0);
    });
}

BOOST_AUTO_TEST_CASE(the_end_of_writing_waits_for_the_end_of_the_file) {
    in_loop([] {
        const TemporaryFile file(huge());
        Sender s(natively);
        auto sending = s.in_progress(file);
        s.transport->write_eof();
        auto receiving = create_task([&] { return receive_all(s.peer); });
        BOOST_TEST(await(sending) == file.size());
        BOOST_TEST((s.received + await(std::move(receiving)) == huge()));
        BOOST_TEST(!s.transport->is_closing());
    });
}

BOOST_AUTO_TEST_CASE(a_loop_that_closes_in_the_middle_leaks_nothing) {
    for (const Way way : {natively, by_reading, by_writing}) {
        const int before = open_descriptors();
        {
            const Warnings warnings;
            const std::unique_ptr<EventLoop> loop = new_event_loop();
            loop->set_exception_handler([](EventLoop&, const ExceptionContext&) {});  // of a task that was pending
            std::unique_ptr<TemporaryFile> file(new TemporaryFile(huge()));
            auto ends = Socket::pair();
            const FailingCall unsupported(SystemCall::sendfile, ENOSYS, 1, way == by_reading ? 1 : 0);
            Task<std::int64_t> sending;
            loop->run_until_complete([&] {
                auto made = await(loop->connect_accepted_socket([] { return std::make_shared<Recording>(); },
                                                                std::move(ends.first)));
                std::shared_ptr<Transport> target = made.first;
                if (way == by_writing) target = std::make_shared<Forwarding>(target);
                sending = create_task(loop->sendfile(target, file->fd()));
                settle();
            });
            BOOST_TEST(!sending.done());
            loop->close();
            BOOST_TEST(sending.done());
        }
        // A thread that was reading lets go of the file when it has read.
        for (int i = 0; i < 1000000 && open_descriptors() != before; ++i) std::this_thread::yield();
        BOOST_TEST_CONTEXT(way) BOOST_TEST(open_descriptors() == before);
    }
}

// A protocol that was paused when the sendfile began learns that it may write again, and none is told twice.
BOOST_AUTO_TEST_CASE(the_protocol_learns_afterwards_what_it_has_missed) {
    in_loop([] {
        const TemporaryFile file(huge());
        Sender s(by_writing);
        s.target->write(huge());
        BOOST_TEST(s.protocol->calls == "made pause ");
        auto sending = create_task(s.sendfile(file));
        auto receiving = create_task([&] { return receive_exactly(s.peer, 2 * huge().size()); });
        BOOST_TEST(await(sending) == file.size());
        BOOST_TEST(s.transport->get_protocol() == s.protocol);
        BOOST_TEST(until([&] { return s.protocol->calls == "made pause resume "; }));
        BOOST_TEST((await(std::move(receiving)) == huge() + huge()));
        settle();
        BOOST_TEST(s.protocol->calls == "made pause resume ");
    });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
