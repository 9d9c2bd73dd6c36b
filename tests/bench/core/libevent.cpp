// Timers with callbacks, on libevent.
#include "support/bench.hpp"

#include <event2/event.h>

#include <sys/time.h>

namespace {

double timers(long size, long) {
    event_base* const base = event_base_new();
    const bench::Stopwatch watch;
    bench::Delays delays;
    long left = size;
    for (long i = 0; i < size; ++i) {
        const timeval delay{0, static_cast<suseconds_t>(delays.next().count())};
        event_base_once(base, -1, EV_TIMEOUT, [](evutil_socket_t, short, void* arg) { --*static_cast<long*>(arg); },
                        &left, &delay);
    }
    event_base_dispatch(base);
    const double result = left == 0 ? watch.seconds() : -1;
    event_base_free(base);
    return result;
}

}  // namespace

int main(int argc, char** argv) { return bench::main(argc, argv, {{"timers", timers}}); }
