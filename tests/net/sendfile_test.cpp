// loop.sock_sendfile, and what it has in common with loop.sendfile.
#include "net/sendfile_fixtures.hpp"
#include "support/faults/system_calls.hpp"

#include <signal.h>

#include "cede/task/task.hpp"

namespace cede {
namespace tests {
namespace {

using Options = SendfileOptions;

// Runs a sock_sendfile to a peer that receives at the same time; what arrived.
struct Sent {
    Sent(const TemporaryFile& file, Options options, std::pair<Socket, Socket> ends = tcp_pair()) {
        EventLoop& loop = get_running_loop();
        auto receiving = create_task([&] { return receive_all(ends.second); });
        count = await(loop.sock_sendfile(ends.first, file.fd(), options));
        ends.first.close();
        data = await(std::move(receiving));
    }
    std::int64_t count;
    std::string data;
};

template <class E>
bool sock_sendfile_throws(const Socket& socket, int file, Options options = Options()) {
    try {
        await(get_running_loop().sock_sendfile(socket, file, options));
    } catch (const E&) {
        return true;
    }
    return false;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sendfile)

// SENDF-001
BOOST_AUTO_TEST_CASE(a_whole_file_is_sent_and_the_position_is_behind_it) {
    in_loop([] {
        const TemporaryFile file(huge());
        const CallCounter reads(SystemCall::pread);
        const Sent sent(file, Options());
        BOOST_TEST(sent.count == file.size());
        BOOST_TEST((sent.data == huge()));
        BOOST_TEST(file.position() == file.size());
        BOOST_TEST(reads.count() == 0);
        const Sent by_unix(file, Options(), Socket::pair());
        BOOST_TEST((by_unix.data == huge()));
    });
}

BOOST_AUTO_TEST_CASE(a_range_of_a_file_is_sent) {
    in_loop([] {
        const TemporaryFile file(huge());
        const Sent part(file, Options().offset(1000).count(3000000));
        BOOST_TEST(part.count == 3000000);
        BOOST_TEST((part.data == huge().substr(1000, 3000000)));
        BOOST_TEST(file.position() == 3001000);
        const Sent rest(file, Options().offset(file.size() - 10).count(100));
        BOOST_TEST(rest.count == 10);
        BOOST_TEST(file.position() == file.size());
        const Sent nothing(file, Options().offset(file.size() + 10));
        BOOST_TEST(nothing.count == 0);
        BOOST_TEST(file.position() == file.size());
        const TemporaryFile empty("");
        BOOST_TEST(Sent(empty, Options()).count == 0);
    });
}

// SENDF-002
BOOST_AUTO_TEST_CASE(without_fallback_nothing_is_sent_or_read) {
    in_loop([] {
        const TemporaryFile file("some bytes");
        auto ends = tcp_pair();
        const FailingCall unsupported(SystemCall::sendfile, ENOSYS);
        const CallCounter reads(SystemCall::pread), sends(SystemCall::send);
        BOOST_TEST(sock_sendfile_throws<SendfileNotAvailableError>(ends.first, file.fd(), Options().fallback(false)));
        BOOST_TEST(file.position() == 0);
        BOOST_TEST(reads.count() == 0);
        BOOST_TEST(sends.count() == 0);
    });
}

// SENDF-003
BOOST_AUTO_TEST_CASE(the_fallback_sends_the_same) {
    in_loop([] {
        const TemporaryFile file(huge());
        for (const Options& options : {Options(), Options().offset(1000).count(3000000), Options().offset(file.size() - 10)}) {
            file.rewind();
            const FailingCall unsupported(SystemCall::sendfile, EINVAL, 1, 1000);
            const Sent sent(file, options);
            const std::int64_t end = std::min(file.size(), options.offset() + options.count().value_or(file.size()));
            BOOST_TEST(unsupported.failed() == 1);
            BOOST_TEST(sent.count == end - options.offset());
            BOOST_TEST((sent.data == huge().substr(static_cast<std::size_t>(options.offset()),
                                                   static_cast<std::size_t>(end - options.offset()))));
            BOOST_TEST(file.position() == end);
        }
    });
}

// SENDF-004. A descriptor has no text mode.
BOOST_AUTO_TEST_CASE(wrong_arguments_are_refused) {
    in_loop([] {
        const TemporaryFile file("some bytes");
        auto ends = tcp_pair();
        const Socket datagrams(AF_INET, SOCK_DGRAM);
        const CallCounter calls(SystemCall::sendfile);
        BOOST_TEST(sock_sendfile_throws<std::invalid_argument>(datagrams, file.fd()));
        BOOST_TEST(sock_sendfile_throws<std::invalid_argument>(ends.first, file.fd(), Options().offset(-1)));
        BOOST_TEST(sock_sendfile_throws<std::invalid_argument>(ends.first, file.fd(), Options().count(0)));
        BOOST_TEST(sock_sendfile_throws<std::invalid_argument>(ends.first, file.fd(), Options().count(-1)));
        BOOST_TEST(calls.count() == 0);
        ends.first.close();
        BOOST_TEST(sock_sendfile_throws<std::system_error>(ends.first, file.fd()));
    });
}

// SENDF-005
BOOST_AUTO_TEST_CASE(a_blocking_socket_is_refused_in_debug_mode) {
    in_loop([] {
        const TemporaryFile file("some bytes");
        auto ends = tcp_pair();
        ends.first.set_blocking(true);
        BOOST_TEST(sock_sendfile_throws<std::invalid_argument>(ends.first, file.fd()));
    });
}

// SENDF-006
BOOST_AUTO_TEST_CASE(only_a_regular_file_is_sent_natively) {
    in_loop([] {
        auto ends = tcp_pair();
        int pipe[2];
        BOOST_REQUIRE(::pipe(pipe) == 0);
        const int folder = ::open("/tmp", O_RDONLY | O_CLOEXEC);
        for (const int file : {-1, 1000000, pipe[0], folder, ends.second.fd()}) {
            BOOST_TEST(sock_sendfile_throws<SendfileNotAvailableError>(ends.first, file, Options().fallback(false)));
        }
        // With the fallback it is read, or cannot be read.
        BOOST_REQUIRE(::write(pipe[1], "from a pipe", 11) == 11);
        ::close(pipe[1]);
        BOOST_TEST(await(get_running_loop().sock_sendfile(ends.first, pipe[0], Options().count(7))) == 7);
        BOOST_TEST(await(get_running_loop().sock_sendfile(ends.first, pipe[0])) == 4);
        BOOST_TEST(receive_exactly(ends.second, 11) == "from a pipe");
        for (const int file : {-1, folder}) BOOST_TEST(sock_sendfile_throws<std::system_error>(ends.first, file));
        BOOST_TEST(sock_sendfile_throws<std::system_error>(ends.first, pipe[0], Options().offset(1)));
        ::close(pipe[0]);
        ::close(folder);
    });
}

// SENDF-007
BOOST_AUTO_TEST_CASE(an_error_after_a_part_is_raised_with_the_position_behind_the_part) {
    in_loop([] {
        for (const int error : {EIO, ECONNRESET}) {
            const TemporaryFile file(huge());
            auto ends = tcp_pair();
            const FailingCall failing(SystemCall::sendfile, error, 2);
            BOOST_CHECK_EXCEPTION(await(get_running_loop().sock_sendfile(ends.first, file.fd())), std::system_error,
                                  [&](const std::system_error& e) { return e.code().value() == error; });
            BOOST_TEST(file.position() > 0);
            BOOST_TEST(file.position() < file.size());
            ends.first.close();
            BOOST_TEST(static_cast<std::int64_t>(receive_all(ends.second).size()) == file.position());
        }
    });
}

BOOST_AUTO_TEST_CASE(an_interrupted_or_blocked_call_is_repeated) {
    in_loop([] {
        const TemporaryFile file(huge());
        for (const int error : {EINTR, EAGAIN}) {
            const FailingCall failing(SystemCall::sendfile, error, 1, 3);
            BOOST_TEST((Sent(file, Options().fallback(false)).data == huge()));
            BOOST_TEST(failing.failed() == 3);
        }
        for (const int error : {EINTR, EAGAIN}) {
            const FailingCall unsupported(SystemCall::sendfile, ENOSYS);
            const FailingCall failing(SystemCall::send, error, 1, 3);
            BOOST_TEST((Sent(file, Options()).data == huge()));
            BOOST_TEST(failing.failed() == 3);
        }
        {
            const FailingCall unsupported(SystemCall::sendfile, ENOSYS);
            const FailingCall failing(SystemCall::pread, EINTR, 1, 3);
            BOOST_TEST((Sent(file, Options()).data == huge()));
            BOOST_TEST(failing.failed() == 3);
        }
    });
}

BOOST_AUTO_TEST_CASE(a_read_that_fails_is_thrown_with_the_position_behind_what_was_sent) {
    in_loop([] {
        const TemporaryFile file(huge());
        auto ends = Socket::pair();
        auto receiving = create_task([&] { return receive_all(ends.second); });
        const FailingCall unsupported(SystemCall::sendfile, ENOSYS), failing(SystemCall::pread, EIO, 3);
        BOOST_CHECK_EXCEPTION(await(get_running_loop().sock_sendfile(ends.first, file.fd())), std::system_error,
                              [](const std::system_error& e) { return e.code() == std::errc::io_error; });
        ends.first.close();
        const std::string received = await(std::move(receiving));
        BOOST_TEST(received.size() == 2u * 256 * 1024);
        BOOST_TEST(static_cast<std::int64_t>(received.size()) == file.position());
    });
}

// The program has SIGPIPE's default: to die.
BOOST_AUTO_TEST_CASE(a_peer_that_has_gone_is_an_error_and_no_signal) {
    in_loop([] {
        const auto before = ::signal(SIGPIPE, SIG_DFL);
        const TemporaryFile file(huge());
        auto ends = Socket::pair();
        ends.second.close();
        BOOST_TEST(sock_sendfile_throws<SendfileNotAvailableError>(ends.first, file.fd(), Options().fallback(false)));
        BOOST_CHECK_EXCEPTION(await(get_running_loop().sock_sendfile(ends.first, file.fd())), std::system_error,
                              [](const std::system_error& e) { return e.code() == std::errc::broken_pipe; });
        BOOST_TEST(file.position() == 0);
        ::signal(SIGPIPE, before);
    });
}

BOOST_AUTO_TEST_CASE(a_cancelled_one_leaves_the_position_behind_what_was_sent) {
    in_loop([] {
        for (const bool native : {true, false}) {
            const TemporaryFile file(huge());
            auto ends = Socket::pair();
            const FailingCall unsupported(SystemCall::sendfile, ENOSYS, 1, native ? 0 : 1);
            auto sending = create_task(get_running_loop().sock_sendfile(ends.first, file.fd()));
            std::string received;
            until([&] {
                received += received_now(ends.second);
                return received.size() > 300000;
            });
            sending.cancel();
            BOOST_CHECK_THROW(await(sending), CancelledError);
            received += received_now(ends.second);
            BOOST_TEST(static_cast<std::int64_t>(received.size()) == file.position());
            BOOST_TEST((received == huge().substr(0, received.size())));
            // The socket is usable.
            await(get_running_loop().sock_sendall(ends.first, "next"));
            BOOST_TEST(received_now(ends.second) == "next");
        }
    });
}

// It is a duplicate that is sent.
BOOST_AUTO_TEST_CASE(the_file_may_be_closed_meanwhile) {
    in_loop([] {
        for (const bool native : {true, false}) {
            auto ends = Socket::pair();
            const FailingCall unsupported(SystemCall::sendfile, ENOSYS, 1, native ? 0 : 1);
            const int before = open_descriptors();
            std::unique_ptr<TemporaryFile> file(new TemporaryFile(huge()));
            auto lazy = get_running_loop().sock_sendfile(ends.first, file->fd());
            file = nullptr;
            auto receiving = create_task([&] { return receive_exactly(ends.second, huge().size()); });
            BOOST_TEST(await(std::move(lazy)) == static_cast<std::int64_t>(huge().size()));
            BOOST_TEST((await(std::move(receiving)) == huge()));
            // The thread that has read may hold the last reference for a moment more.
            BOOST_TEST(until([&] { return open_descriptors() == before; }));
        }
    });
}

BOOST_AUTO_TEST_CASE(closing_the_socket_ends_it) {
    in_loop([] {
        const TemporaryFile file(huge());
        auto ends = Socket::pair();
        auto sending = create_task(get_running_loop().sock_sendfile(ends.first, file.fd()));
        settle();
        ends.first.close();
        BOOST_CHECK_EXCEPTION(await(sending), std::system_error,
                              [](const std::system_error& e) { return e.code() == std::errc::bad_file_descriptor; });
        BOOST_TEST(static_cast<std::int64_t>(received_now(ends.second).size()) == file.position());
    });
}

// The answer to the first segment ends the connection within the call, which then tells how much went out before, as if all
// were well, and sends a SIGPIPE all the same.
BOOST_AUTO_TEST_CASE(a_connection_that_breaks_within_a_call_is_an_error_and_no_signal) {
    in_loop([] {
        const TemporaryFile file(huge());
        for (int round = 0; round < 20; ++round) {
            std::pair<Socket, Socket> ends = tcp_pair();
            ends.second.close();
            BOOST_TEST(sock_sendfile_throws<std::system_error>(ends.first, file.fd()));
            file.rewind();
        }
    });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
