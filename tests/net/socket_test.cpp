// Owning a descriptor, and the view for those who do not.
#include <fcntl.h>

#include "cede/net/pipe.hpp"
#include "net/fixtures.hpp"

namespace cede {
namespace tests {

BOOST_AUTO_TEST_SUITE(socket_owner)

BOOST_AUTO_TEST_CASE(a_socket_closes_its_descriptor_once) {
    const int before = open_descriptors();
    {
        Socket socket(AF_INET, SOCK_STREAM);
        BOOST_TEST(static_cast<bool>(socket));
        BOOST_TEST(open_descriptors() == before + 1);
        Socket moved = std::move(socket);
        BOOST_TEST(!socket);
        BOOST_TEST(socket.fileno() == -1);
        moved = Socket(AF_INET6, SOCK_DGRAM);
        BOOST_TEST(open_descriptors() == before + 1);
        BOOST_TEST(moved.family() == AF_INET6);
        BOOST_TEST(moved.type() == SOCK_DGRAM);
        moved.close();
        moved.close();
        BOOST_TEST(open_descriptors() == before);
        BOOST_CHECK_EXCEPTION(moved.local_address(), std::system_error, [](const std::system_error& e) {
            return e.code() == std::errc::bad_file_descriptor;
        });
    }
    BOOST_TEST(open_descriptors() == before);
}

BOOST_AUTO_TEST_CASE(new_sockets_are_nonblocking_and_close_on_exec) {
    const auto ends = Socket::pair();
    int raw[2];
    BOOST_REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, raw) == 0);
    const Socket own(AF_INET, SOCK_STREAM), first = Socket::from_fd(raw[0]), second(raw[1]);
    const Socket copy = own.dup();
    for (const Socket* each : {&ends.first, &ends.second, &own, &first, &second, &copy}) {
        BOOST_TEST(!each->get_blocking());
        BOOST_TEST((::fcntl(each->fd(), F_GETFD) & FD_CLOEXEC) != 0);
    }
    own.set_blocking(true);
    BOOST_TEST(own.get_blocking());
    BOOST_CHECK_THROW(Socket::from_fd(12345), std::system_error);
    const auto pipe = Pipe::pair();
    BOOST_CHECK_THROW(Socket(pipe.first.fd()), std::system_error);
    BOOST_CHECK_THROW(Socket(AF_INET), std::invalid_argument);
    for (const int untouched : {pipe.first.fd(), 2}) BOOST_TEST((::fcntl(untouched, F_GETFL) & O_NONBLOCK) == 0);
    BOOST_CHECK_THROW(Socket(12345, SOCK_STREAM), std::system_error);
}

BOOST_AUTO_TEST_CASE(release_gives_the_descriptor_away) {
    Socket socket(AF_INET, SOCK_STREAM);
    const int fd = socket.release();
    BOOST_TEST(!socket);
    BOOST_TEST(socket.release() == -1);
    BOOST_TEST(::close(fd) == 0);
}

// SERVER-018
BOOST_AUTO_TEST_CASE(a_view_answers_questions_and_refuses_to_block) {
    auto ends = tcp_pair();
    const TransportSocket view = ends.first.view();
    BOOST_TEST(view.fileno() == ends.first.fileno());
    BOOST_TEST(view.family() == AF_INET);
    BOOST_TEST(view.type() == SOCK_STREAM);
    BOOST_TEST(view.protocol() == IPPROTO_TCP);
    BOOST_TEST((view.remote_address() == ends.second.local_address()));
    view.set_blocking(false);
    BOOST_CHECK_THROW(view.set_blocking(true), std::invalid_argument);
    const Socket copy = view.dup();
    BOOST_TEST(copy.fileno() != view.fileno());
    ends.first.close();
    BOOST_TEST(view.fileno() == -1);
    BOOST_CHECK_THROW(view.family(), std::system_error);
    BOOST_TEST((copy.remote_address() == ends.second.local_address()));
    BOOST_TEST(TransportSocket().fileno() == -1);
    BOOST_CHECK_THROW(TransportSocket().type(), std::system_error);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
