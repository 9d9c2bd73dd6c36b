// FUT: the future by itself. What awaits it is in tests/task.
#include <boost/test/unit_test.hpp>

#include <map>
#include <memory>

#include "cede/cede.hpp"
#include "cede/testing/testing.hpp"
#include "support/captured.hpp"

using namespace cede;
using namespace std::chrono_literals;
using tests::CapturedReports;
using tests::contains;
using tests::message_of;

namespace {

struct Fixture {
    testing::VirtualTimeLoop loop;
    // Runs what is ready, and what that makes ready.
    void settle() {
        for (int i = 0; i < 5; ++i) {
            loop.stop();
            loop.run_forever();
        }
    }
};

std::exception_ptr error(const std::string& text) { return std::make_exception_ptr(std::domain_error(text)); }

}  // namespace

BOOST_FIXTURE_TEST_SUITE(future, Fixture)

BOOST_AUTO_TEST_CASE(FUT_001_a_new_one_is_pending) {
    const auto f = loop.create_future<int>();
    BOOST_TEST(!f.done());
    BOOST_TEST(!f.cancelled());
    BOOST_CHECK_THROW(f.result(), InvalidStateError);
    BOOST_CHECK_THROW(f.exception(), InvalidStateError);
}

BOOST_AUTO_TEST_CASE(FUT_002_a_cancelled_one_raises_from_result_and_exception) {
    const auto f = loop.create_future<int>();
    BOOST_TEST(f.cancel());
    BOOST_TEST(f.done());
    BOOST_TEST(f.cancelled());
    BOOST_CHECK_THROW(f.result(), CancelledError);
    BOOST_CHECK_THROW(f.exception(), CancelledError);
}

BOOST_AUTO_TEST_CASE(FUT_003_what_is_done_cannot_be_set_again) {
    const auto cancelled = loop.create_future<int>();
    cancelled.cancel();
    BOOST_CHECK_THROW(cancelled.set_result(1), InvalidStateError);
    BOOST_CHECK_THROW(cancelled.set_exception(error("x")), InvalidStateError);
    BOOST_TEST(cancelled.cancelled());
    const auto set = loop.create_future<int>();
    set.set_result(1);
    BOOST_CHECK_THROW(set.set_result(2), InvalidStateError);
    BOOST_CHECK_THROW(set.set_exception(error("x")), InvalidStateError);
    BOOST_TEST(set.result() == 1);
    const auto failed = loop.create_future<int>();
    failed.set_exception(error("first"));
    BOOST_CHECK_THROW(failed.set_result(2), InvalidStateError);
    BOOST_CHECK_THROW(failed.set_exception(error("second")), InvalidStateError);
    BOOST_TEST(message_of<std::domain_error>([&] { failed.result(); }) == "first");
}

BOOST_AUTO_TEST_CASE(FUT_004_cancel_of_what_is_done_changes_nothing) {
    const auto set = loop.create_future<int>();
    set.set_result(1);
    BOOST_TEST(!set.cancel());
    BOOST_TEST(set.result() == 1);
    const auto failed = loop.create_future<int>();
    failed.set_exception(error("x"));
    BOOST_TEST(!failed.cancel());
    BOOST_CHECK_THROW(failed.result(), std::domain_error);
    const auto cancelled = loop.create_future<int>();
    cancelled.cancel("first");
    BOOST_TEST(!cancelled.cancel("second"));
    BOOST_TEST(message_of<CancelledError>([&] { cancelled.result(); }) == "first");
}

BOOST_AUTO_TEST_CASE(FUT_005_a_result_can_be_read_any_number_of_times) {
    const auto f = loop.create_future<std::string>();
    f.set_result("value");
    for (int i = 0; i < 3; ++i) BOOST_TEST(f.result() == "value");
    BOOST_TEST(!f.exception());
}

