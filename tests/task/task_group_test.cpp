// TG: task groups.
#include <boost/test/unit_test.hpp>

#include <functional>

#include "cede/cede.hpp"
#include "cede/testing/testing.hpp"
#include "support/captured.hpp"
#include "support/child_process.hpp"

using namespace cede;
using namespace std::chrono_literals;
using tests::message_of;

namespace {

void forever() { await(sleep(std::chrono::hours(1000))); }

// Every error of a group by its text, groups within it in brackets: "a b [c]".
std::string texts(const std::vector<std::exception_ptr>& errors);
std::string text_of(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const ExceptionGroup& group) {
        return "[" + texts(group.exceptions()) + "]";
    } catch (const BaseExceptionGroup& group) {
        return "{" + texts(group.exceptions()) + "}";
    } catch (const std::exception& plain) {
        return plain.what();
    } catch (const BaseException& base) {
        return base.what();
    }
}
std::string texts(const std::vector<std::exception_ptr>& errors) {
    std::string text;
    for (const std::exception_ptr& each : errors) text += (text.empty() ? "" : " ") + text_of(each);
    return text;
}
// What `body(group)` in a group of its own throws.
std::string outcome(const std::function<void(TaskGroup&)>& body) {
    try {
        task_group([&](TaskGroup& group) { body(group); });
    } catch (...) {
        return text_of(std::current_exception());
    }
    return "";
}

std::function<void()> fails(Duration delay, std::string text) {
    return [=] {
        await(sleep(delay));
        throw std::domain_error(text);
    };
}
std::function<void()> fails_when_cancelled(std::string text) {
    return [=] {
        try {
            forever();
        } catch (const CancelledError&) {
            throw std::domain_error(text);
        }
    };
}

