#include <boost/test/unit_test.hpp>

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <random>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "base/sanitizers.hpp"
#include "cede/base/pool.hpp"
#include "support/allocation_counter.hpp"

using cede::detail::pool_allocate;
using cede::detail::pool_give_back;
using cede::detail::pool_keeps_much;
using cede::detail::pool_release;
using cede::tests::AllocationCounter;

namespace {

struct Node : cede::detail::Pooled {
    virtual ~Node() = default;
    char bytes[100];
};
struct LargerNode : Node {
    char more[500];
};

// Whether a counter of zero would mean anything here. The sanitizers' builds have neither the counter nor the pool.
bool counts() { return AllocationCounter::available() && !CEDE_ASAN && !CEDE_TSAN; }

}  // namespace

BOOST_AUTO_TEST_SUITE(pool)

BOOST_AUTO_TEST_CASE(a_returned_block_serves_the_next_of_its_size) {
    pool_release(pool_allocate(100), 100);
    const AllocationCounter counter;
    for (int i = 0; i < 1000; ++i) {
        void* block = pool_allocate(100);
        std::memset(block, i, 100);
        pool_release(block, 100);
    }
    const std::size_t allocations = counter.count();
    if (counts()) BOOST_TEST(allocations == 0);
}

BOOST_AUTO_TEST_CASE(every_size_gets_memory_of_its_own) {
    std::vector<std::pair<unsigned char*, std::size_t>> blocks;
    for (std::size_t size = 1; size <= 1100; size += 7) {
        auto* block = static_cast<unsigned char*>(pool_allocate(size));
        BOOST_TEST(reinterpret_cast<std::uintptr_t>(block) % alignof(std::max_align_t) == 0U);
        std::memset(block, static_cast<int>(size % 251), size);
        blocks.emplace_back(block, size);
    }
    bool intact = true;
    for (const auto& each : blocks) {
        for (std::size_t i = 0; i < each.second; ++i) intact = intact && each.first[i] == each.second % 251;
        pool_release(each.first, each.second);
    }
    BOOST_TEST(intact);
}

BOOST_AUTO_TEST_CASE(a_derived_class_returns_its_whole_size_through_its_base) {
    delete static_cast<Node*>(new LargerNode());
    delete new Node();
    const AllocationCounter counter;
    delete static_cast<Node*>(new LargerNode());
    delete new Node();
    const std::size_t allocations = counter.count();
    if (counts()) BOOST_TEST(allocations == 0);
}

BOOST_AUTO_TEST_CASE(a_block_may_be_returned_on_another_thread) {
    constexpr int number = 200;
    std::vector<void*> blocks;
    for (int i = 0; i < number; ++i) blocks.push_back(pool_allocate(300));
    std::size_t allocations = 1;
    std::thread([&] {
        for (void* block : blocks) pool_release(block, 300);
        std::vector<void*> again;
        again.reserve(number);
        const AllocationCounter counter;
        for (int i = 0; i < number; ++i) again.push_back(pool_allocate(300));
        allocations = counter.count();
        for (void* block : again) pool_release(block, 300);
    }).join();
    if (counts()) BOOST_TEST(allocations == 0);
}

// What LeakSanitizer or Valgrind would report at the end of the process.
BOOST_AUTO_TEST_CASE(a_thread_gives_its_blocks_back_when_it_ends) {
    for (int i = 0; i < 20; ++i) {
        std::thread([] {
            std::vector<void*> blocks;
            for (int n = 0; n < 100; ++n) blocks.push_back(pool_allocate(200));
            for (void* block : blocks) pool_release(block, 200);
        }).join();
    }
    BOOST_TEST(true);
}

BOOST_AUTO_TEST_CASE(a_block_returned_by_a_destructor_at_the_thread_s_end_is_taken) {
    struct AtEnd {
        std::vector<void*> blocks;
        ~AtEnd() {
            for (void* block : blocks) pool_release(block, 64);
            pool_release(pool_allocate(64), 64);
        }
    };
    std::thread([] {
        static thread_local AtEnd before;  // made before the pool's own, so destroyed after it
        for (int i = 0; i < 10; ++i) before.blocks.push_back(pool_allocate(64));
        pool_release(pool_allocate(64), 64);
    }).join();
    BOOST_TEST(true);
}

// --- The memory of a burst ---

constexpr std::size_t burst = 20000;  // of 1 KiB each: 20 MiB
constexpr std::size_t size = 1024;

std::vector<char*> allocate_burst() {
    std::vector<char*> blocks;
    for (std::size_t i = 0; i < burst; ++i) {
        blocks.push_back(static_cast<char*>(pool_allocate(size)));
        std::memset(blocks.back(), static_cast<int>(i % 251), size);
    }
    return blocks;
}
void release(const std::vector<char*>& blocks) {
    for (char* block : blocks) pool_release(block, size);
}

// How many of the blocks lie on pages that are in memory.
std::size_t resident(const std::vector<char*>& blocks) {
    const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    std::size_t count = 0;
    for (char* block : blocks) {
        unsigned char state = 0;
        char* const begin = block - reinterpret_cast<std::uintptr_t>(block) % page;
        if (mincore(begin, page, &state) == 0 && (state & 1) != 0) ++count;
    }
    return count;
}

