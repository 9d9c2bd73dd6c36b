// The echo server on Boost.Asio's callbacks.
#include "support/server.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <memory>

using boost::asio::ip::tcp;
using boost::system::error_code;

namespace {

class Connection : public std::enable_shared_from_this<Connection> {
public:
    explicit Connection(tcp::socket socket) : socket_(std::move(socket)) {}

    void read() {
        socket_.async_read_some(boost::asio::buffer(data_), [self = shared_from_this()](error_code error, std::size_t got) {
            if (!error) self->write(got);
        });
    }

private:
    void write(std::size_t size) {
        boost::asio::async_write(socket_, boost::asio::buffer(data_, size),
                                 [self = shared_from_this()](error_code error, std::size_t) {
                                     if (!error) self->read();
                                 });
    }

    tcp::socket socket_;
    char data_[16 * 1024];
};

void accept(tcp::acceptor& acceptor) {
    acceptor.async_accept([&acceptor](error_code error, tcp::socket socket) {
        if (!error) std::make_shared<Connection>(std::move(socket))->read();
        accept(acceptor);
    });
}

}  // namespace

int main() {
    boost::asio::io_context context(1);
    tcp::acceptor acceptor(context, tcp::v4(), bench::listen_on_loopback());
    accept(acceptor);
    context.run();
}