struct OddError : BaseException {
    using BaseException::BaseException;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(groups)

BOOST_AUTO_TEST_CASE(TG_001_leaving_waits_for_every_child) {
    testing::run([] {
        Task<int> a, b;
        const int result = task_group([&](TaskGroup& group) {
            a = group.create_task(sleep(2s, 1));
            b = group.create_task([] { return 2; });
            return 3;
        });
        BOOST_TEST(result == 3);
        BOOST_TEST(a.result() == 1);
        BOOST_TEST(b.result() == 2);
        BOOST_TEST((testing::elapsed() == Duration(2s)));
        task_group([](TaskGroup&) {});  // of none
    });
}

BOOST_AUTO_TEST_CASE(TG_002_003_a_failing_child_cancels_the_others_and_the_body) {
    testing::run([] {
        Task<void> other;
        bool body_cancelled = false;
        const std::string text = outcome([&](TaskGroup& group) {
            group.create_task(fails(1s, "child"));
            other = group.create_task([] { forever(); });
            try {
                forever();
            } catch (const CancelledError&) {
                body_cancelled = true;
                throw;
            }
        });
        BOOST_TEST(text == "[child]");
        BOOST_TEST(other.cancelled());
        BOOST_TEST(body_cancelled);
        BOOST_TEST((testing::elapsed() == Duration(1s)));
    });
}

BOOST_AUTO_TEST_CASE(a_cancelled_child_disturbs_nobody) {
    testing::run([] {
        const std::string text = outcome([](TaskGroup& group) {
            const auto child = group.create_task([] { forever(); });
            group.create_task(sleep(5s));
            await(sleep(1s));
            child.cancel();
        });
        BOOST_TEST(text == "");
        BOOST_TEST((testing::elapsed() == Duration(5s)));
    });
}

BOOST_AUTO_TEST_CASE(TG_004_errors_of_body_and_children_come_together) {
    testing::run([] {
        const std::string text = outcome([](TaskGroup& group) {
            group.create_task(fails_when_cancelled("one"));
            group.create_task(fails_when_cancelled("two"));
            await(sleep(1s));
            throw std::domain_error("body");
        });
        BOOST_TEST(text == "[one two body]");
    });
}

BOOST_AUTO_TEST_CASE(TG_005_an_error_of_the_body_comes_in_a_group) {
    testing::run([] {
        Task<void> child;
        BOOST_TEST(outcome([&](TaskGroup& group) {
                       child = group.create_task([] { forever(); });
                       await(sleep(0s));
                       throw std::domain_error("body");
                   }) == "[body]");
        BOOST_TEST(child.cancelled());
    });
}

BOOST_AUTO_TEST_CASE(TG_006_cancelling_the_parent_at_the_exit) {
    testing::run([] {
        Task<void> child;
        bool cleaned = false;
        const auto parent = create_task([&] {
            task_group([&](TaskGroup& group) {
                child = group.create_task([&] {
                    try {
                        forever();
                    } catch (const CancelledError&) {
                        await(sleep(1s));
                        cleaned = true;
                        throw;
                    }
                });
            });
        });
        await(sleep(1s));
        parent.cancel("stop it");
        BOOST_TEST(message_of<CancelledError>([&] { await(parent); }) == "stop it");
        BOOST_TEST(cleaned);
        BOOST_TEST(child.cancelled());
    });
}

BOOST_AUTO_TEST_CASE(TG_006_again_and_again) {
    testing::run([] {
        const auto parent = create_task([&] {
            task_group([&](TaskGroup& group) {
                group.create_task([&] {
                    try {
                        forever();
                    } catch (const CancelledError&) {
                        await(sleep(10s));
                        throw;
                    }
                });
            });
        });
        for (int i = 0; i < 5; ++i) {
            await(sleep(1s));
            parent.cancel();
        }
        BOOST_CHECK_THROW(await(parent), CancelledError);
        BOOST_TEST((testing::elapsed() == Duration(11s)));
    });
}

BOOST_AUTO_TEST_CASE(TG_007_an_error_goes_before_a_cancellation_from_outside) {
    testing::run([] {
        std::string text;
        const auto parent = create_task([&] {
            text = outcome([](TaskGroup& group) { group.create_task(fails_when_cancelled("child")); });
            await(sleep(1s));  // where the cancellation is raised anew
        });
        await(sleep(1s));
        parent.cancel();
        BOOST_CHECK_THROW(await(parent), CancelledError);
        BOOST_TEST(text == "[child]");
    });
}

BOOST_AUTO_TEST_CASE(TG_008_groups_in_groups) {
    testing::run([] {
        BOOST_TEST(outcome([](TaskGroup& outer) {
                       outer.create_task(fails_when_cancelled("outer child"));
                       await(sleep(0s));
                       task_group([](TaskGroup& inner) { inner.create_task(fails(1s, "inner child")); });
                   }) == "[outer child [inner child]]");
    });
}

BOOST_AUTO_TEST_CASE(TG_009_an_outer_error_cancels_the_inner_group) {
    testing::run([] {
        BOOST_TEST(outcome([](TaskGroup& outer) {
                       outer.create_task(fails(1s, "outer"));
                       task_group([](TaskGroup& inner) {
                           inner.create_task([] { forever(); });
                           forever();
                       });
                   }) == "[outer]");
        BOOST_TEST(current_task().cancelling() == 0);
    });
}

BOOST_AUTO_TEST_CASE(TG_010_an_interrupt_of_the_body_comes_bare) {
    testing::VirtualTimeLoop loop;
    const tests::CapturedReports reports(loop);  // of what is dropped
    Task<void> child;
    BOOST_CHECK_THROW(loop.run_until_complete([&] {
        task_group([&](TaskGroup& group) {
            child = group.create_task(fails_when_cancelled("dropped"));
            await(sleep(1s));
            throw KeyboardInterrupt();
        });
    }),
                      KeyboardInterrupt);
    BOOST_TEST(child.done());
}

BOOST_AUTO_TEST_CASE(TG_011_errors_outside_the_ordinary_hierarchy) {
    testing::run([] {
        BOOST_TEST(outcome([](TaskGroup& group) {
                       group.create_task(fails_when_cancelled("ordinary"));
                       await(sleep(1s));
                       throw OddError("odd");
                   }) == "{ordinary odd}");
        BOOST_TEST(outcome([](TaskGroup& group) { group.create_task([] { throw OddError("child"); }); }) == "{child}");
    });
}

BOOST_AUTO_TEST_CASE(TG_012_no_task_after_a_failure) {
    tests::CapturedWarnings warnings;
    testing::run(
        [] {
            BOOST_TEST(outcome([](TaskGroup& group) {
                           group.create_task(fails(0s, "child"));
                           try {
                               forever();
                           } catch (const CancelledError&) {
                               BOOST_CHECK_THROW(group.create_task(sleep(1s)), RuntimeError);
                               throw;
                           }
                       }) == "[child]");
        },
        testing::TestOptions().debug(true));
    BOOST_TEST(!warnings.contains("never awaited"));
}

BOOST_AUTO_TEST_CASE(TG_013_014_not_entered_and_entered_twice) {
    testing::run([] {
        TaskGroup group;
        BOOST_CHECK_THROW(group.create_task([] {}), RuntimeError);
        with(group, [&] { BOOST_CHECK_THROW(with(group, [] {}), RuntimeError); });
        BOOST_CHECK_THROW(with(group, [] {}), RuntimeError);
        BOOST_CHECK_THROW(group.create_task([] {}), RuntimeError);
    });
    BOOST_CHECK_THROW(task_group([](TaskGroup&) {}), RuntimeError);
}

BOOST_AUTO_TEST_CASE(TG_015_options_are_passed_on) {
    testing::run([] {
        const Context context = copy_context();
        task_group([&](TaskGroup& group) {
            const auto child = group.create_task([] { await(sleep(1s)); }, TaskOptions().name("kid").context(context));
            BOOST_TEST(child.get_name() == "kid");
            BOOST_TEST((child.get_context() == context));
        });
    });
}

BOOST_AUTO_TEST_CASE(TG_016_children_that_keep_spawning) {
    testing::run([] {
        int alive = 0;
        const std::string text = outcome([&](TaskGroup& group) {
            std::function<void()> spawn = [&] {
                struct Alive {
                    int& count;
                    explicit Alive(int& c) : count(c) { ++count; }
                    ~Alive() { --count; }
                } guard(alive);
                await(sleep(1s));
                group.create_task(spawn);
                await(sleep(3s));
            };
            group.create_task(spawn);
            group.create_task(fails(10500ms, "one"));
            forever();
        });
        BOOST_TEST(text == "[one]");
        BOOST_TEST(alive == 0);
    });
}

BOOST_AUTO_TEST_CASE(TG_017_018_nothing_of_the_cancellation_is_left) {
    testing::run([] {
        BOOST_TEST(outcome([](TaskGroup& group) {
                       group.create_task(fails(0s, "x"));
                       forever();
                   }) == "[x]");
        BOOST_TEST(current_task().cancelling() == 0);
        await(sleep(1s));
        // The body catches the group's own cancellation and returns: nothing is left either.
        BOOST_TEST(outcome([](TaskGroup& group) {
                       group.create_task(fails(0s, "y"));
                       try {
                           forever();
                       } catch (const CancelledError&) {
                       }
                   }) == "[y]");
        await(sleep(1s));
        // And where the child fails when the body has no await left.
        BOOST_TEST(outcome([](TaskGroup& group) { group.create_task(fails(0s, "z")); }) == "[z]");
        await(sleep(1s));
        BOOST_TEST(current_task().cancelling() == 0);
    });
}

BOOST_AUTO_TEST_CASE(TG_019_inner_and_outer_fail_together) {
    testing::run([] {
        int between = -1;
        const std::string text = outcome([&](TaskGroup& outer) {
            outer.create_task(fails(1s, "outer"));
            BOOST_TEST(outcome([](TaskGroup& inner) {
                           inner.create_task(fails(1s, "inner"));
                           forever();
                       }) == "[inner]");
            between = current_task().cancelling();
            forever();
        });
        BOOST_TEST(text == "[outer]");
        BOOST_TEST(between == 1);
        BOOST_TEST(current_task().cancelling() == 0);
    });
}

BOOST_AUTO_TEST_CASE(TG_020_a_child_whose_new_sibling_fails_at_once_is_cancelled) {
    testing::run([] {
        for (const bool eager : {false, true}) {
            bool cancelled = false;
            const std::string text = outcome([&](TaskGroup& group) {
                group.create_task(
                    [&] {
                        group.create_task([] { throw std::domain_error("sibling"); }, TaskOptions().eager(eager));
                        try {
                            forever();
                        } catch (const CancelledError&) {
                            cancelled = true;
                            throw;
                        }
                    },
                    TaskOptions().eager(eager));
            });
            BOOST_TEST(text == "[sibling]");
            BOOST_TEST(cancelled);
        }
    });
}

BOOST_AUTO_TEST_CASE(TG_021_a_clean_up_of_the_body_that_fails) {
    testing::run([] {
        const std::string text = outcome([](TaskGroup& group) {
            group.create_task(fails(1s, "child"));
            try {
                forever();
            } catch (const CancelledError&) {
                throw std::domain_error("clean-up");
            }
        });
        BOOST_TEST(text == "[child clean-up]");
        BOOST_TEST(current_task().cancelling() == 0);
    });
}

BOOST_AUTO_TEST_CASE(no_child_survives_any_interruption) {
    int alive = 0;
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
        const std::size_t points = testing::cancel_at_every_await(
            [&] {
                const auto child = [&](Duration delay) {
                    return [&alive, delay] {
                        struct Alive {
                            int& count;
                            explicit Alive(int& c) : count(c) { ++count; }
                            ~Alive() { --count; }
                        } guard(alive);
                        await(sleep(delay));
                    };
                };
                task_group([&](TaskGroup& group) {
                    group.create_task(child(1s));
                    await(sleep(1s));
                    task_group([&](TaskGroup& inner) {
                        inner.create_task(child(2s));
                        inner.create_task(child(0s));
                    });
                    group.create_task(child(1s));
                });
                BOOST_TEST(alive == 0);
            },
            [&] {
                BOOST_TEST(alive == 0);
                BOOST_TEST(all_tasks().size() == 1u);
            },
            testing::TestOptions().seed(seed));
        BOOST_TEST(points >= 5u);
    }
}

