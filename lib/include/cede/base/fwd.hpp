// What it is: the names of the rooms above, so that a lower room can mention them in a declaration (a loop declares
// create_task, and the task room defines it). When not to use it: to do anything with the types; include their header.
#ifndef CEDE_BASE_FWD_HPP
#define CEDE_BASE_FWD_HPP

namespace cede {

class AnyFuture;
class AnyTask;
class Context;
class EventLoop;
struct ExceptionContext;
class Handle;
class TimerHandle;
template <class T = void> class Future;
template <class T = void> class Task;
template <class R = void> class Coroutine;
class TaskOptions;
template <class T> class ContextVar;
template <class T = void> class ConcurrentFuture;

namespace detail {
class ContextData;
class ContextEntry;
class Frame;
class FutureCore;
class TaskCore;
}  // namespace detail

}  // namespace cede

#endif
