// After a peak the pool gives memory back, by itself when a loop is idle, or when told to.
#include <boost/test/unit_test.hpp>

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "base/thread_state.hpp"
#include "fiber/fixtures.hpp"
#include "fiber/stack_block.hpp"
#include "support/instrumentation.hpp"

using cede::StackPool;
using cede::detail::thread_state;
using cede::tests::Strand;

namespace {

constexpr std::size_t peak = 500;
constexpr std::size_t touched = 64 * 1024;

// Suspended fibers that have each used some 64 KiB of their stack.
std::vector<std::unique_ptr<Strand>> make_peak() {
    std::vector<std::unique_ptr<Strand>> strands;
    for (std::size_t i = 0; i < peak; ++i) {
        strands.emplace_back(new Strand([](Strand& self) {
            char used[touched];
            volatile char* const bytes = used;
            for (std::size_t at = 0; at < touched; at += 1024) bytes[at] = 1;
            self.pause();
        }));
        strands.back()->resume();
    }
    return strands;
}

// Copies, for a stack that is given back may go with its block.
std::vector<cede::detail::StackBlock> blocks_of(const std::vector<std::unique_ptr<Strand>>& strands) {
    std::vector<cede::detail::StackBlock> blocks;
    for (const auto& strand : strands) blocks.push_back(*strand->fiber().stack());
    return blocks;
}

// Pages of these stacks that are in memory.
std::size_t resident(const std::vector<cede::detail::StackBlock>& blocks) {
    const std::size_t page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    std::size_t count = 0;
    for (const auto& block : blocks) {
        std::vector<unsigned char> pages(block.size / page);
        if (mincore(block.base, block.size, pages.data()) != 0) continue;  // unmapped
        count += static_cast<std::size_t>(std::count_if(pages.begin(), pages.end(), [](unsigned char p) { return p & 1; }));
    }
    return count;
}

// What an idle loop does: it calls the hook before it blocks, and blocks for no longer than the hook asks. False when the
// hook never rests.
bool idle_until_at_rest() {
    for (int i = 0; i < 100; ++i) {
        if (thread_state.idle == nullptr) return true;
        const long long wish = thread_state.idle();
        if (wish < 0) return true;
        std::this_thread::sleep_for(std::chrono::nanoseconds(wish));
    }
    return false;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(trim)

// A thread each, so that the pool is new and the hottest stacks are this test's.
BOOST_AUTO_TEST_CASE(trim_gives_back_every_idle_stack_at_once) {
    std::thread([] {
        auto strands = make_peak();
        const auto blocks = blocks_of(strands);
        const std::size_t at_peak = resident(blocks);
        for (auto& strand : strands) strand->resume();
        const bool idle_ones_are_warm = StackPool::figures().resident == peak;
        StackPool::trim();
        const std::size_t after = resident(blocks);
        BOOST_TEST(idle_ones_are_warm);
        BOOST_TEST(StackPool::figures().resident == 0U);
        BOOST_TEST(StackPool::figures().idle == 0U);  // whole mappings were idle, and have gone
        BOOST_TEST(at_peak >= peak * touched / 4096);
        BOOST_TEST(after == 0U);
    }).join();
}

BOOST_AUTO_TEST_CASE(trim_leaves_stacks_in_use_alone) {
    std::thread([] {
        auto strands = make_peak();
        const auto blocks = blocks_of(strands);
        const std::size_t before = resident(blocks);
        StackPool::trim();
        BOOST_TEST(resident(blocks) == before);
        for (auto& strand : strands) strand->resume();
    }).join();
}

BOOST_AUTO_TEST_CASE(an_idle_loop_gives_a_peak_back_but_keeps_the_hottest) {
    std::thread([] {
        auto strands = make_peak();
        const auto blocks = blocks_of(strands);
        const std::size_t at_peak = resident(blocks);
        BOOST_TEST((thread_state.idle == nullptr));
        for (auto& strand : strands) strand->resume();
        BOOST_TEST((thread_state.idle != nullptr));
        BOOST_TEST(idle_until_at_rest());
        const auto figures = StackPool::figures();
        BOOST_TEST(figures.idle >= figures.resident);
        BOOST_TEST(figures.resident > 0U);
        BOOST_TEST(figures.resident <= 64U);
        BOOST_TEST(resident(blocks) < at_peak / 4);
        BOOST_TEST((thread_state.idle == nullptr));  // an idle loop is not woken for ever
    }).join();
}

BOOST_AUTO_TEST_CASE(stacks_that_are_taken_again_and_again_are_kept) {
    std::thread([] {
        auto strands = make_peak();
        for (auto& strand : strands) strand->resume();
        for (int i = 0; i < 5 && thread_state.idle != nullptr; ++i) {
            const long long wish = thread_state.idle();
            // Before the next look everything is in use once more.
            auto again = make_peak();
            for (auto& strand : again) strand->resume();
            if (wish > 0) std::this_thread::sleep_for(std::chrono::nanoseconds(wish));
        }
        BOOST_TEST(StackPool::figures().resident == peak);
        BOOST_TEST((thread_state.idle != nullptr));
    }).join();
}

// One stack of a mapping is in use: the others cannot go with it, but their memory can.
BOOST_AUTO_TEST_CASE(idle_stacks_beside_one_in_use_give_their_memory_back) {
    std::thread([] {
        auto strands = make_peak();
        const auto blocks = blocks_of(strands);
        std::vector<cede::detail::StackBlock> in_use, idle;
        for (std::size_t i = 0; i < peak; ++i) {
            (i % 16 == 0 ? in_use : idle).push_back(blocks[i]);
            if (i % 16 != 0) strands[i]->resume();
        }
        const std::size_t kept = resident(in_use);
        StackPool::trim();
        BOOST_TEST(resident(idle) == 0U);
        BOOST_TEST(resident(in_use) == kept);
        const auto figures = StackPool::figures();
        BOOST_TEST(figures.idle == idle.size());
        BOOST_TEST(figures.resident == 0U);
        auto again = make_peak();  // more than there are
        for (auto& strand : again) strand->resume();
        for (std::size_t i = 0; i < peak; i += 16) strands[i]->resume();
    }).join();
}

BOOST_AUTO_TEST_CASE(a_peak_leaves_no_mapping_behind_that_nobody_uses) {
    std::thread([] {
        for (int round = 0; round < 3; ++round) {
            auto strands = make_peak();
            for (auto& strand : strands) strand->resume();
            BOOST_TEST(idle_until_at_rest());
            BOOST_TEST(StackPool::figures().idle <= 128U);
        }
    }).join();
}

BOOST_AUTO_TEST_CASE(a_suspended_fiber_gives_back_what_its_frames_do_not_need) {
    std::thread([] {
        auto strands = make_peak();
        std::unique_ptr<Strand> live(new Strand([](Strand& self) {
            char used[touched];
            for (std::size_t at = 0; at < touched; ++at) used[at] = static_cast<char>(at);
            self.pause();
            for (std::size_t at = 0; at < touched; ++at) {
                if (used[at] != static_cast<char>(at)) throw std::logic_error("a live frame was dropped");
            }
        }));
        live->resume();
        // Deep calls that have returned.
        std::vector<std::unique_ptr<Strand>> shallow;
        for (int i = 0; i < 10; ++i) {
            shallow.emplace_back(new Strand([](Strand& self) {
                const auto go_deep = [] {
                    char used[touched];
                    volatile char* const bytes = used;
                    for (std::size_t at = 0; at < touched; at += 1024) bytes[at] = 1;
                };
                go_deep();
                self.pause();
                go_deep();
            }));
            shallow.back()->resume();
        }
        const auto blocks = blocks_of(shallow);
        const std::size_t before = resident(blocks);
        for (auto& strand : shallow) strand->fiber().drop_unused_stack();
        live->fiber().drop_unused_stack();
        BOOST_TEST(before >= 10 * touched / 4096);
        BOOST_TEST(resident(blocks) <= 30U);
        cede::Fiber::current().drop_unused_stack();  // no stack of ours: nothing happens
        live->resume();
        for (auto& strand : shallow) strand->resume();
        for (auto& strand : strands) strand->resume();
    }).join();
}

BOOST_AUTO_TEST_CASE(trimmed_stacks_can_be_used_again) {
    std::thread([] {
        auto strands = make_peak();
        for (auto& strand : strands) strand->resume();
        StackPool::trim();
        strands = make_peak();
        BOOST_TEST(StackPool::figures().in_use == peak);
        BOOST_TEST(StackPool::figures().idle == 0U);
        for (auto& strand : strands) strand->resume();
        BOOST_TEST(StackPool::figures().resident == peak);
    }).join();
}

// Each is sent when the one before has been seen. ThreadSanitizer keeps a signal for the fiber that is current when it comes.
BOOST_AUTO_TEST_CASE(signals_arrive_that_come_while_stacks_are_made_and_given_back) {
    static std::atomic<int> seen;
    struct sigaction counts = {};
    struct sigaction before;
    counts.sa_handler = [](int) { ++seen; };
    sigaction(SIGUSR1, &counts, &before);
    std::atomic<bool> end{false};
    bool lost = false;
    const pthread_t here = pthread_self();
    std::thread sends([&] {
        for (int sent = 1; !end && !lost; ++sent) {
            pthread_kill(here, SIGUSR1);
            const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
            while (seen < sent && !lost) lost = std::chrono::steady_clock::now() > patience;
        }
    });
    for (int round = 0; round < 20; ++round) {
        auto strands = make_peak();
        for (auto& strand : strands) strand->resume();
        StackPool::trim();
    }
    end = true;
    sends.join();
    sigaction(SIGUSR1, &before, nullptr);
    BOOST_TEST(!lost);
    BOOST_TEST(seen > 1);
}

BOOST_AUTO_TEST_SUITE_END()
