// The rows of the core, on Boost.Asio's stackful coroutines. Asio has no future to wait for inside one, so an Event does
// it: the handler of a suspended coroutine, kept until somebody posts it.
#include "support/bench.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/spawn.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <vector>

#include "core/asio_event.hpp"

using bench::Delays;
using bench::Stopwatch;
namespace asio = boost::asio;
using Yield = asio::yield_context;

namespace {

using Event = bench::AsioEvent;
using Events = std::vector<std::unique_ptr<Event>>;

asio::io_context context(1);

// Runs `body(yield)` beside the caller; `done` is set when it ends.
template <class F>
void start(Event& done, F body) {
    asio::spawn(context, [&done, body](Yield yield) {
        body(yield);
        done.set();
    });
}
template <class F>
Events start_all(long count, F body) {
    Events all;
    all.reserve(static_cast<std::size_t>(count));
    for (long i = 0; i < count; ++i) {
        all.emplace_back(new Event(context));
        start(*all.back(), body);
    }
    return all;
}
void join(Events& all, Yield yield) {
    for (const auto& each : all) each->wait(yield);
}

// Runs `body` as the main coroutine, to its end, and returns what it returned.
template <class F>
double run(F body) {
    double result = 0;
    asio::spawn(context, [&](Yield yield) { result = body(yield); });
    context.run();
    return result;
}

double yield(long size, long operations) {
    return run([=](Yield self) {
        const long each = operations / size;
        Events all = start_all(size, [each](Yield yield) {
            for (long n = 0; n < each; ++n) asio::post(context, yield);
        });
        const Stopwatch watch;
        join(all, self);
        return watch.ns_each(each * size);
    });
}

double create(long, long operations) {
    return run([=](Yield self) {
        const Stopwatch watch;
        for (long n = 0; n < operations; ++n) {
            Event done(context);
            start(done, [](Yield) {});
            done.wait(self);
        }
        return watch.ns_each(operations);
    });
}

double burst(long size, long) {
    return run([=](Yield self) {
        const Stopwatch watch;
        Events all = start_all(size, [](Yield) {});
        join(all, self);
        return watch.ns_each(size);
    });
}

double ping_pong(long, long operations) {
    return run([=](Yield self) {
        Event ping(context), pong(context), done(context);
        start(done, [&, operations](Yield yield) {
            for (long n = 0; n < operations; ++n) {
                ping.wait(yield);
                pong.set();
            }
        });
        const Stopwatch watch;
        for (long n = 0; n < operations; ++n) {
            ping.set();
            pong.wait(self);
        }
        const double result = watch.ns_each(operations);
        done.wait(self);
        return result;
    });
}

double sleeps(long size, long) {
    return run([=](Yield self) {
        const Stopwatch watch;
        Delays delays;
        Events all = start_all(size, [&delays](Yield yield) {
            asio::steady_timer timer(context, delays.next());
            timer.async_wait(yield);
        });
        join(all, self);
        return watch.seconds();
    });
}

double parked(long size, long) {
    return run([=](Yield self) {
        const double before = bench::memory_bytes();
        Events gates;
        for (long i = 0; i < size; ++i) {
            gates.emplace_back(new Event(context));
            asio::spawn(context, [gate = gates.back().get()](Yield yield) { gate->wait(yield); });
        }
        asio::post(context, self);
        const double result = (bench::memory_bytes() - before) / static_cast<double>(size);
        for (const auto& gate : gates) gate->set();
        return result;
    });
}

}  // namespace

int main(int argc, char** argv) {
    return bench::main(argc, argv,
                       {{"yield", yield},
                        {"create", create},
                        {"burst", burst},
                        {"ping_pong", ping_pong},
                        {"sleeps", sleeps},
                        {"parked", parked}});
}
