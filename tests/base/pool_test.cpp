#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

#include "base/sanitizers.hpp"
#include "cede/base/pool.hpp"
#include "support/allocation_counter.hpp"

using cede::detail::pool_allocate;
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

// A burst goes back to the allocator; what a thread keeps of one size is bounded.
BOOST_AUTO_TEST_CASE(what_a_thread_keeps_is_bounded) {
    if (!counts()) {
        BOOST_TEST_MESSAGE("skipped: allocations are not counted in this build");
        return;
    }
    constexpr std::size_t number = 20000;  // of 1 KiB each: 20 MiB
    std::vector<void*> blocks;
    blocks.reserve(number);
    for (std::size_t i = 0; i < number; ++i) blocks.push_back(pool_allocate(1024));
    for (void* block : blocks) pool_release(block, 1024);
    blocks.clear();
    const AllocationCounter counter;
    for (std::size_t i = 0; i < number; ++i) blocks.push_back(pool_allocate(1024));
    const std::size_t allocations = counter.count();
    for (void* block : blocks) pool_release(block, 1024);
    BOOST_TEST(allocations >= number - 4096);
    BOOST_TEST(allocations < number);
}

BOOST_AUTO_TEST_SUITE_END()
