// The rows of the core, on Boost.Fiber with its default scheduler and stacks.
#include "support/bench.hpp"

#include <boost/fiber/all.hpp>

#include <memory>
#include <vector>

using bench::Delays;
using bench::Stopwatch;
using boost::fibers::fiber;

namespace {

template <class F>
std::vector<fiber> start(long count, const F& body) {
    std::vector<fiber> fibers;
    fibers.reserve(static_cast<std::size_t>(count));
    for (long i = 0; i < count; ++i) fibers.emplace_back(body);
    return fibers;
}
void join(std::vector<fiber>& fibers) {
    for (fiber& each : fibers) each.join();
}

class Idle {
public:
    explicit Idle(long count) : over_(promise_.get_future()), fibers_(start(count, [this] { over_.wait(); })) {
        boost::this_fiber::yield();
    }
    void end() {
        promise_.set_value();
        join(fibers_);
    }

private:
    boost::fibers::promise<void> promise_;
    boost::fibers::shared_future<void> over_;
    std::vector<fiber> fibers_;
};

double yield(long size, long operations) {
    const long each = operations / size;
    std::vector<fiber> fibers = start(size, [each] {
        for (long n = 0; n < each; ++n) boost::this_fiber::yield();
    });
    const Stopwatch watch;
    join(fibers);
    return watch.ns_each(each * size);
}

double create(long size, long operations) {
    Idle idle(size);
    long done = 0;
    const Stopwatch watch;
    for (long n = 0; n < operations; ++n) fiber([&done] { ++done; }).join();
    const double result = watch.ns_each(done);
    idle.end();
    return result;
}

double burst(long size, long) {
    long done = 0;
    const Stopwatch watch;
    std::vector<fiber> fibers = start(size, [&done] { ++done; });
    join(fibers);
    return watch.ns_each(done);
}

double ping_pong(long size, long operations) {
    using Promise = boost::fibers::promise<void>;
    Idle idle(size);
    Promise ping, pong;
    fiber answers([&] {
        for (long n = 0; n < operations; ++n) {
            ping.get_future().wait();
            ping = Promise();
            pong.set_value();
        }
    });
    const Stopwatch watch;
    for (long n = 0; n < operations; ++n) {
        ping.set_value();
        pong.get_future().wait();
        pong = Promise();
    }
    const double result = watch.ns_each(operations);
    answers.join();
    idle.end();
    return result;
}

double sleeps(long size, long) {
    const Stopwatch watch;
    Delays delays;
    std::vector<fiber> fibers = start(size, [&delays] { boost::this_fiber::sleep_for(delays.next()); });
    join(fibers);
    return watch.seconds();
}

double parked(long size, long) {
    const double before = bench::memory_bytes();
    Idle idle(size);
    const double result = (bench::memory_bytes() - before) / static_cast<double>(size);
    idle.end();
    return result;
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
