// What it is: ways for a test to let other tasks run, the text of an error, and a list of numbers to say in which
// order things happened. When to use it: in tests of what awaits.
#ifndef CEDE_TESTS_SUPPORT_AWAITING_HPP
#define CEDE_TESTS_SUPPORT_AWAITING_HPP

#include <chrono>
#include <exception>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "cede/base/exceptions.hpp"
#include "cede/base/reports.hpp"
#include "cede/task/run.hpp"
#include "cede/task/sleep.hpp"
#include "cede/task/task.hpp"
#include "cede/testing/interrupt.hpp"
#include "cede/testing/run.hpp"

namespace cede {
namespace tests {

using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;

// Lets everything that is ready run once.
inline void turn() { await(sleep(0s)); }
// And what that makes ready, a few times over.
inline void settle() {
    for (int i = 0; i < 10; ++i) turn();
}

// The text of what a call throws; empty when it does not.
template <class F>
std::string error_of(F&& f) {
    try {
        f();
    } catch (...) {
        return describe_exception(std::current_exception());
    }
    return std::string();
}

using Order = std::vector<int>;

}  // namespace tests
}  // namespace cede

namespace std {
// For Boost.Test's messages; in std so that argument-dependent look-up finds it.
inline ostream& operator<<(ostream& out, const vector<int>& order) {
    for (const int each : order) out << each << ' ';
    return out;
}
}  // namespace std

#endif
