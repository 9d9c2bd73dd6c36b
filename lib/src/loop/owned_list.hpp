// What it is: what a loop keeps alive until it is done: its tasks. Python holds them weakly and has a collector; with
// counted references task, stack, future and callback would be a cycle, or a task whose handle was dropped would vanish.
//
// The list may be read from any thread (all_tasks), so a spin lock guards it: it is held for a few instructions, and
// costs 5 ns uncontended where a mutex costs 20, and none while the process has one thread.
#ifndef CEDE_SRC_LOOP_OWNED_LIST_HPP
#define CEDE_SRC_LOOP_OWNED_LIST_HPP

#include <atomic>
#include <cstddef>
#include <thread>

#include "cede/base/ref_count.hpp"
#include "cede/loop/loop_owned.hpp"

namespace cede {
namespace detail {

class OwnedList {
public:
    void add(LoopOwned& owned) noexcept {
        const Lock lock(*this);
        owned.owned_next_ = nullptr;
        owned.owned_previous_ = last_;
        (last_ != nullptr ? last_->owned_next_ : first_) = &owned;
        last_ = &owned;
        ++size_;
    }
    void remove(LoopOwned& owned) noexcept {
        const Lock lock(*this);
        (owned.owned_previous_ != nullptr ? owned.owned_previous_->owned_next_ : first_) = owned.owned_next_;
        (owned.owned_next_ != nullptr ? owned.owned_next_->owned_previous_ : last_) = owned.owned_previous_;
        if (round_ == &owned) round_ = owned.owned_next_;
        --size_;
    }
    LoopOwned* first() const noexcept { return first_; }
    std::size_t size() noexcept {
        const Lock lock(*this);
        return size_;
    }

    // A round past all that are in the list, in which others may be added and removed between two steps. Null at its end.
    void begin_round() noexcept { round_ = first_; }
    LoopOwned* next_of_round() noexcept {
        LoopOwned* const next = round_;
        if (next != nullptr) round_ = next->owned_next_;
        return next;
    }

    // Any thread: calls `f(owned)` for each, which must not use the list.
    template <class F>
    void for_each(F f) {
        const Lock lock(*this);
        for (LoopOwned* each = first_; each != nullptr; each = each->owned_next_) f(*each);
    }

private:
    class Lock {
    public:
        explicit Lock(OwnedList& list) noexcept : flag_(single_threaded() ? nullptr : &list.flag_) {
            while (flag_ != nullptr && flag_->test_and_set(std::memory_order_acquire)) std::this_thread::yield();
        }
        ~Lock() {
            if (flag_ != nullptr) flag_->clear(std::memory_order_release);
        }
        Lock(const Lock&) = delete;
        Lock& operator=(const Lock&) = delete;

    private:
        std::atomic_flag* const flag_;
    };

    std::atomic_flag flag_ = ATOMIC_FLAG_INIT;
    LoopOwned* first_ = nullptr;
    LoopOwned* last_ = nullptr;
    LoopOwned* round_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace detail
}  // namespace cede

#endif
