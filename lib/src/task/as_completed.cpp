#include "cede/task/as_completed.hpp"

#include <unordered_map>
#include <vector>

#include "cede/base/exceptions.hpp"
#include "cede/loop/event_loop.hpp"
#include "cede/task/wait_list.hpp"

namespace cede {
namespace detail {

class AsCompletedState : public std::enable_shared_from_this<AsCompletedState> {
public:
    explicit AsCompletedState(EventLoop& loop) : loop_(loop) {}
    ~AsCompletedState() { forget_the_rest(); }
    AsCompletedState(const AsCompletedState&) = delete;
    AsCompletedState& operator=(const AsCompletedState&) = delete;

    void start(std::vector<AnyFuture> futures, absl::optional<Duration> timeout) {
        // The callbacks do not keep this alive: what nobody asks for any more is not collected.
        const std::weak_ptr<AsCompletedState> weak = shared_from_this();
        for (AnyFuture& future : futures) {
            FutureCore* const core = &future.checked_core();
            if (todo_.count(core) != 0) continue;
            todo_.emplace(core, Pending{std::move(future), core->add_done_callback([weak, core] {
                                            if (const auto self = weak.lock()) self->one_done(*core);
                                        }, nullptr)});
        }
        unclaimed_ = todo_.size();
        done_.reserve(unclaimed_);
        if (unclaimed_ == 0 || !timeout) return;
        timer_ = loop_.call_later(*timeout, [weak] {
            if (const auto self = weak.lock()) self->time_is_up();
        });
    }

    bool claim() noexcept {
        if (unclaimed_ == 0) return false;
        --unclaimed_;
        return true;
    }

    AnyFuture next() {
        while (taken_ == done_.size()) {
            Waiter waiter(waiters_, get_running_loop());
            try {
                waiter.wait();
            } catch (...) {
                waiter.leave();
                if (waiter.done() && !waiter.cancelled() && taken_ < done_.size()) waiters_.pop_and_wake();
                throw;
            }
        }
        AnyFuture future = std::move(done_[taken_++]);
        if (!future) throw TimeoutError("as_completed: timed out");
        return future;
    }

private:
    struct Pending {
        AnyFuture future;
        CallbackId callback;
    };

    void one_done(FutureCore& core) {
        const auto found = todo_.find(&core);
        if (found == todo_.end()) return;  // time was up before
        AnyFuture future = std::move(found->second.future);
        todo_.erase(found);
        deliver(std::move(future));
        if (todo_.empty()) timer_.cancel();
    }
    void time_is_up() {
        const std::size_t late = todo_.size();
        forget_the_rest();
        for (std::size_t i = 0; i < late; ++i) deliver(AnyFuture());
    }
    void deliver(AnyFuture future) {
        done_.push_back(std::move(future));
        waiters_.pop_and_wake();
    }
    void forget_the_rest() noexcept {
        timer_.cancel();
        for (auto& each : todo_) each.first->remove_done_callback(each.second.callback);
        todo_.clear();
    }

    EventLoop& loop_;
    std::unordered_map<FutureCore*, Pending> todo_;
    // Room for all is made at the beginning, for a delivery must not fail. An empty handle stands for one that was late.
    std::vector<AnyFuture> done_;
    std::size_t taken_ = 0;  // of done_
    WaitList waiters_;
    std::size_t unclaimed_ = 0;
    TimerHandle timer_;
};

std::shared_ptr<AsCompletedState> start_as_completed(EventLoop& loop, std::vector<AnyFuture> futures,
                                                     absl::optional<Duration> timeout) {
    auto state = std::make_shared<AsCompletedState>(loop);
    state->start(std::move(futures), timeout);
    return state;
}

bool claim_completed(AsCompletedState& state) noexcept { return state.claim(); }

AnyFuture next_completed(AsCompletedState& state) { return state.next(); }

void throw_all_completed() { throw StopAsyncIteration(); }

}  // namespace detail
}  // namespace cede
