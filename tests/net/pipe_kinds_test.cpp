// What a pipe transport may be on besides a pipe: sockets, FIFOs, terminals and other devices; and what not.
#include "net/pipe_fixtures.hpp"

#include <cstdlib>

#include <sys/stat.h>
#include <termios.h>

namespace cede {
namespace tests {
namespace {

// A pseudo-terminal in raw mode: the side of the machine, and the side of programs.
std::pair<Pipe, Pipe> terminal() {
    const int master = ::posix_openpt(O_RDWR | O_NOCTTY);
    BOOST_REQUIRE(master >= 0);
    BOOST_REQUIRE((::grantpt(master) == 0 && ::unlockpt(master) == 0));
    const int slave = ::open(::ptsname(master), O_RDWR | O_NOCTTY);
    BOOST_REQUIRE(slave >= 0);
    termios settings;
    ::tcgetattr(slave, &settings);
    ::cfmakeraw(&settings);
    ::tcsetattr(slave, TCSANOW, &settings);
    return {Pipe::from_fd(master), Pipe::from_fd(slave)};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(pipe_kinds)

BOOST_AUTO_TEST_CASE(sockets_are_pipes_too) {
    in_loop([] {
        auto ends = Socket::pair();
        Reading r({std::move(ends.first), std::move(ends.second)});
        r.peer_writes("hello");
        r.peer.close();
        BOOST_TEST(until([&] { return r.protocol->lost; }));
        BOOST_TEST(r.protocol->data == "hello");

        ends = Socket::pair();
        Writing w({std::move(ends.first), std::move(ends.second)});
        BOOST_REQUIRE(::write(w.peer.fd(), "chatter", 7) == 7);  // is not the end of the peer
        settle();
        BOOST_TEST(!w.protocol->lost);
        w.transport->writelines(std::vector<absl::string_view>{"two ", "pieces"});
        w.transport->write(huge());
        BOOST_TEST((w.peer_reads(huge().size() + 10) == "two pieces" + huge()));
        w.peer.close();
        w.transport->write("x");
        BOOST_TEST(until([&] { return w.protocol->lost; }));
        BOOST_TEST(errno_of(w.protocol->error) != 0);

        ends = Socket::pair();
        Writing silent({std::move(ends.first), std::move(ends.second)});
        silent.peer.close();
        BOOST_TEST(until([&] { return silent.protocol->lost; }));
    });
}

// UNIX-020
BOOST_AUTO_TEST_CASE(a_terminal_can_be_read) {
    in_loop([] {
        Reports reports(get_running_loop());
        auto sides = terminal();
        Reading r(std::move(sides));
        r.peer_writes("12345");
        BOOST_TEST(until([&] { return r.protocol->data == "12345"; }));
        r.peer.close();
        BOOST_TEST(until([&] { return r.protocol->lost; }));
        BOOST_TEST(errno_of(r.protocol->error) == EIO);  // how Linux says that the other side hung up
        BOOST_TEST(reports.all.empty());
    });
}

// UNIX-020
BOOST_AUTO_TEST_CASE(a_terminal_can_be_written) {
    in_loop([] {
        Writing w(terminal());
        w.transport->write("12345");
        BOOST_TEST(w.peer_reads(5) == "12345");
        w.transport->close();
        BOOST_TEST(until([&] { return w.protocol->lost; }));
        BOOST_TEST((w.protocol->error == nullptr));
    });
}

// UNIX-020
BOOST_AUTO_TEST_CASE(one_terminal_can_be_read_and_written) {
    in_loop([] {
        auto sides = terminal();
        const Pipe& machine = sides.first;
        ::fcntl(machine.fd(), F_SETFL, O_RDWR | O_NONBLOCK);
        const auto reader = std::make_shared<PipeRecording>();
        const auto writer = std::make_shared<PipeRecording>();
        EventLoop& loop = get_running_loop();
        const auto read = await(loop.connect_read_pipe(factory_of(reader), copy_of(sides.second))).first;
        const auto write = await(loop.connect_write_pipe(factory_of(writer), std::move(sides.second))).first;
        BOOST_REQUIRE(::write(machine.fd(), "question", 8) == 8);
        BOOST_TEST(until([&] { return reader->data == "question"; }));
        BOOST_TEST(!writer->lost);  // input is not the end of the writer
        write->write("answer");
        std::string answer;
        BOOST_TEST(until([&] {
            char bytes[100];
            const ssize_t count = ::read(machine.fd(), bytes, sizeof bytes);
            if (count > 0) answer.append(bytes, static_cast<std::size_t>(count));
            return answer == "answer";
        }));
        write->close();
        BOOST_TEST(until([&] { return writer->lost; }));
        BOOST_REQUIRE(::write(machine.fd(), "!", 1) == 1);
        BOOST_TEST(until([&] { return reader->data == "question!"; }));
        read->close();
    });
}

BOOST_AUTO_TEST_CASE(a_fifo_opened_for_both_does_not_take_its_own_bytes_for_the_end) {
    in_loop([] {
        char folder[] = "/tmp/cede_fifo_XXXXXX";
        BOOST_REQUIRE(::mkdtemp(folder) != nullptr);
        const std::string path = std::string(folder) + "/fifo";
        BOOST_REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
        Pipe both = Pipe::from_fd(::open(path.c_str(), O_RDWR));
        Pipe end = Pipe::from_fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK));
        ::unlink(path.c_str());
        ::rmdir(folder);
        Writing w({std::move(end), std::move(both)});
        w.transport->write("stays");
        settle();
        BOOST_TEST(!w.protocol->lost);
        BOOST_TEST(w.peer_reads() == "stays");
        w.transport->close();
    });
}

// epoll refuses /dev/null; a program whose standard input it is must find its end all the same.
BOOST_AUTO_TEST_CASE(devices_that_no_selector_watches_are_read_and_written) {
    in_loop([] {
        Reading null({Pipe::from_fd(::open("/dev/null", O_RDONLY)), Pipe()});
        BOOST_TEST(until([&] { return null.protocol->lost; }));
        BOOST_TEST(null.protocol->calls == "made eof lost ");

        Reading zero({Pipe::from_fd(::open("/dev/zero", O_RDONLY)), Pipe()});
        BOOST_TEST(until([&] { return zero.protocol->data.size() > 1000000; }));
        zero.transport->pause_reading();
        zero.transport->resume_reading();
        zero.transport->pause_reading();
        settle();
        const std::size_t before = zero.protocol->data.size();
        settle();
        BOOST_TEST(zero.protocol->data.size() == before);
        zero.transport->resume_reading();
        BOOST_TEST(until([&] { return zero.protocol->data.size() > before; }));
        zero.transport->close();

        Writing sink({Pipe::from_fd(::open("/dev/null", O_RDONLY)), Pipe::from_fd(::open("/dev/null", O_WRONLY))});
        sink.transport->write(huge());
        BOOST_TEST(sink.transport->get_write_buffer_size() == 0u);
        sink.transport->close();
        Writing full({Pipe::from_fd(::open("/dev/null", O_RDONLY)), Pipe::from_fd(::open("/dev/full", O_WRONLY))});
        full.transport->write("x");
        BOOST_TEST(until([&] { return full.protocol->lost; }));
        BOOST_TEST(errno_of(full.protocol->error) == ENOSPC);
    });
}

BOOST_AUTO_TEST_CASE(what_is_no_pipe_is_refused_and_closed) {
    in_loop([] {
        EventLoop& loop = get_running_loop();
        const int before = open_descriptors();
        const auto factory = [] { return std::make_shared<PipeRecording>(); };
        for (const char* path : {"/", "/proc/self/exe"}) {
            BOOST_CHECK_THROW(await(loop.connect_read_pipe(factory, Pipe::from_fd(::open(path, O_RDONLY)))),
                              std::invalid_argument);
            BOOST_CHECK_THROW(await(loop.connect_write_pipe(factory, Pipe::from_fd(::open(path, O_RDONLY)))),
                              std::invalid_argument);
        }
        BOOST_CHECK_THROW(await(loop.connect_read_pipe(factory, Pipe())), std::invalid_argument);
        BOOST_CHECK_THROW(Pipe::from_fd(-1), std::system_error);
        BOOST_CHECK_THROW(Pipe::duplicate(-1), std::system_error);
        BOOST_TEST(open_descriptors() == before);
    });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