BOOST_AUTO_TEST_CASE(FUT_006_a_stop_iteration_becomes_a_runtime_error) {
    struct Derived : StopIteration<int> {
        Derived() : StopIteration<int>(3) {}
    };
    const auto check = [&](std::exception_ptr stop) {
        const auto f = loop.create_future<int>();
        f.set_exception(std::move(stop));
        try {
            f.result();
            BOOST_ERROR("nothing was thrown");
        } catch (const RuntimeError& wrapped) {
            BOOST_CHECK_THROW(std::rethrow_exception(wrapped.cause()), StopIterationBase);
        }
    };
    check(std::make_exception_ptr(StopIteration<int>(1)));
    check(std::make_exception_ptr(Derived()));
}

BOOST_AUTO_TEST_CASE(a_null_exception_is_refused) {
    const auto f = loop.create_future<int>();
    BOOST_CHECK_THROW(f.set_exception(std::exception_ptr()), std::invalid_argument);
    BOOST_TEST(!f.done());
}

BOOST_AUTO_TEST_CASE(FUT_007_callbacks_are_scheduled_not_called) {
    int calls = 0;
    const auto set = loop.create_future<void>();
    const auto failed = loop.create_future<void>();
    const auto cancelled = loop.create_future<void>();
    set.add_done_callback([&] { ++calls; });
    failed.add_done_callback([&](const Future<void>& f) {
        f.exception();
        ++calls;
    });
    cancelled.add_done_callback([&](Future<void>& f) { calls += f.cancelled() ? 1 : 0; });
    set.set_result();
    failed.set_exception(error("x"));
    cancelled.cancel();
    BOOST_TEST(calls == 0);
    settle();
    BOOST_TEST(calls == 3);
    set.add_done_callback([&] { ++calls; });
    BOOST_TEST(calls == 3);
    settle();
    BOOST_TEST(calls == 4);
}

BOOST_AUTO_TEST_CASE(FUT_008_callbacks_run_in_order_with_the_future) {
    std::string order;
    const auto f = loop.create_future<int>();
    for (char name : {'a', 'b', 'c'}) {
        f.add_done_callback([&order, &f, name](const Future<int>& done) {
            BOOST_TEST((done == f));
            BOOST_TEST(done.result() == 5);
            order += name;
        });
    }
    f.set_result(5);
    settle();
    BOOST_TEST(order == "abc");
}

BOOST_AUTO_TEST_CASE(FUT_009_removing_keeps_the_order_of_the_others) {
    for (const char removed : {'a', 'b', 'c'}) {
        std::string order;
        const auto f = loop.create_future<void>();
        std::map<char, CallbackId> ids;
        for (char name : {'a', 'b', 'c'}) ids[name] = f.add_done_callback([&order, name] { order += name; });
        BOOST_TEST(f.remove_done_callback(ids[removed]));
        BOOST_TEST(!f.remove_done_callback(ids[removed]));
        f.set_result();
        settle();
        std::string expected = "abc";
        expected.erase(expected.find(removed), 1);
        BOOST_TEST(order == expected);
    }
}

BOOST_AUTO_TEST_CASE(FUT_010_a_callback_may_change_the_list) {
    std::string order;
    const auto f = loop.create_future<void>();
    CallbackId second{};
    f.add_done_callback([&] {
        order += '1';
        BOOST_TEST(!f.remove_done_callback(second));  // queued already: it runs all the same
        f.add_done_callback([&] { order += '3'; });
    });
    second = f.add_done_callback([&] { order += '2'; });
    f.set_result();
    settle();
    BOOST_TEST(order == "123");
}

BOOST_AUTO_TEST_CASE(FUT_010_removing_runs_destructors_that_change_the_list) {
    // What a callback captured is destroyed while the list is worked on.
    const auto f = loop.create_future<void>();
    std::string order;
    struct AddsAtEnd {
        const Future<void>& f;
        std::string& order;
        AddsAtEnd(const Future<void>& to, std::string& where) : f(to), order(where) {}
        ~AddsAtEnd() {
            f.add_done_callback([&where = order] { where += 'x'; });
        }
    };
    const CallbackId id = f.add_done_callback([last = std::make_shared<AddsAtEnd>(f, order)] {});
    f.add_done_callback([&] { order += 'y'; });
    BOOST_TEST(f.remove_done_callback(id));
    f.set_result();
    settle();
    BOOST_TEST(order == "yx");
}

