// What it is: a thread that nobody joins, but for which the end of the program waits, as Python's does: what it runs may use
// anything of the program.
#ifndef CEDE_SRC_LOOP_LEFT_BEHIND_HPP
#define CEDE_SRC_LOOP_LEFT_BEHIND_HPP

#include "absl/functional/any_invocable.h"

namespace cede {
namespace detail {

// Runs `f`, which does not throw, on a thread of its own. Throws std::system_error when there is none to be had.
void run_left_behind(absl::AnyInvocable<void()> f);

}  // namespace detail
}  // namespace cede

#endif
