// Timers with callbacks, on libuv. Its delays are whole milliseconds.
#include "support/bench.hpp"

#include <uv.h>

#include <vector>

namespace {

double timers(long size, long) {
    uv_loop_t loop;
    uv_loop_init(&loop);
    const bench::Stopwatch watch;
    bench::Delays delays;
    long left = size;
    loop.data = &left;
    std::vector<uv_timer_t> all(static_cast<std::size_t>(size));
    for (uv_timer_t& timer : all) {
        uv_timer_init(&loop, &timer);
        const auto delay = std::chrono::duration_cast<std::chrono::milliseconds>(delays.next());
        uv_timer_start(&timer, [](uv_timer_t* self) { --*static_cast<long*>(self->loop->data); },
                       static_cast<std::uint64_t>(delay.count()), 0);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    return left == 0 ? watch.seconds() : -1;
}

}  // namespace

int main(int argc, char** argv) { return bench::main(argc, argv, {{"timers", timers}}); }