// What a loop does that rests: a first look, and others after a time in which nobody needed anything.
void rest() {
    for (int looks = 0; looks < 100 && pool_keeps_much(); ++looks) pool_give_back();
}

// In a thread of its own, which has no blocks yet.
template <class F>
void in_a_new_thread(F f) {
    if (counts()) {
        std::thread(f).join();
    } else {
        BOOST_TEST_MESSAGE("skipped: this build has no pool");
    }
}

BOOST_AUTO_TEST_CASE(a_burst_goes_back_when_nobody_needs_it) {
    in_a_new_thread([] {
        const auto blocks = allocate_burst();
        BOOST_TEST(resident(blocks) == burst);
        release(blocks);
        BOOST_TEST(pool_keeps_much());
        rest();
        BOOST_TEST(!pool_keeps_much());
        BOOST_TEST(resident(blocks) < burst / 10);
        release(allocate_burst());
        rest();
    });
}

// By a loop that never rests, or a thread that only drops what others have made.
BOOST_AUTO_TEST_CASE(blocks_made_in_one_thread_and_dropped_in_another_come_back_to_the_first) {
    in_a_new_thread([] {
        std::set<std::uintptr_t> pages;
        for (int round = 0; round < 20; ++round) {
            const auto blocks = allocate_burst();
            for (char* block : blocks) pages.insert(reinterpret_cast<std::uintptr_t>(block) / 4096);
            std::thread([&] { release(blocks); }).join();
        }
        BOOST_TEST(pages.size() * 4096 < 3 * burst * size);
        rest();
    });
}

BOOST_AUTO_TEST_CASE(what_is_used_between_two_looks_is_kept) {
    in_a_new_thread([] {
        std::vector<char*> blocks;
        for (int i = 0; i < 5; ++i) {
            blocks = allocate_burst();
            release(blocks);
            pool_give_back();
        }
        BOOST_TEST(resident(blocks) > burst / 10 * 9);
        BOOST_TEST(pool_keeps_much());
        rest();
    });
}

BOOST_AUTO_TEST_CASE(blocks_in_use_stay_when_their_neighbours_go) {
    in_a_new_thread([] {
        const auto blocks = allocate_burst();
        std::vector<char*> kept;
        for (std::size_t i = 0; i < burst; ++i) {
            i % 1000 == 0 ? kept.push_back(blocks[i]) : pool_release(blocks[i], size);
        }
        rest();
        BOOST_TEST(!pool_keeps_much());  // nobody looks again and again for what cannot go
        bool intact = true;
        for (std::size_t i = 0; i < kept.size(); ++i) {
            for (std::size_t at = 0; at < size; ++at) intact = intact && kept[i][at] == static_cast<char>(i * 1000 % 251);
        }
        BOOST_TEST(intact);
        release(allocate_burst());
        release(kept);
        rest();
        BOOST_TEST(resident(kept) <= kept.size() / 2);
    });
}

BOOST_AUTO_TEST_CASE(the_last_of_a_thread_s_blocks_takes_their_memory_along_wherever_it_is_returned) {
    if (!counts()) return;
    std::vector<char*> blocks;
    std::thread([&] { blocks = allocate_burst(); }).join();
    BOOST_TEST(resident(blocks) == burst);
    std::thread([&] { release(blocks); }).join();
    BOOST_TEST(resident(blocks) < burst / 10);
}

// Blocks that wander from thread to thread, and threads that end with blocks of others.
BOOST_AUTO_TEST_CASE(threads_may_exchange_blocks) {
    struct Held {
        unsigned char* block;
        std::size_t size;
        unsigned char mark;
    };
    std::mutex mutex;
    std::vector<Held> shared;
    std::atomic<int> damaged{0};
    const auto work = [&](unsigned seed) {
        std::minstd_rand dice(seed + 1);
        for (int i = 0; i < 20000; ++i) {
            Held held{nullptr, 1 + dice() % 1024, static_cast<unsigned char>(dice())};
            held.block = static_cast<unsigned char*>(pool_allocate(held.size));
            std::memset(held.block, held.mark, held.size);
            {
                const std::lock_guard<std::mutex> lock(mutex);
                if (shared.size() < 500) {
                    shared.push_back(held);
                    continue;
                }
                std::swap(held, shared[dice() % shared.size()]);
            }
            for (std::size_t at = 0; at < held.size; ++at) damaged += held.block[at] != held.mark;
            pool_release(held.block, held.size);
            if (i % 1000 == 0) pool_give_back();
        }
    };
    for (unsigned round = 0; round < 3; ++round) {
        std::vector<std::thread> threads;
        for (unsigned t = 0; t < 4; ++t) threads.emplace_back(work, round * 4 + t);
        for (auto& thread : threads) thread.join();
    }
    for (const Held& held : shared) pool_release(held.block, held.size);
    BOOST_TEST(damaged == 0);
}

BOOST_AUTO_TEST_SUITE_END()
