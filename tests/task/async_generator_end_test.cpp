// AGEN-015 to 018: who closes an async generator that its consumer leaves unfinished; and one that is interrupted wherever
// it awaits.
#include <boost/test/unit_test.hpp>

#include <memory>
#include <stdexcept>
#include <thread>

#include "cede/cede.hpp"
#include "support/awaiting.hpp"
#include "support/captured.hpp"
#include "support/instrumentation.hpp"

using namespace cede;
using namespace cede::tests;

namespace {

using Yielding = AsyncYield<int>;

// What became of a generator's body.
struct Life {
    int begun = 0;
    int cleaned = 0;
    std::thread::id where;
};

// Counts for ever; its clean-up takes a second.
AsyncGenerator<int> endless(Life& life, Duration cleanup = 1s) {
    return [&life, cleanup](Yielding& yield) {
        ++life.begun;
        struct Ends {
            Life& life;
            ~Ends() {
                ++life.cleaned;
                life.where = std::this_thread::get_id();
            }
        } ends{life};
        try {
            for (int i = 0;; ++i) yield(i);
        } catch (const GeneratorExit&) {
            if (cleanup > Duration()) await(sleep(cleanup));
            throw;
        }
    };
}

AsyncGenerator<int> failing_cleanup() {
    return [](Yielding& yield) {
        try {
            yield(1);
        } catch (const GeneratorExit&) {
            throw std::domain_error("clean-up");
        }
    };
}

}  // namespace

BOOST_AUTO_TEST_SUITE(async_generator_end)

BOOST_AUTO_TEST_CASE(AGEN_015_a_dropped_one_is_closed_by_its_loop) {
    testing::run([] {
        Life life;
        {
            auto generator = endless(life);
            await(generator.next());
        }
        BOOST_TEST(life.cleaned == 0);
        await(sleep(2s));
        BOOST_TEST(life.cleaned == 1);
        // So is one that another is assigned to.
        auto generator = endless(life);
        await(generator.next());
        generator = endless(life);
        await(sleep(2s));
        BOOST_TEST(life.cleaned == 2);
        BOOST_TEST((generator.state() == CoroutineState::created));
    });
}

BOOST_AUTO_TEST_CASE(AGEN_015_a_step_and_an_iterator_keep_it) {
    testing::run([] {
        Life life;
        auto step = endless(life).next();
        BOOST_TEST(*await(step) == 0);
        settle();
        BOOST_TEST(life.cleaned == 0);  // the coroutine that has ended still names it
        step = Coroutine<absl::optional<int>>([]() -> absl::optional<int> { return {}; });
        await(step);
        await(sleep(2s));
        BOOST_TEST(life.cleaned == 1);
        auto generator = endless(life);
        auto iterator = generator.begin();
        generator = endless(life);
        await(sleep(2s));
        ++iterator;
        BOOST_TEST(*iterator == 1);
        iterator = {};
        await(sleep(2s));
        BOOST_TEST(life.cleaned == 2);
    });
}

BOOST_AUTO_TEST_CASE(AGEN_015_a_consumer_that_is_left_by_break_closes_it_on_its_way) {
    testing::run([] {
        Life life;
        for (int item : endless(life)) {
            if (item == 3) break;
        }
        await(sleep(2s));
        BOOST_TEST(life.cleaned == 1);
    });
}

BOOST_AUTO_TEST_CASE(AGEN_015_dropped_in_another_thread_it_is_closed_in_its_own) {
    testing::run([] {
        Life life;
        auto generator = endless(life);
        await(generator.next());
        await(to_thread([moved = std::make_shared<AsyncGenerator<int>>(std::move(generator))]() mutable { moved.reset(); }));
        await(sleep(2s));
        BOOST_TEST(life.cleaned == 1);
        BOOST_TEST((life.where == std::this_thread::get_id()));
    });
}

BOOST_AUTO_TEST_CASE(AGEN_016_a_shutdown_closes_all_and_waits) {
    testing::VirtualTimeLoop loop;
    Life life;
    Life other;
    auto one = endless(life, 3s);
    auto two = endless(life, 1s);
    auto exhausted = AsyncGenerator<int>([](Yielding& yield) { yield(1); });
    auto unstarted = endless(other);
    loop.run_until_complete([&] {
        await(one.next());
        await(two.next());
        for (int item : exhausted) BOOST_TEST(item == 1);
    });
    BOOST_TEST(life.cleaned == 0);
    loop.run_until_complete(loop.shutdown_asyncgens());
    BOOST_TEST(life.cleaned == 2);
    BOOST_TEST(loop.elapsed().seconds() == 3.0);
    BOOST_TEST((one.state() == CoroutineState::closed));
    BOOST_TEST((unstarted.state() == CoroutineState::created));
    loop.run_until_complete(loop.shutdown_asyncgens());  // nothing is left
    CapturedWarnings warnings;
    loop.run_until_complete([&] { await(unstarted.next()); });
    BOOST_TEST(warnings.contains("after its loop's shutdown_asyncgens()"));
    loop.run_until_complete(unstarted.aclose());
}

