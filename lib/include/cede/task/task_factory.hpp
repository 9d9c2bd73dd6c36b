// What it is: the task factory that starts every task at once: asyncio's eager_task_factory. When to use it:
// `loop.set_task_factory(eager_task_factory)`, in a program whose tasks mostly end without waiting. When not: where the order
// of steps matters; a task then runs before create_task() returns. For a single task: `TaskOptions().eager(true)`.
#ifndef CEDE_TASK_TASK_FACTORY_HPP
#define CEDE_TASK_TASK_FACTORY_HPP

#include "cede/loop/event_loop.hpp"
#include "cede/task/task_options.hpp"

namespace cede {

// Makes the task eager unless its options say whether it is to be. Does not cede by itself.
void eager_task_factory(EventLoop& loop, const AnyTask& task, TaskOptions& options);

}  // namespace cede

#endif
