// Who awaits whom, and where: GRAPH-001 .. GRAPH-010, DEBUG-007.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <iostream>
#include <sstream>

#include "cede/cede.hpp"

using namespace std::chrono_literals;
using cede::await;

namespace {

#define OUT_OF_LINE __attribute__((noinline))

// The empty statement behind the call keeps it from becoming a jump, which would leave no frame.
OUT_OF_LINE void innermost_wait(const cede::Future<void>& future) {
    await(future);
    asm volatile("");
}
OUT_OF_LINE void plain_helper(const cede::Future<void>& future) {
    innermost_wait(future);
    asm volatile("");
}
OUT_OF_LINE absl::optional<cede::FutureCallGraph> capturing_helper(std::size_t depth) {
    auto graph = cede::capture_call_graph(cede::CallGraphOptions().depth(depth));
    asm volatile("");
    return graph;
}
OUT_OF_LINE absl::optional<cede::FutureCallGraph> outer_helper(std::size_t depth) {
    auto graph = capturing_helper(depth);
    asm volatile("");
    return graph;
}

std::ptrdiff_t place(const std::vector<cede::StackFrame>& stack, const std::string& function) {
    const auto found = std::find_if(stack.begin(), stack.end(), [&](const cede::StackFrame& frame) {
        return frame.function.find(function) != std::string::npos;
    });
    return found == stack.end() ? -1 : found - stack.begin();
}

std::string name_of(const cede::FutureCallGraph& graph) { return cede::AnyTask(graph.future.ref()).get_name(); }

cede::TaskOptions named(const char* name) { return cede::TaskOptions().name(name); }

// Runs `waiter` as a task until it waits for `gate`, gives the graph of `subject()` to `check`, and lets it end.
template <class Waiter, class Check>
void while_waiting(Waiter waiter, Check check) {
    cede::run([&] {
        const cede::Future<void> gate;
        auto task = cede::create_task([&] { waiter(gate); }, named("waiter"));
        for (int i = 0; i < 5; ++i) await(cede::sleep(0s));
        check(cede::AnyFuture(gate), cede::AnyTask(task));
        gate.set_result();
        await(task);
    });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(call_graph)

BOOST_AUTO_TEST_CASE(inside_a_task_its_own_stack_and_its_awaiters_GRAPH_001_GRAPH_002) {
    cede::run([] {
        absl::optional<cede::FutureCallGraph> graph;
        auto inner = cede::create_task(
            [&] {
                await(cede::sleep(0s));
                graph = outer_helper(0);
            },
            named("inner"));
        auto outer = cede::create_task([&] { await(inner); }, named("outer"));
        await(outer);
        BOOST_REQUIRE(graph);
        BOOST_TEST(name_of(*graph) == "inner");
        const auto capturing = place(graph->call_stack, "capturing_helper");
        BOOST_TEST(capturing == 0);
        BOOST_TEST(place(graph->call_stack, "outer_helper") == capturing + 1);
        BOOST_REQUIRE(graph->awaited_by.size() == 1u);
        BOOST_TEST(name_of(graph->awaited_by[0]) == "outer");
    });
}

BOOST_AUTO_TEST_CASE(depth_leaves_out_the_innermost_frames_GRAPH_003) {
    cede::run([] {
        const auto graph = outer_helper(1);
        BOOST_TEST(place(graph->call_stack, "capturing_helper") == -1);
        BOOST_TEST(place(graph->call_stack, "outer_helper") == 0);
    });
}

BOOST_AUTO_TEST_CASE(the_parent_of_a_group_awaits_each_child_GRAPH_004) {
    while_waiting(
        [](const cede::Future<void>& gate) {
            cede::task_group([&](cede::TaskGroup& group) {
                group.create_task([&] { await(gate); }, named("child one"));
                group.create_task([&] { await(gate); }, named("child two"));
            });
        },
        [](const cede::AnyFuture& gate, const cede::AnyTask&) {
            const auto graph = cede::capture_call_graph(gate);
            BOOST_REQUIRE(graph.awaited_by.size() == 2u);
            for (const auto& child : graph.awaited_by) {
                BOOST_REQUIRE(child.awaited_by.size() == 1u);
                BOOST_TEST(name_of(child.awaited_by[0]) == "waiter");
            }
        });
}

BOOST_AUTO_TEST_CASE(awaited_coroutines_are_frames_not_awaiters_GRAPH_005) {
    while_waiting(
        [](const cede::Future<void>& gate) {
            await(cede::Coroutine<void>([&] { await(cede::Coroutine<void>([&] { plain_helper(gate); })); }));
        },
        [](const cede::AnyFuture& gate, const cede::AnyTask& task) {
            const auto graph = cede::capture_call_graph(gate);
            BOOST_TEST(graph.call_stack.empty());
            BOOST_REQUIRE(graph.awaited_by.size() == 1u);
            BOOST_CHECK(graph.awaited_by[0].future == task);
            BOOST_TEST(graph.awaited_by[0].awaited_by.empty());
            const auto inner = place(graph.awaited_by[0].call_stack, "innermost_wait");
            BOOST_TEST(inner == 0);
            BOOST_TEST(place(graph.awaited_by[0].call_stack, "plain_helper") == 1);
        });
}

namespace {
struct AsyncGeneratorBody {
    cede::Future<void> gate;
    OUT_OF_LINE void operator()(cede::AsyncYield<int>& yield) {
        plain_helper(gate);
        yield(1);
    }
};
OUT_OF_LINE void consume(const cede::Future<void>& gate) {
    cede::AsyncGenerator<int> generator(AsyncGeneratorBody{gate});
    for (int item : generator) BOOST_TEST(item == 1);
    asm volatile("");
}
}  // namespace

BOOST_AUTO_TEST_CASE(an_async_generator_is_a_frame_between_its_consumer_and_what_it_awaits_GRAPH_006) {
    while_waiting([](const cede::Future<void>& gate) { consume(gate); },
                  [](const cede::AnyFuture& gate, const cede::AnyTask&) {
                      const auto graph = cede::capture_call_graph(gate);
                      BOOST_REQUIRE(graph.awaited_by.size() == 1u);
                      const auto& stack = graph.awaited_by[0].call_stack;
                      const auto waits = place(stack, "innermost_wait");
                      const auto body = place(stack, "AsyncGeneratorBody");
                      const auto consumer = place(stack, "consume");
                      BOOST_TEST(waits == 0);
                      BOOST_TEST(waits < body);
                      BOOST_TEST(body < consumer);
                      for (std::ptrdiff_t i = 0; i < static_cast<std::ptrdiff_t>(stack.size()); ++i) {
                          BOOST_TEST(stack[static_cast<std::size_t>(i)].async_generator == (i == body));
                      }
                      BOOST_TEST(graph.awaited_by[0].awaited_by.empty());
                  });
}

BOOST_AUTO_TEST_CASE(a_child_of_gather_is_awaited_by_who_awaits_the_gather_GRAPH_007) {
    while_waiting(
        [](const cede::Future<void>& gate) {
            auto child = cede::create_task([&] { await(gate); }, named("child"));
            await(cede::gather(child, gate));
        },
        [](const cede::AnyFuture& gate, const cede::AnyTask& task) {
            const auto graph = cede::capture_call_graph(gate);
            const auto child = std::find_if(graph.awaited_by.begin(), graph.awaited_by.end(),
                                            [](const cede::FutureCallGraph& each) { return name_of(each) == "child"; });
            BOOST_REQUIRE(child != graph.awaited_by.end());
            BOOST_REQUIRE(child->awaited_by.size() == 1u);
            BOOST_CHECK(child->awaited_by[0].future == task);
        });
}

BOOST_AUTO_TEST_CASE(a_task_inside_shield_is_awaited_by_who_awaits_the_shield_GRAPH_008) {
    while_waiting(
        [](const cede::Future<void>& gate) {
            auto inner = cede::create_task([&] { plain_helper(gate); }, named("inner"));
            await(cede::shield(inner));
        },
        [](const cede::AnyFuture& gate, const cede::AnyTask& task) {
            const auto graph = cede::capture_call_graph(gate);
            BOOST_REQUIRE(graph.awaited_by.size() == 1u);
            BOOST_TEST(name_of(graph.awaited_by[0]) == "inner");
            BOOST_TEST(place(graph.awaited_by[0].call_stack, "innermost_wait") == 0);
            BOOST_REQUIRE(graph.awaited_by[0].awaited_by.size() == 1u);
            BOOST_CHECK(graph.awaited_by[0].awaited_by[0].future == task);
        });
}

BOOST_AUTO_TEST_CASE(what_wait_and_wait_for_wait_for_is_awaited_by_their_callers) {
    for (const bool with_wait : {true, false}) {
        while_waiting(
            [&](const cede::Future<void>& gate) {
                auto inner = cede::create_task([&] { plain_helper(gate); }, named("inner"));
                if (with_wait) {
                    await(cede::wait(std::vector<cede::Task<void>>{inner}));
                } else {
                    await(cede::wait_for(inner, 1h));
                }
            },
            [](const cede::AnyFuture& gate, const cede::AnyTask& task) {
                const auto graph = cede::capture_call_graph(gate);
                BOOST_REQUIRE(graph.awaited_by.size() == 1u);
                BOOST_REQUIRE(graph.awaited_by[0].awaited_by.size() == 1u);
                BOOST_CHECK(graph.awaited_by[0].awaited_by[0].future == task);
            });
    }
}

BOOST_AUTO_TEST_CASE(a_timeout_adds_no_awaiter_of_its_own_GRAPH_009) {
    while_waiting([](const cede::Future<void>& gate) { cede::timeout(1h, [&] { plain_helper(gate); }); },
                  [](const cede::AnyFuture& gate, const cede::AnyTask& task) {
                      const auto graph = cede::capture_call_graph(gate);
                      BOOST_REQUIRE(graph.awaited_by.size() == 1u);
                      BOOST_CHECK(graph.awaited_by[0].future == task);
                      BOOST_TEST(graph.awaited_by[0].awaited_by.empty());
                      for (const auto& frame : graph.awaited_by[0].call_stack) BOOST_TEST(frame.function.find("cede::") != 0u);
                  });
}

BOOST_AUTO_TEST_CASE(the_graph_as_text_GRAPH_010) {
    while_waiting([](const cede::Future<void>& gate) { plain_helper(gate); },
                  [](const cede::AnyFuture& gate, const cede::AnyTask& task) {
                      std::ostringstream out;
                      cede::print_call_graph(gate, out);
                      BOOST_TEST(out.str().find("* Future()\n  + Awaited by:\n     * Task(name='waiter')") == 0u);
                      BOOST_TEST(out.str().find("plain_helper") != std::string::npos);
                      BOOST_TEST(cede::format_call_graph(task).find("* Task(name='waiter')\n  + Call stack:") == 0u);
                  });
    while_waiting([](const cede::Future<void>& gate) { consume(gate); },
                  [](const cede::AnyFuture&, const cede::AnyTask& task) {
                      const std::string text = cede::format_call_graph(task);
                      const auto body = text.find("async generator");
                      BOOST_TEST(body != std::string::npos);
                      BOOST_TEST(text.find("AsyncGeneratorBody", body) < text.find("consume", body));
                      BOOST_TEST(text.find("async generator", body + 1) == std::string::npos);
                  });
}

BOOST_AUTO_TEST_CASE(the_graph_goes_to_stdout_unless_told_otherwise) {
    while_waiting([](const cede::Future<void>& gate) { plain_helper(gate); },
                  [](const cede::AnyFuture& gate, const cede::AnyTask&) {
                      std::ostringstream out;
                      std::streambuf* const before = std::cout.rdbuf(out.rdbuf());
                      cede::print_call_graph(gate);
                      std::cout.rdbuf(before);
                      BOOST_TEST(out.str() == cede::format_call_graph(gate));
                  });
}

BOOST_AUTO_TEST_CASE(outside_a_task_there_is_no_graph) {
    BOOST_CHECK_THROW(cede::capture_call_graph(), cede::RuntimeError);
    BOOST_CHECK_THROW(cede::capture_call_graph(cede::AnyFuture()), cede::RuntimeError);
    cede::run([] {
        bool empty = false;
        cede::get_running_loop().call_soon([&] { empty = !cede::capture_call_graph() && cede::format_call_graph().empty(); });
        await(cede::sleep(0s));
        await(cede::sleep(0s));
        BOOST_TEST(empty);
    });
}

BOOST_AUTO_TEST_CASE(a_task_shows_its_frames_up_to_a_number_DEBUG_007) {
    while_waiting([](const cede::Future<void>& gate) { plain_helper(gate); },
                  [](const cede::AnyFuture&, const cede::AnyTask& task) {
                      const auto stack = task.get_stack();
                      BOOST_REQUIRE(stack.size() >= 2u);
                      BOOST_TEST(stack.back().function.find("innermost_wait") != std::string::npos);
                      const auto newest = task.get_stack(1);
                      BOOST_REQUIRE(newest.size() == 1u);
                      BOOST_CHECK(newest[0].pc == stack.back().pc);
                      std::ostringstream out;
                      task.print_stack(out);
                      BOOST_TEST(out.str().find("Stack for task 'waiter' (most recent call last):") == 0u);
                      BOOST_TEST(out.str().find("plain_helper") < out.str().find("innermost_wait"));
                      std::ostringstream shorter;
                      task.print_stack(shorter, 1);
                      BOOST_TEST(shorter.str().find("innermost_wait") != std::string::npos);
                      BOOST_TEST(shorter.str().find("plain_helper") == std::string::npos);
                  });
    // One that runs, and those that have no stack: before the first step and after the last.
    cede::run([] {
        auto task = cede::create_task([] {
            return outer_helper(0)->call_stack.size() <= cede::current_task().get_stack().size() + 2;
        });
        BOOST_TEST(task.get_stack().empty());
        std::ostringstream out;
        task.set_name("idle");
        task.print_stack(out);
        BOOST_TEST(out.str() == "No stack for task 'idle'\n");
        BOOST_TEST(await(task));
        BOOST_TEST(task.get_stack().empty());
        BOOST_TEST(!cede::current_task().get_stack().empty());
        BOOST_TEST(cede::current_task().get_stack(1).size() == 1u);
    });
}

BOOST_AUTO_TEST_CASE(tasks_that_await_one_another_in_a_ring_end_the_walk) {
    cede::run([] {
        cede::Task<void> one, two;
        one = cede::create_task([&] { await(two); }, named("one"));
        two = cede::create_task([&] { await(one); }, named("two"));
        await(cede::sleep(0s));
        const auto graph = cede::capture_call_graph(one);
        BOOST_REQUIRE(graph.awaited_by.size() == 1u);
        BOOST_TEST(graph.awaited_by[0].awaited_by.empty());
        std::ostringstream out;
        cede::dump_tasks(out);
        BOOST_TEST(out.str().find("task 'one': waiting for task 'two'") != std::string::npos);
        BOOST_TEST(out.str().find("deadlock: 'one' waits for 'two' waits for 'one'") != std::string::npos);
        // The request comes round to the first, which is then taken out of its wait.
        BOOST_TEST(one.cancel());
        BOOST_CHECK_THROW(await(two), cede::CancelledError);
        BOOST_TEST(one.cancelled());
    });
}

BOOST_AUTO_TEST_SUITE_END()
