// The rows of the core, on Boost.Asio's C++20 coroutines, with the same Event as asio_spawn.cpp.
#include "support/bench.hpp"

#include <utility>  // Boost 1.74 forgets it

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>
#include <vector>

#include "core/asio_event.hpp"

using bench::Delays;
using bench::Stopwatch;
namespace asio = boost::asio;
template <class T = void>
using Awaitable = asio::awaitable<T, asio::io_context::executor_type>;
constexpr asio::use_awaitable_t<asio::io_context::executor_type> here;

namespace {

using Event = bench::AsioEvent;
using Events = std::vector<std::unique_ptr<Event>>;

asio::io_context context(1);

template <class F>
void start(Event& done, F make) {
    asio::co_spawn(context.get_executor(), make(), [&done](std::exception_ptr) { done.set(); });
}
template <class F>
Events start_all(long count, F make) {
    Events all;
    all.reserve(static_cast<std::size_t>(count));
    for (long i = 0; i < count; ++i) {
        all.emplace_back(new Event(context));
        start(*all.back(), make);
    }
    return all;
}
Awaitable<> join(Events& all) {
    for (const auto& each : all) co_await each->wait(here);
}

double run(Awaitable<double> main) {
    double result = 0;
    asio::co_spawn(context.get_executor(), std::move(main), [&](std::exception_ptr, double value) { result = value; });
    context.run();
    return result;
}

Awaitable<> yield_times(long count) {
    for (long n = 0; n < count; ++n) co_await asio::post(context.get_executor(), here);
}
Awaitable<double> yield_main(long size, long operations) {
    const long each = operations / size;
    Events all = start_all(size, [each] { return yield_times(each); });
    const Stopwatch watch;
    co_await join(all);
    co_return watch.ns_each(each * size);
}

Awaitable<> do_nothing() { co_return; }
Awaitable<double> create_main(long, long operations) {
    const Stopwatch watch;
    for (long n = 0; n < operations; ++n) {
        Event done(context);
        start(done, do_nothing);
        co_await done.wait(here);
    }
    co_return watch.ns_each(operations);
}

Awaitable<double> burst_main(long size, long) {
    const Stopwatch watch;
    Events all = start_all(size, do_nothing);
    co_await join(all);
    co_return watch.ns_each(size);
}

Awaitable<> answer(Event& ping, Event& pong, long count) {
    for (long n = 0; n < count; ++n) {
        co_await ping.wait(here);
        pong.set();
    }
}
Awaitable<double> ping_pong_main(long, long operations) {
    Event ping(context), pong(context), done(context);
    start(done, [&] { return answer(ping, pong, operations); });
    const Stopwatch watch;
    for (long n = 0; n < operations; ++n) {
        ping.set();
        co_await pong.wait(here);
    }
    const double result = watch.ns_each(operations);
    co_await done.wait(here);
    co_return result;
}

Awaitable<> sleep_for(std::chrono::microseconds delay) {
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>,
                               asio::io_context::executor_type>
        timer(context, delay);
    co_await timer.async_wait(here);
}
Awaitable<double> sleeps_main(long size, long) {
    const Stopwatch watch;
    Delays delays;
    Events all = start_all(size, [&delays] { return sleep_for(delays.next()); });
    co_await join(all);
    co_return watch.seconds();
}

Awaitable<> wait_for(Event& gate) { co_await gate.wait(here); }
Awaitable<double> parked_main(long size, long) {
    const double before = bench::memory_bytes();
    Events gates;
    for (long i = 0; i < size; ++i) {
        gates.emplace_back(new Event(context));
        asio::co_spawn(context.get_executor(), wait_for(*gates.back()), asio::detached);
    }
    co_await asio::post(context.get_executor(), here);
    const double result = (bench::memory_bytes() - before) / static_cast<double>(size);
    for (const auto& gate : gates) gate->set();
    co_return result;
}

template <Awaitable<double> (*main)(long, long)>
double row(long size, long operations) { return run(main(size, operations)); }

}  // namespace

int main(int argc, char** argv) {
    return bench::main(argc, argv,
                       {{"yield", row<yield_main>},
                        {"create", row<create_main>},
                        {"burst", row<burst_main>},
                        {"ping_pong", row<ping_pong_main>},
                        {"sleeps", row<sleeps_main>},
                        {"parked", row<parked_main>}});
}
