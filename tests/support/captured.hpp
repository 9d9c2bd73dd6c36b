// What it is: what the library reports, caught for a test to look at: `CapturedReports`, the exception handler of a loop;
// `CapturedWarnings` and `CapturedUnraisables`, the process's hooks, for the life of the object.
// When to use it: where a report is promised, or must not be. When not: for an exception that is thrown.
#ifndef CEDE_TESTS_SUPPORT_CAPTURED_HPP
#define CEDE_TESTS_SUPPORT_CAPTURED_HPP

#include <algorithm>
#include <mutex>
#include <string>
#include <vector>

#include "cede/base/exceptions.hpp"
#include "cede/base/reports.hpp"
#include "cede/loop/event_loop.hpp"

namespace cede {
namespace tests {

class CapturedReports {
public:
    explicit CapturedReports(EventLoop& loop) {
        loop.set_exception_handler([this](EventLoop&, const ExceptionContext& context) { all.push_back(context); });
    }
    // The message of the only report; something else when there is none, or more.
    std::string only() const {
        return all.size() == 1 ? all.front().message : std::to_string(all.size()) + " reports";
    }
    std::vector<ExceptionContext> all;
};

class CapturedLines {
public:
    // Any thread.
    std::size_t count() const {
        std::lock_guard<std::mutex> lock(mutex_);
        return lines_.size();
    }
    bool contains(const std::string& text) const {
        std::lock_guard<std::mutex> lock(mutex_);
        return std::any_of(lines_.begin(), lines_.end(),
                           [&](const std::string& line) { return line.find(text) != std::string::npos; });
    }
    void add(std::string line) {
        std::lock_guard<std::mutex> lock(mutex_);
        lines_.push_back(std::move(line));
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::string> lines_;
};

class CapturedWarnings : public CapturedLines {
public:
    CapturedWarnings() : before_(set_warning_hook([](absl::string_view text) { target()->add(std::string(text)); })) {
        target() = this;
    }
    ~CapturedWarnings() { set_warning_hook(before_); }

private:
    static CapturedLines*& target() {
        static CapturedLines* lines = nullptr;
        return lines;
    }
    WarningHook before_;
};

class CapturedUnraisables : public CapturedLines {
public:
    CapturedUnraisables()
        : before_(set_unraisable_hook([](const std::exception_ptr& exception, absl::string_view context) {
              target()->add(std::string(context) + ": " + describe_exception(exception));
          })) {
        target() = this;
    }
    ~CapturedUnraisables() { set_unraisable_hook(before_); }

private:
    static CapturedLines*& target() {
        static CapturedLines* lines = nullptr;
        return lines;
    }
    UnraisableHook before_;
};

// The message of the E that `f` throws; says so when it throws none.
template <class E, class F>
std::string message_of(F&& f) {
    try {
        f();
    } catch (const E& error) {
        return error.what();
    }
    return "(nothing was thrown)";
}

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace tests
}  // namespace cede

#endif
