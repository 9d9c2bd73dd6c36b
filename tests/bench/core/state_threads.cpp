// The rows of the core, on the State Threads library. It has no future; a condition is what its threads wait for, and a
// sleep of no time is how one lets the others run.
#include "support/bench.hpp"

#include <st.h>

#include <new>
#include <vector>

using bench::Delays;
using bench::Stopwatch;

namespace {

using Threads = std::vector<st_thread_t>;

st_thread_t start(void* (*body)(void*), void* argument) {
    const st_thread_t thread = st_thread_create(body, argument, 1, 0);
    if (thread == nullptr) throw std::bad_alloc();
    return thread;
}
Threads start_all(long count, void* (*body)(void*), void* argument) {
    Threads all;
    all.reserve(static_cast<std::size_t>(count));
    for (long i = 0; i < count; ++i) all.push_back(start(body, argument));
    return all;
}
void join(const Threads& all) {
    for (const st_thread_t thread : all) st_thread_join(thread, nullptr);
}
void* do_nothing(void*) { return nullptr; }

double yield(long size, long operations) {
    st_init();
    long each = operations / size;
    const Threads all = start_all(size, [](void* count) -> void* {
        for (long n = *static_cast<long*>(count); n > 0; --n) st_usleep(0);
        return nullptr;
    }, &each);
    const Stopwatch watch;
    join(all);
    return watch.ns_each(each * size);
}

double create(long, long operations) {
    st_init();
    const Stopwatch watch;
    for (long n = 0; n < operations; ++n) st_thread_join(start(do_nothing, nullptr), nullptr);
    return watch.ns_each(operations);
}

double burst(long size, long) {
    st_init();
    const Stopwatch watch;
    join(start_all(size, do_nothing, nullptr));
    return watch.ns_each(size);
}

struct Table {
    st_cond_t ping, pong;
    long rounds;
};

double ping_pong(long, long operations) {
    st_init();
    Table table{st_cond_new(), st_cond_new(), operations};
    const st_thread_t answers = start([](void* argument) -> void* {
        Table& t = *static_cast<Table*>(argument);
        for (long n = 0; n < t.rounds; ++n) {
            st_cond_wait(t.ping);
            st_cond_signal(t.pong);
        }
        return nullptr;
    }, &table);
    st_usleep(0);  // until it waits
    const Stopwatch watch;
    for (long n = 0; n < operations; ++n) {
        st_cond_signal(table.ping);
        st_cond_wait(table.pong);
    }
    const double result = watch.ns_each(operations);
    st_thread_join(answers, nullptr);
    return result;
}

double sleeps(long size, long) {
    st_init();
    const Stopwatch watch;
    Delays delays;
    join(start_all(size, [](void* argument) -> void* {
        st_usleep(static_cast<st_utime_t>(static_cast<Delays*>(argument)->next().count()));
        return nullptr;
    }, &delays));
    return watch.seconds();
}

double parked(long size, long) {
    st_init();
    const double before = bench::memory_bytes();
    const st_cond_t over = st_cond_new();
    const Threads all = start_all(size, [](void* condition) -> void* {
        st_cond_wait(static_cast<st_cond_t>(condition));
        return nullptr;
    }, over);
    st_usleep(0);
    const double result = (bench::memory_bytes() - before) / static_cast<double>(size);
    st_cond_broadcast(over);
    join(all);
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
