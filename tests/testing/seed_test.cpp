// The seeded order of the ready queue.
#include <boost/test/unit_test.hpp>

#include <set>
#include <string>

#include "cede/cede.hpp"
#include "cede/testing/testing.hpp"

using namespace cede;
using namespace std::chrono_literals;
using testing::TestOptions;

namespace {

std::string order_of(const TestOptions& options) {
    std::string order;
    testing::run(
        [&] {
            std::vector<Task<void>> tasks;
            for (char name = 'a'; name <= 'f'; ++name) {
                tasks.push_back(create_task([&order, name] {
                    for (int i = 0; i < 3; ++i) {
                        await(sleep(i == 1 ? Duration(1s) : Duration(0s)));
                        order += name;
                    }
                }));
            }
            await(gather(tasks));
        },
        options);
    return order;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(seed)

BOOST_AUTO_TEST_CASE(without_a_seed_the_queue_is_first_in_first_out) {
    BOOST_TEST(order_of(TestOptions()) == "abcdefabcdefabcdef");
}

BOOST_AUTO_TEST_CASE(the_same_seed_gives_the_same_order) {
    for (std::uint64_t n = 0; n < 10; ++n) {
        BOOST_TEST(order_of(TestOptions().seed(n)) == order_of(TestOptions().seed(n)));
    }
}

BOOST_AUTO_TEST_CASE(other_seeds_give_other_orders) {
    std::set<std::string> orders;
    for (std::uint64_t n = 0; n < 20; ++n) orders.insert(order_of(TestOptions().seed(n)));
    BOOST_TEST(orders.size() == 20u);
}

BOOST_AUTO_TEST_CASE(the_order_of_a_seed_is_the_same_on_every_platform) {
    BOOST_TEST(order_of(TestOptions().seed(1)) == "cfebadacfdebadfcbe");
}

BOOST_AUTO_TEST_CASE(a_group_is_cancelled_in_an_order_that_the_seed_decides) {
    const auto order = [](std::uint64_t n) {
        std::string result;
        try {
            testing::run(
                [&] {
                    task_group([&](TaskGroup& group) {
                        for (char name = 'a'; name <= 'h'; ++name) {
                            group.create_task([&result, name] {
                                try {
                                    await(sleep(1h));
                                } catch (const CancelledError&) {
                                    result += name;
                                    throw;
                                }
                            });
                        }
                        await(sleep(1s));
                        throw std::runtime_error("stop");
                    });
                },
                TestOptions().seed(n));
        } catch (const ExceptionGroup&) {
        }
        return result;
    };
    const std::string first = order(5);
    BOOST_TEST(first.size() == 8u);
    for (int i = 0; i < 5; ++i) BOOST_TEST(order(5) == first);
}

BOOST_AUTO_TEST_SUITE_END()
