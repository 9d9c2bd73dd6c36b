// AGEN-001 to 014: what a step of an async generator does; who closes it is in async_generator_end_test.cpp.
#include <boost/test/unit_test.hpp>

#include <memory>
#include <stdexcept>
#include <string>

#include "cede/cede.hpp"
#include "support/awaiting.hpp"
#include "support/captured.hpp"

using namespace cede;
using namespace cede::tests;

namespace {

using Yielding = AsyncYield<int>;

// 0, 1, 2 ... below `end`, with a pause before each.
AsyncGenerator<int> count(int end) {
    return [end](Yielding& yield) {
        for (int i = 0; i < end; ++i) {
            await(sleep(1s));
            yield(i);
        }
    };
}

template <class T, class S>
Order rest_of(AsyncGenerator<T, S>& generator) {
    Order seen;
    for (int item : generator) seen.push_back(item);
    return seen;
}

struct Cleanup {
    int& runs;
    ~Cleanup() { ++runs; }
};

// Yields 1, and 2 when a logic_error is thrown into that.
AsyncGenerator<int> catching(bool and_ends = false) {
    return [and_ends](Yielding& yield) {
        try {
            yield(1);
        } catch (const std::logic_error&) {
            await(sleep(1s));
            if (and_ends) return;
        }
        yield(2);
    };
}

}  // namespace

BOOST_AUTO_TEST_SUITE(async_generator)

BOOST_AUTO_TEST_CASE(AGEN_001_it_may_await_between_items_and_ends_with_its_body) {
    testing::run([] {
        auto generator = count(3);
        BOOST_TEST((generator.state() == CoroutineState::created));
        BOOST_TEST(rest_of(generator) == (Order{0, 1, 2}));
        BOOST_TEST(testing::elapsed().seconds() == 3.0);
        BOOST_TEST((generator.state() == CoroutineState::closed));
        BOOST_TEST(rest_of(generator) == Order{});
        auto by_hand = count(2);
        Order seen;
        while (auto item = await(by_hand.next())) seen.push_back(*item);
        BOOST_TEST(seen == (Order{0, 1}));
        BOOST_TEST(!await(by_hand.next()));
        BOOST_CHECK_THROW(await(by_hand.anext()), StopAsyncIteration);
    });
}

BOOST_AUTO_TEST_CASE(AGEN_001_two_consumers_take_turns_with_other_tasks) {
    testing::run([] {
        Order seen;
        const auto consume = [&seen](int offset) {
            auto generator = count(3);
            for (int item : generator) seen.push_back(item + offset);
        };
        await(gather([&] { consume(0); }, [&] { consume(10); }));
        BOOST_TEST(seen == (Order{0, 10, 1, 11, 2, 12}));
    });
}

BOOST_AUTO_TEST_CASE(items_may_be_move_only_and_a_generator_may_feed_another) {
    testing::run([] {
        AsyncGenerator<std::unique_ptr<int>> boxes([](AsyncYield<std::unique_ptr<int>>& yield) {
            auto numbers = count(2);
            for (int item : numbers) yield(std::unique_ptr<int>(new int(item)));
        });
        BOOST_TEST(*await(boxes.anext()) == 0);
        for (auto& box : boxes) BOOST_TEST(*box == 1);
    });
}

BOOST_AUTO_TEST_CASE(AGEN_002_an_exception_of_the_body_leaves_the_step_and_ends_it) {
    testing::run([] {
        AsyncGenerator<int> generator([](Yielding& yield) {
            yield(1);
            await(sleep(1s));
            throw std::domain_error("body");
        });
        Order seen;
        BOOST_CHECK_THROW(
            for (int item : generator) seen.push_back(item), std::domain_error);
        BOOST_TEST(seen == (Order{1}));
        BOOST_TEST((generator.state() == CoroutineState::closed));
        BOOST_TEST(!await(generator.next()));
    });
}

