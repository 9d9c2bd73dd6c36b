#include "cede/task/gather.hpp"

#include <algorithm>
#include <stdexcept>

#include "cede/base/exceptions.hpp"

namespace cede {
namespace detail {

GatherCore::~GatherCore() = default;

void GatherCore::start(std::vector<Ref<FutureCore>> children) {
    if (children.empty()) {
        collect();
        return finish();
    }
    children_ = std::move(children);
    // A future given twice is waited for once; its result appears at each of its places.
    std::vector<FutureCore*> distinct;
    for (const Ref<FutureCore>& child : children_) {
        if (child->loop_or_null() != loop_or_null()) {
            throw std::invalid_argument("gather: the futures belong to different event loops");
        }
        distinct.push_back(child.get());
    }
    std::sort(distinct.begin(), distinct.end());
    distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
    unfinished_ = distinct.size();
    // In the order given, for callbacks of done children run in the order added.
    for (const Ref<FutureCore>& child : children_) {
        const auto found = std::lower_bound(distinct.begin(), distinct.end(), child.get());
        if (found == distinct.end() || *found != child.get()) continue;
        distinct.erase(found);
        FutureCore* const raw = child.get();
        child->add_done_callback([self = Ref<GatherCore>(this), raw] { self->child_done(*raw); }, snapshot_context(),
                                 this);
    }
}

void GatherCore::child_done(FutureCore& child) {
    --unfinished_;
    std::exception_ptr error = child.outcome();  // counts as retrieved, also when this is done already
    if (!done() && error && !outcomes_) {
        finish_failed(std::move(error));
    } else if (!done() && unfinished_ == 0) {
        if (cancel_requested_) {
            // The children may have absorbed their cancellations; the gather's own stands.
            finish_failed(std::make_exception_ptr(CancelledError(cancel_message())));
        } else {
            collect();
            finish();
        }
    }
    if (unfinished_ == 0) children_.clear();
}

bool GatherCore::cancel(std::string message) {
    silence();
    if (done()) return false;
    bool any = false;
    // A copy: a child's cancel may complete things that change the list.
    const std::vector<Ref<FutureCore>> children = children_;
    for (const Ref<FutureCore>& child : children) any = child->cancel(message) || any;
    if (any) {
        cancel_requested_ = true;
        set_cancel_message(std::move(message));
    }
    return any;
}

EventLoop& first_loop(std::initializer_list<EventLoop*> loops) {
    for (EventLoop* loop : loops) {
        if (loop != nullptr) return *loop;
    }
    return get_event_loop();
}

Future<void> when_all_done(EventLoop& loop, const std::vector<AnyTask>& tasks) {
    const Future<void> all(loop);
    auto left = std::make_shared<std::size_t>(tasks.size());
    if (tasks.empty()) all.set_result();
    for (const AnyTask& task : tasks) {
        task.core()->add_done_callback(
            [all, left] {
                if (--*left == 0 && !all.done()) all.set_result();
            },
            nullptr);
    }
    return all;
}

}  // namespace detail
}  // namespace cede
