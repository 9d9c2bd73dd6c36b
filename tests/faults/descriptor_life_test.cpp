// A descriptor's life, as the headers define it: closed, reused, hung up or reset while somebody waits.
#include "faults/fixtures.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include "cede/testing/testing.hpp"
#include "support/captured.hpp"

namespace cede {
namespace tests {
namespace {

int code_of(const AnyFuture& future) {
    try {
        if (const std::exception_ptr error = future.exception()) std::rethrow_exception(error);
    } catch (const std::system_error& error) {
        return error.code().value();
    }
    return 0;
}

std::pair<Socket, Socket> tcp_pair() {
    EventLoop& loop = get_running_loop();
    Socket listener(AF_INET, SOCK_STREAM), one(AF_INET, SOCK_STREAM);
    listener.bind(SocketAddress("127.0.0.1", 0));
    listener.listen();
    await(loop.sock_connect(one, listener.local_address()));
    Socket other = await(loop.sock_accept(listener)).first;
    return {std::move(one), std::move(other)};
}

// The peer sees a reset, whatever was sent.
void reset(Socket socket) {
    const linger none = {1, 0};
    BOOST_REQUIRE(::setsockopt(socket.fd(), SOL_SOCKET, SO_LINGER, &none, sizeof none) == 0);
    socket.close();
}

// Sends until the system takes no more.
void fill(const Socket& socket) {
    while (::send(socket.fd(), long_text().data(), long_text().size(), MSG_NOSIGNAL) > 0) continue;
}

// Enough for the loop to look at its descriptors, which a busy one does every 61 steps.
void turns() {
    for (int i = 0; i < 300; ++i) await(sleep(Duration()));
}

using SelectorMaker = std::unique_ptr<selectors::BaseSelector> (*)();
template <class S>
std::unique_ptr<selectors::BaseSelector> make() {
    return std::unique_ptr<selectors::BaseSelector>(new S());
}
const SelectorMaker selector_makers[] = {&make<selectors::SelectSelector>, &make<selectors::PollSelector>,
                                         &make<selectors::DefaultSelector>};

}  // namespace

BOOST_AUTO_TEST_SUITE(descriptor_life)

BOOST_AUTO_TEST_CASE(who_waits_for_a_closed_socket_gets_ebadf_and_not_its_successors_data) {
    testing::run([] {
        EventLoop& loop = get_running_loop();
        auto ends = Socket::pair();
        const int number = ends.first.fd();
        const Task<std::string> reader = create_task(loop.sock_recv(ends.first, 10));
        const Task<std::string> second = create_task(loop.sock_recv(ends.first, 10));
        turns();
        ends.first.close();
        auto next = Socket::pair();
        BOOST_REQUIRE((next.first.fd() == number || next.second.fd() == number));
        const Socket& reused = next.first.fd() == number ? next.first : next.second;
        const Socket& peer = next.first.fd() == number ? next.second : next.first;
        BOOST_REQUIRE(::send(peer.fd(), "new", 3, 0) == 3);
        turns();
        BOOST_TEST(code_of(reader) == EBADF);
        BOOST_TEST(code_of(second) == EBADF);
        BOOST_TEST(await(loop.sock_recv(reused, 10)) == "new");
    });
}

BOOST_AUTO_TEST_CASE(a_hang_up_runs_both_callbacks_with_every_selector) {
    for (const SelectorMaker maker : selector_makers) {
        testing::run(
            [] {
                EventLoop& loop = get_running_loop();
                auto ends = Socket::pair();
                fill(ends.first);
                std::string order;
                loop.add_reader(ends.first.fd(), [&] {
                    order += 'r';
                    loop.remove_reader(ends.first.fd());
                });
                loop.add_writer(ends.first.fd(), [&] {
                    order += 'w';
                    loop.remove_writer(ends.first.fd());
                });
                turns();
                BOOST_TEST(order == "");
                ends.second.close();
                turns();
                BOOST_TEST(order == "rw");
            },
            testing::TestOptions().selector(maker));
    }
}

BOOST_AUTO_TEST_CASE(a_reset_ends_the_reader_and_the_writer_of_one_socket) {
    for (const SelectorMaker maker : selector_makers) {
        testing::run(
            [] {
                EventLoop& loop = get_running_loop();
                auto ends = tcp_pair();
                fill(ends.first);
                const Task<std::string> reader = create_task(loop.sock_recv(ends.first, 10));
                const Task<void> writer = create_task(loop.sock_sendall(ends.first, long_text()));
                turns();
                BOOST_TEST(!(reader.done() || writer.done()));
                reset(std::move(ends.second));
                await(wait(std::vector<AnyFuture>{reader, writer}));
                // Who comes first is told of the reset, the other one finds a connection that has ended.
                BOOST_TEST(((code_of(reader) == ECONNRESET && code_of(writer) == EPIPE) ||
                            (code_of(reader) == 0 && code_of(writer) == ECONNRESET)));
            },
            testing::TestOptions().selector(maker));
    }
}

BOOST_AUTO_TEST_CASE(a_reset_in_the_middle_of_a_write_ends_drain_and_read) {
    testing::run([] {
        auto ends = tcp_pair();
        for (const Socket* each : {&ends.first, &ends.second}) make_narrow(each->view());
        const auto streams = await(open_connection(ConnectOptions().socket(std::move(ends.first))));
        const Task<std::string> reader = create_task(streams.first.read(10));
        streams.second.write(long_text());
        const Task<void> drained = create_task(streams.second.drain());
        turns();
        BOOST_TEST(!drained.done());
        reset(std::move(ends.second));
        await(wait(std::vector<AnyFuture>{reader, drained}));
        BOOST_TEST((code_of(drained) == ECONNRESET || code_of(drained) == EPIPE));
        BOOST_TEST((code_of(reader) == ECONNRESET || code_of(reader) == EPIPE));
        BOOST_TEST(streams.second.is_closing());
    });
}

BOOST_AUTO_TEST_CASE(two_readers_of_one_descriptor_replace_each_other) {
    testing::run([] {
        EventLoop& loop = get_running_loop();
        auto ends = Socket::pair();
        std::string order;
        loop.add_reader(ends.first.fd(), [&] { order += '1'; });
        loop.add_reader(ends.first.fd(), [&] {
            order += '2';
            loop.remove_reader(ends.first.fd());
        });
        BOOST_REQUIRE(::send(ends.second.fd(), "x", 1, 0) == 1);
        turns();
        BOOST_TEST(order == "2");
    });
}

// Misuse: the first file is closed without remove_reader.
BOOST_AUTO_TEST_CASE(a_reader_replaces_one_that_was_forgotten_under_its_number) {
    for (const SelectorMaker maker : selector_makers) {
        testing::run(
            [] {
                EventLoop& loop = get_running_loop();
                auto first = Socket::pair(), second = Socket::pair();
                std::string order;
                const int number = ::dup(first.first.fd());
                loop.add_reader(number, [&] { order += 'o'; });
                turns();
                BOOST_REQUIRE(::dup2(second.first.fd(), number) == number);
                loop.add_reader(number, [&] {
                    order += 'n';
                    loop.remove_reader(number);
                });
                BOOST_REQUIRE(::send(first.second.fd(), "x", 1, 0) == 1);
                turns();
                BOOST_TEST(order == "");
                BOOST_REQUIRE(::send(second.second.fd(), "x", 1, 0) == 1);
                turns();
                BOOST_TEST(order == "n");
                ::close(number);
            },
            testing::TestOptions().selector(maker));
    }
}

// The other waiters of a socket whose change the selector refuses get the error, too: the loop has let go of it.
BOOST_AUTO_TEST_CASE(a_refused_wait_ends_those_of_the_other_kind) {
    testing::run([] {
        EventLoop& loop = get_running_loop();
        auto ends = Socket::pair();
        fill(ends.first);
        const Task<std::string> reader = create_task(loop.sock_recv(ends.first, 10));
        turns();
        {
            const FailingCall refused(SystemCall::epoll_ctl, ENOMEM);
            BOOST_CHECK_THROW(await(loop.sock_sendall(ends.first, "x")), std::system_error);
        }
        turns();
        BOOST_TEST(code_of(reader) == ENOMEM);
        BOOST_REQUIRE(::send(ends.second.fd(), "x", 1, 0) == 1);
        BOOST_TEST(await(loop.sock_recv(ends.first, 10)) == "x");  // and the socket is as good as before
    });
}

BOOST_AUTO_TEST_CASE(without_a_descriptor_a_file_is_not_sent) {
    testing::run([] {
        auto ends = Socket::pair();
        const FailingCall failing(SystemCall::fcntl, EMFILE);
        BOOST_CHECK_EXCEPTION(await(get_running_loop().sock_sendfile(ends.first, 0)), std::system_error,
                              [](const std::system_error& e) { return e.code().value() == EMFILE; });
    });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
