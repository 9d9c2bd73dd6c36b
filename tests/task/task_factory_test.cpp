// The loop's task factory; what an eager task does is in eager_test.cpp.
#include <boost/test/unit_test.hpp>

#include <stdexcept>

#include "cede/task/gather.hpp"
#include "cede/task/task_factory.hpp"
#include "cede/task/task_group.hpp"
#include "support/awaiting.hpp"

using namespace cede;
using namespace cede::tests;

namespace {

// The handles that the loop has been given to run.
class CountingLoop final : public testing::VirtualTimeLoop {
public:
    using VirtualTimeLoop::VirtualTimeLoop;
    void enqueue(detail::Runnable& work) override {
        ++enqueued;
        VirtualTimeLoop::enqueue(work);
    }
    int enqueued = 0;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(task_factory)

BOOST_AUTO_TEST_CASE(TASK_031_TASK_032_an_eager_factory_runs_each_task_up_to_its_first_suspension) {
    testing::run([] {
        get_running_loop().set_task_factory(eager_task_factory);
        const auto ended = create_task([] { return 1; });
        BOOST_TEST(ended.done());
        BOOST_TEST(ended.result() == 1);
        bool reached = false;
        const auto suspended = create_task([&] {
            reached = true;
            await(sleep(1s));
        });
        BOOST_TEST(reached);
        BOOST_TEST(!suspended.done());
        await(suspended);
    });
}

BOOST_AUTO_TEST_CASE(TASK_039_the_options_of_one_task_go_before_the_factory) {
    testing::run([] {
        BOOST_TEST(create_task([] {}, TaskOptions().eager(true)).done());
        get_running_loop().set_task_factory(eager_task_factory);
        auto lazy = create_task([] {}, TaskOptions().eager(false));
        BOOST_TEST(!lazy.done());
        await(lazy);
    });
}

BOOST_AUTO_TEST_CASE(TASK_040_without_a_running_loop_the_first_step_is_queued) {
    testing::VirtualTimeLoop loop;
    loop.set_task_factory(eager_task_factory);
    auto task = loop.create_task([] { return 1; });
    BOOST_TEST(!task.done());
    BOOST_TEST(loop.run_until_complete(task) == 1);
}

BOOST_AUTO_TEST_CASE(TASK_041_gather_and_groups_of_tasks_that_ended_at_once_schedule_none) {
    CountingLoop loop;
    loop.set_task_factory(eager_task_factory);
    loop.run_until_complete([&] {
        const int before = loop.enqueued;
        auto both = gather([] { return 1; }, [] { return 2; });
        BOOST_TEST(both.done());
        BOOST_TEST(std::get<1>(await(both)) == 2);
        BOOST_TEST(loop.enqueued == before);
        int inner = 0;
        task_group([&](TaskGroup& group) {
            group.create_task([&] {
                task_group([&](TaskGroup& nested) { nested.create_task([&] { ++inner; }); });
            });
        });
        BOOST_TEST(inner == 1);
    });
}

BOOST_AUTO_TEST_CASE(a_factory_sees_each_task_and_may_change_its_options) {
    testing::run([] {
        EventLoop& loop = get_running_loop();
        BOOST_TEST(!loop.get_task_factory());
        std::vector<AnyTask> seen;
        loop.set_task_factory([&](EventLoop& of, const AnyTask& task, TaskOptions& options) {
            BOOST_TEST(&of == &loop);
            BOOST_TEST(!task.done());
            seen.push_back(task);
            options.name("made by the factory: " + options.name());
        });
        BOOST_TEST(static_cast<bool>(loop.get_task_factory()));
        auto task = create_task([] {}, TaskOptions().name("one"));
        BOOST_TEST(task.get_name() == "made by the factory: one");
        BOOST_TEST((seen == std::vector<AnyTask>{task}));
        await(task);
        loop.set_task_factory(nullptr);
        BOOST_TEST(create_task([] {}, TaskOptions().name("two")).get_name() == "two");
        BOOST_TEST(seen.size() == 1u);
        settle();
    });
}

BOOST_AUTO_TEST_CASE(what_a_factory_throws_leaves_create_task) {
    testing::run([] {
        get_running_loop().set_task_factory(
            [](EventLoop&, const AnyTask&, TaskOptions&) { throw std::logic_error("no more tasks"); });
        BOOST_CHECK_THROW(create_task([] {}), std::logic_error);
        get_running_loop().set_task_factory(nullptr);
        BOOST_TEST(all_tasks().size() == 1u);
    });
}

BOOST_AUTO_TEST_SUITE_END()
