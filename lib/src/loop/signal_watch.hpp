// What it is: the signals that a loop watches: a handler that only notes the signal and rings the loop's bell, and the
// callbacks that the loop runs for it.
#ifndef CEDE_SRC_LOOP_SIGNAL_WATCH_HPP
#define CEDE_SRC_LOOP_SIGNAL_WATCH_HPP

#include <signal.h>

#include <map>

#include "cede/loop/event_loop.hpp"
#include "loop/posted_queue.hpp"

namespace cede {
namespace detail {

// In a forked child: the signals that the parent's loops watch do what they did before. Async-signal-safe.
void forget_signals_of_parent() noexcept;

class SignalWatch {
public:
    explicit SignalWatch(PostedQueue& bell) noexcept : bell_(bell) {}
    ~SignalWatch();
    SignalWatch(const SignalWatch&) = delete;
    SignalWatch& operator=(const SignalWatch&) = delete;

    void add(int signal, Ref<HandleCore> handle);
    bool remove(int signal);
    // The callback of the signal; null when it is not watched.
    Ref<HandleCore> find(int signal) const {
        const auto found = watched_.find(signal);
        return found != watched_.end() ? found->second.handle : nullptr;
    }
    // In the child of a fork(), after forget_signals_of_parent(): nothing is watched.
    void leave_to_parent() noexcept;
    // Loop's thread: schedules the callbacks of the signals that have arrived.
    void deliver(EventLoop& loop);

private:
    struct Watched {
        Ref<HandleCore> handle;
        struct sigaction before;
    };
    PostedQueue& bell_;
    std::map<int, Watched> watched_;
    std::map<int, Watched> left_to_parent_;
};

}  // namespace detail
}  // namespace cede

#endif
