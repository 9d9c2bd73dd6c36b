// cancel_at_every_await and close_loop_at_every_await: that they reach every point, and find what they are for.
#include <boost/test/unit_test.hpp>

#include "cede/cede.hpp"
#include "cede/testing/testing.hpp"
#include "support/captured.hpp"

using namespace cede;
using namespace std::chrono_literals;
using testing::cancel_at_every_await;
using testing::close_loop_at_every_await;

BOOST_AUTO_TEST_SUITE(interrupt)

BOOST_AUTO_TEST_CASE(every_point_is_cancelled_once_and_the_last_run_is_whole) {
    std::string progress;
    std::vector<std::string> runs;
    const std::size_t points = cancel_at_every_await(
        [&] {
            progress.clear();
            await(sleep(1s));  // points 1 (waiting) and 2 (woken)
            progress += 'a';
            await(sleep(0s));  // 3: ready again as soon as it has ceded
            progress += 'b';
            Future<void> done;
            done.set_result();
            await(done);  // does not cede: no point
            await(sleep(1s));  // 4 and 5
            progress += 'c';
        },
        [&] { runs.push_back(progress); });
    BOOST_TEST(points == 5u);
    const std::vector<std::string> expected{"", "", "a", "ab", "ab", "abc"};
    BOOST_TEST(runs == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_resource_that_is_lost_when_cancelled_late_is_found) {
    int held = 0;
    const auto careless = [&] {
        ++held;
        await(sleep(1s));
        --held;  // not reached when cancelled
    };
    BOOST_CHECK_THROW(cancel_at_every_await(careless,
                                            [&] {
                                                if (held != 0) throw std::logic_error("lost");
                                            }),
                      std::logic_error);
}

BOOST_AUTO_TEST_CASE(an_exception_of_the_body_is_thrown) {
    BOOST_CHECK_THROW(cancel_at_every_await(
                          [] {
                              try {
                                  await(sleep(1s));
                              } catch (const CancelledError&) {
                                  throw std::domain_error("instead");
                              }
                          },
                          [] {}),
                      std::domain_error);
}

BOOST_AUTO_TEST_CASE(check_runs_as_a_task_of_the_same_loop) {
    EventLoop* loop = nullptr;
    cancel_at_every_await(
        [&] {
            loop = &get_running_loop();
            await(sleep(1s));
        },
        [&] {
            BOOST_TEST(loop == &get_running_loop());
            await(sleep(1s));
        });
}

BOOST_AUTO_TEST_CASE(a_coroutine_function_is_a_body_too) {
    const std::size_t points = cancel_at_every_await([] { return sleep(1s); }, [] {});
    BOOST_TEST(points == 2u);
}

BOOST_AUTO_TEST_CASE(closing_the_loop_unwinds_the_stack_at_every_point) {
    int alive = 0;
    int checks = 0;
    struct Guard {
        int& count;
        explicit Guard(int& c) : count(c) { ++count; }
        ~Guard() { --count; }
    };
    const std::size_t points = close_loop_at_every_await(
        [&] {
            const Guard outer(alive);
            await(sleep(1s));
            const Guard inner(alive);
            await(gather(sleep(1s), sleep(2s)));
            await(sleep(0s));
        },
        [&] {
            ++checks;
            BOOST_TEST(alive == 0);
        });
    BOOST_TEST(points == 5u);
    BOOST_TEST(checks == 6);
}

BOOST_AUTO_TEST_CASE(closing_the_loop_inside_scopes_leaves_nothing_behind) {
    int exits = 0;
    const std::size_t points = close_loop_at_every_await(
        [&] {
            exits = 0;
            struct Counts {
                int& exits;
                ~Counts() { ++exits; }
            } counts{exits};
            timeout(1h, [] {
                task_group([](TaskGroup& group) {
                    for (int i = 0; i < 3; ++i) group.create_task([i] { await(sleep(std::chrono::seconds(i))); });
                    await(sleep(1s));
                });
            });
        },
        [&] { BOOST_TEST(exits == 1); });
    BOOST_TEST(points >= 4u);
}

BOOST_AUTO_TEST_CASE(the_loop_is_closed_at_the_very_point) {
    std::string progress;
    std::vector<std::string> runs;
    close_loop_at_every_await(
        [&] {
            progress.clear();
            await(sleep(1s));
            progress += 'a';
            await(sleep(0s));
            progress += 'b';
        },
        [&] { runs.push_back(progress); });
    const std::vector<std::string> expected{"", "", "a", "ab"};
    BOOST_TEST(runs == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