BOOST_AUTO_TEST_CASE(FUT_011_the_message_of_a_cancellation_is_carried) {
    const auto with = loop.create_future<void>();
    with.cancel("why");
    BOOST_TEST(message_of<CancelledError>([&] { with.exception(); }) == "why");
    const auto without = loop.create_future<void>();
    without.cancel();
    try {
        without.result();
    } catch (const CancelledError& cancelled) {
        BOOST_TEST(cancelled.message().empty());
    }
}

BOOST_AUTO_TEST_CASE(FUT_012_one_made_in_a_running_loop_belongs_to_it) {
    auto other = new_event_loop();
    set_event_loop(other.get());
    loop.call_soon([&] {
        BOOST_TEST(&Future<int>().get_loop() == &loop);
        loop.stop();
    });
    loop.run_forever();
    set_event_loop(nullptr);
}

BOOST_AUTO_TEST_CASE(FUT_013_without_a_running_loop_the_installed_one_counts) {
    BOOST_CHECK_THROW(Future<int>(), RuntimeError);
    set_event_loop(loop);
    BOOST_TEST(&Future<int>().get_loop() == &loop);
    set_event_loop(nullptr);
    BOOST_CHECK_THROW(Future<int>(), RuntimeError);
}

BOOST_AUTO_TEST_CASE(FUT_017_an_exception_that_nobody_asked_for_is_reported) {
    CapturedReports reports(loop);
    loop.create_future<int>().set_exception(error("lost"));
    BOOST_TEST(reports.only() == "Future exception was never retrieved");
    BOOST_TEST(message_of<std::domain_error>([&] { std::rethrow_exception(reports.all.at(0).exception); }) == "lost");
    BOOST_TEST(static_cast<bool>(reports.all.at(0).future));
    BOOST_TEST(!reports.all.at(0).task);
    // The handler has kept the future; it is not reported again when that handle goes.
    reports.all.resize(1);
    reports.all[0].future = AnyFuture();
    BOOST_TEST(reports.all.size() == 1u);
}

BOOST_AUTO_TEST_CASE(FUT_017_a_retrieved_exception_is_not_reported) {
    CapturedReports reports(loop);
    const auto ask = loop.create_future<int>();
    ask.set_exception(error("x"));
    BOOST_TEST(static_cast<bool>(ask.exception()));
    {
        const auto result = loop.create_future<int>();
        result.set_exception(error("x"));
        BOOST_CHECK_THROW(result.result(), std::domain_error);
    }
    BOOST_TEST(reports.all.empty());
}

BOOST_AUTO_TEST_CASE(FUT_018_a_cancel_that_comes_too_late_silences_the_report) {
    CapturedReports reports(loop);
    {
        const auto f = loop.create_future<int>();
        f.set_exception(error("x"));
        BOOST_TEST(!f.cancel());
    }
    BOOST_TEST(reports.all.empty());
}

BOOST_AUTO_TEST_CASE(iscoroutine_tells_a_coroutine_from_its_task) {
    Coroutine<int> coroutine([] { return 1; });
    BOOST_TEST(iscoroutine(coroutine));
    BOOST_TEST(!iscoroutine(Task<int>()));
    BOOST_TEST(!iscoroutine(1));
}

BOOST_AUTO_TEST_CASE(FUT_021_isfuture) {
    BOOST_TEST(isfuture(loop.create_future<int>()));
    BOOST_TEST(isfuture(Task<int>()));
    BOOST_TEST(isfuture(AnyFuture()));
    BOOST_TEST(isfuture(AnyTask()));
    BOOST_TEST(!isfuture(3));
    BOOST_TEST(!isfuture(sleep(0s)));
    BOOST_TEST(!isfuture([] {}));
}