BOOST_AUTO_TEST_CASE(AGEN_016_a_shutdown_waits_for_those_that_were_dropped_before) {
    testing::VirtualTimeLoop loop;
    CapturedReports reports(loop);
    Life life;
    loop.run_until_complete([&] {
        static_cast<void>(endless(life).next());  // never begun
        for (int item : endless(life, 3s)) {
            if (item == 1) break;
        }
        settle();
        auto dropped_late = endless(life, 5s);
        await(dropped_late.next());
    });
    BOOST_TEST(life.begun == 2);
    BOOST_TEST(life.cleaned == 0);
    loop.run_until_complete(loop.shutdown_asyncgens());
    BOOST_TEST(life.cleaned == 2);
    BOOST_TEST(loop.elapsed().seconds() == 5.0);
    BOOST_TEST(reports.all.empty());
    loop.set_exception_handler(nullptr);
}

BOOST_AUTO_TEST_CASE(AGEN_017_what_a_cleanup_throws_at_shutdown_is_reported_with_the_generator) {
    testing::VirtualTimeLoop loop;
    CapturedReports reports(loop);
    Life life;
    auto failing = failing_cleanup().named("pages");
    auto other = endless(life);
    loop.run_until_complete([&] {
        await(failing.next());
        await(other.next());
    });
    loop.run_until_complete(loop.shutdown_asyncgens());
    BOOST_TEST(life.cleaned == 1);  // in spite of the first
    BOOST_REQUIRE(reports.all.size() == 1u);
    BOOST_TEST(reports.all[0].asyncgen == "pages");
    BOOST_TEST(contains(reports.all[0].message, "closing of asynchronous generator 'pages'"));
    BOOST_CHECK_THROW(std::rethrow_exception(reports.all[0].exception), std::domain_error);
    loop.set_exception_handler(nullptr);
}

BOOST_AUTO_TEST_CASE(AGEN_017_a_cleanup_that_is_cancelled_does_not_stop_the_others) {
    testing::VirtualTimeLoop loop;
    CapturedReports reports(loop);
    Life life;
    AsyncGenerator<int> cancelled([](Yielding& yield) {
        try {
            yield(1);
        } catch (const GeneratorExit&) {
            throw CancelledError("within");
        }
    });
    auto other = endless(life);
    loop.run_until_complete([&] {
        await(cancelled.next());
        await(other.next());
    });
    loop.run_until_complete(loop.shutdown_asyncgens());
    BOOST_TEST(life.cleaned == 1);
    BOOST_TEST(reports.all.empty());
    loop.set_exception_handler(nullptr);
}

BOOST_AUTO_TEST_CASE(AGEN_018_the_shutdown_of_run_reports_what_the_cleanup_of_a_dropped_one_throws) {
    std::vector<ExceptionContext> reports;
    cede::run([&] {
        get_running_loop().set_exception_handler(
            [&](EventLoop&, const ExceptionContext& context) { reports.push_back(context); });
        auto generator = failing_cleanup();
        await(generator.next());
    });
    BOOST_REQUIRE(reports.size() == 1u);
    BOOST_TEST(contains(reports[0].message, "closing of asynchronous generator"));
    BOOST_TEST(contains(reports[0].asyncgen, "failing_cleanup"));
    BOOST_CHECK_THROW(std::rethrow_exception(reports[0].exception), std::domain_error);
}

BOOST_AUTO_TEST_CASE(aclose_while_another_task_iterates_is_refused_and_leaves_that_alone) {
    testing::run([] {
        AsyncGenerator<int> generator([](Yielding& yield) {
            for (int i = 0; i < 3; ++i) {
                yield(i);
                await(sleep(1s));
            }
        });
        Order seen;
        auto consumer = create_task([&] {
            for (int item : generator) seen.push_back(item);
        });
        settle();
        BOOST_CHECK_THROW(await(generator.aclose()), RuntimeError);
        await(consumer);
        BOOST_TEST(seen == (Order{0, 1, 2}));
        // Closed between two steps, it ends the iteration that comes back to it.
        Life life;
        auto second = endless(life, Duration());
        for (int item : second) {
            if (item == 2) await(second.aclose());
        }
        BOOST_TEST(life.cleaned == 1);
    });
}

BOOST_AUTO_TEST_CASE(a_generator_may_go_on_in_another_loop_of_its_thread) {
    Life life;
    testing::VirtualTimeLoop second;
    auto generator = endless(life);
    {
        testing::VirtualTimeLoop first;
        BOOST_TEST(*first.run_until_complete(generator.next()) == 0);
        BOOST_TEST(*second.run_until_complete(generator.next()) == 1);
        first.run_until_complete(first.shutdown_asyncgens());
        BOOST_TEST(life.cleaned == 0);  // it has left that loop
    }
    BOOST_TEST(*second.run_until_complete(generator.next()) == 2);
    second.run_until_complete(second.shutdown_asyncgens());
    BOOST_TEST(life.cleaned == 1);
}

