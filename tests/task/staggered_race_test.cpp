#include <boost/test/unit_test.hpp>

#include <functional>
#include <memory>
#include <stdexcept>

#include "cede/task/staggered_race.hpp"
#include "cede/task/task.hpp"
#include "support/awaiting.hpp"
#include "support/captured.hpp"

using namespace cede;
using namespace cede::tests;

namespace {

using Candidate = std::function<Coroutine<int>()>;

Candidate succeeds(Duration delay, int value) {
    return [=]() -> Coroutine<int> {
        return [=] { return await(sleep(delay, value)); };
    };
}

Candidate fails(Duration delay) {
    return [=]() -> Coroutine<int> {
        return [=]() -> int {
            await(sleep(delay));
            throw std::logic_error("failed");
        };
    };
}

std::string text(const std::exception_ptr& error) { return error ? describe_exception(error) : std::string(); }

}  // namespace

BOOST_AUTO_TEST_SUITE(staggered_race_)

BOOST_AUTO_TEST_CASE(nobody_runs) {
    testing::run([] {
        const auto result = await(staggered_race(std::vector<Candidate>(), absl::nullopt));
        BOOST_TEST(!result.winner_result.has_value());
        BOOST_TEST(!result.winner_index.has_value());
        BOOST_TEST(result.exceptions.empty());
    });
}

BOOST_AUTO_TEST_CASE(WAIT_040_the_first_success_wins_and_the_others_are_never_started) {
    testing::run([] {
        bool started = false;
        const Candidate never = [&]() -> Coroutine<int> {
            started = true;
            return succeeds(0s, 0)();
        };
        const auto result = await(staggered_race(std::vector<Candidate>{succeeds(1s, 42), never}, Duration(10s)));
        BOOST_TEST(*result.winner_result == 42);
        BOOST_TEST(*result.winner_index == 0u);
        BOOST_REQUIRE(result.exceptions.size() == 1u);
        BOOST_TEST((result.exceptions[0] == nullptr));
        BOOST_TEST(!started);
    });
}

BOOST_AUTO_TEST_CASE(WAIT_041_a_failure_starts_the_next_at_once) {
    testing::run([] {
        const TimePoint begin = get_running_loop().time();
        const auto result = await(staggered_race(std::vector<Candidate>{fails(1s), succeeds(1s, 1)}, Duration(10s)));
        BOOST_TEST((get_running_loop().time() - begin == 2s));
        BOOST_TEST(*result.winner_index == 1u);
        BOOST_REQUIRE(result.exceptions.size() == 2u);
        BOOST_TEST(contains(text(result.exceptions[0]), "failed"));
        BOOST_TEST((result.exceptions[1] == nullptr));
    });
    // Without a delay only a failure does.
    testing::run([] {
        const auto result = await(staggered_race(std::vector<Candidate>{fails(100s), succeeds(1s, 1)}, absl::nullopt));
        BOOST_TEST(*result.winner_index == 1u);
    });
}

BOOST_AUTO_TEST_CASE(WAIT_042_after_the_delay_the_next_runs_beside_and_the_slower_is_cancelled) {
    testing::run([] {
        TimePoint begin = get_running_loop().time();
        BOOST_TEST(await(staggered_race({sleep(10s, 0), sleep(1s, 1)}, 1s)).winner_result.value() == 1);
        begin = get_running_loop().time();
        const auto result = await(staggered_race({succeeds(10s, 0), succeeds(1s, 1)}, 1s));
        BOOST_TEST((get_running_loop().time() - begin == 2s));
        BOOST_TEST(*result.winner_index == 1u);
        BOOST_REQUIRE(result.exceptions.size() == 2u);
        BOOST_TEST(contains(text(result.exceptions[0]), "CancelledError"));
        BOOST_TEST((result.exceptions[1] == nullptr));
    });
}

BOOST_AUTO_TEST_CASE(WAIT_043_when_all_fail_there_is_an_exception_for_each) {
    testing::run([] {
        const auto result = await(staggered_race(std::vector<Candidate>{fails(2s), fails(1s)}, Duration(1s)));
        BOOST_TEST(!result.winner_result.has_value());
        BOOST_TEST(!result.winner_index.has_value());
        BOOST_REQUIRE(result.exceptions.size() == 2u);
        BOOST_TEST(contains(text(result.exceptions[0]), "failed"));
        BOOST_TEST(contains(text(result.exceptions[1]), "failed"));
    });
}

BOOST_AUTO_TEST_CASE(WAIT_044_a_cancellation_waits_for_the_candidates_and_is_raised_then) {
    testing::run([] {
        bool log = false;
        const Candidate stubborn = [&]() -> Coroutine<int> {
            return [&]() -> int {
                for (int i = 0; i < 2; ++i) {
                    try {
                        await(sleep(100s));
                    } catch (const CancelledError&) {
                    }
                }
                log = true;
                return 0;
            };
        };
        auto race = create_task(staggered_race(std::vector<Candidate>{stubborn, succeeds(100s, 1)}, Duration(1s)));
        await(sleep(2s));
        race.cancel("first");
        settle();
        BOOST_TEST(!race.done());
        race.cancel("second");
        settle();
        BOOST_TEST(race.cancelled());
        BOOST_TEST(log);
        BOOST_TEST(all_tasks().size() == 1u);
    });
}

BOOST_AUTO_TEST_CASE(candidates_may_return_nothing_and_need_only_be_movable) {
    testing::run([] {
        struct MoveOnly {
            std::unique_ptr<int> value;
            void operator()() { *value = 1; }
        };
        std::vector<MoveOnly> candidates(1);
        candidates[0].value = std::make_unique<int>(0);
        const auto result = await(staggered_race(std::move(candidates), Duration(1s)));
        BOOST_TEST(*result.winner_index == 0u);
        BOOST_TEST(result.winner_result.has_value());
    });
}

BOOST_AUTO_TEST_CASE(interrupted_everywhere_no_candidate_is_left) {
    int running = 0;
    const auto body = [&] {
        struct Counted {
            int& count;
            explicit Counted(int& c) : count(c) { ++count; }
            ~Counted() { --count; }
        };
        const auto counted = [&](Duration delay) -> Candidate {
            return [&running, delay]() -> Coroutine<int> {
                return [&running, delay] {
                    const Counted one(running);
                    return await(sleep(delay, 1));
                };
            };
        };
        await(staggered_race(std::vector<Candidate>{counted(5s), fails(1s), counted(3s)}, Duration(1s)));
    };
    const auto check = [&] { BOOST_TEST(running == 0); };
    BOOST_TEST(testing::cancel_at_every_await(body, check) > 0u);
    BOOST_TEST(testing::close_loop_at_every_await(body, check) > 0u);
}

BOOST_AUTO_TEST_SUITE_END()
