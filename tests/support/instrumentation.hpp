// What it is: what this test program is watched by. When to use it: to lower a number, or to leave out (with a message) what
// the tool cannot do. When not: to make a failure go away.
#ifndef CEDE_TESTS_SUPPORT_INSTRUMENTATION_HPP
#define CEDE_TESTS_SUPPORT_INSTRUMENTATION_HPP

#include "base/sanitizers.hpp"

#if CEDE_ASAN
#include <sanitizer/lsan_interface.h>
#endif
#if defined(__has_include)
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#endif
#endif

namespace cede {
namespace tests {

constexpr bool under_asan = CEDE_ASAN != 0;
constexpr bool under_tsan = CEDE_TSAN != 0;

inline bool under_valgrind() {
#ifdef RUNNING_ON_VALGRIND
    return RUNNING_ON_VALGRIND != 0;
#else
    return false;
#endif
}

// `usual`, or a number that the tool in use can manage in the time a test has. ThreadSanitizer knows 8,128 fibers at most.
inline int scaled(int usual, int watched) {
    return under_asan || under_tsan || under_valgrind() ? watched : usual;
}

// What this thread allocates in the scope is lost by design, on a stack that cannot be unwound; the leak check skips it.
class LostByDesign {
public:
#if CEDE_ASAN
    LostByDesign() { __lsan_disable(); }
    ~LostByDesign() { __lsan_enable(); }
#else
    LostByDesign() {}
    ~LostByDesign() {}
#endif
    LostByDesign(const LostByDesign&) = delete;
    LostByDesign& operator=(const LostByDesign&) = delete;
};

}  // namespace tests
}  // namespace cede

#endif
