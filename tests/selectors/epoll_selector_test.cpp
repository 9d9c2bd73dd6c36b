// What only epoll has: files it refuses, two ways to wait, and registrations that outlive their fd.
#if defined(__linux__)

#include "cede/selectors/epoll_selector.hpp"

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "selectors/epoll_wait_for.hpp"
#include "selectors/fixtures.hpp"

namespace cede {
namespace tests {

using namespace selectors;

BOOST_AUTO_TEST_SUITE(epoll_selector)

// SEL-013
BOOST_AUTO_TEST_CASE(SEL_013_a_regular_file_is_refused_and_leaves_no_key) {
    char path[] = "/tmp/cede-selector-XXXXXX";
    const Fd file(::mkstemp(path));
    BOOST_TEST_REQUIRE(file.get() >= 0);
    ::unlink(path);
    EpollSelector selector;
    BOOST_CHECK_EXCEPTION(
        selector.register_(file.get(), EVENT_READ), std::system_error, [](const std::system_error& e) {
            return e.code().value() == EPERM && std::string(e.what()).find("without a selector") != std::string::npos;
        });
    BOOST_CHECK_THROW(selector.get_key(file.get()), std::out_of_range);
}

BOOST_AUTO_TEST_CASE(without_epoll_pwait2_timeouts_are_rounded_up) {
    const bool usable = selectors::detail::epoll_pwait2_usable.exchange(false);
    EpollSelector selector;
    const auto length = std::chrono::microseconds(1100);
    const auto start = std::chrono::steady_clock::now();
    BOOST_TEST(selector.select(length).empty());
    BOOST_TEST((std::chrono::steady_clock::now() - start >= length));
    SocketPair pair;
    selector.register_(pair.a.get(), EVENT_WRITE);
    BOOST_TEST(selector.select(std::chrono::hours(1000)).size() == 1u);
    selectors::detail::epoll_pwait2_usable = usable;
}

// A duplicate keeps the first file in the epoll set under a number that now means the second one.
BOOST_AUTO_TEST_CASE(events_of_a_closed_fd_do_not_reach_the_next_owner_of_its_number) {
    SocketPair first, second;
    const int number = first.a.get();
    const Fd duplicate(::dup(number));
    EpollSelector selector;
    selector.register_(number, EVENT_READ);
    BOOST_TEST_REQUIRE(::dup2(second.a.get(), number) == number);
    selector.unregister(number);
    first.write_to_a();
    BOOST_TEST(select_ready(selector, Duration()).empty());
    selector.register_(number, EVENT_READ);
    BOOST_TEST(select_ready(selector, Duration()).empty());
    second.write_to_a();
    BOOST_TEST((select_ready(selector, Duration()) == Reported{{number, EVENT_READ}}));
}

BOOST_AUTO_TEST_CASE(some_at_once_are_reported_in_turn_and_select_tells_all) {
    std::vector<std::unique_ptr<SocketPair>> pairs;
    EpollSelector selector;
    for (int i = 0; i < 6; ++i) {
        pairs.emplace_back(new SocketPair());
        selector.register_(pairs.back()->a.get(), EVENT_READ);
        pairs.back()->write_to_a();
    }
    selector.set_most_at_once(2);
    std::map<int, int> times;
    for (int look = 0; look < 6; ++look) {
        const Reported reported = select_ready(selector, Duration());
        BOOST_TEST(reported.size() == 2u);
        for (const auto& each : reported) ++times[each.first];
    }
    BOOST_TEST(times.size() == 6u);
    for (const auto& each : times) BOOST_TEST(each.second == 2);
    BOOST_TEST(select(selector, Duration()).size() == 6u);
    BOOST_TEST(select_ready(selector, Duration()).size() == 2u);
}

BOOST_AUTO_TEST_CASE(the_epoll_fd_is_closed_on_exec) {
    EpollSelector selector;
    BOOST_TEST((::fcntl(selector.fileno(), F_GETFD) & FD_CLOEXEC) != 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede

#endif
