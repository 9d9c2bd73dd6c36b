// What the conformance suite does not see from outside: signals, many fds, allocation.
#include "cede/selectors/base_selector.hpp"

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <thread>

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <unistd.h>

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "selectors/fixtures.hpp"
#include "support/allocation_counter.hpp"

namespace cede {
namespace tests {

using namespace selectors;
using std::chrono::milliseconds;

namespace {

std::atomic<int> signals_seen{0};

extern "C" void count_signal(int) { ++signals_seen; }

// Interrupts the thread that made it with SIGUSR1, every millisecond, until it goes out of scope.
class Interruptions {
public:
    Interruptions() {
        signals_seen = 0;
        struct sigaction action {};
        action.sa_handler = count_signal;  // no SA_RESTART, though these calls would not heed it
        sigaction(SIGUSR1, &action, &old_);
        thread_ = std::thread([this, target = pthread_self()] {
            while (!done_) {
                pthread_kill(target, SIGUSR1);
                std::this_thread::sleep_for(milliseconds(1));
            }
        });
    }
    Interruptions(const Interruptions&) = delete;
    Interruptions& operator=(const Interruptions&) = delete;
    ~Interruptions() {
        done_ = true;
        thread_.join();
        sigaction(SIGUSR1, &old_, nullptr);
    }

private:
    std::atomic<bool> done_{false};
    struct sigaction old_;
    std::thread thread_;
};

// Raises the soft limit of open files for a scope; false when the hard limit forbids it.
class OpenFiles {
public:
    explicit OpenFiles(rlim_t wanted) {
        getrlimit(RLIMIT_NOFILE, &old_);
        rlimit raised = old_;
        raised.rlim_cur = std::max(old_.rlim_cur, std::min(wanted, old_.rlim_max));
        enough_ = setrlimit(RLIMIT_NOFILE, &raised) == 0 && raised.rlim_cur >= wanted;
    }
    ~OpenFiles() { setrlimit(RLIMIT_NOFILE, &old_); }
    OpenFiles(const OpenFiles&) = delete;
    OpenFiles& operator=(const OpenFiles&) = delete;
    bool enough() const noexcept { return enough_; }

private:
    rlimit old_;
    bool enough_ = false;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(selector_limits)

// SEL-011: a C++ handler cannot throw; a signal neither ends the wait early nor makes it start over.
BOOST_DATA_TEST_CASE(SEL_011_signals_leave_the_timeout_as_it_was, backends(), backend) {
    const SelectorPtr selector = backend.make();
    SocketPair pair;
    selector->register_(pair.a.get(), EVENT_READ);
    const Interruptions interruptions;
    int before = 0;
    do {
        before = signals_seen;
        const auto start = std::chrono::steady_clock::now();
        BOOST_TEST(selector->select(milliseconds(20)).empty());
        BOOST_TEST((std::chrono::steady_clock::now() - start >= milliseconds(20)));
    } while (signals_seen == before);
}

// SEL-011: nor does it end a wait that has no timeout.
BOOST_DATA_TEST_CASE(SEL_011_signals_do_not_end_a_wait_without_end, backends(), backend) {
    const SelectorPtr selector = backend.make();
    SocketPair pair;
    selector->register_(pair.a.get(), EVENT_READ);
    std::thread writer;
    {
        const Interruptions interruptions;
        writer = std::thread([&pair] {
            std::this_thread::sleep_for(milliseconds(10));
            pair.write_to_a();
        });
        BOOST_TEST((select_ready(*selector, absl::nullopt) == Reported{{pair.a.get(), EVENT_READ}}));
    }
    writer.join();
}

// SEL-012, and SelectSelector's refusal.
BOOST_DATA_TEST_CASE(SEL_012_more_fds_than_fd_setsize, backends(), backend) {
    const int pairs = FD_SETSIZE / 2 + 100;
    const OpenFiles files(static_cast<rlim_t>(2 * pairs + 100));
    if (!files.enough()) {
        BOOST_TEST_MESSAGE("skipped: the limit of open files cannot be raised");
        return;
    }
    const SelectorPtr selector = backend.make();
    std::vector<std::unique_ptr<SocketPair>> all;
    for (int i = 0; i < pairs; ++i) all.push_back(std::make_unique<SocketPair>());
    if (!backend.scalable) {
        BOOST_CHECK_THROW(selector->register_(all.back()->b.get(), EVENT_WRITE), std::invalid_argument);
        BOOST_TEST(selector->get_map().empty());
        return;
    }
    for (const auto& pair : all) {
        selector->register_(pair->a.get(), EVENT_READ);
        selector->register_(pair->b.get(), EVENT_WRITE);
    }
    BOOST_TEST(selector->select().size() == all.size());
    for (const auto& pair : all) selector->unregister(pair->a.get());
    for (const auto& pair : all) selector->modify(pair->b.get(), EVENT_READ);
    BOOST_TEST(selector->select(Duration()).empty());
    all[7]->a.close();
    BOOST_TEST((select_ready(*selector, absl::nullopt) == Reported{{all[7]->b.get(), EVENT_READ}}));
}

// Or the next case would say nothing. operator new is called by name, because compilers may leave out a new-expression.
BOOST_AUTO_TEST_CASE(the_counter_counts) {
    const bool available = AllocationCounter::available();
    const AllocationCounter counter;
    ::operator delete(::operator new(8));
    const std::size_t allocated = counter.count();
    BOOST_TEST(allocated == (available ? 1u : 0u));
}

BOOST_DATA_TEST_CASE(no_allocation_in_the_steady_state, backends(), backend) {
    const SelectorPtr selector = backend.make();
    SocketPair pair, other;
    pair.write_to_a();
    std::vector<ReadyFd> out;
    const auto round = [&] {
        selector->register_(pair.a.get(), EVENT_READ);
        selector->register_(other.a.get(), EVENT_WRITE);
        selector->select_ready(absl::nullopt, out);
        selector->modify(pair.a.get(), EVENT_READ | EVENT_WRITE);
        selector->select_ready(Duration(), out);
        selector->select_ready(milliseconds(1), out);
        selector->unregister(pair.a.get());
        selector->unregister(other.a.get());
    };
    round();
    const AllocationCounter counter;
    for (int i = 0; i < 100; ++i) round();
    const std::size_t allocated = counter.count();
    if (!AllocationCounter::available()) BOOST_TEST_MESSAGE("allocations are not counted in this build");
    BOOST_TEST(allocated == 0u);
    BOOST_TEST(out.size() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
