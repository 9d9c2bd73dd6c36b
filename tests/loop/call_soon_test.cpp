// LOOP-001 to 005: the ready queue.
#include <boost/test/unit_test.hpp>

#include <array>
#include <memory>
#include <thread>

#include "cede/cede.hpp"
#include "cede/testing/testing.hpp"

using namespace cede;
using namespace std::chrono_literals;

namespace {

struct Fixture {
    testing::VirtualTimeLoop loop;
    std::string order;
    void turn() {
        loop.stop();
        loop.run_forever();
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(call_soon, Fixture)

BOOST_AUTO_TEST_CASE(LOOP_001_callbacks_run_in_order_with_their_arguments) {
    loop.call_soon([&](int a, const std::string& b) { order += std::to_string(a) + b; }, 1, std::string("x"));
    loop.call_soon([&](const char* text) { order += text; }, "y");
    loop.call_soon([&] { order += 'z'; });
    turn();
    BOOST_TEST(order == "1xyz");
}

BOOST_AUTO_TEST_CASE(LOOP_002_what_a_callback_schedules_waits_for_the_next_turn) {
    loop.call_soon([&] {
        order += '1';
        loop.call_soon([&] {
            order += '3';
            loop.call_soon([&] { order += '4'; });
        });
    });
    loop.call_soon([&] { order += '2'; });
    turn();
    BOOST_TEST(order == "12");
    turn();
    BOOST_TEST(order == "123");
    turn();
    BOOST_TEST(order == "1234");
}

BOOST_AUTO_TEST_CASE(LOOP_003_a_cancelled_handle_is_skipped_and_forgets_what_it_captured) {
    auto captured = std::make_shared<int>(0);
    const Handle handle = loop.call_soon([captured] { ++*captured; });
    BOOST_TEST(!handle.cancelled());
    handle.cancel();
    BOOST_TEST(handle.cancelled());
    BOOST_TEST(captured.use_count() == 1);
    handle.cancel();
    turn();
    BOOST_TEST(*captured == 0);
}

BOOST_AUTO_TEST_CASE(a_callback_may_cancel_another_of_the_same_turn) {
    Handle second;
    loop.call_soon([&] { second.cancel(); });
    second = loop.call_soon([&] { order += '2'; });
    loop.call_soon([&] { order += '3'; });
    turn();
    BOOST_TEST(order == "3");
}

BOOST_AUTO_TEST_CASE(a_callback_may_cancel_its_own_handle) {
    auto captured = std::make_shared<int>(0);
    Handle self;
    self = loop.call_soon([&self, captured] {
        self.cancel();
        ++*captured;  // still there
    });
    turn();
    BOOST_TEST(*captured == 1);
    BOOST_TEST(captured.use_count() == 1);
}

// It is still in the context of the callback, then.
BOOST_AUTO_TEST_CASE(a_capture_may_cancel_the_handle_as_it_dies) {
    ContextVar<int> variable("variable");
    struct Capture {
        Handle& handle;
        ContextVar<int>& variable;
        int& seen;
        Capture(Handle& of, ContextVar<int>& read, int& out) : handle(of), variable(read), seen(out) {}
        ~Capture() {
            handle.cancel();
            seen = variable.get(0);
        }
    };
    Handle handle;
    int seen = 0;
    copy_context().run([&] {
        variable.set(7);
        const auto capture = std::make_shared<Capture>(handle, variable, seen);
        handle = loop.call_soon([capture] {});
    });
    turn();
    BOOST_TEST(seen == 7);
    BOOST_TEST(handle.cancelled());
}

BOOST_AUTO_TEST_CASE(a_callback_is_destroyed_when_it_has_run_though_its_handle_lives) {
    auto captured = std::make_shared<int>(0);
    const Handle handle = loop.call_soon([captured] {});
    turn();
    BOOST_TEST(captured.use_count() == 1);
    BOOST_TEST(!handle.cancelled());
}

BOOST_AUTO_TEST_CASE(LOOP_004_threadsafe_calls_of_the_own_thread_share_the_order) {
    loop.call_soon([&] {
        loop.call_soon([&] { order += '1'; });
        loop.call_soon_threadsafe([&] { order += '2'; });
        loop.call_soon([&] { order += '3'; });
    });
    turn();
    turn();
    BOOST_TEST(order == "123");
}

BOOST_AUTO_TEST_CASE(LOOP_005_a_call_from_another_thread_wakes_a_waiting_loop) {
    auto real = new_event_loop();
    std::thread other;
    real->call_soon([&] {
        other = std::thread([&] { real->call_soon_threadsafe([&] { real->stop(); }); });
    });
    real->run_forever();
    other.join();
}

BOOST_AUTO_TEST_CASE(a_move_only_closure_and_a_large_one) {
    auto owned = std::unique_ptr<int>(new int(5));
    loop.call_soon([&, owned = std::move(owned)] { order += std::to_string(*owned); });
    std::array<char, 500> large;
    large.fill('l');
    loop.call_soon([&, large] { order += large.back(); });
    turn();
    BOOST_TEST(order == "5l");
}

BOOST_AUTO_TEST_CASE(a_callback_runs_in_the_context_given) {
    const Context context = copy_context();
    bool ran = false;
    loop.call_soon([&] { ran = true; }, context);
    turn();
    BOOST_TEST(ran);
}

// `loop.call_soon(hello_world, loop)`
BOOST_AUTO_TEST_CASE(a_loop_is_an_argument_by_reference) {
    EventLoop* seen = nullptr;
    loop.call_soon([&](EventLoop& given, int) { seen = &given; }, loop, 1);
    turn();
    BOOST_TEST(seen == &loop);
    int owned = 0;
    loop.call_soon([&](EventLoop&, std::unique_ptr<int> given) { owned = *given; }, loop, std::unique_ptr<int>(new int(5)));
    turn();
    BOOST_TEST(owned == 5);
}

BOOST_AUTO_TEST_SUITE_END()
