// What must not compile, and what the compiler says then: extra.cmake compiles this once for each case, with REJECTED defined
// as its number, and once with 0, which compiles.
#include "cede/cede.hpp"

using namespace cede;

namespace {
Coroutine<int> one() { return [] { return 1; }; }
}  // namespace

int main() {
    const std::vector<Coroutine<int>> constant;
    static_cast<void>(constant);
    Coroutine<int> coroutine = one();
#if REJECTED == 1
    await(5);
#elif REJECTED == 2
    await([] { return 1; });
#elif REJECTED == 3
    await(one);
#elif REJECTED == 4
    run([coroutine = std::move(coroutine)] { return await(coroutine); });
#elif REJECTED == 5
    static_cast<void>(gather(constant));
#elif REJECTED == 6
    static_cast<void>(wait(std::vector<Coroutine<int>>()));
#elif REJECTED == 7
    static_cast<void>(sleep(1));
#elif REJECTED == 8
    timeout(0.5, [] {});
#elif REJECTED == 9
    new_event_loop()->call_soon(one);
#elif REJECTED == 10
    one();
#elif REJECTED == 11
    coroutine = [] { await(sleep(std::chrono::seconds(1))); };
#elif REJECTED == 12
    coroutine = [] { return one(); };
#elif REJECTED == 13
    static_cast<void>(start_server([](StreamReader) {}, "127.0.0.1", 0));
#elif REJECTED == 14
    static_cast<void>(start_server([](StreamReader, StreamWriter) { return [] {}; }, "127.0.0.1", 0));
#elif REJECTED == 15
    Future<int>().add_done_callback([](const Future<int>&) { return one(); });
#elif REJECTED == 16
    await_callback<int>([](Completion<int>) { return one(); });
#endif
    return run(coroutine);
}
