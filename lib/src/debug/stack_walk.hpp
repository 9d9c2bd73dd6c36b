// What it is: the frames of a task that waits, or of the code that runs, and who waits for a future. When to use it: in the
// debug room.
#ifndef CEDE_SRC_DEBUG_STACK_WALK_HPP
#define CEDE_SRC_DEBUG_STACK_WALK_HPP

#include <vector>

#include "base/call_stack.hpp"
#include "cede/coroutine/frame.hpp"
#include "cede/task/task_core.hpp"

namespace cede {
namespace detail {

// Those of the pile of fibers that `frame` was left on, down to its own. Empty when it has no stack.
NamedStack stack_of(Frame& frame, Symbols& symbols);
// The same for the code that runs, down to the current coroutine's beginning.
NamedStack stack_here(Symbols& symbols);
// Whichever of the two it is for this task.
NamedStack stack_of_task(TaskCore& task, Symbols& symbols);

// Adds the tasks behind a future's callbacks: those that await it, and those that await what it feeds, such as a gather.
void collect_awaiters(FutureCore& future, std::vector<TaskCore*>& tasks);

}  // namespace detail
}  // namespace cede

#endif
