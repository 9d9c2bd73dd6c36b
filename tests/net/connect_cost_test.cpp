// A connection to this machine is made by the time that connect() returns: what that saves, and that nothing else is seen of it.
#include "net/fixtures.hpp"

#include <future>
#include <thread>

#include "cede/task/gather.hpp"
#include "support/captured.hpp"
#include "support/faults/system_calls.hpp"

namespace cede {
namespace tests {
namespace {

const RunOptions plainly = RunOptions().debug(false);

// A listener of its own, on which a client connects.
struct Ends {
    const Socket listener = listening();
    Socket client{AF_INET, SOCK_STREAM};
    Coroutine<void> connecting() { return get_running_loop().sock_connect(client, listener.local_address()); }
};

// What two others and a connect do in which order, on a loop of that class.
template <class Loop>
std::vector<std::string> trace() {
    std::vector<std::string> order;
    Loop loop;
    loop.set_debug(false);
    loop.run_until_complete([&order] {
        Ends ends;
        const auto counts = [&order](const char* who) {
            return [&order, who] {
                for (int turn = 0; turn < 8; ++turn) {
                    order.push_back(who + std::to_string(turn));
                    await(sleep(Duration()));
                }
            };
        };
        const auto connects = [&] {
            order.push_back("connects");
            await(ends.connecting());
            order.push_back("connected");
        };
        const auto accepts = [&] {
            await(get_running_loop().sock_accept(ends.listener));
            order.push_back("accepted");
        };
        await(gather(accepts, counts("a"), connects, counts("b")));
    });
    return order;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(connect_cost)

// SOCK-007
BOOST_AUTO_TEST_CASE(a_connect_that_is_answered_at_once_is_not_told_to_the_selector) {
    cede::run(
        [] {
            Ends ends;
            const CallCounter changes(SystemCall::epoll_ctl);
            await(ends.connecting());
            BOOST_TEST(changes.count() == 0);
            await(get_running_loop().sock_sendall(ends.client, "there"));
        },
        plainly);
}

BOOST_AUTO_TEST_CASE(one_that_is_not_waits_in_the_selector) {
    cede::run(
        [] {
            Ends ends;
            const FailingCall unknown(SystemCall::poll, EINTR);
            const CallCounter changes(SystemCall::epoll_ctl);
            await(ends.connecting());
            BOOST_TEST(unknown.failed() == 1);
            BOOST_TEST(changes.count() >= 1);
        },
        plainly);
}

BOOST_AUTO_TEST_CASE(it_ends_in_the_iteration_in_which_the_selector_would_have_told) {
    class Looks : public SelectorEventLoop {};  // of a loop of a user's, nothing is known before it looks
    const std::vector<std::string> expected = trace<Looks>();
    BOOST_TEST(expected.size() == 19u);
    BOOST_TEST(trace<SelectorEventLoop>() == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(it_can_be_cancelled_until_then) {
    cede::run(
        [] {
            Ends ends;
            const Task<void> connecting = create_task(ends.connecting());
            await(sleep(Duration()));
            BOOST_TEST(connecting.cancel());
            BOOST_CHECK_THROW(await(connecting), CancelledError);
            await(ends.connecting());
        },
        plainly);
}

BOOST_AUTO_TEST_CASE(the_socket_may_be_closed_until_then) {
    cede::run(
        [] {
            Ends ends;
            const Task<void> connecting = create_task(ends.connecting());
            await(sleep(Duration()));
            ends.client.close();
            BOOST_CHECK_EXCEPTION(await(connecting), std::system_error, is_bad_descriptor);
        },
        plainly);
}

BOOST_AUTO_TEST_CASE(a_refusal_is_known_as_soon) {
    cede::run(
        [] {
            Ends ends;
            const DeadPort nobody;
            const CallCounter changes(SystemCall::epoll_ctl);
            BOOST_CHECK_EXCEPTION(await(get_running_loop().sock_connect(ends.client, nobody.address())), std::system_error,
                                  [](const std::system_error& e) { return e.code() == std::errc::connection_refused; });
            BOOST_TEST(changes.count() == 0);
        },
        plainly);
}

BOOST_AUTO_TEST_CASE(a_loop_that_stops_and_goes_on_or_closes_has_it_still) {
    const auto loop = new_event_loop();
    loop->set_debug(false);
    Ends ends;
    bool connected = false;
    const Task<void> connecting = loop->create_task([&] {
        await(ends.connecting());
        connected = true;
    });
    loop->call_soon([&] { loop->stop(); });
    loop->run_forever();
    BOOST_TEST(!connected);
    loop->run_until_complete(connecting);
    BOOST_TEST(connected);
    Ends others;
    const Task<void> given_up = loop->create_task([&] { await(others.connecting()); });
    loop->call_soon([&] { loop->stop(); });
    loop->run_forever();
    const CapturedReports reports(*loop);
    loop->close();
    BOOST_TEST(reports.all.size() == 1u);  // a task was pending
}

BOOST_AUTO_TEST_CASE(a_loop_that_is_closed_or_another_threads_refuses) {
    const auto loop = new_event_loop();
    loop->set_debug(true);
    std::promise<void> runs;
    loop->call_soon([&] { runs.set_value(); });
    std::thread thread([&] { loop->run_forever(); });
    runs.get_future().wait();
    in_loop([&] {
        Ends ends;
        BOOST_CHECK_THROW(await(loop->sock_connect(ends.client, ends.listener.local_address())), RuntimeError);
    });
    loop->call_soon_threadsafe([&] { loop->stop(); });
    thread.join();
    loop->close();
    Ends ends;
    Coroutine<void> connecting = loop->sock_connect(ends.client, ends.listener.local_address());
    BOOST_CHECK_THROW(connecting.send(), RuntimeError);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
