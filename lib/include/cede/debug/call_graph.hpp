// What it is: who awaits whom, and where: asyncio's call graphs. When to use it: in a debugger's stead, to see why a task
// does not go on. When not: in a hot path; it walks stacks and looks up symbols.
//
// Loop's thread only; nothing here cedes.
#ifndef CEDE_DEBUG_CALL_GRAPH_HPP
#define CEDE_DEBUG_CALL_GRAPH_HPP

#include <cstddef>
#include <iosfwd>
#include <string>
#include <vector>

#include "absl/types/optional.h"

#include "cede/base/any_task.hpp"

namespace cede {

class EventLoop;

struct FutureCallGraph {
    AnyFuture future;
    std::vector<StackFrame> call_stack;       // of a task, the innermost frame first
    std::vector<FutureCallGraph> awaited_by;  // the tasks that wait for it, each with its own
};

class CallGraphOptions {
public:
    // Leaves out that many of the innermost frames, so that a helper can hide itself.
    CallGraphOptions& depth(std::size_t frames) {
        depth_ = frames;
        return *this;
    }
    // At most that many frames of each stack, the innermost ones; 0 for all.
    CallGraphOptions& limit(std::size_t frames) {
        limit_ = frames;
        return *this;
    }
    std::size_t depth() const noexcept { return depth_; }
    std::size_t limit() const noexcept { return limit_; }

private:
    std::size_t depth_ = 0;
    std::size_t limit_ = 0;
};

// The graph of the current task; empty outside a task. Throws RuntimeError when no loop runs.
absl::optional<FutureCallGraph> capture_call_graph(CallGraphOptions options = CallGraphOptions());
// The graph of a future or task. Throws RuntimeError for an empty handle.
FutureCallGraph capture_call_graph(const AnyFuture& future, CallGraphOptions options = CallGraphOptions());

// The same as text; empty outside a task.
std::string format_call_graph(CallGraphOptions options = CallGraphOptions());
std::string format_call_graph(const AnyFuture& future, CallGraphOptions options = CallGraphOptions());
void print_call_graph(std::ostream& out, CallGraphOptions options = CallGraphOptions());
void print_call_graph(const AnyFuture& future, std::ostream& out, CallGraphOptions options = CallGraphOptions());
// To stdout.
void print_call_graph(CallGraphOptions options = CallGraphOptions());
void print_call_graph(const AnyFuture& future, CallGraphOptions options = CallGraphOptions());

// Each task of the running loop (or of the one given, when called on its thread): its name, its state, what it awaits, its
// stack, and in debug mode where it was created. Tasks that stand alike are told together; a ring of tasks that await one
// another is told at the end.
void dump_tasks(std::ostream& out);
void dump_tasks(std::ostream& out, EventLoop& loop);

}  // namespace cede

#endif
