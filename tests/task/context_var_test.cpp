#include <boost/test/unit_test.hpp>

#include <stdexcept>
#include <string>
#include <thread>

#include "cede/task/context_var.hpp"
#include "cede/task/run.hpp"
#include "cede/task/with.hpp"
#include "support/awaiting.hpp"
#include "support/captured.hpp"

using namespace cede;
using namespace cede::tests;

namespace {

// Each case in a context of its own, so that none leaves anything behind.
template <class F>
void in_own_context(F f) { Context().run(f); }

}  // namespace

BOOST_AUTO_TEST_SUITE(context_var)

BOOST_AUTO_TEST_CASE(CTX_001_get_gives_the_value_or_the_default_or_throws) {
    in_own_context([] {
        const ContextVar<int> bare("bare");
        const ContextVar<int> with_default("with_default", 1);
        BOOST_TEST(bare.name() == "bare");
        BOOST_CHECK_THROW(bare.get(), std::out_of_range);
        BOOST_TEST(message_of<std::out_of_range>([&] { bare.get(); }).find("'bare'") != std::string::npos);
        BOOST_TEST(bare.get(7) == 7);
        BOOST_TEST(with_default.get() == 1);
        BOOST_TEST(with_default.get(7) == 7);  // the argument goes first
        bare.set(2);
        with_default.set(3);
        BOOST_TEST(bare.get() == 2);
        BOOST_TEST(bare.get(7) == 2);
        BOOST_TEST(with_default.get() == 3);
        BOOST_CHECK_THROW(ContextVar<int>("bare").get(), std::out_of_range);  // another variable of that name
    });
}

BOOST_AUTO_TEST_CASE(CTX_002_a_token_knows_its_variable_and_what_was_before) {
    in_own_context([] {
        const ContextVar<std::string> var("var", "default");
        const auto first = var.set("one");
        BOOST_TEST((first.var() == var));
        BOOST_TEST(!first.old_value().has_value());  // the default is not what it was set to
        const auto second = var.set("two");
        BOOST_TEST((second.var() == var));
        BOOST_TEST(*second.old_value() == "one");
    });
}

BOOST_AUTO_TEST_CASE(CTX_003_reset_puts_back_what_was_before_or_unsets) {
    in_own_context([] {
        const ContextVar<std::string> var("var", "default");
        const auto first = var.set("one");
        const auto second = var.set("two");
        var.reset(second);
        BOOST_TEST(var.get() == "one");
        var.reset(first);
        BOOST_TEST(var.get() == "default");
        const ContextVar<int> bare("bare");
        bare.reset(bare.set(1));
        BOOST_CHECK_THROW(bare.get(), std::out_of_range);
        BOOST_TEST(bare.get(7) == 7);
        // In whatever order the tokens come, each brings back what was before its own set().
        const auto one = bare.set(1);
        const auto two = bare.set(2);
        bare.reset(one);
        BOOST_CHECK_THROW(bare.get(), std::out_of_range);
        bare.reset(two);
        BOOST_TEST(bare.get() == 1);
    });
}

BOOST_AUTO_TEST_CASE(CTX_004_a_token_serves_once) {
    in_own_context([] {
        const ContextVar<int> var("var");
        const auto token = var.set(1);
        var.reset(token);
        BOOST_CHECK_THROW(var.reset(token), RuntimeError);
    });
}

BOOST_AUTO_TEST_CASE(CTX_005_a_token_of_another_context_or_variable_is_refused) {
    in_own_context([] {
        const ContextVar<int> var("var");
        const ContextVar<int> other("other");
        const auto token = var.set(1);
        BOOST_CHECK_THROW(copy_context().run([&] { var.reset(token); }), std::invalid_argument);
        BOOST_CHECK_THROW(other.reset(token), std::invalid_argument);
        var.reset(token);  // it was not used up
    });
}

BOOST_AUTO_TEST_CASE(CTX_006_a_token_as_a_scope_resets_when_the_scope_is_left) {
    in_own_context([] {
        const ContextVar<int> var("var", 0);
        with(var.set(1), [&] {
            BOOST_TEST(var.get() == 1);
            with(var.set(2), [&](const Token<int>& token) {
                BOOST_TEST(*token.old_value() == 1);
                BOOST_TEST(var.get() == 2);
            });
            BOOST_TEST(var.get() == 1);
        });
        BOOST_TEST(var.get() == 0);
        const ContextVar<int> bare("bare");
        with(bare.set(1), [&] { BOOST_TEST(bare.get() == 1); });
        BOOST_CHECK_THROW(bare.get(), std::out_of_range);
        // Used up within: what Python says there too.
        BOOST_CHECK_THROW(with(var.set(3), [&](const Token<int>& token) { var.reset(token); }), RuntimeError);
        BOOST_CHECK_THROW(with(var.set(3), [] { throw std::logic_error("within"); }), std::logic_error);
        BOOST_TEST(var.get() == 0);
    });
}

