#include "debug/stack_walk.hpp"

#include <algorithm>

#include "absl/strings/match.h"

#include "base/thread_state.hpp"
#include "cede/fiber/fiber.hpp"
#include "cede/loop/handle.hpp"
#include "cede/task/task.hpp"

namespace cede {
namespace detail {
namespace {

// A runaway recursion must not make its own report endless.
constexpr std::size_t most_frames = 1024;

// Room for the whole walk is made before it: nothing may be thrown on a fiber that is only visited.
class PileWalk {
public:
    PileWalk() : pcs_(most_frames), walk_{pcs_.data(), pcs_.size()} {}
    void here() { walk_stack(&walk_); }
    void on(Fiber& fiber) { fiber.visit(&walk_stack_of_visited, &walk_); }
    NamedStack name(Symbols& symbols) const { return symbols.name(pcs_.data(), walk_.count); }

private:
    static void walk_stack_of_visited(void* walk) { walk_stack(walk); }

    std::vector<const void*> pcs_;
    StackWalk walk_;
};

}  // namespace

NamedStack stack_here(Symbols& symbols) {
    PileWalk walk;
    walk.here();
    // The fibers below the current one, down to that of the current coroutine, wait in the middle of a resume.
    Frame* const frame = thread_state.frame;
    Fiber* fiber = &Fiber::current();
    while (frame != nullptr && fiber != &frame->fiber() && fiber->resumer() != nullptr) {
        fiber = fiber->resumer();
        walk.on(*fiber);
    }
    return walk.name(symbols);
}

NamedStack stack_of(Frame& frame, Symbols& symbols) {
    if (frame.state() != CoroutineState::suspended) return {};
    PileWalk walk;
    for (Fiber* fiber = const_cast<Fiber*>(frame.leaf()); fiber != nullptr; fiber = fiber->resumer()) {
        walk.on(*fiber);
        if (fiber == &frame.fiber()) break;
    }
    return walk.name(symbols);
}

NamedStack stack_of_task(TaskCore& task, Symbols& symbols) {
    const bool runs_here = current_task(task.loop()).core() == &task;
    if (runs_here) return stack_here(symbols);
    NamedStack stack = stack_of(task.frame(), symbols);
    // An optimised program may have no frame of the user's left, a stripped one no names: what the task runs is known all the
    // same.
    const bool nothing_known = std::all_of(stack.frames.begin(), stack.frames.end(), [](const StackFrame& frame) {
        return absl::StartsWith(frame.function, "??");
    });
    if (nothing_known && task.frame().state() == CoroutineState::suspended) {
        add_callable(task.frame().body_type(), stack.frames);
    }
    return stack;
}

void collect_awaiters(FutureCore& future, std::vector<TaskCore*>& tasks) {
    for (Runnable* each = future.waiters().first(); each != nullptr; each = RunnableList::next(*each)) {
        TaskCore* task = dynamic_cast<TaskCore*>(each);
        if (task == nullptr) {
            const HandleCore* handle = dynamic_cast<HandleCore*>(each);
            if (handle == nullptr || !handle->feeds) continue;
            task = dynamic_cast<TaskCore*>(handle->feeds.get());
            if (task == nullptr) {
                collect_awaiters(*handle->feeds, tasks);
                continue;
            }
        }
        if (std::find(tasks.begin(), tasks.end(), task) == tasks.end()) tasks.push_back(task);
    }
}

}  // namespace detail
}  // namespace cede
