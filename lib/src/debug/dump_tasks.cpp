// The dump of all tasks. A server has thousands of tasks in the same few places, so those that stand alike are told once.
#include <algorithm>
#include <ostream>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"

#include "cede/debug/call_graph.hpp"
#include "cede/loop/handle.hpp"
#include "cede/task/task.hpp"
#include "debug/stack_walk.hpp"

namespace cede {
namespace detail {
namespace {

constexpr std::size_t most_names = 10;

std::string list_of(const std::vector<std::string>& names) {
    std::string text;
    for (std::size_t i = 0; i < names.size() && i < most_names; ++i) text += (i == 0 ? "'" : ", '") + names[i] + "'";
    if (names.size() > most_names) text += " and " + std::to_string(names.size() - most_names) + " more";
    return text;
}

class Dump {
public:
    explicit Dump(EventLoop& loop) : tasks_(all_tasks(loop)) {
        for (const AnyTask& task : tasks_) note_what_waits_for(task_core(task), task_core(task));
        for (const AnyTask& task : tasks_) add(task_core(task));
    }

    void write(std::ostream& out) const {
        out << tasks_.size() << (tasks_.size() == 1 ? " task\n" : " tasks\n");
        for (const Group& group : groups_) {
            const std::size_t count = group.names.size();
            out << "\n" << (count == 1 ? "task " : std::to_string(count) + " tasks ") << list_of(group.names) << ": "
                << group.what;
        }
        write_rings(out);
    }

private:
    // Tasks of which the same can be said.
    struct Group {
        std::string what;
        std::vector<std::string> names;
    };

    // `task` completes `future`, at one remove or more, and so whatever that feeds: a gather, a shield, a wait.
    void note_what_waits_for(const TaskCore& task, FutureCore& future) {
        for (Runnable* each = future.waiters().first(); each != nullptr; each = RunnableList::next(*each)) {
            const HandleCore* handle = dynamic_cast<HandleCore*>(each);
            if (handle == nullptr || !handle->feeds) continue;
            fed_by_[handle->feeds.get()].push_back(task.name());
            if (!handle->feeds->is_task()) note_what_waits_for(task, *handle->feeds);
        }
    }

    // The tasks without which `task` does not go on, as far as can be told.
    std::vector<std::string> awaited_tasks(const TaskCore& task, const NamedStack& stack) const {
        if (const TaskCore* other = dynamic_cast<const TaskCore*>(task.waiting_for())) return {other->name()};
        auto found = fed_by_.find(task.waiting_for());
        // The tasks of a group feed their parent all the time, also while that does something else within the group.
        if (absl::StartsWith(stack.waits_in, "cede::TaskGroup") || absl::StartsWith(stack.waits_in, "cede::task_group")) {
            found = fed_by_.find(&task);
        }
        return found != fed_by_.end() ? found->second : std::vector<std::string>();
    }

    void add(TaskCore& task) {
        const NamedStack stack = stack_of_task(task, symbols_);
        std::string what = state_of(task, stack) + "\n";
        for (const StackFrame& frame : stack.frames) what += "    " + frame.str() + "\n";
        const std::string created = task.origin().str();
        if (!created.empty()) what += "  " + created + "\n";
        const auto place = places_.emplace(std::move(what), groups_.size());
        if (place.second) groups_.push_back(Group{place.first->first, {}});
        groups_[place.first->second].names.push_back(task.name());
    }

    std::string state_of(TaskCore& task, const NamedStack& stack) const {
        std::string text = awaiting(task, stack);
        if (task.cancelling() > 0) text += ", cancellation requested";
        return text;
    }

    std::string awaiting(TaskCore& task, const NamedStack& stack) const {
        if (current_task(task.loop()).core() == &task) return "running";
        if (task.frame().state() == CoroutineState::created) return "ready, not started";
        FutureCore* const awaited = task.waiting_for();
        if (awaited == nullptr || awaited->done()) return "ready";
        const std::string in = stack.waits_in.empty() ? "" : " in " + stack.waits_in;
        const std::vector<std::string> others = awaited_tasks(task, stack);
        if (!others.empty()) return "waiting" + in + (others.size() == 1 ? " for task " : " for tasks ") + list_of(others);
        if (!in.empty()) return "waiting" + in;
        const std::string created = awaited->origin().str();
        return "waiting for a future" + (created.empty() ? "" : " that was " + created);
    }

    // Tasks that await one another in a ring will never go on by themselves.
    void write_rings(std::ostream& out) const {
        std::vector<const TaskCore*> told;
        for (const AnyTask& each : tasks_) {
            std::vector<const TaskCore*> path;
            const TaskCore* task = &task_core(each);
            while (task != nullptr && std::find(path.begin(), path.end(), task) == path.end()) {
                if (std::find(told.begin(), told.end(), task) != told.end()) break;
                path.push_back(task);
                task = dynamic_cast<const TaskCore*>(task->waiting_for());
            }
            const auto ring = std::find(path.begin(), path.end(), task);
            told.insert(told.end(), path.begin(), path.end());
            if (ring == path.end()) continue;
            out << "\ndeadlock: ";
            for (auto member = ring; member != path.end(); ++member) out << "'" << (*member)->name() << "' waits for ";
            out << "'" << task->name() << "'\n";
        }
    }

    const std::vector<AnyTask> tasks_;
    Symbols symbols_;
    absl::flat_hash_map<const FutureCore*, std::vector<std::string>> fed_by_;  // by which tasks
    absl::flat_hash_map<std::string, std::size_t> places_;
    std::vector<Group> groups_;
};

}  // namespace
}  // namespace detail

void dump_tasks(std::ostream& out) { dump_tasks(out, get_running_loop()); }

void dump_tasks(std::ostream& out, EventLoop& loop) { detail::Dump(loop).write(out); }

}  // namespace cede
