// What it is: the end of a loop as run() makes it, for those that run loops.
#ifndef CEDE_SRC_TASK_END_LOOP_HPP
#define CEDE_SRC_TASK_END_LOOP_HPP

#include "cede/base/fwd.hpp"

namespace cede {
namespace detail {

// Cancels and awaits what is left, closes open async generators, ends the default executor, closes the loop. When something of
// it throws (a KeyboardInterrupt, say) the loop is still open.
void end_loop(EventLoop& loop);

}  // namespace detail
}  // namespace cede

#endif
