// What it is: the frames of a coroutine that waits, or of the code that runs. When to use it: in the debug room.
#ifndef CEDE_SRC_DEBUG_STACK_WALK_HPP
#define CEDE_SRC_DEBUG_STACK_WALK_HPP

#include <vector>

#include "cede/base/any_task.hpp"
#include "cede/coroutine/frame.hpp"

namespace cede {
namespace detail {

// Innermost first, without the library's own frames: those of the pile of fibers that `frame` was left on, down to its
// own. Empty when it has no stack.
std::vector<StackFrame> stack_of(Frame& frame);
// The same for the code that runs, down to the current coroutine's beginning.
std::vector<StackFrame> stack_here();

}  // namespace detail
}  // namespace cede

#endif
