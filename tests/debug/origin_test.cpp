// DEBUG-003 to 005: in debug mode things know where they were created.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include "cede/cede.hpp"
#include "cede/testing/testing.hpp"
#include "support/captured.hpp"

using namespace cede;
using namespace cede::tests;
using namespace std::chrono_literals;

namespace {

#define OUT_OF_LINE __attribute__((noinline))

// The empty statement behind the call keeps it from becoming a jump, which would leave no frame.
OUT_OF_LINE Future<int> makes_a_future(EventLoop& loop) {
    Future<int> made = loop.create_future<int>();
    asm volatile("");
    return made;
}
OUT_OF_LINE Task<void> makes_a_task() {
    Task<void> made = create_task([] { await(sleep(1s)); });
    asm volatile("");
    return made;
}
OUT_OF_LINE Coroutine<void> makes_a_coroutine() {
    Coroutine<void> made([] { await(sleep(0s)); });
    asm volatile("");
    return made;
}
OUT_OF_LINE void calls_the_maker() {
    static_cast<void>(makes_a_coroutine());
    asm volatile("");
}

std::string last(const std::vector<StackFrame>& traceback) {
    return traceback.empty() ? "(no traceback)" : traceback.back().function;
}

testing::TestOptions debugging() { return testing::TestOptions().debug(true); }

}  // namespace

BOOST_AUTO_TEST_SUITE(origin)

BOOST_AUTO_TEST_CASE(DEBUG_003_a_future_knows_where_it_was_created) {
    testing::VirtualTimeLoop loop(debugging());
    const auto future = makes_a_future(loop);
    BOOST_TEST(contains(last(future.source_traceback()), "makes_a_future"));
    loop.run_until_complete([&] {
        const auto inside = makes_a_future(loop);
        const auto traceback = inside.source_traceback();
        BOOST_TEST(contains(last(traceback), "makes_a_future"));
        BOOST_TEST(traceback.size() >= 2u);
        BOOST_TEST(traceback.size() <= 10u);
    });
    loop.set_debug(false);
    BOOST_TEST(makes_a_future(loop).source_traceback().empty());
    BOOST_CHECK_THROW(AnyFuture().source_traceback(), RuntimeError);
}

BOOST_AUTO_TEST_CASE(DEBUG_003_so_does_a_task) {
    testing::run([] {
        const auto task = makes_a_task();
        BOOST_TEST(contains(last(task.source_traceback()), "makes_a_task"));
        BOOST_TEST(contains(last(AnyTask(task).source_traceback()), "makes_a_task"));
        await(task);
        BOOST_TEST(!task.source_traceback().empty());
        get_running_loop().set_debug(false);
        BOOST_TEST(makes_a_task().source_traceback().empty());
    }, debugging());
}

BOOST_AUTO_TEST_CASE(DEBUG_003_so_does_a_handle) {
    testing::VirtualTimeLoop loop(debugging());
    struct Caller {
        OUT_OF_LINE static std::vector<Handle> calls(EventLoop& of) {
            std::vector<Handle> handles{of.call_soon([] {}), of.call_later(1s, [] {}), of.call_at(of.time(), [] {}),
                                        of.call_soon_threadsafe([] {})};
            asm volatile("");
            return handles;
        }
    };
    for (const Handle& handle : Caller::calls(loop)) BOOST_TEST(contains(last(handle.source_traceback()), "calls"));
    loop.set_debug(false);
    for (const Handle& handle : Caller::calls(loop)) BOOST_TEST(handle.source_traceback().empty());
    BOOST_TEST(Handle().source_traceback().empty());
}

BOOST_AUTO_TEST_CASE(DEBUG_003_the_line_in_the_source_where_the_program_has_line_numbers) {
    testing::VirtualTimeLoop loop(debugging());
    const StackFrame frame = makes_a_future(loop).source_traceback().back();
    if (frame.file.empty()) {
        BOOST_TEST_MESSAGE("no line numbers, or no libdw, here");
        return;
    }
#ifdef __OPTIMIZE__
    return;  // the line is that of whatever was inlined there
#else
    BOOST_TEST(frame.file == "origin_test.cpp");
    BOOST_TEST(frame.line > 20u);
    BOOST_TEST(frame.line < static_cast<unsigned>(__LINE__));
    BOOST_TEST(frame.str() == frame.function + " at origin_test.cpp:" + std::to_string(frame.line));
#endif
}

BOOST_AUTO_TEST_CASE(DEBUG_004_coroutines_record_it_only_while_a_loop_in_debug_mode_runs) {
    const auto recorded = [] {
        auto coroutine = makes_a_coroutine();
        const bool has_origin = !coroutine.cr_origin().empty();
        coroutine.close();
        return has_origin;
    };
    testing::VirtualTimeLoop loop(debugging());
    BOOST_TEST(!recorded());
    loop.run_until_complete([&] {
        BOOST_TEST(recorded());
        loop.set_debug(false);
        BOOST_TEST(!recorded());
        loop.set_debug(true);
        BOOST_TEST(recorded());
    });
    BOOST_TEST(!recorded());
    testing::run([&] { BOOST_TEST(!recorded()); }, testing::TestOptions().debug(false));
}

BOOST_AUTO_TEST_CASE(DEBUG_005_the_never_awaited_warning_tells_where) {
    CapturedWarnings warnings;
    testing::run([] { calls_the_maker(); }, debugging());
    BOOST_TEST(warnings.count() == 1u);
    BOOST_TEST(warnings.contains("makes_a_coroutine"));
    BOOST_TEST(warnings.contains("was never awaited"));
    BOOST_TEST(warnings.contains("; it was created in "));
    BOOST_TEST(warnings.contains(", called from "));
    BOOST_TEST(warnings.contains("calls_the_maker"));
}

BOOST_AUTO_TEST_CASE(DEBUG_005_also_after_the_loop_that_it_was_made_in) {
    CapturedWarnings warnings;
    std::vector<Coroutine<void>> kept;
    testing::run([&] { kept.push_back(makes_a_coroutine()); }, debugging());
    BOOST_TEST(warnings.count() == 0u);
    kept.clear();
    BOOST_TEST(warnings.count() == 1u);
    BOOST_TEST(warnings.contains("makes_a_coroutine"));
}

BOOST_AUTO_TEST_CASE(a_slow_step_tells_where_its_task_was_created) {
    CapturedWarnings warnings;
    testing::VirtualTimeLoop loop(debugging());
    loop.run_until_complete([&] { loop.advance(1s); });
    BOOST_TEST(warnings.contains("took 1.0"));
    BOOST_TEST(warnings.contains("; created in "));
}

BOOST_AUTO_TEST_SUITE_END()
