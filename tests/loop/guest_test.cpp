// The loop inside another one: backend_fd, next_timeout, poll_once.
#include <boost/test/unit_test.hpp>

#include <thread>

#include <poll.h>

#include "cede/cede.hpp"
#include "cede/testing/testing.hpp"

using namespace cede;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(guest)

BOOST_AUTO_TEST_CASE(poll_once_does_what_is_ready_and_returns) {
    testing::VirtualTimeLoop loop;
    std::string order;
    loop.call_soon([&] {
        order += '1';
        loop.call_soon([&] { order += '2'; });
    });
    loop.poll_once();
    BOOST_TEST(order == "1");
    loop.poll_once();
    BOOST_TEST(order == "12");
    loop.poll_once();  // nothing to do: returns all the same
    BOOST_TEST(!loop.is_running());
}

BOOST_AUTO_TEST_CASE(next_timeout_tells_how_long_the_host_may_wait) {
    testing::VirtualTimeLoop loop;
    BOOST_TEST(!loop.next_timeout().has_value());
    const TimerHandle late = loop.call_later(5s, [] {});
    BOOST_TEST((loop.next_timeout().value() == Duration(5s)));
    loop.call_later(3s, [] {});
    BOOST_TEST((loop.next_timeout().value() == Duration(3s)));
    loop.advance(4s);
    BOOST_TEST((loop.next_timeout().value() == Duration(0s)));
    loop.poll_once();
    BOOST_TEST((loop.next_timeout().value() == Duration(1s)));
    late.cancel();
    BOOST_TEST(!loop.next_timeout().has_value());
    loop.call_soon([] {});
    BOOST_TEST((loop.next_timeout().value() == Duration(0s)));
    loop.poll_once();
    std::thread([&] { loop.call_soon_threadsafe([] {}); }).join();
    BOOST_TEST((loop.next_timeout().value() == Duration(0s)));
}

BOOST_AUTO_TEST_CASE(a_host_drives_tasks_to_their_end) {
    testing::VirtualTimeLoop loop;
    const auto task = loop.create_task([] {
        await(sleep(2s));
        return 6;
    });
    for (int turns = 0; !task.done() && turns < 100; ++turns) {
        loop.poll_once();
        if (const auto left = loop.next_timeout()) loop.advance(*left);
    }
    BOOST_TEST(task.result() == 6);
}

BOOST_AUTO_TEST_CASE(backend_fd_becomes_readable_when_another_thread_posts_to_a_host_that_waits) {
    auto loop = new_event_loop();
    BOOST_REQUIRE(loop->backend_fd() >= 0);
    for (int round = 0; round < 3; ++round) {
        loop->poll_once();
        BOOST_TEST(!loop->next_timeout().has_value());
        bool ran = false;
        std::thread other([&] { loop->call_soon_threadsafe([&] { ran = true; }); });
        pollfd host{loop->backend_fd(), POLLIN, 0};
        BOOST_TEST(poll(&host, 1, 10000) == 1);
        other.join();
        loop->poll_once();
        BOOST_TEST(ran);
    }
}

BOOST_AUTO_TEST_SUITE_END()
