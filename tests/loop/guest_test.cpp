// The loop inside another one: backend_fd, next_timeout, poll_once.
#include <boost/test/unit_test.hpp>

#include <functional>
#include <thread>
#include <utility>
#include <vector>

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

// For a host that cannot ask next_timeout() before each wait.
BOOST_AUTO_TEST_CASE(backend_fd_becomes_readable_for_what_is_scheduled_while_the_host_has_control) {
    auto loop = new_event_loop();
    const auto readable = [&] {
        pollfd host{loop->backend_fd(), POLLIN, 0};
        return poll(&host, 1, 0) == 1;
    };
    const std::function<void()> schedules[] = {
        [&] { loop->call_soon([] {}); }, [&] { loop->create_task(sleep(0s)); }, [&] { loop->call_later(1h, [] {}); },
        [&] { loop->call_later(1min, [] {}); }, [&] { loop->call_later(0s, [] {}); }};
    BOOST_TEST(!readable());
    for (const auto& schedule : schedules) {
        schedule();
        schedule();
        BOOST_TEST(readable());
        loop->poll_once();
        BOOST_TEST(!readable());  // once is enough
        while (loop->next_timeout() && loop->next_timeout()->count() == 0) loop->poll_once();
    }
    loop->call_later(2h, [] {});  // not the earliest: the host need not know
    BOOST_TEST(!readable());
}

BOOST_AUTO_TEST_CASE(a_loop_without_a_host_does_not_ring) {
    struct CountingSelector : selectors::EpollSelector {
        explicit CountingSelector(int& count) : count_(count) {}
        void select_ready(absl::optional<Duration> timeout, std::vector<selectors::ReadyFd>& out) override {
            selectors::EpollSelector::select_ready(timeout, out);
            count_ += static_cast<int>(out.size());
        }
        int& count_;
    };
    int rung = 0;
    SelectorEventLoop loop(std::unique_ptr<selectors::BaseSelector>(new CountingSelector(rung)));
    loop.call_soon([] {});
    loop.run_until_complete(sleep(1ms));
    BOOST_TEST(rung == 0);
    loop.backend_fd();
    loop.call_soon([] {});
    loop.poll_once();
    BOOST_TEST(rung == 1);
}

BOOST_AUTO_TEST_CASE(milliseconds_are_rounded_up) {
    testing::VirtualTimeLoop loop;
    BOOST_TEST(loop.next_timeout_ms() == -1);
    const std::pair<Duration, int> cases[] = {{2s, 2000}, {1001us, 2}, {1ms, 1}, {1ns, 1}, {0s, 0}, {-1s, 0}};
    for (const auto& each : cases) {
        const TimerHandle timer = loop.call_later(each.first, [] {});
        BOOST_TEST(loop.next_timeout_ms() == each.second);
        timer.cancel();
    }
    const TimerHandle never = loop.call_at(TimePoint::max(), [] {});
    BOOST_TEST(loop.next_timeout_ms() == 24 * 60 * 60 * 1000);
    never.cancel();
    loop.stop();
    BOOST_TEST(loop.next_timeout_ms() == 0);
}

// A loop of its own does so before it waits; a host's wait it does not see. In a thread, so that the stacks are this test's.
BOOST_AUTO_TEST_CASE(the_memory_of_a_peak_goes_back_while_the_host_waits) {
    std::thread([] {
        auto loop = new_event_loop();
        std::vector<Task<void>> tasks;
        for (int i = 0; i < 1000; ++i) tasks.push_back(loop->create_task(sleep(0s)));
        int looks = 0;
        while (looks < 1000) {
            pollfd host{loop->backend_fd(), POLLIN, 0};
            const int timeout = loop->next_timeout_ms();
            if (timeout < 0) break;  // it asks for no more
            poll(&host, 1, timeout);
            loop->poll_once();
            ++looks;
        }
        BOOST_TEST(tasks.back().done());
        BOOST_TEST(StackPool::figures().resident <= 64U);
        BOOST_TEST(looks < 1000);
    }).join();
}

BOOST_AUTO_TEST_SUITE_END()
