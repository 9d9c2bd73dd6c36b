#include "cede/sync/event.hpp"

#include "cede/task/wait_list.hpp"
#include "cede/sync/bound_loop.hpp"

namespace cede {
namespace detail {

class EventState {
public:
    void wait() {
        if (is_set) return;
        Waiter(waiters, loop.bind("Event")).wait();
    }

    bool is_set = false;
    WaitList waiters;
    BoundLoop loop;
};

}  // namespace detail

Event::Event() : state_(std::make_shared<detail::EventState>()) {}

bool Event::is_set() const noexcept { return state_->is_set; }

void Event::set() const {
    if (state_->is_set) return;
    state_->is_set = true;
    state_->waiters.wake_all();
}

void Event::clear() const noexcept { state_->is_set = false; }

Coroutine<bool> Event::wait() const {
    return [state = state_] {
        state->wait();
        return true;
    };
}

}  // namespace cede