BOOST_AUTO_TEST_CASE(AGEN_003_a_stop_of_its_own_becomes_a_RuntimeError) {
    testing::run([] {
        AsyncGenerator<int> asynchronous([](Yielding&) { throw StopAsyncIteration(); });
        AsyncGenerator<int> synchronous([](Yielding& yield) {
            yield(1);
            throw StopIteration<int>(5);
        });
        BOOST_TEST(contains(message_of<RuntimeError>([&] { await(asynchronous.next()); }), "StopAsyncIteration"));
        BOOST_TEST(*await(synchronous.next()) == 1);
        BOOST_TEST(contains(message_of<RuntimeError>([&] { await(synchronous.next()); }), "StopIteration"));
        BOOST_TEST((synchronous.state() == CoroutineState::closed));
    });
}

BOOST_AUTO_TEST_CASE(AGEN_004_anext_with_a_default) {
    testing::run([] {
        auto generator = count(1);
        BOOST_TEST(await(anext(generator)) == 0);
        BOOST_TEST(await(anext(generator, 7)) == 7);
        BOOST_TEST(await(generator.anext(8)) == 8);
        BOOST_CHECK_THROW(await(anext(generator)), StopAsyncIteration);
        AsyncGenerator<int> failing([](Yielding&) { throw std::domain_error("body"); });
        BOOST_CHECK_THROW(await(anext(failing, 7)), std::domain_error);
    });
}

BOOST_AUTO_TEST_CASE(AGEN_005_the_first_asend_must_carry_no_value) {
    testing::run([] {
        AsyncGenerator<int, std::string> lengths([](AsyncYield<int, std::string>& yield) {
            std::string text = yield(0);
            for (;;) {
                await(sleep(1s));
                text = yield(static_cast<int>(text.size()));
            }
        });
        BOOST_CHECK_THROW(await(lengths.asend("early")), std::invalid_argument);
        BOOST_TEST((lengths.state() == CoroutineState::created));
        BOOST_TEST(*await(lengths.next()) == 0);
        BOOST_TEST(await(lengths.asend("four")) == 4);
        BOOST_TEST(*await(lengths.next()) == 0);
        await(lengths.aclose());
        BOOST_CHECK_THROW(await(lengths.asend("late")), StopAsyncIteration);
        // Without a type to send, asend() is anext().
        auto numbers = count(1);
        BOOST_TEST(await(numbers.asend({})) == 0);
    });
}

BOOST_AUTO_TEST_CASE(AGEN_006_athrow_raises_at_the_yield_and_brings_the_next_item) {
    testing::run([] {
        auto generator = catching();
        BOOST_TEST(*await(generator.next()) == 1);
        BOOST_TEST(await(generator.athrow(std::logic_error("thrown"))) == 2);
        BOOST_CHECK_THROW(await(generator.athrow(std::domain_error("not caught"))), std::domain_error);
        BOOST_TEST(!await(generator.next()));
        // One that has not begun is closed by it.
        auto unstarted = count(3);
        BOOST_CHECK_THROW(await(unstarted.athrow(std::domain_error("x"))), std::domain_error);
        BOOST_CHECK_THROW(await(unstarted.anext()), StopAsyncIteration);
    });
}

BOOST_AUTO_TEST_CASE(AGEN_007_athrow_into_a_body_that_then_ends) {
    testing::run([] {
        auto generator = catching(true);
        BOOST_TEST(*await(generator.next()) == 1);
        BOOST_CHECK_THROW(await(generator.athrow(std::logic_error("thrown"))), StopAsyncIteration);
        BOOST_CHECK_THROW(await(generator.athrow(std::logic_error("to one that has ended"))), StopAsyncIteration);
        BOOST_CHECK_THROW(await(generator.athrow(std::exception_ptr())), std::invalid_argument);
    });
}

BOOST_AUTO_TEST_CASE(AGEN_008_a_body_may_swallow_GeneratorExit_if_it_ends) {
    testing::run([] {
        bool slept = false;
        AsyncGenerator<int> swallows([&](Yielding& yield) {
            try {
                yield(1);
            } catch (const GeneratorExit&) {
                await(sleep(1s));
                slept = true;
            }
        });
        await(swallows.next());
        await(swallows.aclose());
        BOOST_TEST(slept);
        AsyncGenerator<int> goes_on([&](Yielding& yield) {
            try {
                yield(1);
            } catch (const GeneratorExit&) {
                yield(2);
            }
        });
        await(goes_on.next());
        BOOST_TEST(contains(message_of<RuntimeError>([&] { await(goes_on.aclose()); }), "ignored GeneratorExit"));
        BOOST_TEST(!await(goes_on.next()));  // and so it ends after all
        AsyncGenerator<int> fails([&](Yielding& yield) {
            try {
                yield(1);
            } catch (const GeneratorExit&) {
                throw std::domain_error("clean-up");
            }
        });
        await(fails.next());
        BOOST_CHECK_THROW(await(fails.aclose()), std::domain_error);
    });
}

