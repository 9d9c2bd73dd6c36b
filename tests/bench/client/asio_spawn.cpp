// A hundred requests at a time, on Boost.Asio's stackful coroutines.
#include "support/bench.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/spawn.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>

#include <stdexcept>
#include <string>

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr long at_once = 100;

std::size_t fetch(asio::io_context& context, unsigned short port, asio::yield_context yield) {
    tcp::socket socket(context);
    socket.async_connect(tcp::endpoint(asio::ip::address_v4::loopback(), port), yield);
    const std::string request = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    asio::async_write(socket, asio::buffer(request), yield);
    asio::streambuf received;
    received.consume(asio::async_read_until(socket, received, "\r\n\r\n", yield));
    if (received.size() < 6) asio::async_read(socket, received, asio::transfer_exactly(6 - received.size()), yield);
    return received.size();
}

double fan_out(long port, long requests) {
    std::size_t bytes = 0;
    const bench::Stopwatch watch;
    for (long done = 0; done < requests; done += at_once) {
        asio::io_context context(1);
        for (long i = 0; i < at_once; ++i) {
            asio::spawn(context, [&](asio::yield_context yield) {
                bytes += fetch(context, static_cast<unsigned short>(port), yield);
            });
        }
        context.run();
    }
    if (bytes != static_cast<std::size_t>(6 * requests)) throw std::runtime_error("an answer is missing");
    return watch.ns_each(requests) / 1000;
}

}  // namespace

int main(int argc, char** argv) { return bench::main(argc, argv, {{"fan_out", fan_out}}); }