BOOST_AUTO_TEST_CASE(a_group_that_is_closed_cancels_its_tasks_and_does_not_await) {
    const tests::CapturedUnraisables unraisables;
    const auto loop = new_event_loop();
    tests::CapturedReports reports(*loop);
    int ended = 0;
    loop->create_task([&] {
        task_group([&](TaskGroup& group) {
            for (int i = 0; i < 2; ++i) {
                group.create_task([&] {
                    try {
                        forever();
                    } catch (...) {
                        ++ended;
                        throw;
                    }
                });
            }
            forever();
        });
    });
    loop->run_until_complete(sleep(0s));
    loop->close();
    BOOST_TEST(ended == 2);
    BOOST_TEST(unraisables.count() == 0u);
    for (const auto& each : reports.all) BOOST_TEST(tests::contains(each.message, "destroyed but it is pending"));
}

BOOST_AUTO_TEST_CASE(a_group_that_nobody_asks_for_is_reported_as_a_tree) {
    const auto child = tests::run_in_child([] {
        run([] {
            create_task([] {
                task_group([](TaskGroup& group) { group.create_task([] { throw std::domain_error("inside"); }); });
            });
            for (int i = 0; i < 9; ++i) await(sleep(0s));
        });
    });
    BOOST_TEST(child.said("Task exception was never retrieved"), child);
    BOOST_TEST(child.said("  exception:\n"
                          "  | cede::ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)\n"
                          "  +-+---------------- 1 ----------------\n"
                          "    | std::domain_error: inside\n"), child);
}

BOOST_AUTO_TEST_SUITE_END()
