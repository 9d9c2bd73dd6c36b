#include <boost/test/unit_test.hpp>

#include <exception>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "cede/base/exception_group.hpp"

namespace {

std::exception_ptr ordinary(const char* text = "one") { return std::make_exception_ptr(std::domain_error(text)); }
std::exception_ptr cancelled() { return std::make_exception_ptr(cede::CancelledError("stop")); }

}  // namespace

BOOST_AUTO_TEST_SUITE(exception_group)

BOOST_AUTO_TEST_CASE(it_holds_its_message_and_exceptions) {
    const std::vector<std::exception_ptr> both{ordinary("one"), ordinary("two")};
    const cede::ExceptionGroup group("unhandled errors", both);
    BOOST_TEST(group.message() == "unhandled errors");
    BOOST_TEST(std::string(group.what()) == "unhandled errors (2 sub-exceptions)");
    BOOST_CHECK(group.exceptions() == both);
    BOOST_TEST(std::string(cede::ExceptionGroup("a", {ordinary()}).what()) == "a (1 sub-exception)");
}

BOOST_AUTO_TEST_CASE(a_group_of_ordinary_exceptions_is_a_std_exception) {
    static_assert(std::is_base_of<std::exception, cede::ExceptionGroup>::value, "");
    static_assert(!std::is_base_of<std::exception, cede::BaseExceptionGroup>::value, "");
    static_assert(std::is_base_of<cede::BaseException, cede::BaseExceptionGroup>::value, "");
    BOOST_CHECK_THROW(std::rethrow_exception(cede::make_exception_group("m", {ordinary(), ordinary()})),
                      cede::ExceptionGroup);
}

BOOST_AUTO_TEST_CASE(a_group_with_anything_else_is_not) {
    try {
        std::rethrow_exception(cede::make_exception_group("m", {ordinary(), cancelled()}));
    } catch (const cede::BaseExceptionGroup& group) {
        BOOST_TEST(group.exceptions().size() == 2U);
        BOOST_TEST(group.message() == "m");
        BOOST_TEST(std::string(group.what()) == "m (2 sub-exceptions)");
    }
}

BOOST_AUTO_TEST_CASE(groups_nest) {
    const auto inner = cede::make_exception_group("inner", {ordinary()});
    const auto base = cede::make_exception_group("base", {cancelled()});
    BOOST_CHECK_THROW(std::rethrow_exception(cede::make_exception_group("outer", {inner})), cede::ExceptionGroup);
    BOOST_CHECK_THROW(std::rethrow_exception(cede::make_exception_group("outer", {inner, base})),
                      cede::BaseExceptionGroup);
}

BOOST_AUTO_TEST_CASE(an_empty_one_is_refused) {
    BOOST_CHECK_THROW(cede::ExceptionGroup("m", {}), std::invalid_argument);
    BOOST_CHECK_THROW(cede::BaseExceptionGroup("m", {}), std::invalid_argument);
    BOOST_CHECK_THROW(cede::make_exception_group("m", {}), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()
