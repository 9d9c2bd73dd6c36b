// `with`: Python's `async with`. The managers await, so these run as tasks.
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <stdexcept>
#include <string>

#include "cede/cede.hpp"
#include "cede/testing/testing.hpp"

using cede::await;
using namespace std::chrono_literals;

namespace {

// Records what happens to it; may fail on entry, suppress, or fail on exit. Both ways cede.
struct Manager {
    std::string name;
    std::string& trace;
    bool suppresses = false;
    bool enter_throws = false;
    bool exit_throws = false;

    std::string enter() {
        await(cede::sleep(0s));
        if (enter_throws) throw std::domain_error(name + " does not open");
        trace += "+" + name + " ";
        return name;
    }
    bool exit(const std::exception_ptr& error) {
        await(cede::sleep(0s));
        trace += (error ? "!" : "-") + name + " ";
        if (exit_throws) throw std::range_error(name + " does not close");
        return suppresses;
    }
};

// A manager whose enter() returns nothing.
struct Plain {
    int& open;
    void enter() { ++open; }
    bool exit(const std::exception_ptr&) {
        --open;
        return false;
    }
};

// As `async def __aenter__` and `__aexit__` would be written.
struct Asynchronous {
    std::string& trace;
    bool handled;
    cede::Coroutine<int> enter() {
        return [this] {
            await(cede::sleep(0s));
            trace += "+";
            return 7;
        };
    }
    cede::Coroutine<bool> exit(std::exception_ptr error) {
        return [this, error] {
            await(cede::sleep(0s));
            trace += error ? "!" : "-";
            return handled;
        };
    }
};

struct ExitsWithNothing {
    std::string& trace;
    cede::Coroutine<void> enter() { return [this] { trace += "("; }; }
    void exit(std::exception_ptr) { trace += ")"; }
};

struct ExitsByACoroutineOfNothing {
    std::string& trace;
    void enter() { trace += "("; }
    cede::Coroutine<void> exit(std::exception_ptr) { return [this] { trace += "]"; }; }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(with)

BOOST_AUTO_TEST_CASE(coroutines_that_the_manager_returns_are_awaited) {
    std::string trace;
    cede::run([&] {
        BOOST_TEST(cede::with(Asynchronous{trace, false}, [](int value) { return value; }) == 7);
        cede::with(Asynchronous{trace, true}, [] { throw std::domain_error("handled"); });
        BOOST_CHECK_THROW(cede::with(Asynchronous{trace, false}, [] { throw std::domain_error("x"); }), std::domain_error);
        BOOST_TEST(cede::with(ExitsWithNothing{trace}, Asynchronous{trace, false}, [](int value) { return value; }) == 7);
        cede::with(ExitsWithNothing{trace}, ExitsByACoroutineOfNothing{trace}, [&] { trace += "x"; });
        BOOST_CHECK_THROW(cede::with(ExitsWithNothing{trace}, [] { throw std::domain_error("x"); }), std::domain_error);
        BOOST_CHECK_THROW(cede::with(ExitsByACoroutineOfNothing{trace}, [] { throw std::domain_error("x"); }),
                          std::domain_error);
    });
    BOOST_TEST(trace == "+-+!+!(+-)((x])()(]");
}

BOOST_AUTO_TEST_CASE(CORO_023_two_are_entered_left_to_right_and_left_right_to_left) {
    std::string trace;
    const std::string result = cede::run([&] {
        return cede::with(Manager{"a", trace}, Manager{"b", trace}, [&](const std::string& a, const std::string& b) {
            trace += "body ";
            return a + b;
        });
    });
    BOOST_TEST(trace == "+a +b body -b -a ");
    BOOST_TEST(result == "ab");
}

BOOST_AUTO_TEST_CASE(CORO_023_one_that_suppresses_hides_the_exception_from_those_to_its_left) {
    std::string trace;
    cede::run([&] {
        Manager a{"a", trace};
        Manager b{"b", trace};
        b.suppresses = true;
        cede::with(a, b, [&](const std::string&, const std::string&) { throw std::domain_error("x"); });
        trace += "after";
    });
    BOOST_TEST(trace == "+a +b !b -a after");
}

BOOST_AUTO_TEST_CASE(CORO_024_an_exception_of_exit_replaces_the_body_s) {
    std::string trace;
    Manager manager{"a", trace};
    manager.exit_throws = true;
    manager.suppresses = true;
    BOOST_CHECK_THROW(cede::run([&] { cede::with(manager, [](const std::string&) { throw std::domain_error("x"); }); }),
                      std::range_error);
    BOOST_TEST(trace == "+a !a ");
    trace.clear();
    BOOST_CHECK_THROW(cede::run([&] { cede::with(manager, [](const std::string&) {}); }), std::range_error);
    BOOST_TEST(trace == "+a -a ");
}

BOOST_AUTO_TEST_CASE(CORO_024_an_exit_that_handled_lets_execution_go_on_with_a_default_result) {
    std::string trace;
    const int result = cede::run([&] {
        Manager manager{"a", trace};
        manager.suppresses = true;
        return cede::with(manager, [](const std::string&) -> int { throw std::domain_error("x"); });
    });
    BOOST_TEST(result == 0);
    BOOST_TEST(trace == "+a !a ");
}

BOOST_AUTO_TEST_CASE(an_exit_that_did_not_handle_passes_the_exception_on) {
    std::string trace;
    BOOST_CHECK_THROW(cede::run([&] {
        cede::with(Manager{"a", trace}, [](const std::string&) { throw std::domain_error("x"); });
    }), std::domain_error);
    BOOST_TEST(trace == "+a !a ");
}

BOOST_AUTO_TEST_CASE(CORO_025_if_enter_throws_neither_the_body_nor_its_exit_runs) {
    std::string trace;
    Manager manager{"a", trace};
    manager.enter_throws = true;
    manager.suppresses = true;
    bool ran = false;
    BOOST_CHECK_THROW(cede::run([&] { cede::with(manager, [&](const std::string&) { ran = true; }); }), std::domain_error);
    BOOST_TEST(!ran);
    BOOST_TEST(trace.empty());
    Manager outer{"outer", trace};
    BOOST_CHECK_THROW(cede::run([&] {
        cede::with(outer, manager, [&](const std::string&, const std::string&) { ran = true; });
    }), std::domain_error);
    BOOST_TEST(!ran);
    BOOST_TEST(trace == "+outer !outer ");
}

BOOST_AUTO_TEST_CASE(a_cancellation_of_the_body_is_seen_by_exit_which_may_await) {
    std::string trace;
    cede::run([&] {
        auto task = cede::create_task([&] {
            cede::with(Manager{"a", trace}, [](const std::string&) { await(cede::sleep(1h)); });
        });
        for (int i = 0; i < 3; ++i) await(cede::sleep(0s));
        task.cancel();
        BOOST_CHECK_THROW(await(task), cede::CancelledError);
    });
    BOOST_TEST(trace == "+a !a ");
}

BOOST_AUTO_TEST_CASE(a_manager_may_give_nothing_and_a_body_may_take_nothing) {
    int open = 0;
    BOOST_TEST(cede::with(Plain{open}, [&] { return open; }) == 1);
    BOOST_TEST(open == 0);
    BOOST_TEST(cede::with(Plain{open}, Plain{open}, [&] { return open; }) == 2);
    std::string trace;
    cede::run([&] { cede::with(Manager{"a", trace}, [] {}); });
    BOOST_TEST(trace == "+a -a ");
}

BOOST_AUTO_TEST_CASE(of_two_managers_the_one_that_returns_something_gives_the_argument) {
    std::string trace;
    int open = 0;
    cede::run([&] {
        BOOST_TEST(cede::with(Plain{open}, Manager{"a", trace}, [&](const std::string& a) { return a + std::to_string(open); }) ==
                   "a1");
        BOOST_TEST(cede::with(Manager{"b", trace}, Plain{open}, [&](auto& b) { return b + std::to_string(open); }) == "b1");
        cede::with(Manager{"c", trace}, Plain{open}, [&] { BOOST_TEST(open == 1); });
        cede::with(Plain{open}, Plain{open}, [&] { BOOST_TEST(open == 2); });
        const cede::Lock lock;
        const int sum = cede::with(lock, cede::TaskGroup(), [](cede::TaskGroup& group) {
            return await(group.create_task([] { return 1; })) + await(group.create_task([] { return 2; }));
        });
        BOOST_TEST(sum == 3);
        BOOST_TEST(!lock.locked());
    });
    BOOST_TEST(open == 0);
    BOOST_TEST(trace == "+a -a +b -b +c -c ");
}

namespace {
// A namespace of a program's own may have functions of these names.
struct Room {
    std::string& trace;
    void enter() { trace += "+"; }
    bool exit(std::exception_ptr) {
        trace += "-";
        return false;
    }
};
void enter(Room&) { throw std::logic_error("not this one"); }
bool exit(Room&, std::exception_ptr) { throw std::logic_error("not this one"); }
}  // namespace

BOOST_AUTO_TEST_CASE(its_members_are_meant) {
    std::string trace;
    Room room{trace};
    BOOST_CHECK_THROW(enter(room), std::logic_error);
    BOOST_CHECK_THROW(exit(room, nullptr), std::logic_error);
    cede::with(room, [&] { trace += "x"; });
    BOOST_TEST(trace == "+x-");
}

// `async with lock: return await f()`.
BOOST_AUTO_TEST_CASE(a_coroutine_that_the_callable_returns_is_awaited_within) {
    cede::testing::run([&] {
        const cede::Lock lock;
        const auto locked = [&]() -> cede::Coroutine<bool> {
            return [&] {
                await(cede::sleep(0s));
                return lock.locked();
            };
        };
        BOOST_TEST(lock.with([&] { return locked(); }));
        BOOST_TEST(cede::with(lock, locked()));
        BOOST_TEST(cede::with(cede::Semaphore(1), lock, locked));
        const auto forever = []() -> cede::Coroutine<int> {
            return [] { return await(cede::sleep(1h, 5)); };
        };
        BOOST_CHECK_THROW(cede::timeout(1ms, [&] { return forever(); }), cede::TimeoutError);
        BOOST_CHECK_THROW(cede::timeout(1ms, forever()), cede::TimeoutError);
        BOOST_TEST(cede::task_group([](cede::TaskGroup& group) -> cede::Coroutine<int> {
                       return [&] { return await(group.create_task([] { return 3; })); };
                   }) == 3);
        const cede::Timeout kept = cede::timeout(1h);
        cede::with(kept, [](const cede::Timeout& scope) { BOOST_TEST(scope.when().has_value()); });
        cede::with(cede::timeout_at(cede::get_running_loop().time() + 1.5h),
                   [](cede::Timeout& scope) { scope.reschedule(absl::nullopt); });
    });
}

BOOST_AUTO_TEST_CASE(a_reference_stays_one) {
    std::string kept = "kept";
    cede::run([&] {
        std::string& same = cede::timeout(1s, [&]() -> std::string& { return kept; });
        BOOST_TEST(&same == &kept);
        const cede::Lock lock;
        const std::string& constant = lock.with([&]() -> const std::string& { return kept; });
        BOOST_TEST(&constant == &kept);
        BOOST_CHECK_THROW(lock.with([&]() -> std::string& { throw std::domain_error("x"); }), std::domain_error);
        BOOST_TEST(!lock.locked());
    });
}

BOOST_AUTO_TEST_SUITE_END()
