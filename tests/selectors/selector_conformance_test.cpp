// The SEL section of the conformance list, run over every backend: what Python's test_selectors asks of all of them.
#include "cede/selectors/base_selector.hpp"

#include <stdexcept>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "cede/base/exceptions.hpp"

#include "selectors/fixtures.hpp"

namespace cede {
namespace tests {

using namespace selectors;
using std::chrono::milliseconds;

namespace {

constexpr int unused_fd = 999999;

bool is_registered(const BaseSelector& selector, int fd) { return selector.get_map().contains(fd); }

}  // namespace

BOOST_AUTO_TEST_SUITE(selector_conformance)

// SEL-001
BOOST_DATA_TEST_CASE(SEL_001_register_returns_the_key, backends(), backend) {
    const SelectorPtr selector = backend.make();
    SocketPair pair;
    const SelectorKey key = selector->register_(pair.a.get(), EVENT_READ, std::string("the pipe"));
    BOOST_TEST(key.fd == pair.a.get());
    BOOST_TEST(key.events == EVENT_READ);
    BOOST_TEST(key.data_as<std::string>() == "the pipe");
    BOOST_TEST((selector->get_key(pair.a.get()) == key));
    BOOST_TEST(!selector->register_(pair.b.get(), EVENT_WRITE).has_data());
}

// SEL-002
BOOST_DATA_TEST_CASE(SEL_002_register_checks_its_arguments, backends(), backend) {
    const SelectorPtr selector = backend.make();
    SocketPair pair;
    BOOST_CHECK_THROW(selector->register_(pair.a.get(), 999999), std::invalid_argument);
    BOOST_CHECK_THROW(selector->register_(pair.a.get(), 0), std::invalid_argument);
    BOOST_CHECK_THROW(selector->register_(pair.a.get(), 4 | EVENT_READ), std::invalid_argument);
    BOOST_CHECK_THROW(selector->register_(-10, EVENT_READ), std::invalid_argument);
    BOOST_TEST(selector->get_map().empty());
    selector->register_(pair.a.get(), EVENT_READ);
    BOOST_CHECK_THROW(selector->register_(pair.a.get(), EVENT_WRITE), std::out_of_range);
    BOOST_TEST(selector->get_key(pair.a.get()).events == EVENT_READ);
}

BOOST_DATA_TEST_CASE(unregister_of_what_is_not_registered, backends(), backend) {
    const SelectorPtr selector = backend.make();
    SocketPair pair;
    selector->register_(pair.a.get(), EVENT_READ, 5);
    BOOST_TEST(selector->unregister(pair.a.get()).data_as<int>() == 5);
    BOOST_CHECK_THROW(selector->unregister(pair.a.get()), std::out_of_range);
    BOOST_CHECK_THROW(selector->unregister(unused_fd), std::out_of_range);
    BOOST_CHECK_THROW(selector->unregister(-1), std::out_of_range);
    BOOST_CHECK_THROW(selector->get_key(unused_fd), std::out_of_range);
}

// SEL-003. A descriptor is given by its number alone: there is no object that could be closed.
BOOST_DATA_TEST_CASE(SEL_003_unregister_after_close, backends(), backend) {
    const SelectorPtr selector = backend.make();
    SocketPair pair;
    const int a = pair.a.get(), b = pair.b.get();
    selector->register_(a, EVENT_READ);
    selector->register_(b, EVENT_READ | EVENT_WRITE);
    pair.a.close();
    pair.b.close();
    selector->unregister(a);
    selector->unregister(b);
    BOOST_TEST(selector->get_map().empty());
    BOOST_TEST(select_ready(*selector, Duration()).empty());
}

// SEL-003
BOOST_DATA_TEST_CASE(SEL_003_unregister_after_close_and_reuse, backends(), backend) {
    const SelectorPtr selector = backend.make();
    SocketPair pair, other;
    const int a = pair.a.get(), b = pair.b.get();
    selector->register_(a, EVENT_READ);
    selector->register_(b, EVENT_WRITE);
    BOOST_TEST_REQUIRE(::dup2(other.a.get(), a) == a);
    BOOST_TEST_REQUIRE(::dup2(other.b.get(), b) == b);
    selector->unregister(a);
    selector->unregister(b);
    BOOST_TEST(select_ready(*selector, Duration()).empty());
    selector->register_(a, EVENT_WRITE);
    BOOST_TEST((select_ready(*selector, absl::nullopt) == Reported{{a, EVENT_WRITE}}));
}

// SEL-004: the fd is closed, so a system call for it would fail.
BOOST_DATA_TEST_CASE(SEL_004_modify_of_data_alone_makes_no_system_call, backends(), backend) {
    const SelectorPtr selector = backend.make();
    SocketPair pair;
    const int fd = pair.a.get();
    const SelectorKey before = selector->register_(fd, EVENT_READ, 1);
    pair.a.close();
    const SelectorKey after = selector->modify(fd, EVENT_READ, 2);
    BOOST_TEST(after.data_as<int>() == 2);
    BOOST_TEST((selector->get_key(fd) == after));
    BOOST_TEST(before.data_as<int>() == 1);
    BOOST_TEST(!selector->modify(fd, EVENT_READ).has_data());
    BOOST_CHECK_THROW(selector->modify(unused_fd, EVENT_READ), std::out_of_range);
}

BOOST_DATA_TEST_CASE(modify_changes_the_events, backends(), backend) {
    const SelectorPtr selector = backend.make();
    SocketPair pair;
    const int fd = pair.a.get();
    selector->register_(fd, EVENT_READ);
    BOOST_TEST(select(*selector, Duration()).empty());
    BOOST_TEST(selector->modify(fd, EVENT_WRITE).events == EVENT_WRITE);
    BOOST_TEST((select(*selector, absl::nullopt) == Reported{{fd, EVENT_WRITE}}));
    pair.write_to_a();
    selector->modify(fd, EVENT_READ | EVENT_WRITE);
    BOOST_TEST((select(*selector, absl::nullopt) == Reported{{fd, EVENT_READ | EVENT_WRITE}}));
    selector->modify(fd, EVENT_READ);
    BOOST_TEST((select(*selector, absl::nullopt) == Reported{{fd, EVENT_READ}}));
    BOOST_CHECK_THROW(selector->modify(fd, 8), std::invalid_argument);
    BOOST_TEST(selector->get_key(fd).events == EVENT_READ);
}

// SEL-005; base_selector_test.cpp has the same for a backend that refuses at will.
BOOST_DATA_TEST_CASE(SEL_005_refused_modify_leaves_the_fd_unregistered, backends(), backend) {
    if (!backend.asks_kernel) return;
    const SelectorPtr selector = backend.make();
    SocketPair pair;
    const int fd = pair.a.get();
    selector->register_(fd, EVENT_READ);
    pair.a.close();
    BOOST_CHECK_EXCEPTION(selector->modify(fd, EVENT_WRITE), std::system_error, [](const std::system_error& error) {
        return error.code() == std::error_code(EBADF, std::generic_category());
    });
    BOOST_TEST(!is_registered(*selector, fd));
    BOOST_TEST(selector->get_map().size() == 0u);
}

// SEL-006
BOOST_DATA_TEST_CASE(SEL_006_get_map_is_a_live_view, backends(), backend) {
    const SelectorPtr selector = backend.make();
    const SelectorMap map = selector->get_map();
    BOOST_TEST(map.empty());
    BOOST_TEST((map.begin() == map.end()));
    SocketPair pair;
    const SelectorKey key = selector->register_(pair.a.get(), EVENT_READ, std::string("data"));
    BOOST_TEST(map.contains(pair.a.get()));
    BOOST_TEST((map.at(pair.a.get()) == key));
    BOOST_TEST((*map.find(pair.a.get()) == key));
    BOOST_TEST(map.size() == 1u);
    selector->register_(pair.b.get(), EVENT_WRITE);
    std::vector<int> fds;
    for (const SelectorKey& each : map) fds.push_back(each.fd);
    BOOST_TEST((fds == std::vector<int>{pair.a.get(), pair.b.get()}));
    BOOST_CHECK_THROW(map.at(unused_fd), std::out_of_range);
    BOOST_TEST(!map.find(unused_fd).has_value());
    BOOST_TEST(!map.contains(-1));
}

// SEL-007
BOOST_DATA_TEST_CASE(SEL_007_after_close_nothing_is_found, backends(), backend) {
    const SelectorPtr selector = backend.make();
    const SelectorMap map = selector->get_map();
    SocketPair pair;
    const int fd = pair.a.get();
    selector->register_(fd, EVENT_READ);
    selector->close();
    selector->close();
    BOOST_CHECK_THROW(selector->get_key(fd), RuntimeError);
    BOOST_CHECK_THROW(map.at(fd), std::out_of_range);
    BOOST_TEST(map.empty());
    BOOST_TEST(selector->get_map().empty());
    BOOST_TEST(selector->fileno() == -1);
    BOOST_CHECK_THROW(selector->register_(fd, EVENT_READ), RuntimeError);
    BOOST_CHECK_THROW(selector->modify(fd, EVENT_READ), RuntimeError);
    BOOST_CHECK_THROW(selector->unregister(fd), RuntimeError);
    BOOST_CHECK_THROW(selector->select(Duration()), RuntimeError);
    std::vector<ReadyFd> out;
    BOOST_CHECK_THROW(selector->select_ready(Duration(), out), RuntimeError);
}

// SEL-007: destruction closes; the view outlives the selector.
BOOST_DATA_TEST_CASE(SEL_007_a_view_outlives_its_selector, backends(), backend) {
    SelectorPtr selector = backend.make();
    SocketPair pair;
    selector->register_(pair.a.get(), EVENT_READ);
    const SelectorMap map = selector->get_map();
    const int backend_fd = selector->fileno();
    selector.reset();
    BOOST_TEST(map.empty());
    BOOST_TEST(!map.contains(pair.a.get()));
    BOOST_TEST((backend_fd < 0 || ::fcntl(backend_fd, F_GETFD) == -1));
}

// SEL-008
BOOST_DATA_TEST_CASE(SEL_008_select_reports_ready_fds_alone, backends(), backend) {
    const SelectorPtr selector = backend.make();
    SocketPair pair;
    selector->register_(pair.a.get(), EVENT_READ);
    const SelectorKey writer = selector->register_(pair.b.get(), EVENT_WRITE);
    const auto ready = selector->select();
    BOOST_TEST_REQUIRE(ready.size() == 1u);
    BOOST_TEST((ready[0].first == writer));
    BOOST_TEST(ready[0].second == EVENT_WRITE);
    BOOST_TEST((select_ready(*selector, absl::nullopt) == Reported{{pair.b.get(), EVENT_WRITE}}));
}

// SEL-008: both events of an fd come from one call, in one entry.
BOOST_DATA_TEST_CASE(SEL_008_read_and_write_together, backends(), backend) {
    const SelectorPtr selector = backend.make();
    SocketPair pair;
    pair.write_to_a();
    selector->register_(pair.a.get(), EVENT_READ | EVENT_WRITE);
    const auto ready = selector->select();
    BOOST_TEST_REQUIRE(ready.size() == 1u);
    BOOST_TEST(ready[0].second == (EVENT_READ | EVENT_WRITE));
}

// SEL-008: a hang-up is reported as what the fd is registered for, and as nothing else.
BOOST_DATA_TEST_CASE(SEL_008_hang_up_reaches_whoever_is_registered, backends(), backend) {
    for (const int events : {EVENT_READ, EVENT_WRITE, EVENT_READ | EVENT_WRITE}) {
        const SelectorPtr selector = backend.make();
        SocketPair pair;
        selector->register_(pair.a.get(), events);
        pair.b.close();
        BOOST_TEST((select_ready(*selector, absl::nullopt) == Reported{{pair.a.get(), events}}));
    }
}

// SEL-009
BOOST_DATA_TEST_CASE(SEL_009_timeouts, backends(), backend) {
    const SelectorPtr selector = backend.make();
    SocketPair pair;
    selector->register_(pair.a.get(), EVENT_READ);
    BOOST_TEST(selector->select(milliseconds(0)).empty());
    BOOST_TEST(selector->select(milliseconds(-1000)).empty());
    const auto start = std::chrono::steady_clock::now();
    BOOST_TEST(selector->select(milliseconds(20)).empty());
    BOOST_TEST((std::chrono::steady_clock::now() - start >= milliseconds(20)));
    selector->modify(pair.a.get(), EVENT_WRITE);
    BOOST_TEST(selector->select(milliseconds(0)).size() == 1u);
    BOOST_TEST(selector->select(milliseconds(-1)).size() == 1u);
    BOOST_TEST(selector->select(Duration::max()).size() == 1u);
}

// SEL-009: never early, whatever the backend's resolution.
BOOST_DATA_TEST_CASE(SEL_009_short_timeouts_are_not_cut_short, backends(), backend) {
    const SelectorPtr selector = backend.make();
    for (const auto length :
         {std::chrono::nanoseconds(1), std::chrono::nanoseconds(400000), std::chrono::nanoseconds(1100000)}) {
        const auto start = std::chrono::steady_clock::now();
        BOOST_TEST(selector->select(length).empty());
        BOOST_TEST((std::chrono::steady_clock::now() - start >= length));
    }
}

// SEL-010
BOOST_DATA_TEST_CASE(SEL_010_nothing_registered, backends(), backend) {
    const SelectorPtr selector = backend.make();
    BOOST_TEST(selector->select(milliseconds(0)).empty());
    const auto start = std::chrono::steady_clock::now();
    BOOST_TEST(selector->select(milliseconds(20)).empty());
    BOOST_TEST((std::chrono::steady_clock::now() - start >= milliseconds(20)));
}

// SEL-013, SEL-014
BOOST_DATA_TEST_CASE(SEL_014_closed_fd_is_refused_and_leaves_no_key, backends(), backend) {
    if (!backend.asks_kernel) return;
    const SelectorPtr selector = backend.make();
    SocketPair pair;
    const int fd = pair.a.get();
    pair.a.close();
    BOOST_CHECK_EXCEPTION(selector->register_(fd, EVENT_READ | EVENT_WRITE), std::system_error,
                          [](const std::system_error& error) { return error.code().value() == EBADF; });
    BOOST_CHECK_THROW(selector->get_key(fd), std::out_of_range);
    BOOST_TEST(selector->get_map().empty());
}

BOOST_DATA_TEST_CASE(fileno_is_readable_when_something_is_ready, backends(), backend) {
    const SelectorPtr selector = backend.make();
    BOOST_TEST_REQUIRE((selector->fileno() >= 0) == backend.has_fd);
    if (!backend.has_fd) return;
    const SelectorPtr outer = backend.make();
    outer->register_(selector->fileno(), EVENT_READ);
    SocketPair pair;
    selector->register_(pair.a.get(), EVENT_READ);
    BOOST_TEST(select_ready(*outer, Duration()).empty());
    pair.write_to_a();
    BOOST_TEST((select_ready(*outer, absl::nullopt) == Reported{{selector->fileno(), EVENT_READ}}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
