// Whichever allocation fails, in a conversation without a network.
#include <string>

#include <boost/test/unit_test.hpp>

#include "cede/testing/fail_allocations.hpp"

#include "fixtures.hpp"

namespace cede {
namespace tests {

BOOST_AUTO_TEST_SUITE(fail_allocations)

BOOST_AUTO_TEST_CASE(every_allocation_may_fail) {
    const SharedContext client = client_context(), server = server_context();
    server->sni_callback([](const std::string&) { return nullptr; });
    std::string received;
    const std::size_t count = testing::fail_every_allocation(
        [&] {
            Pair pair(client, server);
            pair.shake_hands();
            write_all(*pair.client, *pair.server, "hello");
            received = read_all(*pair.server);
            pair.client->get_extra_info("peercert");
            pair.client->unwrap();
        },
        [] {});
    BOOST_TEST(count > 20u);
    BOOST_TEST(received == "hello");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
