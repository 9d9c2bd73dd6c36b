// What it is: a program's trace, which must be the same where tasks go straight over to one another (lib/src/task/task_switch.hpp)
// and in debug mode, where each step comes back to the loop, to be measured by itself.
#ifndef CEDE_TESTS_TASK_HAND_OVER_HPP
#define CEDE_TESTS_TASK_HAND_OVER_HPP

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "cede/cede.hpp"

namespace cede {
namespace tests {

using Trace = std::vector<std::string>;
using Say = std::function<void(const std::string&)>;

inline void pass() { await(sleep(Duration())); }

inline Trace trace_of(const std::function<void(const Say&)>& body, bool debug) {
    Trace trace;
    try {
        run([&] { body([&](const std::string& what) { trace.push_back(what); }); }, RunOptions().debug(debug));
    } catch (const KeyboardInterrupt&) {
        trace.push_back("left by an interrupt");
    }
    return trace;
}

// Returns the trace.
inline Trace same_in_both(const std::function<void(const Say&)>& body) {
    const Trace handed_over = trace_of(body, false);
    const Trace measured = trace_of(body, true);
    BOOST_TEST(handed_over == measured, boost::test_tools::per_element());
    return handed_over;
}

// Runs next to each other what each of `bodies` does, with the number it is given.
inline void side_by_side(const std::vector<std::function<void()>>& bodies) {
    std::vector<Task<void>> tasks;
    for (const auto& body : bodies) tasks.push_back(create_task(body));
    for (const auto& task : tasks) await(task);
}

inline std::string number(int value) { return std::to_string(value); }

// Calls `f` when it is destroyed, unless it was moved from.
struct AtEnd {
    explicit AtEnd(std::function<void()> f) : at_end(std::move(f)) {}
    AtEnd(AtEnd&& other) noexcept : at_end(std::exchange(other.at_end, nullptr)) {}
    AtEnd& operator=(AtEnd&&) = delete;
    ~AtEnd() {
        if (at_end) at_end();
    }
    std::function<void()> at_end;
};

}  // namespace tests
}  // namespace cede

#endif
