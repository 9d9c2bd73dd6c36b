// fail_every_system_call: that it reaches each call, and finds what it is for.
#include "faults/fixtures.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <thread>
#include <vector>

#include "support/captured.hpp"

namespace cede {
namespace tests {
namespace {

// The message of what is found; without the lines on stderr, which are for a person.
std::string finding(const std::function<void()>& body, const FaultOptions& options = FaultOptions()) {
    return message_of<std::logic_error>([&] { fail_every_system_call(body, nullptr, options); });
}

FaultOptions hasty() {
    FaultOptions options;
    options.patience = 2;
    return options;
}

struct Pair {
    std::pair<Socket, Socket> ends = Socket::pair();
    int number() const { return ends.first.fd(); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(fail_every_system_call_finds)

BOOST_AUTO_TEST_CASE(each_call_fails_once_with_each_of_its_errors) {
    const int without = fail_every_system_call([] {});
    std::vector<int> errors;
    int checks = 0;
    const int runs = fail_every_system_call(
        [&] {
            for (int i = 0; i < 2; ++i) {
                if (::listen(-1, 1) != 0 && errno != EBADF) errors.push_back(errno);
                if (::bind(-1, nullptr, 0) != 0 && errno != EBADF) errors.push_back(errno);
            }
        },
        [&] { ++checks; });
    const std::vector<int> expected = {EADDRINUSE, EADDRINUSE, EACCES, EACCES, EADDRNOTAVAIL, EADDRNOTAVAIL, EADDRINUSE, EADDRINUSE};
    BOOST_TEST(errors == expected, boost::test_tools::per_element());
    BOOST_TEST(runs == without + 8);
    BOOST_TEST(checks >= runs);
}

BOOST_AUTO_TEST_CASE(calls_of_other_threads_and_those_excepted_are_spared) {
    const int without = fail_every_system_call([] {});
    BOOST_TEST(fail_every_system_call([] { std::thread([] { ::listen(-1, 1); }).join(); }) == without);
    const auto excepted = [] {
        const CallsSucceed all;
        ::listen(-1, 1);
    };
    BOOST_TEST(fail_every_system_call(excepted) == without);
}

BOOST_AUTO_TEST_CASE(an_exception_of_another_kind) {
    const auto careless = [] {
        if (::listen(-1, 1) != 0 && errno == EADDRINUSE) throw std::logic_error("something");
    };
    BOOST_TEST(finding(careless) == "something");
}

BOOST_AUTO_TEST_CASE(an_interruption_that_is_told) {
    const auto tells = [] {
        char byte;
        if (::read(-1, &byte, 1) < 0 && errno == EINTR) throw std::system_error(errno, std::generic_category());
    };
    BOOST_CHECK_THROW(fail_every_system_call(tells), std::system_error);
}

BOOST_AUTO_TEST_CASE(a_report_of_something_else) {
    BOOST_TEST(contains(finding([] { get_running_loop().call_soon([] { throw std::domain_error("x"); }); }), "reported: "));
}

BOOST_AUTO_TEST_CASE(somebody_who_waits_for_ever) {
    const auto forgets = [] {
        const Pair pair;
        const Future<void> woken;
        get_running_loop().add_reader(pair.number(), [&] {
            char byte;
            if (::read(pair.number(), &byte, 1) == 1) woken.set_result();  // and if not?
            get_running_loop().remove_reader(pair.number());
        });
        {
            const CallsSucceed all;
            if (::write(pair.ends.second.fd(), "x", 1) != 1) return;
        }
        await(woken);
    };
    BOOST_TEST(contains(finding(forgets, hasty()), "waits for ever; Task-"));
}

BOOST_AUTO_TEST_CASE(a_loop_that_spins) {
    const auto spins = [] {
        if (::listen(-1, 1) != 0 && errno == EADDRINUSE) {
            for (;;) await(sleep(Duration()));
        }
    };
    BOOST_TEST(contains(finding(spins), "it spins"));
}

BOOST_AUTO_TEST_CASE(a_task_that_is_left) {
    const auto leaves = [] {
        if (::listen(-1, 1) != 0 && errno == EADDRINUSE) create_task([] { await(Future<void>()); }, TaskOptions().name("left"));
    };
    BOOST_TEST(contains(finding(leaves), "a task is left: left"));
}

BOOST_AUTO_TEST_CASE(a_descriptor_that_is_left) {
    int left = -1;
    const auto leaks = [&] {
        if (::listen(-1, 1) != 0 && errno == EADDRINUSE) left = ::dup(0);
    };
    BOOST_TEST(finding(leaks) == "a descriptor is left");
    ::close(left);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