BOOST_AUTO_TEST_CASE(AGEN_009_aclose_of_one_that_ended_or_never_began_does_nothing) {
    testing::run([] {
        auto exhausted = count(1);
        rest_of(exhausted);
        await(exhausted.aclose());
        auto unstarted = count(1);
        await(unstarted.aclose());
        await(unstarted.aclose());
        BOOST_TEST(!await(unstarted.next()));
        int cleanups = 0;
        AsyncGenerator<int> generator([&](Yielding& yield) {
            const Cleanup cleanup{cleanups};
            yield(1);
        });
        await(generator.next());
        auto first = generator.aclose();
        auto second = generator.aclose();
        await(first);
        await(second);
        BOOST_TEST(cleanups == 1);
        BOOST_TEST(testing::elapsed().seconds() == 1.0);
    });
}

BOOST_AUTO_TEST_CASE(AGEN_010_a_cancellation_runs_the_cleanup_of_the_body_and_reaches_the_consumer) {
    testing::run([] {
        int cleanups = 0;
        AsyncGenerator<int> generator([&](Yielding& yield) {
            const Cleanup cleanup{cleanups};
            yield(1);
            await(sleep(3600s));
        });
        auto consumer = create_task([&] { return rest_of(generator); });
        settle();
        consumer.cancel("enough");
        std::string message;
        try {
            await(consumer);
        } catch (const CancelledError& cancelled) {
            message = cancelled.message();
        }
        BOOST_TEST(message == "enough");
        BOOST_TEST(cleanups == 1);
        BOOST_CHECK_THROW(await(generator.anext()), StopAsyncIteration);
    });
}

BOOST_AUTO_TEST_CASE(AGEN_010_the_future_that_the_body_awaits_is_cancelled) {
    testing::run([] {
        const Future<void> awaited;
        AsyncGenerator<int> generator([&](Yielding& yield) {
            try {
                yield(1);
            } catch (const std::logic_error&) {
                await(awaited);
            }
        });
        await(generator.next());
        auto thrower = create_task([&] { return await(generator.athrow(std::logic_error("x"))); });
        settle();
        awaited.cancel();
        BOOST_CHECK_THROW(await(thrower), CancelledError);
        BOOST_TEST((generator.state() == CoroutineState::closed));
    });
}

BOOST_AUTO_TEST_CASE(AGEN_011_two_steps_at_a_time_are_refused) {
    testing::run([] {
        auto generator = count(2);
        auto first = create_task([&] { return await(generator.anext()); });
        settle();
        const auto refused = [&](const char* call, Coroutine<int> step) {
            const std::string text = message_of<RuntimeError>([&] { await(step); });
            BOOST_TEST(contains(text, std::string(call) + "(): asynchronous generator is already running"));
        };
        refused("anext", generator.anext());
        refused("asend", generator.asend({}));
        refused("athrow", generator.athrow(std::logic_error("x")));
        const std::string next = message_of<RuntimeError>([&] { await(generator.next()); });
        const std::string close = message_of<RuntimeError>([&] { await(generator.aclose()); });
        BOOST_TEST(contains(next, "next(): asynchronous generator is already running"));
        BOOST_TEST(contains(close, "aclose(): asynchronous generator is already running"));
        BOOST_CHECK_THROW(rest_of(generator), RuntimeError);
        BOOST_TEST(await(first) == 0);
        BOOST_TEST(rest_of(generator) == (Order{1}));
        // Its own body is such a step too.
        AsyncGenerator<int>* self = nullptr;
        AsyncGenerator<int> selfish([&](Yielding&) { await(self->next()); });
        self = &selfish;
        BOOST_CHECK_THROW(await(selfish.next()), RuntimeError);
    });
}

