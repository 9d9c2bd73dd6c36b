// Timers with callbacks, on Boost.Asio.
#include "support/bench.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>

namespace {

double timers(long size, long) {
    boost::asio::io_context context(1);
    const bench::Stopwatch watch;
    bench::Delays delays;
    long left = size;
    std::deque<boost::asio::steady_timer> all;
    for (long i = 0; i < size; ++i) {
        all.emplace_back(context, delays.next());
        all.back().async_wait([&left](const boost::system::error_code&) { --left; });
    }
    context.run();
    return left == 0 ? watch.seconds() : -1;
}

}  // namespace

int main(int argc, char** argv) { return bench::main(argc, argv, {{"timers", timers}}); }
