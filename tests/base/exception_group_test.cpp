#include <boost/test/unit_test.hpp>

#include <exception>
#include <sstream>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "cede/base/exception_group.hpp"
#include "cede/base/reports.hpp"
#include "support/child_process.hpp"

namespace {

std::exception_ptr ordinary(const char* text = "one") { return std::make_exception_ptr(std::domain_error(text)); }
std::exception_ptr length(const char* text) { return std::make_exception_ptr(std::length_error(text)); }
std::exception_ptr cancelled() { return std::make_exception_ptr(cede::CancelledError("stop")); }

using Exceptions = std::vector<std::exception_ptr>;

std::string tree(const std::exception_ptr& group) { return cede::format_exception(group); }

// A group of the user's own, with what Python's documentation of derive() has: a code that the parts keep.
class Errors : public cede::ExceptionGroup {
public:
    Errors(const std::string& message, Exceptions exceptions, int number)
        : cede::ExceptionGroup(message, std::move(exceptions)), code(number) {}
    std::exception_ptr derive(Exceptions exceptions) const override {
        return std::make_exception_ptr(Errors(message(), std::move(exceptions), code));
    }
    const int code;
};

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

BOOST_AUTO_TEST_CASE(so_is_what_is_no_exception_or_belongs_into_the_other_class) {
    BOOST_CHECK_THROW(cede::ExceptionGroup("m", {ordinary(), nullptr}), std::invalid_argument);
    BOOST_CHECK_THROW(cede::BaseExceptionGroup("m", {nullptr}), std::invalid_argument);
    BOOST_CHECK_THROW(cede::make_exception_group("m", {nullptr}), std::invalid_argument);
    BOOST_CHECK_THROW(cede::ExceptionGroup("m", {ordinary(), cancelled()}), std::invalid_argument);
    BOOST_CHECK_THROW(cede::ExceptionGroup("m", {cede::make_exception_group("base", {cancelled()})}),
                      std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(both_classes_are_caught_as_one) {
    for (const auto& each : {ordinary(), cancelled()}) {
        try {
            std::rethrow_exception(cede::make_exception_group("m", {each}));
        } catch (const cede::AnyExceptionGroup& group) {
            BOOST_TEST(group.message() == "m");
            BOOST_CHECK(group.exceptions() == Exceptions{each});
        }
    }
}

BOOST_AUTO_TEST_CASE(an_interrupt_or_cancellation_in_it_makes_it_neither) {
    const auto interrupt = std::make_exception_ptr(cede::KeyboardInterrupt());
    using Kind = cede::detail::ExceptionKind;
    BOOST_CHECK(cede::detail::classify(cede::make_exception_group("m", {interrupt})) == Kind::base);
    BOOST_CHECK(cede::detail::classify(cede::make_exception_group("m", {cancelled()})) == Kind::base);
    BOOST_CHECK(cede::detail::classify(cede::make_exception_group("m", {ordinary()})) == Kind::ordinary);
}

BOOST_AUTO_TEST_CASE(split_divides_by_type_and_keeps_the_shape) {
    const cede::ExceptionGroup group(
        "outer", {ordinary("1"), cede::make_exception_group("inner", {length("2"), ordinary("3")}), length("4")});
    const auto parts = group.split<std::length_error>();
    BOOST_TEST(tree(parts.first) ==
               "  | cede::ExceptionGroup: outer (2 sub-exceptions)\n"
               "  +-+---------------- 1 ----------------\n"
               "    | cede::ExceptionGroup: inner (1 sub-exception)\n"
               "    +-+---------------- 1 ----------------\n"
               "      | std::length_error: 2\n"
               "      +------------------------------------\n"
               "    +---------------- 2 ----------------\n"
               "    | std::length_error: 4\n"
               "    +------------------------------------");
    BOOST_TEST(tree(parts.second) ==
               "  | cede::ExceptionGroup: outer (2 sub-exceptions)\n"
               "  +-+---------------- 1 ----------------\n"
               "    | std::domain_error: 1\n"
               "    +---------------- 2 ----------------\n"
               "    | cede::ExceptionGroup: inner (1 sub-exception)\n"
               "    +-+---------------- 1 ----------------\n"
               "      | std::domain_error: 3\n"
               "      +------------------------------------");
    BOOST_TEST(tree(group.subgroup<std::length_error>()) == tree(parts.first));
}

BOOST_AUTO_TEST_CASE(of_parts_that_are_empty_nothing_is_left) {
    const auto inner = cede::make_exception_group("inner", {ordinary("2")});
    const cede::ExceptionGroup group("outer", {length("1"), inner});
    BOOST_CHECK(group.subgroup<std::range_error>() == nullptr);
    BOOST_TEST(tree(group.split<std::range_error>().second) == group.format());
    BOOST_CHECK(group.split<std::exception>().second == nullptr);
    BOOST_TEST(tree(group.subgroup<std::exception>()) == group.format());
    BOOST_TEST((group.split<std::domain_error, std::length_error>().second == nullptr));
    // The inner group, of which nothing is left.
    const auto parts = group.split<std::length_error>();
    BOOST_TEST(!tree(parts.first).empty());
    BOOST_TEST(tree(parts.first).find("inner") == std::string::npos);
    BOOST_TEST(tree(parts.second).find("outer") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(split_asks_a_predicate_for_groups_first) {
    const auto inner = cede::make_exception_group("inner", {ordinary("2"), ordinary("3")});
    const cede::ExceptionGroup group("outer", {ordinary("1"), inner});
    Exceptions asked;
    const auto parts = group.split([&](const std::exception_ptr& each) {
        asked.push_back(each);
        return each == inner;
    });
    BOOST_REQUIRE(asked.size() == 3U);  // this group, 1, inner; not what is in inner
    BOOST_TEST(tree(asked[0]) == group.format());
    BOOST_CHECK(asked[1] == group.exceptions()[0]);
    try {
        std::rethrow_exception(parts.first);
    } catch (const cede::ExceptionGroup& only) {
        BOOST_CHECK(only.exceptions() == Exceptions{inner});
    }
}

BOOST_AUTO_TEST_CASE(without_what_made_it_a_base_group_a_part_is_an_ordinary_one) {
    const cede::BaseExceptionGroup group("m", {ordinary(), cancelled()});
    const auto parts = group.split<cede::CancelledError>();
    BOOST_CHECK_THROW(std::rethrow_exception(parts.first), cede::BaseExceptionGroup);
    BOOST_CHECK_THROW(std::rethrow_exception(parts.second), cede::ExceptionGroup);
}

BOOST_AUTO_TEST_CASE(a_class_of_its_own_makes_its_parts) {
    const Errors group("m", {ordinary(), length("x")}, 7);
    const auto parts = group.split<std::length_error>();
    for (const auto& part : {parts.first, parts.second}) {
        try {
            std::rethrow_exception(part);
        } catch (const Errors& errors) {
            BOOST_TEST(errors.code == 7);
            BOOST_TEST(errors.exceptions().size() == 1U);
        }
    }
    BOOST_CHECK(group.split<Errors>().second == nullptr);
}

BOOST_AUTO_TEST_CASE(it_prints_itself_as_in_python) {
    const auto inner = cede::make_exception_group("in", {length("2"), std::make_exception_ptr(7)});
    const cede::BaseExceptionGroup group("m", {ordinary("one\ntwo"), inner, cancelled()});
    const std::string expected =
        "  | cede::BaseExceptionGroup: m (3 sub-exceptions)\n"
        "  +-+---------------- 1 ----------------\n"
        "    | std::domain_error: one\n"
        "    | two\n"
        "    +---------------- 2 ----------------\n"
        "    | cede::ExceptionGroup: in (2 sub-exceptions)\n"
        "    +-+---------------- 1 ----------------\n"
        "      | std::length_error: 2\n"
        "      +---------------- 2 ----------------\n"
        "      | an exception of a type that is neither std::exception nor cede::BaseException\n"
        "      +------------------------------------\n"
        "    +---------------- 3 ----------------\n"
        "    | cede::CancelledError: stop\n"
        "    +------------------------------------";
    BOOST_TEST(group.format() == expected);
    std::ostringstream out;
    out << group;
    BOOST_TEST(out.str() == expected);
    BOOST_TEST(cede::format_exception(ordinary("x")) == "std::domain_error: x");
    BOOST_TEST(cede::format_exception(nullptr) == "no exception");
    BOOST_TEST(cede::describe_exception(cede::make_exception_group("m", {cancelled()})) ==
               "cede::BaseExceptionGroup: m (1 sub-exception)");
}

BOOST_AUTO_TEST_CASE(what_is_wide_or_deep_is_shortened) {
    const std::string wide = cede::ExceptionGroup("m", Exceptions(17, ordinary())).format();
    BOOST_TEST(wide.find("--- 15 ---") != std::string::npos);
    BOOST_TEST(wide.find("--- 16 ---") == std::string::npos);
    BOOST_TEST(wide.find("    +---------------- ... ----------------\n"
                         "    | and 2 more exceptions\n"
                         "    +------------------------------------") != std::string::npos);
    std::exception_ptr deep = ordinary();
    for (int i = 0; i < 12; ++i) deep = cede::make_exception_group(std::to_string(i), {deep});
    BOOST_TEST(tree(deep).find("ExceptionGroup: 2 (") != std::string::npos);
    BOOST_TEST(tree(deep).find("ExceptionGroup: 1 (") == std::string::npos);
    BOOST_TEST(tree(deep).find("\n" + std::string(22, ' ') + "| ... (max_group_depth is 10)\n" +
                               std::string(22, ' ') + "+------------------------------------") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_report_prints_the_tree) {
    const auto child = cede::tests::run_in_child([] {
        cede::detail::report_unraisable(cede::make_exception_group("m", {ordinary("inside")}), "testing");
    });
    BOOST_TEST(child.said("cede: exception ignored while testing:\n  | cede::ExceptionGroup: m (1 sub-exception)\n"), child);
    BOOST_TEST(child.said("    | std::domain_error: inside\n"), child);
}

// A class without derive(): the group itself is what is caught, and stays what it is where a part is all of it.
BOOST_AUTO_TEST_CASE(a_part_that_is_the_whole_is_the_very_exception) {
    struct HttpErrors : cede::ExceptionGroup {
        using cede::ExceptionGroup::ExceptionGroup;
        int status = 503;
    };
    const auto status_of = [](const std::exception_ptr& part) {
        try {
            std::rethrow_exception(part);
        } catch (const HttpErrors& errors) {
            return errors.status;
        } catch (...) {
            return 0;
        }
    };
    try {
        throw HttpErrors("m", {ordinary(), ordinary()});
    } catch (const cede::AnyExceptionGroup& group) {
        const auto by_class = group.split<HttpErrors>();
        BOOST_TEST(status_of(by_class.first) == 503);
        BOOST_TEST(!by_class.second);
        BOOST_TEST(status_of(group.subgroup<std::exception>()) == 503);
        BOOST_TEST(status_of(group.split<std::bad_alloc>().second) == 503);
    }
    // Another exception is handled: that one is not taken for it.
    const HttpErrors elsewhere("m", {ordinary()});
    try {
        throw HttpErrors("other", {ordinary()});
    } catch (const cede::AnyExceptionGroup&) {
        BOOST_TEST(cede::describe_exception(elsewhere.subgroup<std::exception>()).find(": m (") != std::string::npos);
    }
}

BOOST_AUTO_TEST_SUITE_END()
