#include <boost/test/unit_test.hpp>

#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include "cede/base/exceptions.hpp"
#include "cede/base/reports.hpp"
#include "support/child_process.hpp"

namespace {

std::vector<std::string> seen;

void take_warning(absl::string_view text) { seen.emplace_back(text.data(), text.size()); }
void take_unraisable(const std::exception_ptr& exception, absl::string_view context) {
    seen.push_back(std::string(context.data(), context.size()) + "|" + cede::describe_exception(exception));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(reports)

BOOST_AUTO_TEST_CASE(a_hook_takes_the_warnings) {
    seen.clear();
    const cede::WarningHook before = cede::set_warning_hook(&take_warning);
    cede::detail::warn("look here");
    BOOST_CHECK(cede::set_warning_hook(before) == &take_warning);
    BOOST_CHECK(seen == std::vector<std::string>{"look here"});
}

BOOST_AUTO_TEST_CASE(a_hook_takes_what_cannot_be_raised) {
    seen.clear();
    const cede::UnraisableHook before = cede::set_unraisable_hook(&take_unraisable);
    cede::detail::report_unraisable(std::make_exception_ptr(std::domain_error("bad")), "closing");
    BOOST_CHECK(cede::set_unraisable_hook(before) == &take_unraisable);
    BOOST_CHECK(seen == std::vector<std::string>{"closing|std::domain_error: bad"});
}

BOOST_AUTO_TEST_CASE(null_installs_the_default_which_writes_to_stderr) {
    const auto child = cede::tests::run_in_child([] {
        cede::set_warning_hook(&take_warning);
        cede::set_warning_hook(nullptr);
        cede::set_unraisable_hook(nullptr);
        cede::detail::warn("look here");
        cede::detail::report_unraisable(std::make_exception_ptr(cede::CancelledError("why")), "closing");
    });
    BOOST_TEST(child.exited_with(0));
    BOOST_TEST(child.err == "cede: look here\ncede: exception ignored while closing: cede::CancelledError: why\n");
}

BOOST_AUTO_TEST_CASE(names_of_types_are_readable) {
    BOOST_TEST(cede::detail::demangle(typeid(std::vector<int>).name()).find("std::vector<int") == 0U);
    BOOST_TEST(cede::detail::demangle("not a mangled name") == "not a mangled name");
}

BOOST_AUTO_TEST_SUITE_END()
