// The loop itself, its bell and its signals, with any system call failing.
#include "faults/fixtures.hpp"

#include <csignal>

namespace cede {
namespace tests {
namespace {

void nothing() {}

}  // namespace

BOOST_AUTO_TEST_SUITE(loop)

BOOST_AUTO_TEST_CASE(a_loop_that_cannot_be_made_is_an_error) {
    for (const SystemCall call : {SystemCall::epoll_create, SystemCall::eventfd, SystemCall::epoll_ctl}) {
        for (const int error : {EMFILE, ENFILE, ENOMEM}) {
            const WatchedCalls calls(call, 1, error);
            BOOST_CHECK_EXCEPTION(new_event_loop(), std::system_error,
                                  [=](const std::system_error& e) { return e.code().value() == error; });
        }
    }
    const std::unique_ptr<EventLoop> loop = new_event_loop();  // nothing of that stays
    loop->run_until_complete([] { await(sleep(Duration())); });
}

BOOST_AUTO_TEST_CASE(an_empty_program) { BOOST_TEST(fail_every_system_call(&nothing) > 5); }

BOOST_AUTO_TEST_CASE(a_thread_that_wakes_the_loop) {
    const int runs = fail_every_system_call([] {
        const Future<void> woken;
        EventLoop& loop = get_running_loop();
        await(to_thread([&] { loop.call_soon_threadsafe([woken] { woken.set_result(); }); }));
        await(woken);
    });
    BOOST_TEST(runs > 5);
}

BOOST_AUTO_TEST_CASE(a_signal) {
    const int runs = fail_every_system_call([] {
        const Future<void> arrived;
        EventLoop& loop = get_running_loop();
        loop.add_signal_handler(SIGUSR1, [&] { arrived.set_result(); });
        std::raise(SIGUSR1);
        await(arrived);
        loop.remove_signal_handler(SIGUSR1);
    });
    BOOST_TEST(runs > 5);
}

BOOST_AUTO_TEST_CASE(a_function_in_a_thread) {
    BOOST_TEST(fail_every_system_call([] { await(to_thread([] {})); }) > 5);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tests
}  // namespace cede
