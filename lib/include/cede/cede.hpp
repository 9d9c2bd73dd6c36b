// What it is: everything of cede's core in one include. When to use it: in a program. When not: in a header of yours that
// needs one class; each has a header of its own.
#ifndef CEDE_CEDE_HPP
#define CEDE_CEDE_HPP

#if __cplusplus < 201402L
#error "cede needs C++14 or later: compile with -std=c++14"
#endif

#include "cede/base/duration.hpp"
#include "cede/base/exception_group.hpp"
#include "cede/base/exceptions.hpp"
#include "cede/base/reports.hpp"
#include "cede/coroutine/async_generator.hpp"
#include "cede/coroutine/coroutine.hpp"
#include "cede/coroutine/generator.hpp"
#include "cede/coroutine/no_suspend.hpp"
#include "cede/debug/call_graph.hpp"
#include "cede/fiber/stack_pool.hpp"
#include "cede/loop/event_loop.hpp"
#include "cede/loop/future.hpp"
#include "cede/net/net.hpp"
#include "cede/selectors/selectors.hpp"
#include "cede/stream/streams.hpp"
#include "cede/sync/barrier.hpp"
#include "cede/sync/condition.hpp"
#include "cede/sync/event.hpp"
#include "cede/sync/lock.hpp"
#include "cede/sync/queue.hpp"
#include "cede/sync/semaphore.hpp"
#include "cede/task/as_completed.hpp"
#include "cede/task/await.hpp"
#include "cede/task/await_callback.hpp"
#include "cede/task/concurrent_future.hpp"
#include "cede/task/context_var.hpp"
#include "cede/task/gather.hpp"
#include "cede/task/loop_group.hpp"
#include "cede/task/run.hpp"
#include "cede/task/shield.hpp"
#include "cede/task/sleep.hpp"
#include "cede/task/staggered_race.hpp"
#include "cede/task/task.hpp"
#include "cede/task/task_factory.hpp"
#include "cede/task/task_group.hpp"
#include "cede/task/timeout.hpp"
#include "cede/task/to_thread.hpp"
#include "cede/task/wait.hpp"
#include "cede/task/wait_for.hpp"
#include "cede/task/with.hpp"
#include "cede/task/wrap_future.hpp"

#endif
