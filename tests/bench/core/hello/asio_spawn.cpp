// The smallest program on Boost.Asio's coroutines.
#include <boost/asio.hpp>
#include <boost/asio/spawn.hpp>

#include <chrono>
#include <cstdio>

int main() {
    boost::asio::io_context context;
    boost::asio::spawn(context, [&](boost::asio::yield_context yield) {
        boost::asio::steady_timer timer(context, std::chrono::milliseconds(1));
        timer.async_wait(yield);
        std::puts("hello");
    });
    context.run();
}
