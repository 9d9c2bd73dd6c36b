#include "cede/sync/barrier.hpp"

#include <stdexcept>

#include "sync/condition_state.hpp"

namespace cede {
namespace detail {

// Follows CPython's asyncio/locks.py: every change is made under the condition's lock, so a round leaves one by one.
class BarrierState {
public:
    enum class Stage { filling, draining, resetting, broken };

    explicit BarrierState(int parties) : parties_(parties) {
        if (parties < 1) throw std::invalid_argument("parties must be > 0");
    }

    int wait() {
        const Locked locked(*condition_.lock);
        await_stage([this] { return stage_ != Stage::draining && stage_ != Stage::resetting; });
        if (stage_ == Stage::broken) throw BrokenBarrierError("Barrier aborted: reset() makes it usable again");
        const int index = count_++;
        const Leaves leaves{*this};
        if (index + 1 == parties_) {
            stage_ = Stage::draining;
            condition_.notify_all();
            return index;
        }
        await_stage([this] { return stage_ != Stage::filling; });
        if (stage_ != Stage::draining) throw BrokenBarrierError("Abort or reset of barrier");
        return index;
    }

    void reset() {
        const Locked locked(*condition_.lock);
        stage_ = count_ > 0 ? Stage::resetting : Stage::filling;
        condition_.notify_all();
    }

    void abort() {
        const Locked locked(*condition_.lock);
        stage_ = Stage::broken;
        condition_.notify_all();
    }

    int parties() const noexcept { return parties_; }
    int waiting() const noexcept { return stage_ == Stage::filling ? count_ : 0; }
    bool broken() const noexcept { return stage_ == Stage::broken; }

private:
    // The lock is always held when a scope of these is left, so the release does not throw.
    struct Locked {
        explicit Locked(LockState& state) : lock(state) { lock.acquire(); }
        ~Locked() { lock.release(); }
        LockState& lock;
    };
    struct Leaves {
        BarrierState& barrier;
        ~Leaves() { barrier.leave(); }
    };

    template <class P>
    void await_stage(P reached) {
        while (!reached()) condition_.wait();
    }
    // The last of a round lets those in who were kept out.
    void leave() {
        if (--count_ > 0) return;
        if (stage_ == Stage::resetting || stage_ == Stage::draining) stage_ = Stage::filling;
        condition_.notify_all();
    }

    const int parties_;
    int count_ = 0;
    Stage stage_ = Stage::filling;
    ConditionState condition_{std::make_shared<LockState>()};
};

}  // namespace detail

Barrier::Barrier(int parties) : state_(std::make_shared<detail::BarrierState>(parties)) {}

Coroutine<int> Barrier::wait() const {
    return [state = state_] { return state->wait(); };
}
Coroutine<void> Barrier::reset() const {
    return [state = state_] { state->reset(); };
}
Coroutine<void> Barrier::abort() const {
    return [state = state_] { state->abort(); };
}

int Barrier::parties() const noexcept { return state_->parties(); }
int Barrier::n_waiting() const noexcept { return state_->waiting(); }
bool Barrier::broken() const noexcept { return state_->broken(); }
int Barrier::enter() const { return state_->wait(); }

}  // namespace cede
