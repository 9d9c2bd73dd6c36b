// The echo server on Boost.Asio's stackful coroutines.
#include "support/server.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/spawn.hpp>
#include <boost/asio/write.hpp>

#include <memory>
#include <vector>

using boost::asio::ip::tcp;
using boost::asio::yield_context;

namespace {

void echo(tcp::socket& socket, yield_context yield) {
    std::vector<char> data(16 * 1024);
    boost::system::error_code error;
    for (;;) {
        const std::size_t got = socket.async_read_some(boost::asio::buffer(data), yield[error]);
        if (error) return;
        boost::asio::async_write(socket, boost::asio::buffer(data, got), yield[error]);
        if (error) return;
    }
}

}  // namespace

int main() {
    boost::asio::io_context context(1);
    boost::asio::spawn(context, [&](yield_context yield) {
        tcp::acceptor acceptor(context, tcp::v4(), bench::listen_on_loopback());
        for (;;) {
            const auto socket = std::make_shared<tcp::socket>(context);
            acceptor.async_accept(*socket, yield);
            boost::asio::spawn(context, [socket](yield_context self) { echo(*socket, self); });
        }
    });
    context.run();
}
