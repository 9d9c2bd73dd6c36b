#include "cede/debug/call_graph.hpp"

#include <algorithm>
#include <ostream>
#include <sstream>

#include "cede/base/exceptions.hpp"
#include "cede/task/task.hpp"
#include "debug/stack_walk.hpp"

namespace cede {
namespace {

using detail::FutureCore;
using detail::HandleCore;
using detail::Ref;
using detail::Runnable;
using detail::RunnableList;
using detail::TaskCore;

// The tasks behind a future's callbacks: those that await it, and those that await what it feeds, such as a gather.
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

std::vector<StackFrame> stack_of_task(TaskCore& task) {
    const bool runs_here = current_task(task.loop()).core() == &task;
    return runs_here ? detail::stack_here() : detail::stack_of(task.frame());
}

void shorten(std::vector<StackFrame>& stack, const CallGraphOptions& options) {
    stack.erase(stack.begin(), stack.begin() + static_cast<std::ptrdiff_t>(std::min(options.depth(), stack.size())));
    if (options.limit() != 0 && stack.size() > options.limit()) stack.resize(options.limit());
}

// `path`: the futures on the way here; a ring of tasks that await one another must not be followed for ever.
FutureCallGraph graph_of(FutureCore& future, const CallGraphOptions& options, std::vector<FutureCore*>& path) {
    FutureCallGraph graph;
    graph.future = AnyFuture(Ref<FutureCore>(&future));
    if (TaskCore* task = dynamic_cast<TaskCore*>(&future)) {
        graph.call_stack = stack_of_task(*task);
        shorten(graph.call_stack, options);
    }
    std::vector<TaskCore*> awaiters;
    collect_awaiters(future, awaiters);
    path.push_back(&future);
    const CallGraphOptions whole = CallGraphOptions().limit(options.limit());
    for (TaskCore* awaiter : awaiters) {
        if (std::find(path.begin(), path.end(), awaiter) != path.end()) continue;
        graph.awaited_by.push_back(graph_of(*awaiter, whole, path));
    }
    path.pop_back();
    return graph;
}

void write_graph(std::ostream& out, const FutureCallGraph& graph, const std::string& indent) {
    if (const TaskCore* task = dynamic_cast<const TaskCore*>(graph.future.core())) {
        out << indent << "* Task(name='" << task->name() << "')\n";
    } else {
        out << indent << "* Future()\n";
    }
    if (!graph.call_stack.empty()) {
        out << indent << "  + Call stack:\n";
        for (const StackFrame& frame : graph.call_stack) out << indent << "  |   " << frame.function << "\n";
    }
    if (graph.awaited_by.empty()) return;
    out << indent << "  + Awaited by:\n";
    for (const FutureCallGraph& awaiter : graph.awaited_by) write_graph(out, awaiter, indent + "     ");
}

std::string text_of(const FutureCallGraph& graph) {
    std::ostringstream out;
    write_graph(out, graph, "");
    return out.str();
}

void write_task(std::ostream& out, const AnyTask& task) {
    TaskCore& core = detail::task_core(task);
    out << "task '" << core.name() << "': ";
    FutureCore* const awaited = core.waiting_for();
    if (current_task(core.loop()) == task) {
        out << "running";
    } else if (awaited == nullptr || awaited->done()) {
        out << (core.frame().state() == CoroutineState::created ? "ready, not started" : "ready");
    } else if (const TaskCore* other = dynamic_cast<TaskCore*>(awaited)) {
        out << "waiting for task '" << other->name() << "'";
    } else {
        out << "waiting for a future";
    }
    if (core.cancelling() > 0) out << ", cancelling";
    out << "\n";
    for (const StackFrame& frame : stack_of_task(core)) out << "    " << frame.function << "\n";
}

}  // namespace

FutureCallGraph capture_call_graph(const AnyFuture& future, CallGraphOptions options) {
    if (!future) throw RuntimeError("capture_call_graph: this handle is empty: it refers to no future or task");
    std::vector<FutureCore*> path;
    return graph_of(*future.core(), options, path);
}

absl::optional<FutureCallGraph> capture_call_graph(CallGraphOptions options) {
    const AnyTask task = current_task();
    if (!task) return absl::nullopt;
    return capture_call_graph(task, options);
}

std::string format_call_graph(CallGraphOptions options) {
    const absl::optional<FutureCallGraph> graph = capture_call_graph(options);
    return graph ? text_of(*graph) : std::string();
}

std::string format_call_graph(const AnyFuture& future, CallGraphOptions options) {
    return text_of(capture_call_graph(future, options));
}

void print_call_graph(std::ostream& out, CallGraphOptions options) { out << format_call_graph(options); }

void print_call_graph(const AnyFuture& future, std::ostream& out, CallGraphOptions options) {
    out << format_call_graph(future, options);
}

void dump_tasks(std::ostream& out) { dump_tasks(out, get_running_loop()); }

void dump_tasks(std::ostream& out, EventLoop& loop) {
    const std::vector<AnyTask> tasks = all_tasks(loop);
    out << tasks.size() << (tasks.size() == 1 ? " task\n" : " tasks\n");
    for (const AnyTask& task : tasks) write_task(out, task);
}

std::vector<StackFrame> AnyTask::get_stack(std::size_t limit) const {
    std::vector<StackFrame> stack = stack_of_task(detail::task_core(*this));
    if (limit != 0 && stack.size() > limit) stack.resize(limit);
    std::reverse(stack.begin(), stack.end());
    return stack;
}

void AnyTask::print_stack(std::ostream& out, std::size_t limit) const {
    const std::vector<StackFrame> stack = get_stack(limit);
    out << (stack.empty() ? "No stack for " : "Stack for ") << "task '" << get_name() << "'"
        << (stack.empty() ? "\n" : " (most recent call last):\n");
    for (const StackFrame& frame : stack) out << "  " << frame.function << "\n";
}

}  // namespace cede
