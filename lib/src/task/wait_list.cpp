#include "cede/task/wait_list.hpp"

#include "cede/loop/event_loop.hpp"
#include "cede/task/await.hpp"

namespace cede {
namespace detail {

Waiter::Waiter(WaitList& list, EventLoop& loop) : list_(&list), previous_(list.last_), future_(loop) {
    (list.last_ != nullptr ? list.last_->next_ : list.first_) = this;
    list.last_ = this;
    ++list.size_;
}

void Waiter::wait() { await_future(*future_.core()); }

void Waiter::leave() noexcept {
    if (list_ == nullptr) return;
    (previous_ != nullptr ? previous_->next_ : list_->first_) = next_;
    (next_ != nullptr ? next_->previous_ : list_->last_) = previous_;
    --list_->size_;
    list_ = nullptr;
}

void Waiter::wake() {
    if (done()) return;
    // Clean-up that runs while a loop goes must not fail because somebody waited there too.
    EventLoop* const loop = future_.core()->loop_or_null();
    if (loop != nullptr && !loop->is_closed()) future_.set_result();
}

bool WaitList::any_uncancelled() const noexcept {
    for (const Waiter* each = first_; each != nullptr; each = each->next_) {
        if (!each->cancelled()) return true;
    }
    return false;
}

void WaitList::wake_first() {
    if (first_ != nullptr) first_->wake();
}

bool WaitList::wake_next() {
    for (Waiter* each = first_; each != nullptr; each = each->next_) {
        if (each->done()) continue;
        each->wake();
        return true;
    }
    return false;
}

void WaitList::pop_and_wake() {
    while (first_ != nullptr) {
        Waiter& waiter = *first_;
        waiter.leave();
        if (waiter.done()) continue;
        return waiter.wake();
    }
}

void WaitList::wake(std::size_t count) {
    for (Waiter* each = first_; each != nullptr && count > 0; each = each->next_) {
        if (each->done()) continue;
        each->wake();
        --count;
    }
}

void WaitList::pop_and_wake_all() {
    while (first_ != nullptr) {
        Waiter& waiter = *first_;
        waiter.leave();
        waiter.wake();
    }
}

}  // namespace detail
}  // namespace cede
