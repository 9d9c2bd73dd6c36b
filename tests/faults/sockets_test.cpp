// loop.sock_* and sendfile, with any system call failing.
#include "faults/fixtures.hpp"

#include <cstdio>

#include <sys/socket.h>
#include <unistd.h>

namespace cede {
namespace tests {
namespace {

// Runs both sides; one that fails ends the other.
template <class F, class G>
void both(F one, G other) {
    task_group([&](TaskGroup& group) {
        group.create_task(std::move(one));
        group.create_task(std::move(other));
    });
}

std::string receive_all(const Socket& socket) {
    std::string all;
    for (;;) {
        const std::string some = await(get_running_loop().sock_recv(socket, 1 << 20));
        if (some.empty()) return all;
        all += some;
    }
}

// `client` is given a connected socket, `server` the one that was accepted.
template <class F, class G>
void connected(F client, G server) {
    EventLoop& loop = get_running_loop();
    Socket listener(AF_INET, SOCK_STREAM);
    listener.bind(SocketAddress("127.0.0.1", 0));
    listener.listen();
    both(
        [&] {
            Socket socket(AF_INET, SOCK_STREAM);
            await(loop.sock_connect(socket, listener.local_address()));
            make_narrow(socket.view());
            client(socket);
        },
        [&] {
            const Socket socket = await(loop.sock_accept(listener)).first;
            make_narrow(socket.view());
            server(socket);
        });
}

void echo_by_sockets(const std::string& text) {
    EventLoop& loop = get_running_loop();
    std::string back;
    connected(
        [&](const Socket& socket) {
            both([&] { await(loop.sock_sendall(socket, text)); socket.shutdown(SHUT_WR); },
                 [&] { back = receive_all(socket); });
        },
        [&](const Socket& socket) {
            std::string data;
            while (!(data = await(loop.sock_recv(socket, 1 << 20))).empty()) await(loop.sock_sendall(socket, data));
        });
    check_arrived(text, back);
}

void ask_and_answer_datagrams() {
    EventLoop& loop = get_running_loop();
    Socket one(AF_INET, SOCK_DGRAM), other(AF_INET, SOCK_DGRAM);
    other.bind(SocketAddress("127.0.0.1", 0));
    both([&] { await(loop.sock_sendto(one, "question", other.local_address())); },
         [&] {
             const auto got = await(loop.sock_recvfrom(other, 100));
             if (got.first != "question") throw std::logic_error("another datagram has arrived");
         });
}

// Both directions of one socket are waited for at once; what fails in one must not silence the other.
void wait_both_ways() {
    EventLoop& loop = get_running_loop();
    const std::string& text = long_text();
    std::pair<Socket, Socket> ends = Socket::pair();
    std::string there, back;
    const auto one_side = [&loop](const Socket& socket, const std::string& sent, std::string& got) {
        both([&] { await(loop.sock_sendall(socket, sent)); socket.shutdown(SHUT_WR); },
             [&] { got = receive_all(socket); });
    };
    both([&] { one_side(ends.first, text, back); }, [&] { one_side(ends.second, text, there); });
    check_arrived(text, there);
    check_arrived(text, back);
}

class File {
public:
    File() : file_(std::tmpfile()) {
        std::fwrite(long_text().data(), 1, long_text().size(), file_);
        std::fflush(file_);
    }
    ~File() { std::fclose(file_); }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    int fd() const { return fileno(file_); }

private:
    std::FILE* const file_;
};

void send_file_by_socket(int file) {
    EventLoop& loop = get_running_loop();
    std::string arrived;
    connected([&](const Socket& socket) { await(loop.sock_sendfile(socket, file)); },
              [&](const Socket& socket) { arrived = receive_all(socket); });
    check_arrived(long_text(), arrived);
}

void send_file_by_transport(int file) {
    EventLoop& loop = get_running_loop();
    std::string arrived;
    connected(
        [&](Socket& socket) {
            const auto made = await(loop.create_connection([] { return std::make_shared<Protocol>(); },
                                                           ConnectionOptions().socket(std::move(socket))));
            struct Closes {
                Transport& transport;
                ~Closes() { transport.close(); }
            } const closes{*made.first};
            if (made.first->is_closing()) check_arrived(long_text(), "");
            await(loop.sendfile(made.first, file));
        },
        [&](const Socket& socket) { arrived = receive_all(socket); });
    check_arrived(long_text(), arrived);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sockets)

BOOST_AUTO_TEST_CASE(an_echo) {
    BOOST_TEST(fail_every_system_call([] { echo_by_sockets("hello"); }) > 50);
}

BOOST_AUTO_TEST_CASE(an_echo_of_much) {
    BOOST_TEST(fail_every_system_call([] { echo_by_sockets(long_text()); }) > 50);
}

BOOST_AUTO_TEST_CASE(both_directions_of_one_socket) { BOOST_TEST(fail_every_system_call(&wait_both_ways) > 50); }

BOOST_AUTO_TEST_CASE(datagrams) { BOOST_TEST(fail_every_system_call(&ask_and_answer_datagrams) > 20); }

BOOST_AUTO_TEST_CASE(a_file_by_a_socket) {
    const File file;
    BOOST_TEST(fail_every_system_call([&] { send_file_by_socket(file.fd()); }) > 50);
}

BOOST_AUTO_TEST_CASE(a_file_by_a_transport) {
    const File file;
    BOOST_TEST(fail_every_system_call([&] { send_file_by_transport(file.fd()); }) > 50);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
