// dump_tasks: what is to be seen of tasks that are stuck in different places.
#include <boost/test/unit_test.hpp>

#include <sstream>
#include <string>
#include <vector>

#include "base/sanitizers.hpp"
#include "cede/cede.hpp"
#include "cede/testing/testing.hpp"
#include "support/awaiting.hpp"
#include "support/captured.hpp"

using namespace cede;
using namespace cede::tests;

namespace {

#define OUT_OF_LINE __attribute__((noinline))

OUT_OF_LINE void takes_a_job(const Queue<int>& jobs) {
    await(jobs.get());
    asm volatile("");
}
OUT_OF_LINE void works_under(const Lock& lock) {
    lock.with([] { await(sleep(3600s)); });
    asm volatile("");
}

TaskOptions called(const char* name) { return TaskOptions().name(name); }

std::string dump() {
    std::ostringstream out;
    dump_tasks(out);
    return out.str();
}

// What the dump says of the task in the first line of its entry.
std::string state_in(const std::string& dump, const std::string& task) {
    const auto begin = dump.find("'" + task + "'");
    if (begin == std::string::npos) return "(it is not there)";
    const auto colon = dump.find(": ", begin);
    return dump.substr(colon + 2, dump.find('\n', colon) - colon - 2);
}

// Ends every other task, while what these refer to is still there.
struct EndsOthers {
    ~EndsOthers() {
        for (const AnyTask& task : all_tasks()) {
            if (task != current_task()) task.cancel();
        }
        settle();
    }
};

template <class F>
void among_tasks(F f, bool debug = false) {
    testing::run(f, testing::TestOptions().debug(debug));
}

// An optimiser may leave the function no frame of its own: then what is waited for is all that can be told.
bool waits_in(const std::string& state, const std::string& function) {
#if defined(__OPTIMIZE__) || CEDE_ASAN || CEDE_TSAN  // under a sanitizer the library is optimised, if not the test
    if (state == "waiting for a future") return true;
#endif
    return state == "waiting in " + function;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(dump_of_tasks)

BOOST_AUTO_TEST_CASE(each_task_tells_what_it_waits_in) {
    among_tasks([] {
        const Lock lock;
        const Queue<int> jobs;
        const Event event;
        const Future<void> future;
        auto sockets = Socket::pair();
        EventLoop& loop = get_running_loop();
        const EndsOthers ends_others;
        create_task([&] { works_under(lock); }, called("holder"));
        create_task([&] { works_under(lock); }, called("blocked"));
        create_task([&] { takes_a_job(jobs); }, called("worker"));
        create_task([&] { await(event.wait()); }, called("listener"));
        create_task([&] { await(future); }, called("other"));
        create_task([&] { await(loop.sock_recv(sockets.first, 10)); }, called("reader"));
        settle();
        create_task([] {}, called("new"));
        create_task([] {}, called("unwanted")).cancel();
        const std::string text = dump();
        BOOST_TEST(text.find("9 tasks\n") == 0u);
        BOOST_TEST(waits_in(state_in(text, "holder"), "cede::sleep"));
        BOOST_TEST(contains(state_in(text, "blocked"), "waiting in cede::Lock::"));
        BOOST_TEST(contains(state_in(text, "worker"), "waiting in cede::Queue::"));  // get, if that is not inlined
        BOOST_TEST(waits_in(state_in(text, "listener"), "cede::Event::wait"));
        BOOST_TEST(state_in(text, "other") == "waiting for a future");
        BOOST_TEST((contains(state_in(text, "reader"), "sock_recv") || waits_in(state_in(text, "reader"), "sock_recv")));
        BOOST_TEST(state_in(text, "new") == "ready, not started");
        BOOST_TEST(state_in(text, "unwanted") == "ready, not started, cancellation requested");
        BOOST_TEST(contains(text, ": running\n"));
        BOOST_TEST(contains(text, "\n    takes_a_job") == false);  // it is in an anonymous namespace
        BOOST_TEST(contains(text, "takes_a_job"));
        BOOST_TEST(!contains(text, "\n    cede::"));
        settle();
    });
}

BOOST_AUTO_TEST_CASE(tasks_that_stand_alike_are_told_once) {
    among_tasks([] {
        const Queue<int> jobs;
        const EndsOthers ends_others;
        for (int i = 0; i < 12; ++i) create_task([&] { takes_a_job(jobs); }, TaskOptions().name("w" + std::to_string(i)));
        settle();
        const std::string text = dump();
        BOOST_TEST(contains(text, "12 tasks 'w0', 'w1', "));
        BOOST_TEST(contains(text, "'w9' and 2 more: waiting in cede::Queue::"));
        BOOST_TEST(text.find("takes_a_job") == text.rfind("takes_a_job"));
    });
}

BOOST_AUTO_TEST_CASE(tasks_behind_a_gather_a_group_a_shield_and_a_wait_are_named) {
    among_tasks([] {
        const Future<void> gate;
        const EndsOthers ends_others;
        const auto child = [&](const char* name) { return create_task([&gate] { await(gate); }, called(name)); };
        const auto one = child("one");
        create_task([&] { await(gather(one, child("two"))); }, called("gatherer"));
        create_task([&] { await(shield(child("three"))); }, called("shielder"));
        create_task([&] { await(wait(std::vector<Task<>>{child("four")})); }, called("waiter"));
        create_task([&] { await(child("five")); }, called("direct"));
        create_task([&] {
            task_group([&](TaskGroup& group) { group.create_task([&] { await(gate); }, called("six")); });
        }, called("grouper"));
        create_task([&] {
            task_group([&](TaskGroup& group) {
                group.create_task([&] { await(gate); }, called("seven"));
                await(sleep(3600s));
            });
        }, called("still in its group"));
        settle();
        const std::string text = dump();
        BOOST_TEST(state_in(text, "gatherer") == "waiting for tasks 'one', 'two'");
        BOOST_TEST(state_in(text, "shielder") == "waiting for task 'three'");
        BOOST_TEST(state_in(text, "waiter") == "waiting in cede::wait for task 'four'");
        BOOST_TEST(state_in(text, "direct") == "waiting for task 'five'");
        BOOST_TEST(contains(state_in(text, "grouper"), " for task 'six'"));
        BOOST_TEST(waits_in(state_in(text, "still in its group"), "cede::sleep"));
    });
}

BOOST_AUTO_TEST_CASE(in_debug_mode_it_tells_where_tasks_and_futures_were_created) {
    among_tasks([] {
        const Future<void> future;
        const EndsOthers ends_others;
        create_task([&] { await(future); }, called("other"));
        settle();
        const std::string text = dump();
        BOOST_TEST(contains(state_in(text, "other"), "waiting for a future that was created in "));
        BOOST_TEST(contains(text, "\n  created in "));
    }, true);
}

BOOST_AUTO_TEST_CASE(a_loop_that_does_not_run_can_be_dumped_too) {
    testing::VirtualTimeLoop loop;
    auto task = loop.create_task([] { await(sleep(1s)); }, called("left"));
    std::ostringstream out;
    dump_tasks(out, loop);
    BOOST_TEST(state_in(out.str(), "left") == "ready, not started");
    loop.run_until_complete(task);
    std::ostringstream empty;
    dump_tasks(empty, loop);
    BOOST_TEST(empty.str() == "0 tasks\n");
    BOOST_CHECK_THROW(dump_tasks(empty), RuntimeError);
}

BOOST_AUTO_TEST_SUITE_END()
