// Pipe transports: pipes, read and written.
#include "net/pipe_fixtures.hpp"

#include <csignal>

#include "cede/testing/interrupt.hpp"

namespace cede {
namespace tests {
namespace {

bool sigpipe_is_pending() {
    sigset_t pending;
    ::sigpending(&pending);
    return sigismember(&pending, SIGPIPE) == 1;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(pipe)

// UNIX-019
BOOST_AUTO_TEST_CASE(a_read_pipe_gives_what_comes_then_its_end) {
    in_loop([] {
        const int before = open_descriptors();
        Reading r;
        BOOST_TEST(r.protocol->calls == "made ");
        BOOST_TEST(absl::any_cast<int>(r.transport->get_extra_info("pipe")) >= 0);
        BOOST_TEST(!r.transport->get_extra_info("socket").has_value());
        r.peer_writes("1");
        BOOST_TEST(until([&] { return r.protocol->data == "1"; }));
        r.peer_writes("2345");
        BOOST_TEST(until([&] { return r.protocol->data == "12345"; }));
        int at_the_end = -1;
        r.protocol->on_lost = [&] { at_the_end = absl::any_cast<int>(r.transport->get_extra_info("pipe")); };
        r.peer.close();
        BOOST_TEST(until([&] { return r.protocol->lost; }));
        BOOST_TEST(r.protocol->calls == "made eof lost ");
        BOOST_TEST(at_the_end >= 0);  // closed together with connection_lost, not before
        BOOST_TEST(open_descriptors() == before);
        BOOST_TEST(absl::any_cast<int>(r.transport->get_extra_info("pipe")) == -1);
        r.transport->close();
        r.transport->pause_reading();
        r.transport->resume_reading();
        BOOST_TEST(!r.transport->is_reading());
        r.protocol->transport = nullptr;
    });
}

BOOST_AUTO_TEST_CASE(a_paused_read_pipe_waits) {
    in_loop([] {
        Reading r;
        r.transport->pause_reading();
        r.transport->pause_reading();
        BOOST_TEST(!r.transport->is_reading());
        r.peer_writes("later");
        r.peer.close();
        settle();
        BOOST_TEST(r.protocol->data == "");
        BOOST_TEST(!r.protocol->lost);
        r.transport->resume_reading();
        BOOST_TEST(until([&] { return r.protocol->lost; }));
        BOOST_TEST(r.protocol->data == "later");
    });
}

BOOST_AUTO_TEST_CASE(a_read_pipe_is_for_reading_alone) {
    in_loop([] {
        Reading r;
        BOOST_CHECK_THROW(as<WriteTransport>(r.transport), std::invalid_argument);
        r.transport->close();
        Writing w;
        BOOST_CHECK_THROW(as<ReadTransport>(w.transport), std::invalid_argument);
        w.transport->close();
        struct NotForReading : BaseProtocol {};
        BOOST_CHECK_THROW(await(get_running_loop().connect_read_pipe([] { return std::make_shared<NotForReading>(); },
                                                                     Pipe::pair().first)),
                          std::invalid_argument);
        await(get_running_loop().connect_write_pipe([] { return std::make_shared<NotForReading>(); }, copy_of(w.peer)))
            .first->close();
    });
}

// UNIX-018
BOOST_AUTO_TEST_CASE(a_read_error_closes_the_pipe_with_it_and_is_reported) {
    in_loop([] {
        Reports reports(get_running_loop());
        auto ends = Pipe::pair();
        std::swap(ends.first, ends.second);  // the write end cannot be read
        Reading r(std::move(ends));
        r.peer.close();
        BOOST_TEST(until([&] { return r.protocol->lost; }));
        BOOST_TEST(errno_of(r.protocol->error) == EBADF);
        BOOST_REQUIRE(reports.all.size() == 1);
        BOOST_TEST(reports.all[0].message == "Fatal read error on pipe transport");
        BOOST_TEST((reports.all[0].transport == r.transport));
    });
}

// UNIX-018
BOOST_AUTO_TEST_CASE(would_block_is_no_error) {
    in_loop([] {
        auto ends = Pipe::pair();
        const Pipe first = copy_of(ends.first);
        Reading one(std::move(ends));
        const auto other = std::make_shared<PipeRecording>();
        const auto transport = await(get_running_loop().connect_read_pipe(factory_of(other), copy_of(first))).first;
        for (int i = 1; i <= 20; ++i) {  // both are told, one of them finds nothing
            one.peer_writes("x");
            BOOST_TEST(until([&] { return one.protocol->data.size() + other->data.size() == std::size_t(i); }));
        }
        BOOST_TEST(!one.protocol->lost);
        BOOST_TEST(!other->lost);
        transport->close();
        one.transport->close();
    });
}

BOOST_AUTO_TEST_CASE(exceptions_of_the_protocol_close_the_pipe_and_are_reported) {
    in_loop([] {
        struct Throwing : PipeRecording {
            void data_received(absl::string_view) override { throw std::runtime_error("no"); }
        };
        struct ThrowingAtTheEnd : PipeRecording {
            bool eof_received() override { throw std::runtime_error("no end"); }
        };
        Reports reports(get_running_loop());
        auto ends = Pipe::pair();
        const auto protocol = std::make_shared<Throwing>();
        await(get_running_loop().connect_read_pipe(factory_of(protocol), std::move(ends.first)));
        BOOST_REQUIRE(::write(ends.second.fd(), "x", 1) == 1);
        BOOST_TEST(until([&] { return protocol->lost; }));
        ends = Pipe::pair();
        const auto other = std::make_shared<ThrowingAtTheEnd>();
        await(get_running_loop().connect_read_pipe(factory_of(other), std::move(ends.first)));
        ends.second.close();
        BOOST_TEST(until([&] { return other->lost; }));
        BOOST_REQUIRE(reports.all.size() == 2);
        BOOST_TEST(reports.all[0].message == "Fatal error: protocol.data_received() call failed.");
        BOOST_TEST(reports.all[1].message == "protocol.eof_received() failed");
    });
}

// UNIX-014, UNIX-019
BOOST_AUTO_TEST_CASE(a_write_pipe_writes_at_once_and_buffers_the_rest_in_order) {
    in_loop([] {
        Writing w;
        BOOST_TEST(absl::any_cast<int>(w.transport->get_extra_info("pipe")) >= 0);
        w.transport->write("now");
        BOOST_TEST(w.peer_reads() == "now");
        BOOST_TEST(w.transport->get_write_buffer_size() == 0u);
        w.transport->write("");
        std::string expected = huge();
        w.transport->write(huge());
        BOOST_TEST(w.transport->get_write_buffer_size() > 0u);
        for (int i = 0; i < 500; ++i) {
            const std::string number = std::to_string(i) + ",";
            w.transport->writelines(std::vector<absl::string_view>{number, ";"});
            expected += number + ";";
        }
        BOOST_TEST((w.peer_reads(expected.size()) == expected));
        BOOST_TEST(w.transport->get_write_buffer_size() == 0u);
        w.transport->writelines(std::vector<absl::string_view>{"a", "", "b"});
        BOOST_TEST(w.peer_reads() == "ab");
        w.transport->close();
        BOOST_TEST(until([&] { return w.protocol->lost; }));
        BOOST_TEST(w.protocol->calls == "made pause resume lost ");
        w.peer_reads();
        BOOST_TEST(w.peer_ended);
    });
}

// UNIX-015, UNIX-016
BOOST_AUTO_TEST_CASE(close_and_write_eof_flush_what_is_buffered) {
    for (const bool eof : {false, true}) {
        in_loop([=] {
            const int before = open_descriptors();
            Writing w;
            BOOST_TEST(w.transport->can_write_eof());
            w.transport->write(huge());
            eof ? w.transport->write_eof() : w.transport->close();
            BOOST_TEST(w.transport->is_closing());
            settle();
            BOOST_TEST(!w.protocol->lost);
            BOOST_TEST((w.peer_reads(huge().size()) == huge()));
            BOOST_TEST(until([&] { return w.protocol->lost; }));
            BOOST_TEST((w.protocol->error == nullptr));
            w.peer_reads();
            BOOST_TEST(w.peer_ended);
            w.peer.close();
            BOOST_TEST(open_descriptors() == before);
        });
    }
}

// UNIX-016
BOOST_AUTO_TEST_CASE(write_eof_with_nothing_buffered_closes_in_the_next_iteration) {
    in_loop([] {
        Writing w;
        w.transport->write("bye");
        w.transport->write_eof();
        w.transport->write_eof();
        BOOST_TEST(!w.protocol->lost);
        await(sleep(std::chrono::seconds(0)));
        BOOST_TEST(w.protocol->calls == "made lost ");
        BOOST_TEST(w.peer_reads() == "bye");
        BOOST_TEST(w.peer_ended);
    });
}

// UNIX-017
BOOST_AUTO_TEST_CASE(a_write_error_closes_the_pipe_with_it_and_ends_no_program) {
    BOOST_REQUIRE((::signal(SIGPIPE, SIG_DFL) == SIG_DFL));
    in_loop([] {
        const Warnings catching;
        Reports reports(get_running_loop());
        Writing w;
        w.peer.close();
        w.transport->write("into the void");  // before the loop has noticed
        BOOST_TEST(!sigpipe_is_pending());
        BOOST_TEST(w.transport->is_closing());
        for (int i = 0; i < 4; ++i) w.transport->write("x");
        BOOST_TEST(Warnings::list().empty());
        w.transport->write("x");
        BOOST_REQUIRE(Warnings::list().size() == 1);
        BOOST_TEST(Warnings::list()[0] == "data written to a closed connection is dropped");
        BOOST_TEST(until([&] { return w.protocol->lost; }));
        BOOST_TEST(errno_of(w.protocol->error) == EPIPE);
        BOOST_TEST(w.protocol->calls == "made lost(error) ");
        BOOST_TEST(reports.all.empty());
    });
    sigset_t mask;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    BOOST_TEST(sigismember(&mask, SIGPIPE) == 0);
}

BOOST_AUTO_TEST_CASE(a_sigpipe_that_the_program_holds_back_itself_stays) {
    sigset_t only, before;
    sigemptyset(&only);
    sigaddset(&only, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &only, &before);
    ::pthread_kill(::pthread_self(), SIGPIPE);
    in_loop([] {
        Writing w;
        w.peer.close();
        w.transport->write("x");
        BOOST_TEST(until([&] { return w.protocol->lost; }));
    });
    BOOST_TEST(sigpipe_is_pending());
    int taken;
    ::sigwait(&only, &taken);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

BOOST_AUTO_TEST_CASE(a_writer_notices_that_the_reader_has_gone) {
    in_loop([] {
        Writing idle;
        idle.peer.close();
        BOOST_TEST(until([&] { return idle.protocol->lost; }));
        BOOST_TEST((idle.protocol->error == nullptr));
        Writing busy;
        busy.transport->write(huge());
        busy.peer.close();
        BOOST_TEST(until([&] { return busy.protocol->lost; }));
        BOOST_TEST(errno_of(busy.protocol->error) == EPIPE);
        BOOST_TEST(busy.transport->get_write_buffer_size() == 0u);
        Writing closing;
        closing.transport->write(huge());
        closing.transport->close();
        closing.peer.close();
        BOOST_TEST(until([&] { return closing.protocol->lost; }));
        BOOST_TEST(errno_of(closing.protocol->error) == EPIPE);
    });
}

BOOST_AUTO_TEST_CASE(abort_drops_what_is_buffered_in_a_pipe) {
    in_loop([] {
        Writing w;
        w.transport->write(huge());
        w.transport->abort();
        w.transport->abort();
        BOOST_TEST(w.transport->get_write_buffer_size() == 0u);
        BOOST_TEST(until([&] { return w.protocol->lost; }));
        BOOST_TEST((w.protocol->error == nullptr));
        w.transport->set_write_buffer_limits(0);
        w.transport->write_eof();
    });
}

BOOST_AUTO_TEST_CASE(a_duplicate_leaves_the_first_descriptor_blocking) {
    in_loop([] {
        auto ends = Pipe::pair();
        const auto protocol = std::make_shared<PipeRecording>();
        const auto transport =
            await(get_running_loop().connect_read_pipe(factory_of(protocol), Pipe::duplicate(ends.first.fd()))).first;
        BOOST_TEST((::fcntl(ends.first.fd(), F_GETFL) & O_NONBLOCK) == 0);
        BOOST_REQUIRE(::write(ends.second.fd(), "x", 1) == 1);
        BOOST_TEST(until([&] { return protocol->data == "x"; }));
        transport->close();
        settle();
        BOOST_REQUIRE(::write(ends.second.fd(), "y", 1) == 1);
        char byte = 0;
        BOOST_TEST(::read(ends.first.fd(), &byte, 1) == 1);
        BOOST_TEST(byte == 'y');
        const auto sockets = Socket::pair();
        BOOST_TEST(static_cast<bool>(Pipe::duplicate(sockets.first.fd())));  // cannot be opened again
    });
}

BOOST_AUTO_TEST_CASE(a_cancelled_connection_of_a_pipe_leaves_nothing) {
    const int before = open_descriptors();
    const std::size_t points = testing::cancel_at_every_await(
        [] {
            auto ends = Pipe::pair();
            EventLoop& loop = get_running_loop();
            const auto read = await(loop.connect_read_pipe(factory_of(std::make_shared<PipeRecording>()),
                                                           std::move(ends.first)));
            const auto write = await(loop.connect_write_pipe(factory_of(std::make_shared<PipeRecording>()),
                                                             std::move(ends.second)));
            read.first->close();
            write.first->close();
        },
        [] { settle(); });
    BOOST_TEST(points >= 2u);
    BOOST_TEST(open_descriptors() == before);
}

BOOST_AUTO_TEST_CASE(a_loop_that_closes_closes_its_pipes) {
    const int before = open_descriptors();
    const Warnings warnings;
    std::shared_ptr<ReadTransport> outlives;
    Pipe peer, other_peer;
    in_loop([&] {
        Reading r;
        Writing w;
        w.transport->write(huge());
        outlives = r.transport;
        Reading null({Pipe::from_fd(::open("/dev/zero", O_RDONLY)), Pipe()});
        r.protocol->transport = w.protocol->transport = null.protocol->transport = nullptr;
        null.transport->pause_reading();
        peer = std::move(r.peer);
        other_peer = std::move(w.peer);
    });
    peer.close();
    other_peer.close();
    BOOST_TEST(open_descriptors() == before);
    BOOST_TEST(Warnings::list().size() == 3u);
    BOOST_TEST(Warnings::list().front().find("unclosed transport: pipe ") == 0u);
    outlives->close();
    outlives->pause_reading();
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
