// The kqueue backend. On Linux it is compiled right here against tests/support/kqueue_on_epoll, so this is the only
// translation unit that knows the class. Its behaviour is tested by the conformance suite; here is what only it has.
#if defined(__linux__)
#undef CEDE_SELECTORS_KQUEUE_SELECTOR_HPP  // a precompiled cede.hpp may have read it, and found no kqueue
#define CEDE_KQUEUE_HEADER "support/kqueue_on_epoll.hpp"
#include "selectors/kqueue_selector.cpp"
#endif

#include "cede/selectors/kqueue_selector.hpp"

#include <fcntl.h>

#include <boost/test/unit_test.hpp>

#include "selectors/fixtures.hpp"

namespace cede {
namespace tests {

using namespace selectors;

#if defined(CEDE_SELECTORS_HAVE_KQUEUE)
SelectorPtr make_kqueue_selector() { return std::make_unique<KqueueSelector>(); }
#endif

BOOST_AUTO_TEST_SUITE(kqueue_selector)

BOOST_AUTO_TEST_CASE(two_filters_of_an_fd_become_one_entry) {
    KqueueSelector selector;
    SocketPair first, second;
    first.write_to_a();
    second.write_to_a();
    selector.register_(first.a.get(), EVENT_READ | EVENT_WRITE);
    selector.register_(second.a.get(), EVENT_READ | EVENT_WRITE);
    std::vector<ReadyFd> out;
    for (int round = 0; round < 3; ++round) {
        selector.select_ready(absl::nullopt, out);
        BOOST_TEST_REQUIRE(out.size() == 2u);
        BOOST_TEST(out[0].events == (EVENT_READ | EVENT_WRITE));
        BOOST_TEST(out[1].events == (EVENT_READ | EVENT_WRITE));
    }
}

BOOST_AUTO_TEST_CASE(modify_watches_the_new_file_when_the_number_was_reused) {
    KqueueSelector selector;
    SocketPair old_pair, new_pair;
    const int fd = old_pair.a.get();
    selector.register_(fd, EVENT_READ | EVENT_WRITE);
    BOOST_TEST_REQUIRE(::dup2(new_pair.a.get(), fd) == fd);
    selector.modify(fd, EVENT_READ);
    BOOST_TEST(select_ready(selector, Duration()).empty());
    new_pair.write_to_a();
    BOOST_TEST((select_ready(selector, absl::nullopt) == Reported{{fd, EVENT_READ}}));
}

BOOST_AUTO_TEST_CASE(the_queue_is_closed_on_exec) {
    KqueueSelector selector;
    BOOST_TEST((::fcntl(selector.fileno(), F_GETFD) & FD_CLOEXEC) != 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
