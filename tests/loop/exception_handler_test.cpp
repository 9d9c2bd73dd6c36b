// LOOP-019 to 021: what a callback throws.
#include <boost/test/unit_test.hpp>

#include "cede/cede.hpp"
#include "cede/testing/testing.hpp"
#include "support/captured.hpp"

using namespace cede;
using tests::CapturedReports;
using tests::contains;
using tests::message_of;

namespace {

// Keeps what the default handler is given.
struct Loop : testing::VirtualTimeLoop {
    std::vector<ExceptionContext> defaults;
    bool broken = false;
    void default_exception_handler(const ExceptionContext& context) override {
        defaults.push_back(context);
        if (broken) throw std::logic_error("the default handler is broken");
    }
    void turn() {
        stop();
        run_forever();
    }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(exception_handler)

BOOST_AUTO_TEST_CASE(LOOP_019_the_handler_gets_message_exception_and_handle_and_the_loop_goes_on) {
    Loop loop;
    CapturedReports reports(loop);
    bool next = false;
    const Handle handle = loop.call_soon([] { throw std::domain_error("x"); });
    loop.call_soon([&] { next = true; });
    loop.turn();
    BOOST_TEST(contains(reports.only(), "Exception in callback"));
    BOOST_TEST(message_of<std::domain_error>([&] { std::rethrow_exception(reports.all[0].exception); }) == "x");
    BOOST_TEST(reports.all[0].handle.core() == handle.core());
    BOOST_TEST(next);
}

BOOST_AUTO_TEST_CASE(a_program_may_report_through_it) {
    Loop loop;
    ExceptionContext context;
    context.message = "the cache is cold";
    loop.call_exception_handler(context);
    BOOST_REQUIRE(loop.defaults.size() == 1u);
    BOOST_TEST(loop.defaults[0].message == "the cache is cold");
}

BOOST_AUTO_TEST_CASE(whatever_is_thrown_is_reported) {
    Loop loop;
    CapturedReports reports(loop);
    loop.call_soon([] { throw 5; });
    loop.call_soon([] { throw CancelledError("not a task"); });
    loop.turn();
    BOOST_TEST(reports.all.size() == 2u);
}

BOOST_AUTO_TEST_CASE(LOOP_020_a_handler_replaces_the_default_one_and_none_restores_it) {
    Loop loop;
    BOOST_TEST(!loop.get_exception_handler());
    {
        CapturedReports reports(loop);
        BOOST_TEST(static_cast<bool>(loop.get_exception_handler()));
        loop.call_soon([] { throw std::domain_error("x"); });
        loop.turn();
        BOOST_TEST(reports.all.size() == 1u);
        BOOST_TEST(loop.defaults.empty());
    }
    loop.set_exception_handler(nullptr);
    BOOST_TEST(!loop.get_exception_handler());
    loop.call_soon([] { throw std::domain_error("x"); });
    loop.turn();
    BOOST_TEST(loop.defaults.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_handler_is_given_its_loop_and_may_replace_itself) {
    Loop loop;
    int calls = 0;
    loop.set_exception_handler([&](EventLoop& of, const ExceptionContext&) {
        BOOST_TEST(&of == &loop);
        of.set_exception_handler(nullptr);
        ++calls;
    });
    loop.call_soon([] { throw 1; });
    loop.call_soon([] { throw 2; });
    loop.turn();
    BOOST_TEST(calls == 1);
    BOOST_TEST(loop.defaults.size() == 1u);
}

BOOST_AUTO_TEST_CASE(LOOP_021_a_broken_handler_is_reported_and_the_loop_goes_on) {
    Loop loop;
    loop.set_exception_handler([](EventLoop&, const ExceptionContext&) { throw std::logic_error("broken"); });
    bool next = false;
    loop.call_soon([] { throw std::domain_error("x"); });
    loop.call_soon([&] { next = true; });
    loop.turn();
    BOOST_TEST(next);
    BOOST_REQUIRE(loop.defaults.size() == 1u);
    BOOST_TEST(loop.defaults[0].message == "Unhandled error in exception handler");
    BOOST_TEST(message_of<std::logic_error>([&] { std::rethrow_exception(loop.defaults[0].exception); }) == "broken");
}

BOOST_AUTO_TEST_CASE(LOOP_021_a_broken_default_handler_is_written_out) {
    tests::CapturedUnraisables lines;
    Loop loop;
    loop.broken = true;
    loop.call_soon([] { throw std::domain_error("x"); });
    loop.turn();
    BOOST_TEST(lines.contains("the default handler is broken"));
}

BOOST_AUTO_TEST_CASE(an_interrupt_of_a_handler_leaves_the_loop) {
    Loop loop;
    loop.set_exception_handler([](EventLoop&, const ExceptionContext&) { throw SystemExit(2); });
    loop.call_soon([] { throw std::domain_error("x"); });
    BOOST_CHECK_THROW(loop.run_forever(), SystemExit);
}

BOOST_AUTO_TEST_CASE(nullopt_is_none_too) {
    Loop loop;
    loop.set_exception_handler([](EventLoop&, const ExceptionContext&) {});
    loop.set_exception_handler(absl::nullopt);
    BOOST_TEST(!loop.get_exception_handler());
    loop.set_task_factory(absl::nullopt);
    BOOST_TEST(!loop.get_task_factory());
}

BOOST_AUTO_TEST_SUITE_END()
