// What it is: small things that the tests of this room share. The reports that would go to stderr are collected here.
#ifndef CEDE_TESTS_COROUTINE_FIXTURES_HPP
#define CEDE_TESTS_COROUTINE_FIXTURES_HPP

#include <exception>
#include <string>
#include <vector>

#include "cede/base/exceptions.hpp"
#include "cede/base/reports.hpp"

namespace cede {
namespace tests {

// Collects warnings and unraisable exceptions for as long as it lives; one at a time.
class Reports {
public:
    Reports() : warning_(set_warning_hook(&take_warning)), unraisable_(set_unraisable_hook(&take_unraisable)) {
        lines().clear();
    }
    ~Reports() {
        set_warning_hook(warning_);
        set_unraisable_hook(unraisable_);
    }
    Reports(const Reports&) = delete;
    Reports& operator=(const Reports&) = delete;

    static std::vector<std::string>& lines() {
        static std::vector<std::string> all;
        return all;
    }

private:
    static void take_warning(absl::string_view text) { lines().emplace_back(text.data(), text.size()); }
    static void take_unraisable(const std::exception_ptr& exception, absl::string_view context) {
        lines().push_back(std::string(context.data(), context.size()) + ": " + describe_exception(exception));
    }

    WarningHook warning_;
    UnraisableHook unraisable_;
};

// Calls `f` when the scope is left, also while it unwinds. Unlike most guards it lets f throw, and await.
template <class F>
class AtExit {
public:
    explicit AtExit(F f) : f_(f) {}
    ~AtExit() noexcept(false) { f_(); }
    AtExit(const AtExit&) = delete;
    AtExit& operator=(const AtExit&) = delete;
    AtExit(AtExit&&) = delete;

private:
    F f_;
};

// A predicate for BOOST_CHECK_EXCEPTION.
inline auto with_text(std::string text) {
    return [text](const std::exception& error) { return std::string(error.what()).find(text) != std::string::npos; };
}

}  // namespace tests
}  // namespace cede

#endif
