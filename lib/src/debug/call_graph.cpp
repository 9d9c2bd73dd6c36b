#include "cede/debug/call_graph.hpp"

#include <algorithm>
#include <iostream>
#include <sstream>

#include "cede/base/exceptions.hpp"
#include "cede/task/task.hpp"
#include "debug/stack_walk.hpp"

namespace cede {
namespace {

using detail::FutureCore;
using detail::Ref;
using detail::Symbols;
using detail::TaskCore;

void shorten(std::vector<StackFrame>& stack, const CallGraphOptions& options) {
    stack.erase(stack.begin(), stack.begin() + static_cast<std::ptrdiff_t>(std::min(options.depth(), stack.size())));
    if (options.limit() != 0 && stack.size() > options.limit()) stack.resize(options.limit());
}

// `path`: the futures on the way here; a ring of tasks that await one another must not be followed for ever.
FutureCallGraph graph_of(FutureCore& future, const CallGraphOptions& options, Symbols& symbols,
                         std::vector<FutureCore*>& path) {
    FutureCallGraph graph;
    graph.future = AnyFuture(Ref<FutureCore>(&future));
    if (TaskCore* task = dynamic_cast<TaskCore*>(&future)) {
        graph.call_stack = detail::stack_of_task(*task, symbols).frames;
        shorten(graph.call_stack, options);
    }
    std::vector<TaskCore*> awaiters;
    detail::collect_awaiters(future, awaiters);
    path.push_back(&future);
    const CallGraphOptions whole = CallGraphOptions().limit(options.limit());
    for (TaskCore* awaiter : awaiters) {
        if (std::find(path.begin(), path.end(), awaiter) != path.end()) continue;
        graph.awaited_by.push_back(graph_of(*awaiter, whole, symbols, path));
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
        for (const StackFrame& frame : graph.call_stack) out << indent << "  |   " << frame.str() << "\n";
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

}  // namespace

FutureCallGraph capture_call_graph(const AnyFuture& future, CallGraphOptions options) {
    if (!future) throw RuntimeError("capture_call_graph: this handle is empty: it refers to no future or task");
    Symbols symbols;
    std::vector<FutureCore*> path;
    return graph_of(*future.core(), options, symbols, path);
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

void print_call_graph(CallGraphOptions options) { print_call_graph(std::cout, options); }

void print_call_graph(const AnyFuture& future, CallGraphOptions options) { print_call_graph(future, std::cout, options); }

std::vector<StackFrame> AnyTask::get_stack(std::size_t limit) const {
    Symbols symbols;
    std::vector<StackFrame> stack = detail::stack_of_task(detail::task_core(*this), symbols).frames;
    if (limit != 0 && stack.size() > limit) stack.resize(limit);
    std::reverse(stack.begin(), stack.end());
    return stack;
}

void AnyTask::print_stack(std::ostream& out, std::size_t limit) const {
    const std::vector<StackFrame> stack = get_stack(limit);
    out << (stack.empty() ? "No stack for " : "Stack for ") << "task '" << get_name() << "'"
        << (stack.empty() ? "\n" : " (most recent call last):\n");
    for (const StackFrame& frame : stack) out << "  " << frame.str() << "\n";
}

}  // namespace cede
