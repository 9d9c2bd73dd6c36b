// FakeSelector: readiness as the test sets it, a bell that really rings.
#include <boost/test/unit_test.hpp>

#include <thread>

#include "cede/cede.hpp"
#include "cede/testing/testing.hpp"

using namespace cede;
using namespace std::chrono_literals;
using selectors::EVENT_READ;
using selectors::EVENT_WRITE;
using testing::FakeSelector;
using testing::TestOptions;

namespace {

constexpr int some_fd = 500;  // not open: the kernel is never asked

struct Faked {
    FakeSelector* selector = nullptr;
    TestOptions options = TestOptions().selector([this] {
        selector = new FakeSelector;
        return std::unique_ptr<selectors::BaseSelector>(selector);
    });
};

}  // namespace

BOOST_AUTO_TEST_SUITE(fake_selector)

BOOST_AUTO_TEST_CASE(a_descriptor_is_ready_for_as_long_as_the_test_says_so) {
    Faked faked;
    testing::VirtualTimeLoop loop(faked.options);
    int reads = 0;
    loop.add_reader(some_fd, [&] {
        if (++reads == 3) faked.selector->set_ready(some_fd, 0);
    });
    faked.selector->set_ready(some_fd, EVENT_READ | EVENT_WRITE);
    BOOST_CHECK_THROW(loop.run_forever(), testing::DeadlockError);  // nobody is left to make it ready
    BOOST_TEST(reads == 3);
}

BOOST_AUTO_TEST_CASE(only_what_is_registered_is_reported) {
    Faked faked;
    testing::VirtualTimeLoop loop(faked.options);
    std::string order;
    faked.selector->set_ready(some_fd, EVENT_READ | EVENT_WRITE);
    loop.add_writer(some_fd, [&] {
        order += 'w';
        loop.remove_writer(some_fd);
        loop.add_reader(some_fd, [&] {
            order += 'r';
            loop.remove_reader(some_fd);
            loop.stop();
        });
    });
    loop.run_forever();
    BOOST_TEST(order == "wr");
}

BOOST_AUTO_TEST_CASE(a_timer_is_jumped_to_beside_silent_descriptors) {
    Faked faked;
    testing::run(
        [&] {
            EventLoop& loop = get_running_loop();
            Future<void> readable;
            loop.add_reader(some_fd, [&] {
                loop.remove_reader(some_fd);
                readable.set_result();
            });
            loop.call_later(5s, [&] { faked.selector->set_ready(some_fd, EVENT_READ); });
            await(readable);
            BOOST_TEST((testing::elapsed() == Duration(5s)));
        },
        faked.options);
}

BOOST_AUTO_TEST_CASE(another_thread_wakes_a_loop_that_waits) {
    Faked faked;
    testing::VirtualTimeLoop loop(faked.options.outside_events(true));
    std::thread other([&] { loop.call_soon_threadsafe([&] { loop.stop(); }); });
    loop.run_forever();
    other.join();
}

BOOST_AUTO_TEST_CASE(it_counts_the_waits_and_keeps_the_last_timeout) {
    Faked faked;
    SelectorEventLoop loop(faked.options.make_selector());
    loop.stop();
    loop.run_forever();
    BOOST_TEST(faked.selector->waits() == 1u);
    BOOST_TEST(((faked.selector->last_timeout().value()) == Duration(0s)));
}

BOOST_AUTO_TEST_SUITE_END()