BOOST_AUTO_TEST_CASE(AGEN_012_a_refused_step_is_used_up) {
    testing::run([] {
        auto generator = count(2);
        auto first = create_task([&] { return await(generator.anext()); });
        settle();
        auto thrown = generator.athrow(std::logic_error("x"));
        auto sent = generator.asend({});
        BOOST_CHECK_THROW(await(thrown), RuntimeError);
        BOOST_CHECK_THROW(await(sent), RuntimeError);
        await(first);
        BOOST_TEST(contains(message_of<RuntimeError>([&] { await(thrown); }), "cannot reuse"));
        BOOST_TEST(contains(message_of<RuntimeError>([&] { await(sent); }), "cannot reuse"));
        BOOST_TEST(rest_of(generator) == (Order{1}));
    });
}

BOOST_AUTO_TEST_CASE(AGEN_013_a_step_that_is_never_awaited_is_reported) {
    CapturedWarnings warnings;
    testing::run([&] {
        auto generator = count(2);
        static_cast<void>(generator.asend({}));
        BOOST_TEST(warnings.contains("::asend("));
        static_cast<void>(generator.athrow(std::logic_error("x")));
        BOOST_TEST(warnings.contains("::athrow("));
        static_cast<void>(generator.aclose());
        BOOST_TEST(warnings.contains("::aclose()"));
        BOOST_TEST(warnings.count() == 3u);
        BOOST_TEST(warnings.contains("was never awaited"));
        BOOST_TEST(rest_of(generator) == (Order{0, 1}));
    }, testing::TestOptions().debug(true));
    BOOST_TEST(warnings.count() == 3u);
}

BOOST_AUTO_TEST_CASE(AGEN_014_an_iteration_left_by_break_can_be_taken_up_again) {
    testing::run([] {
        auto generator = count(4);
        for (int item : generator) {
            if (item == 1) break;
        }
        settle();
        BOOST_TEST((generator.state() == CoroutineState::suspended));
        BOOST_TEST(rest_of(generator) == (Order{2, 3}));
    });
}

BOOST_AUTO_TEST_CASE(one_that_was_moved_from_says_so) {
    testing::run([] {
        auto generator = count(1);
        auto moved = std::move(generator);
        BOOST_TEST((generator.state() == CoroutineState::closed));
        BOOST_TEST(contains(message_of<RuntimeError>([&] { await(generator.next()); }), "moved from"));
        BOOST_CHECK_THROW(generator.begin(), RuntimeError);
        BOOST_CHECK_THROW(static_cast<void>(generator.aclose()), RuntimeError);
        BOOST_TEST(rest_of(moved) == (Order{0}));
    });
}

BOOST_AUTO_TEST_CASE(without_a_loop_it_works_as_far_as_it_awaits_nothing) {
    AsyncGenerator<int> generator([](Yielding& yield) {
        yield(1);
        await(sleep(0s));
    });
    Coroutine<int> step = generator.anext();
    try {
        step.send();
        BOOST_ERROR("the step did not end");
    } catch (const StopIteration<int>& stop) {
        BOOST_TEST(stop.value == 1);
    }
    Coroutine<int> second = generator.anext();
    BOOST_TEST(!second.send());  // the bare yield
    BOOST_CHECK_THROW(second.send(), StopAsyncIteration);
}

// AGEN-003
BOOST_AUTO_TEST_CASE(what_would_look_like_the_end_does_not_leave_it) {
    cede::run([] {
        const auto one = [](AsyncYield<int>& yield) { yield(1); };
        AsyncGenerator<int> unstarted = one;
        BOOST_TEST(message_of<RuntimeError>([&] { await(unstarted.athrow(StopAsyncIteration())); }) ==
                   "async generator raised StopAsyncIteration");
        AsyncGenerator<int> begun = one;
        await(begun.anext());
        BOOST_TEST(message_of<RuntimeError>([&] { await(begun.athrow(StopIteration<void>())); }) ==
                   "async generator raised StopIteration");
        AsyncGenerator<int> goes_on = [](AsyncYield<int>& yield) {
            for (int n = 0;; ++n) {
                try {
                    yield(n);
                } catch (const GeneratorExit&) {
                }
            }
        };
        await(goes_on.anext());
        BOOST_TEST(message_of<RuntimeError>([&] { await(goes_on.aclose()); }) == "async generator ignored GeneratorExit");
        goes_on = one;
    });
}

BOOST_AUTO_TEST_SUITE_END()