BOOST_AUTO_TEST_CASE(CTX_007_a_context_keeps_what_is_set_in_it) {
    in_own_context([] {
        const ContextVar<int> var("var", 0);
        const Context context;
        BOOST_TEST(context.run([&] {
            var.set(1);
            return 5;
        }) == 5);
        BOOST_TEST(var.get() == 0);
        BOOST_TEST(context.run([&] { return var.get(); }) == 1);
        BOOST_TEST(context.run([&](int a, int b) { return a + b + var.get(); }, 2, 3) == 6);
    });
}

BOOST_AUTO_TEST_CASE(CTX_008_an_exception_leaves_run_and_the_context_with_it) {
    in_own_context([] {
        const ContextVar<int> var("var", 0);
        var.set(1);
        const Context context;
        BOOST_CHECK_THROW(context.run([&] {
            var.set(2);
            throw std::logic_error("within");
        }), std::logic_error);
        BOOST_TEST(var.get() == 1);
        BOOST_TEST(context.run([&] { return var.get(); }) == 2);  // which can be entered again
        // A cancellation that takes a task out of it leaves it as well.
        testing::run([&] {
            auto task = create_task([&] { context.run([] { await(sleep(1s)); }); });
            settle();
            task.cancel();
            BOOST_CHECK_THROW(await(task), CancelledError);
            BOOST_TEST(context.run([&] { return var.get(); }) == 2);
        });
    });
}

BOOST_AUTO_TEST_CASE(CTX_009_a_context_that_is_entered_cannot_be_run) {
    in_own_context([] {
        const Context context;
        bool reached = false;
        context.run([&] {
            BOOST_CHECK_THROW(context.run([&] { reached = true; }), RuntimeError);
            Context().run([&] { BOOST_CHECK_THROW(context.run([&] { reached = true; }), RuntimeError); });
            context.copy().run([] {});
        });
        BOOST_TEST(!reached);
        context.run([&] { reached = true; });
        BOOST_TEST(reached);
        // Nor by another task while the first is within.
        testing::run([&] {
            auto inside = create_task([&] { context.run([] { await(sleep(1s)); }); });
            settle();
            BOOST_CHECK_THROW(context.run([] {}), RuntimeError);
            await(inside);
            context.run([] {});
        });
    });
}

BOOST_AUTO_TEST_CASE(CTX_010_contexts_nest) {
    in_own_context([] {
        const ContextVar<int> var("var", 0);
        var.set(1);
        Context().run([&] {
            BOOST_TEST(var.get() == 0);
            var.set(2);
            Context().run([&] { BOOST_TEST(var.get() == 0); });
            BOOST_TEST(var.get() == 2);
        });
        BOOST_TEST(var.get() == 1);
    });
}

BOOST_AUTO_TEST_CASE(CTX_011_copies_are_independent_in_both_directions) {
    in_own_context([] {
        const ContextVar<int> var("var", 0);
        const auto in = [&](const Context& context) { return context.run([&] { return var.get(); }); };
        var.set(1);
        const Context copy = copy_context();
        var.set(2);
        BOOST_TEST(in(copy) == 1);
        copy.run([&] { var.set(3); });
        BOOST_TEST(var.get() == 2);
        const Context second = copy.copy();
        copy.run([&] { var.set(4); });
        BOOST_TEST(in(second) == 3);
        second.run([&] { var.set(5); });
        BOOST_TEST(in(copy) == 4);
        BOOST_TEST(in(second) == 5);
        BOOST_TEST(var.get() == 2);
    });
}

BOOST_AUTO_TEST_CASE(CTX_012_a_thread_starts_empty) {
    in_own_context([] {
        const ContextVar<int> var("var", 0);
        var.set(1);
        int seen = -1;
        std::thread thread([&] {
            seen = var.get();
            var.set(2);
        });
        thread.join();
        BOOST_TEST(seen == 0);
        BOOST_TEST(var.get() == 1);
    });
}

BOOST_AUTO_TEST_CASE(a_task_and_a_callback_run_in_copies) {
    const ContextVar<int> var("var", 0);
    testing::run([&] {
        var.set(1);
        auto task = create_task([&] {
            BOOST_TEST(var.get() == 1);
            var.set(2);
            await(sleep(1s));
            return var.get();
        });
        int seen = -1;
        get_running_loop().call_soon([&] {
            seen = var.get();
            var.set(3);
        });
        var.set(4);
        settle();
        BOOST_TEST(seen == 1);
        BOOST_TEST(await(task) == 2);
        BOOST_TEST(var.get() == 4);
        // An awaited coroutine is no task: it runs in the caller's context.
        await(Coroutine<void>([&] { var.set(5); }));
        BOOST_TEST(var.get() == 5);
    });
    BOOST_TEST(var.get() == 0);
}

