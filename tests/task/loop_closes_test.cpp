// A loop that is closed with tasks in every state: each is reported and unwound, and nothing is left behind.
#include <boost/test/unit_test.hpp>

#include <memory>

#include "cede/cede.hpp"
#include "cede/testing/testing.hpp"
#include "support/captured.hpp"

using namespace cede;
using namespace std::chrono_literals;
using tests::CapturedReports;

namespace {

struct Counted {
    explicit Counted(int& c) : count(c) { ++count; }
    ~Counted() { --count; }
    int& count;
};

struct Fixture {
    std::unique_ptr<testing::VirtualTimeLoop> loop{new testing::VirtualTimeLoop()};
    CapturedReports reports{*loop};
    int alive = 0;
    void turns(int n) {
        while (n-- > 0) {
            loop->stop();
            loop->run_forever();
        }
    }
    // A body that waits by `f`, with something on its stack.
    template <class F>
    Task<void> waits(F f) {
        return loop->create_task([this, f] {
            const Counted guard(alive);
            f();
        });
    }
    std::size_t destroyed() {
        std::size_t count = 0;
        for (const auto& each : reports.all) count += tests::contains(each.message, "Task was destroyed but it is pending!");
        return count;
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(loop_closes, Fixture)

BOOST_AUTO_TEST_CASE(tasks_in_every_state) {
    const auto never = loop->create_future<void>();
    const auto soon = loop->create_future<void>();
    auto closure = std::make_shared<int>(0);
    const auto unstarted = [&] { return loop->create_task([closure] {}); };
    const auto on_future = waits([&] { await(never); });
    const auto asleep = waits([] { await(sleep(1h)); });
    const auto on_task = waits([&] { await(asleep); });
    const auto in_gather = waits([&] { await(gather(never, asleep, Future<int>())); });
    const auto in_timeout = waits([&] { timeout(1h, [&] { await(never); }); });
    const auto in_wait_for = waits([&] { await(wait_for(never, 1h)); });
    const auto in_group = waits([&] { task_group([&](TaskGroup& group) { group.create_task([&] { await(never); }); }); });
    const auto in_generator = waits([&] {
        Coroutine<void> inner = [&] { await(sleep(1h)); };
        await(inner);
    });
    const auto woken = waits([&] { await(soon); });
    turns(3);
    soon.set_result();
    const auto yielding = waits([] {
        for (;;) await(sleep(0s));
    });
    turns(1);
    woken.cancel();
    const auto late = unstarted();
    BOOST_TEST(alive == 10 - 1);  // `woken` has come to its end in that turn
    tests::CapturedUnraisables unraisables;  // the group's: it ignores GeneratorExit to wait for its child
    loop->close();
    BOOST_TEST(alive == 0);
    BOOST_TEST(closure.use_count() == 1);
    for (const AnyTask& task : {AnyTask(on_future), AnyTask(asleep), AnyTask(on_task), AnyTask(in_gather),
                               AnyTask(in_timeout), AnyTask(in_wait_for), AnyTask(in_group), AnyTask(in_generator),
                               AnyTask(yielding), AnyTask(late)}) {
        BOOST_TEST(task.done());
    }
    BOOST_TEST(destroyed() == 11u);  // the ten, and the group's child
    loop.reset();
}

BOOST_AUTO_TEST_CASE(a_task_with_its_wakeup_on_the_way) {
    const auto future = loop->create_future<void>();
    waits([&] { await(future); });
    turns(1);
    future.set_result();
    loop->close();
    BOOST_TEST(alive == 0);
    BOOST_TEST(destroyed() == 1u);
}

BOOST_AUTO_TEST_CASE(a_cancelled_task_that_did_not_get_its_turn) {
    const auto task = waits([&] { await(sleep(1h)); });
    turns(1);
    task.cancel();
    loop->close();
    BOOST_TEST(alive == 0);
    BOOST_TEST(task.cancelled());
}

BOOST_AUTO_TEST_CASE(clean_up_may_use_the_loop_that_closes) {
    bool cleaned = false;
    waits([&] {
        struct CleansUp {
            bool& cleaned;
            ~CleansUp() {
                EventLoop& of = get_running_loop();
                of.call_soon([] { BOOST_ERROR("must not run"); });
                of.call_later(1s, [] {});
                Future<void>().cancel();
                cleaned = true;
            }
        } guard{cleaned};
        await(sleep(1h));
    });
    turns(1);
    loop->close();
    BOOST_TEST(cleaned);
}

BOOST_AUTO_TEST_CASE(clean_up_that_makes_tasks_does_not_keep_it_open) {
    int made = 0;
    waits([&] {
        struct MakesTask {
            int& made;
            ~MakesTask() {
                ++made;
                create_task([] { await(sleep(1h)); });
            }
        } guard{made};
        await(sleep(1h));
    });
    turns(1);
    loop->close();
    BOOST_TEST(made == 1);
    BOOST_TEST(destroyed() == 2u);
}

BOOST_AUTO_TEST_CASE(a_body_that_goes_on_awaiting_is_unwound_all_the_same) {
    tests::CapturedUnraisables unraisables;
    waits([&] {
        for (int i = 0; i < 5; ++i) {
            try {
                await(sleep(1h));
            } catch (const GeneratorExit&) {
            }
        }
    });
    turns(1);
    loop->close();
    BOOST_TEST(alive == 0);
    BOOST_TEST(unraisables.contains("ignored GeneratorExit"));
}

BOOST_AUTO_TEST_CASE(what_the_clean_up_throws_is_reported) {
    tests::CapturedUnraisables unraisables;
    waits([&] {
        try {
            await(sleep(1h));
        } catch (const GeneratorExit&) {
            throw std::domain_error("clean-up");
        }
    });
    turns(1);
    loop->close();
    BOOST_TEST(alive == 0);
    BOOST_TEST(unraisables.contains("clean-up"));
}

BOOST_AUTO_TEST_CASE(dropped_handles_do_not_end_a_task) {
    bool done = false;
    loop->run_until_complete([&] {
        create_task([&] {
            await(sleep(1s));
            done = true;
        });
        await(sleep(2s));
    });
    BOOST_TEST(done);
}

BOOST_AUTO_TEST_CASE(a_task_outlives_its_loop_as_a_value) {
    const auto kept = loop->create_task([] { return std::string("value"); });
    const auto failed = loop->create_task([] { throw std::domain_error("x"); });
    turns(2);
    loop.reset();
    BOOST_TEST(kept.result() == "value");
    BOOST_CHECK_THROW(failed.result(), std::domain_error);
    BOOST_CHECK_THROW(kept.get_loop(), RuntimeError);
}

BOOST_AUTO_TEST_CASE(everything_this_room_waits_by_is_closed_at_every_await) {
    for (std::uint64_t seed = 0; seed < 3; ++seed) {
        tests::CapturedUnraisables unraisables;  // of groups, which cannot wait then
        const std::size_t points = testing::close_loop_at_every_await(
            [&] {
                const Counted guard(alive);
                const Future<int> never;
                BOOST_CHECK_THROW(await(wait_for(gather(never, sleep(2s)), 1s)), TimeoutError);
                task_group([&](TaskGroup& group) {
                    for (int i = 0; i < 3; ++i) {
                        group.create_task([&, i] {
                            const Counted inner(alive);
                            await(sleep(std::chrono::seconds(i)));
                        });
                    }
                    timeout(5s, [] { await(sleep(1s)); });
                });
                await(gather_outcomes(sleep(0s), sleep(1s)));
            },
            [&] { BOOST_TEST(alive == 0); }, testing::TestOptions().seed(seed));
        BOOST_TEST(points >= 6u);
    }
}

// A loop of the library's own, whose tasks hand over to one another: but not while it closes.
BOOST_AUTO_TEST_CASE(what_awaits_in_its_clean_up_begins_no_other_task) {
    const auto own = new_event_loop();
    const CapturedReports captured(*own);
    bool began = false;
    const auto never = own->create_future<void>();
    const auto cleans = own->create_task([&] {
        try {
            await(never);
        } catch (...) {
            await(never);
        }
    });
    own->call_soon([&] { own->stop(); });
    own->run_forever();
    own->stop();
    own->run_forever();
    const auto unstarted = own->create_task([&] { began = true; });
    own->close();
    BOOST_TEST(!began);
    BOOST_TEST(cleans.cancelled());
    BOOST_TEST(unstarted.cancelled());
}

BOOST_AUTO_TEST_SUITE_END()
