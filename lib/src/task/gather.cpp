#include "cede/task/gather.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "cede/base/exceptions.hpp"
#include "loop/loop_impl.hpp"

namespace cede {
namespace detail {
namespace {

// One cancel() on its way through gathers whose children await gathers. asyncio recurses, which ends in a chain of some
// thousand; here what is deeper than a few levels is put off until the first call has come back to its beginning.
class CancelWalk {
public:
    static constexpr int most_levels = 16;  // which a stack of 16 KiB has room for

    // A gather on the way; the first one of a thread makes the walk.
    class Level {
    public:
        explicit Level(CancelWalk& own) noexcept : walk_(current != nullptr ? *current : own), is_first_(&walk_ == &own) {
            current = &walk_;
            ++walk_.levels_;
        }
        ~Level() {
            --walk_.levels_;
            if (is_first_) current = nullptr;
        }
        Level(const Level&) = delete;
        Level& operator=(const Level&) = delete;

        // False when its children are to be asked now, for it is not deep, or there is no memory.
        bool puts_off(GatherCore& gather, bool& under_way, const std::string& message) const noexcept {
            return walk_.levels_ > most_levels && keep(walk_.put_off_, gather, under_way, message);
        }
        // Whether the request may still come round to this one: something is put off.
        bool stays_under_way(GatherCore& gather, bool& under_way) const noexcept {
            return !walk_.put_off_.empty() && keep(walk_.passed_, gather, under_way, std::string());
        }
        void go_on() const {
            if (is_first_) walk_.go_on();
        }

    private:
        CancelWalk& walk_;
        const bool is_first_;
    };

    CancelWalk() noexcept = default;
    ~CancelWalk() {
        for (const std::vector<Stop>* stops : {&put_off_, &passed_}) {
            for (const Stop& each : *stops) {
                if (each.gather) *each.under_way = false;
            }
        }
    }
    CancelWalk(const CancelWalk&) = delete;
    CancelWalk& operator=(const CancelWalk&) = delete;

private:
    struct Stop {
        Ref<GatherCore> gather;
        bool* under_way;  // the gather's
        std::string message;
    };

    static bool keep(std::vector<Stop>& stops, GatherCore& gather, bool& under_way, const std::string& message) noexcept {
        try {
            stops.push_back(Stop{Ref<GatherCore>(&gather), &under_way, message});
            return true;
        } catch (const std::bad_alloc&) {
            return false;
        }
    }
    void go_on() {
        for (std::size_t i = 0; i < put_off_.size(); ++i) {
            const Stop next = std::exchange(put_off_[i], Stop());
            *next.under_way = false;
            next.gather->cancel(next.message);
        }
    }

    static __thread CancelWalk* current;
    int levels_ = 0;
    std::vector<Stop> put_off_;
    std::vector<Stop> passed_;  // their children have been asked
};

__thread CancelWalk* CancelWalk::current;

}  // namespace

GatherCore::~GatherCore() { leave_loop(); }

void GatherCore::start(std::vector<Ref<FutureCore>> children) {
    if (children.empty()) {
        collect();
        return finish();
    }
    for (const Ref<FutureCore>& child : children) {
        if (child->loop_or_null() != loop_or_null()) {
            throw std::invalid_argument("gather: the futures belong to different event loops");
        }
        children_.push_back(Child{child, CallbackId()});
    }
    const std::vector<Child*> distinct = distinct_children();
    unfinished_ = distinct.size();
    // From here on the children keep the gather, and it keeps them. Should no child ever be done, the loop ends that.
    loop().impl().cycles.add(*this);
    listed_ = true;
    std::vector<Ref<FutureCore>> done_already;
    try {
        done_already.reserve(distinct.size());
        for (Child* child : distinct) {
            FutureCore* const raw = child->future.get();
            if (raw->done()) {
                done_already.push_back(child->future);
                continue;
            }
            child->callback = raw->add_done_callback([self = Ref<GatherCore>(this), raw] { self->child_done(*raw); },
                                                     snapshot_context(), this);
        }
    } catch (...) {
        loop_closes();  // for this gather it does: the children are let go
        throw;
    }
    // At once, so that a gather of what is done, of eager tasks for instance, is done too.
    for (const Ref<FutureCore>& child : done_already) child_done(*child);
}

// In the order given, for callbacks run in the order added. A future given twice is waited for once, and its result appears
// at each of its places.
std::vector<GatherCore::Child*> GatherCore::distinct_children() {
    std::vector<Child*> distinct;
    for (Child& child : children_) distinct.push_back(&child);
    const auto before = [](const Child* a, const Child* b) {
        return std::make_pair(a->future.get(), a) < std::make_pair(b->future.get(), b);
    };
    const auto same = [](const Child* a, const Child* b) { return a->future == b->future; };
    std::sort(distinct.begin(), distinct.end(), before);
    distinct.erase(std::unique(distinct.begin(), distinct.end(), same), distinct.end());
    std::sort(distinct.begin(), distinct.end());
    return distinct;
}

void GatherCore::leave_loop() noexcept {
    if (!listed_) return;
    listed_ = false;
    if (EventLoop* of = loop_or_null()) of->impl().cycles.remove(*this);
}

void GatherCore::loop_closes() noexcept {
    const Ref<GatherCore> alive(this);
    leave_loop();
    for (const Child& child : children_) child.future->remove_done_callback(child.callback);
    children_.clear();
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
            complete();
        }
    }
    if (unfinished_ == 0) {
        children_.clear();
        leave_loop();
    }
}

void GatherCore::complete() {
    try {
        collect();
    } catch (...) {  // the results are copied: whoever awaits must hear of it
        return finish_failed(std::current_exception());
    }
    finish();
}

bool GatherCore::cancel(std::string message) {
    silence();
    if (done()) return false;
    if (cancelling_children_) return false;  // a child awaits this gather: the request has come round, and goes no further
    CancelWalk own;
    const CancelWalk::Level level(own);
    if (level.puts_off(*this, cancelling_children_, message)) {
        cancelling_children_ = true;
        // What comes of it later: only a gather whose children have all ended this very moment would say no.
        return std::any_of(children_.begin(), children_.end(), [](const Child& child) { return !child.future->done(); });
    }
    struct Under {
        bool& way;
        bool stays;
        ~Under() { way = stays; }
    } under{cancelling_children_ = true, false};
    bool any = false;
    // By number: a child's cancel may complete things that change the list, and a copy may not be to be had.
    for (std::size_t i = 0; i < children_.size(); ++i) {
        const Ref<FutureCore> child = children_[i].future;
        any = child->cancel(message) || any;
    }
    if (any) {
        cancel_requested_ = true;
        set_cancel_message(std::move(message));
    }
    under.stays = level.stays_under_way(*this, cancelling_children_);
    level.go_on();
    return any;
}

bool cancel_under_way(const FutureCore& future) noexcept {
    const auto* const gather = dynamic_cast<const GatherCore*>(&future);
    return gather != nullptr && gather->cancel_under_way();
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
            nullptr, all.core());
    }
    return all;
}

}  // namespace detail
}  // namespace cede