BOOST_AUTO_TEST_CASE(an_exception_of_a_callback_is_reported_and_the_others_run) {
    CapturedReports reports(loop);
    std::string order;
    const auto f = loop.create_future<void>();
    f.add_done_callback([&] { order += '1'; });
    f.add_done_callback([] { throw std::domain_error("callback"); });
    f.add_done_callback([&] { order += '2'; });
    f.set_result();
    settle();
    BOOST_TEST(order == "12");
    BOOST_TEST(contains(reports.only(), "Exception in callback"));
    BOOST_TEST(static_cast<bool>(reports.all.at(0).handle));
}

BOOST_AUTO_TEST_CASE(a_callback_may_cancel_and_complete_other_futures) {
    std::string order;
    const auto first = loop.create_future<void>();
    const auto second = loop.create_future<void>();
    const auto third = loop.create_future<void>();
    first.add_done_callback([&] {
        order += '1';
        second.cancel();
        third.set_result();
    });
    second.add_done_callback([&] { order += '2'; });
    third.add_done_callback([&] { order += '3'; });
    first.set_result();
    settle();
    BOOST_TEST(order == "123");
}

BOOST_AUTO_TEST_CASE(an_empty_handle_says_so) {
    const AnyFuture empty;
    BOOST_CHECK_THROW(empty.done(), RuntimeError);
    BOOST_CHECK_THROW(empty.cancel(), RuntimeError);
    BOOST_CHECK_THROW(empty.exception(), RuntimeError);
    BOOST_CHECK_THROW(Future<int>(nullptr).result(), RuntimeError);
    BOOST_CHECK_THROW(Future<int>(nullptr).set_result(1), RuntimeError);
    BOOST_CHECK_THROW(Future<int>(nullptr).add_done_callback([] {}), RuntimeError);
}

BOOST_AUTO_TEST_CASE(a_future_may_outlive_its_loop) {
    Future<int> pending(nullptr);
    Future<int> set(nullptr);
    {
        auto short_lived = new_event_loop();
        pending = short_lived->create_future<int>();
        set = short_lived->create_future<int>();
        set.set_result(2);
        pending.add_done_callback([] {});
    }
    BOOST_TEST(set.result() == 2);
    BOOST_CHECK_THROW(pending.get_loop(), RuntimeError);
    BOOST_CHECK_THROW(pending.set_result(1), RuntimeError);  // there is no loop for its callback
}

BOOST_AUTO_TEST_CASE(a_lost_exception_whose_loop_has_gone_is_written_out) {
    tests::CapturedUnraisables lines;
    Future<int> failed(nullptr);
    {
        auto short_lived = new_event_loop();
        failed = short_lived->create_future<int>();
        failed.set_exception(error("lost with its loop"));
    }
    failed = Future<int>(nullptr);
    BOOST_TEST(lines.contains("lost with its loop"));
}

BOOST_AUTO_TEST_CASE(equal_handles_refer_to_one_future) {
    const auto a = loop.create_future<int>();
    const auto b = a;
    const auto c = loop.create_future<int>();
    BOOST_TEST((a == b));
    BOOST_TEST((a != c));
    BOOST_TEST((std::hash<AnyFuture>()(a) == std::hash<AnyFuture>()(b)));
}

BOOST_AUTO_TEST_CASE(a_move_only_result) {
    const auto f = loop.create_future<std::unique_ptr<int>>();
    f.set_result(std::unique_ptr<int>(new int(4)));
    BOOST_TEST(*f.result() == 4);
    BOOST_TEST(*loop.run_until_complete(f) == 4);
    BOOST_CHECK_THROW(f.result(), InvalidStateError);
    BOOST_CHECK_THROW(loop.run_until_complete(f), InvalidStateError);
}

BOOST_AUTO_TEST_SUITE_END()
