// What a task's stack needed once and does not need now goes back in the pauses of its loop.
#include <boost/test/unit_test.hpp>

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <thread>
#include <vector>

#include "cede/cede.hpp"
#include "fiber/stack_block.hpp"
#include "loop/loop_impl.hpp"

using cede::await;
using cede::detail::StackBlock;

namespace {

constexpr std::size_t touched = 64 * 1024;

__attribute__((noinline)) void go_deep() {
    char used[touched];
    volatile char* const bytes = used;
    for (std::size_t at = 0; at < touched; at += 1024) bytes[at] = 1;
}

std::size_t resident(const StackBlock& block) {
    std::vector<unsigned char> pages(block.size / static_cast<std::size_t>(sysconf(_SC_PAGESIZE)));
    BOOST_REQUIRE(mincore(block.base, block.size, pages.data()) == 0);
    return static_cast<std::size_t>(std::count_if(pages.begin(), pages.end(), [](unsigned char p) { return p & 1; }));
}

struct Parked {
    explicit Parked(int number) {
        for (int i = 0; i < number; ++i) {
            tasks.push_back(cede::create_task([&, i] {
                int live[64];
                for (int& each : live) each = i;
                go_deep();
                await(over);
                if (i % 2 == 0) go_deep();
                return static_cast<int>(std::count(std::begin(live), std::end(live), i));
            }));
        }
        await(cede::sleep(std::chrono::seconds(0)));
        for (const auto& task : tasks) blocks.push_back(cede::detail::task_core(task).frame().fiber().stack());
    }
    std::size_t pages() const {
        std::size_t sum = 0;
        for (const StackBlock* block : blocks) sum += resident(*block);
        return sum;
    }

    cede::Future<void> over;
    std::vector<cede::Task<int>> tasks;
    std::vector<const StackBlock*> blocks;
};

// What the loop does before each wait; false when it would be woken for ever.
bool pause_until_at_rest() {
    auto& loop = cede::get_running_loop().impl();
    for (int i = 0; i < 100; ++i) {
        absl::optional<cede::Duration> timeout;
        loop.idle_time.use(loop.owned, timeout);
        if (!timeout) return true;
        std::this_thread::sleep_for(std::chrono::nanoseconds(*timeout));
    }
    return false;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(parked_stacks)

BOOST_AUTO_TEST_CASE(tasks_that_wait_give_back_what_their_stacks_do_not_need) {
    cede::run([] {
        const Parked parked(200);
        const std::size_t before = parked.pages();
        BOOST_TEST(pause_until_at_rest());
        BOOST_TEST(before >= 200 * touched / 4096);
        BOOST_TEST(parked.pages() <= 200U * 3);
        parked.over.set_result();
        for (const auto& task : parked.tasks) BOOST_TEST(await(task) == 64);
    });
}

// A round goes on where it was although the task that it came to, and others, have ended since.
BOOST_AUTO_TEST_CASE(tasks_may_end_between_two_steps_of_a_round) {
    cede::run([] {
        const Parked parked(200);
        auto& tasks = cede::get_running_loop().impl().owned;
        tasks.begin_round();
        for (int i = 0; i < 100; ++i) BOOST_TEST(tasks.next_of_round() != nullptr);
        parked.over.set_result();
        for (const auto& task : parked.tasks) await(task);
        int left = 0;
        while (tasks.next_of_round() != nullptr) ++left;
        BOOST_TEST(left <= 1);  // this one
    });
}

// In a thread of its own, whose stacks are all in use: they have nothing to trim.
BOOST_AUTO_TEST_CASE(a_loop_with_few_tasks_is_not_woken_for_it) {
    std::thread([] {
        cede::run([] {
            const Parked parked(20);
            const std::size_t before = parked.pages();
            absl::optional<cede::Duration> timeout;
            auto& loop = cede::get_running_loop().impl();
            loop.idle_time.use(loop.owned, timeout);
            BOOST_TEST(!timeout.has_value());
            BOOST_TEST(parked.pages() == before);
            parked.over.set_result();
            for (const auto& task : parked.tasks) await(task);
        });
    }).join();
}

BOOST_AUTO_TEST_SUITE_END()