BOOST_AUTO_TEST_CASE(CTX_013_a_task_runs_directly_in_the_context_it_is_given) {
    testing::run([] {
        const ContextVar<int> var("var", 0);
        const Context context = copy_context();
        await(create_task([&] { var.set(1); }, TaskOptions().context(context)));
        BOOST_TEST(var.get() == 0);
        BOOST_TEST(context.run([&] { return var.get(); }) == 1);
        BOOST_TEST(await(create_task([&] { return var.get(); }, TaskOptions().context(context))) == 1);
    });
}

BOOST_AUTO_TEST_CASE(CTX_014_get_context_gives_the_context_it_was_given) {
    testing::run([] {
        const ContextVar<int> var("var", 0);
        const Context context;
        auto task = create_task([] {}, TaskOptions().context(context));
        BOOST_TEST((task.get_context() == context));
        // One that it was not given is its own, whenever it is asked for.
        auto other = create_task([&] { var.set(1); });
        const Context own = other.get_context();
        BOOST_TEST((own == other.get_context()));
        await(other);
        BOOST_TEST(own.run([&] { return var.get(); }) == 1);
        await(task);
    });
}

BOOST_AUTO_TEST_CASE(CTX_015_the_exception_handler_runs_in_the_context_of_what_failed) {
    testing::run([] {
        const ContextVar<int> var("var", 0);
        Order seen;
        get_running_loop().set_exception_handler([&](EventLoop&, const ExceptionContext&) { seen.push_back(var.get()); });
        var.set(1);
        get_running_loop().call_soon([&] {
            var.set(2);
            throw std::logic_error("callback");
        });
        settle();
        BOOST_TEST(seen == (Order{2}));
        create_task([&] {
            var.set(3);
            throw std::logic_error("task, whose exception nobody retrieves");
        });
        settle();
        BOOST_TEST(seen == (Order{2, 3}));
        get_running_loop().set_exception_handler(nullptr);
    });
}

BOOST_AUTO_TEST_CASE(awaiting_inside_a_context_keeps_it_current) {
    testing::run([] {
        const ContextVar<int> var("var", 0);
        const Context context;
        context.run([&] {
            var.set(1);
            await(sleep(1s));
            BOOST_TEST(var.get() == 1);
        });
        BOOST_TEST(var.get() == 0);
    });
}

BOOST_AUTO_TEST_CASE(a_context_is_a_mapping_of_variables_to_values) {
    in_own_context([] {
        const ContextVar<std::string> user("user", "nobody");
        const ContextVar<int> request("request");
        const Context empty = copy_context();
        BOOST_TEST(empty.size() == 0u);
        BOOST_TEST(!empty.contains(user));  // a default is no value
        BOOST_TEST(!empty.get(user).has_value());
        BOOST_TEST(empty.get(user, "someone") == "someone");
        BOOST_TEST(message_of<std::out_of_range>([&] { empty[request]; }).find("'request'") != std::string::npos);

        user.set("ann");
        const Context context = copy_context();
        context.run([&] { request.set(5); });
        BOOST_TEST(context.size() == 2u);
        BOOST_TEST(context.contains(request));
        BOOST_TEST(context[user] == "ann");
        BOOST_TEST(context[request] == 5);
        BOOST_TEST(*context.get(request) == 5);
        BOOST_TEST(context.get(request, 7) == 5);
        BOOST_CHECK_THROW(request.get(), std::out_of_range);  // it is not the current one
        BOOST_TEST(copy_context().size() == 1u);
        BOOST_TEST(Context().size() == 0u);
    });
}

BOOST_AUTO_TEST_CASE(what_a_task_has_set_is_seen_in_its_context) {
    testing::run([] {
        const ContextVar<int> var("var");
        const auto task = create_task([&] { var.set(3); });
        await(task);
        BOOST_TEST(task.get_context()[var] == 3);
    });
}

BOOST_AUTO_TEST_CASE(CTX_009_a_task_and_a_callback_have_entered_the_context_that_they_run_in) {
    testing::run([] {
        const Context own = current_task().get_context();
        BOOST_CHECK_THROW(own.run([] {}), RuntimeError);
        BOOST_TEST(own.copy().run([] { return 1; }) == 1);
        const Context context;
        bool entered = false;
        get_running_loop().call_soon(
            [&] {
                try {
                    context.run([] {});
                } catch (const RuntimeError&) {
                    entered = true;
                }
            },
            context);
        await(sleep(0s));
        BOOST_TEST(entered);
        context.run([&] { BOOST_CHECK_THROW(context.run([] {}), RuntimeError); });
        await(create_task([&] { BOOST_CHECK_THROW(context.run([] {}), RuntimeError); }, TaskOptions().context(context)));
        context.run([] {});  // by nobody any more
    });
}

BOOST_AUTO_TEST_SUITE_END()