BOOST_AUTO_TEST_CASE(a_future_of_another_loop_is_refused_in_its_body_too) {
    testing::VirtualTimeLoop other;
    const Future<void> foreign(other);
    testing::run([&] {
        AsyncGenerator<int> generator([&](Yielding& yield) {
            yield(1);
            await(foreign);
        });
        await(generator.next());
        BOOST_TEST(contains(message_of<RuntimeError>([&] { await(generator.next()); }), "another loop"));
    });
}

BOOST_AUTO_TEST_CASE(a_step_in_another_thread_is_refused) {
    Life life;
    testing::VirtualTimeLoop loop;
    auto generator = endless(life, Duration());
    AsyncGenerator<int>::iterator item;
    loop.run_until_complete(Coroutine<void>([&] { item = generator.begin(); }));
    std::string next;
    std::string close;
    std::thread([&] {
        testing::VirtualTimeLoop elsewhere;
        next = message_of<RuntimeError>([&] { elsewhere.run_until_complete(generator.next()); });
        close = message_of<RuntimeError>([&] { elsewhere.run_until_complete(generator.aclose()); });
    }).join();
    BOOST_TEST(contains(next, "begun in another thread"));
    BOOST_TEST(contains(close, "begun in another thread"));
    BOOST_TEST(*item == 0);  // as it was
    // Its whole loop may move to another thread, and takes it along.
    std::thread([&] { BOOST_TEST(*loop.run_until_complete(generator.next()) == 1); }).join();
    BOOST_TEST(*loop.run_until_complete(generator.next()) == 2);
    loop.run_until_complete(generator.aclose());
}

BOOST_AUTO_TEST_CASE(dropped_after_its_loop_it_is_closed_where_it_is_dropped) {
    CapturedUnraisables unraisables;
    Life life;
    {
        auto quiet = endless(life, Duration());
        auto waits = endless(life);
        testing::VirtualTimeLoop loop;
        loop.run_until_complete(quiet.next());
        loop.run_until_complete(waits.next());
        loop.close();
        BOOST_TEST(life.cleaned == 0);
    }
    BOOST_TEST(life.cleaned == 2);
    BOOST_TEST(unraisables.count() == 1u);
    BOOST_TEST(unraisables.contains("no running event loop"));
}

BOOST_AUTO_TEST_CASE(dropped_in_another_thread_after_its_loop_it_is_given_up_with_a_report) {
    const LostByDesign lost;
    CapturedWarnings warnings;
    Life life;
    auto generator = std::make_shared<AsyncGenerator<int>>(endless(life));
    testing::VirtualTimeLoop().run_until_complete(generator->next());
    std::thread([&] { generator.reset(); }).join();
    BOOST_TEST(life.cleaned == 0);
    BOOST_TEST(warnings.count() == 1u);
    BOOST_TEST(warnings.contains("dropped in another thread after its loop had gone"));
}

BOOST_AUTO_TEST_CASE(dropped_just_before_its_loop_closes_it_is_closed_there) {
    Life life;
    {
        testing::VirtualTimeLoop loop;
        {
            auto generator = endless(life, Duration());
            loop.run_until_complete(generator.next());
        }
        BOOST_TEST(life.cleaned == 0);  // the loop does not run
    }
    BOOST_TEST(life.cleaned == 1);
}

BOOST_AUTO_TEST_CASE(whatever_interrupts_its_consumer_it_is_cleaned_up_once) {
    Life life;
    const auto body = [&] {
        AsyncGenerator<int> generator([&](Yielding& yield) {
            ++life.begun;
            struct Ends {
                Life& life;
                ~Ends() { ++life.cleaned; }
            } ends{life};
            try {
                for (int i = 0; i < 3; ++i) {
                    await(sleep(1s));
                    yield(i);
                    turn();
                }
            } catch (const GeneratorExit&) {
                turn();
                throw;
            }
        });
        for (int item : generator) {
            await(sleep(1s));
            if (item == 1) await(generator.athrow(std::domain_error("into the middle")));
        }
    };
    const auto contained = [&] {
        try {
            body();
        } catch (const std::domain_error&) {
        }
    };
    const auto check = [&] {
        settle();
        BOOST_TEST(life.cleaned == life.begun);
    };
    BOOST_TEST(testing::cancel_at_every_await(contained, check) > 5u);
    CapturedUnraisables unraisables;  // the turn in the clean-up finds no loop to wait in
    testing::close_loop_at_every_await(contained, [&] { BOOST_TEST(life.cleaned == life.begun); });
}

BOOST_AUTO_TEST_CASE(whatever_interrupts_its_closing_it_is_cleaned_up_once) {
    Life life;
    const auto body = [&] {
        auto generator = endless(life);
        await(generator.next());
        await(generator.aclose());
    };
    BOOST_TEST(testing::cancel_at_every_await(body, [&] { BOOST_TEST(life.cleaned == life.begun); }) > 0u);
    testing::close_loop_at_every_await(body, [&] { BOOST_TEST(life.cleaned == life.begun); });
}

BOOST_AUTO_TEST_SUITE_END()
