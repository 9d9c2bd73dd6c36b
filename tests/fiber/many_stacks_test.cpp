// A guard must not cost a kernel mapping: with two mappings each, 32,000 fibers are the end.
#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "cede/coroutine/generator.hpp"
#include "cede/fiber/stack_pool.hpp"
#include "support/instrumentation.hpp"

using cede::StackPool;

namespace {

std::size_t mappings_of_the_process() {
    std::ifstream maps("/proc/self/maps");
    std::string line;
    std::size_t count = 0;
    while (std::getline(maps, line)) ++count;
    return count;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(many_stacks)

BOOST_AUTO_TEST_CASE(fifty_thousand_guarded_fibers_wait_in_few_mappings) {
    const int number = cede::tests::scaled(50000, 2000);
    const std::size_t before = mappings_of_the_process();
    std::vector<cede::Generator<int, int>> generators;
    generators.reserve(static_cast<std::size_t>(number));
    for (int i = 0; i < number; ++i) {
        generators.emplace_back([i](cede::Yield<int, int>& yield) {
            for (int sent = 0;;) sent = yield(i + sent);
        });
        generators.back().next();
    }
    if (cede::tests::under_tsan) {
        BOOST_TEST_MESSAGE("mappings not checked: ThreadSanitizer makes some for every fiber");
    } else if (StackPool::figures().guard == StackPool::Guard::madvise) {
        BOOST_TEST(mappings_of_the_process() < before + 200);
        BOOST_TEST(StackPool::figures().unguarded == 0U);
    } else {
        BOOST_TEST_MESSAGE("mappings not checked: this kernel has no MADV_GUARD_INSTALL");
    }
    BOOST_TEST(StackPool::figures().in_use >= static_cast<std::size_t>(number));
    bool right = true;
    for (int i = 0; i < number; ++i) right = right && generators[static_cast<std::size_t>(i)].send(1) == i + 1;
    BOOST_TEST(right);
    for (auto& generator : generators) generator.close();
    StackPool::trim();
}

BOOST_AUTO_TEST_SUITE_END()
