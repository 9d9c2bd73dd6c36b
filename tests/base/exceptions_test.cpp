#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <exception>
#include <stdexcept>
#include <string>
#include <system_error>
#include <type_traits>

#include "cede/base/exceptions.hpp"
#include "cede/base/stop_iteration.hpp"

using cede::describe_exception;

namespace {

template <class E>
constexpr bool is_ordinary = std::is_base_of<std::exception, E>::value;
template <class E>
constexpr bool is_base_only = std::is_base_of<cede::BaseException, E>::value && !is_ordinary<E>;

}  // namespace

BOOST_AUTO_TEST_SUITE(exceptions)

BOOST_AUTO_TEST_CASE(what_unwinds_is_no_std_exception) {
    static_assert(is_base_only<cede::BaseException>, "");
    static_assert(is_base_only<cede::CancelledError>, "");
    static_assert(is_base_only<cede::GeneratorExit>, "");
    static_assert(is_base_only<cede::KeyboardInterrupt>, "");
    static_assert(is_base_only<cede::SystemExit>, "");
    bool swallowed = false;
    try {
        try {
            throw cede::CancelledError("stop");
        } catch (const std::exception&) {
            swallowed = true;
        }
    } catch (const cede::BaseException& error) {
        BOOST_TEST(error.message() == "stop");
    }
    BOOST_TEST(!swallowed);
}

BOOST_AUTO_TEST_CASE(what_fails_is_a_std_exception) {
    static_assert(std::is_base_of<std::runtime_error, cede::RuntimeError>::value, "");
    static_assert(std::is_base_of<std::logic_error, cede::InvalidStateError>::value, "");
    static_assert(is_ordinary<cede::StopIterationBase> && is_ordinary<cede::StopIteration<int>>, "");
    static_assert(std::is_base_of<cede::StopIterationBase, cede::StopIteration<>>::value, "");
    static_assert(is_ordinary<cede::StopAsyncIteration>, "");
    static_assert(!std::is_base_of<cede::StopIterationBase, cede::StopAsyncIteration>::value, "");
    BOOST_TEST(cede::StopIteration<int>(4).value == 4);
}

BOOST_AUTO_TEST_CASE(a_timeout_is_an_os_error_with_etimedout) {
    const cede::TimeoutError error;
    const std::system_error& as_os_error = error;
    BOOST_CHECK(as_os_error.code() == std::error_code(ETIMEDOUT, std::generic_category()));
    BOOST_CHECK(as_os_error.code() == std::errc::timed_out);
    BOOST_CHECK(error.cause() == nullptr);
    // Without the system's "Connection timed out": there may be no connection.
    BOOST_TEST(error.what() == std::string("timed out"));
    const cede::TimeoutError copy = cede::TimeoutError("too late");
    BOOST_TEST(copy.what() == std::string("too late"));
}

BOOST_AUTO_TEST_CASE(a_message_is_kept_and_what_falls_back_to_the_name) {
    BOOST_TEST(cede::CancelledError("enough").message() == "enough");
    BOOST_TEST(std::string(cede::CancelledError("enough").what()) == "enough");
    BOOST_TEST(cede::CancelledError().message().empty());
    BOOST_TEST(std::string(cede::CancelledError().what()) == "CancelledError");
    BOOST_TEST(std::string(cede::GeneratorExit().what()) == "GeneratorExit");
    BOOST_TEST(std::string(cede::KeyboardInterrupt().what()) == "KeyboardInterrupt");
    BOOST_TEST(std::string(cede::SystemExit(3).what()) == "SystemExit");
    BOOST_TEST(cede::SystemExit(3).code() == 3);
}

BOOST_AUTO_TEST_CASE(a_cause_can_be_given) {
    const auto cause = std::make_exception_ptr(std::domain_error("first"));
    BOOST_CHECK(cede::RuntimeError("second", cause).cause() == cause);
    BOOST_CHECK(cede::RuntimeError("second").cause() == nullptr);
    BOOST_CHECK(cede::TimeoutError("late", cause).cause() == cause);
}

BOOST_AUTO_TEST_CASE(every_exception_can_be_described) {
    struct Odd {};
    BOOST_TEST(describe_exception(std::make_exception_ptr(std::domain_error("bad"))) == "std::domain_error: bad");
    BOOST_TEST(describe_exception(std::make_exception_ptr(cede::CancelledError("why"))) == "cede::CancelledError: why");
    BOOST_TEST(describe_exception(std::make_exception_ptr(cede::CancelledError())) == "cede::CancelledError");
    BOOST_TEST(describe_exception(std::make_exception_ptr(cede::RuntimeError("x"))) == "cede::RuntimeError: x");
    BOOST_TEST(!describe_exception(std::make_exception_ptr(Odd())).empty());
    BOOST_TEST(!describe_exception(std::make_exception_ptr(42)).empty());
    BOOST_TEST(describe_exception(nullptr) == "no exception");
}

BOOST_AUTO_TEST_CASE(exceptions_are_sorted_by_what_a_loop_does_with_them) {
    using cede::detail::classify;
    using Kind = cede::detail::ExceptionKind;
    BOOST_CHECK(classify(std::make_exception_ptr(std::domain_error("x"))) == Kind::ordinary);
    BOOST_CHECK(classify(std::make_exception_ptr(7)) == Kind::ordinary);
    BOOST_CHECK(classify(std::make_exception_ptr(cede::CancelledError())) == Kind::cancelled);
    BOOST_CHECK(classify(std::make_exception_ptr(cede::KeyboardInterrupt())) == Kind::interrupt);
    BOOST_CHECK(classify(std::make_exception_ptr(cede::SystemExit())) == Kind::interrupt);
    BOOST_CHECK(classify(std::make_exception_ptr(cede::GeneratorExit())) == Kind::base);
}

// As in a traceback of Python's.
BOOST_AUTO_TEST_CASE(an_exception_without_a_text_is_its_name) {
    BOOST_TEST(describe_exception(std::make_exception_ptr(std::runtime_error(""))) == "std::runtime_error");
}

BOOST_AUTO_TEST_SUITE_END()
