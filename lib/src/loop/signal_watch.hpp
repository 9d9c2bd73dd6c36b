// What it is: the signals that a loop watches: a handler that only notes the signal and rings the loop's bell, and the
// callbacks that the loop runs for it: as in asyncio one for each signal, in the order in which they have arrived.
#ifndef CEDE_SRC_LOOP_SIGNAL_WATCH_HPP
#define CEDE_SRC_LOOP_SIGNAL_WATCH_HPP

#include <signal.h>

#include <atomic>
#include <cstdint>
#include <map>

#include "cede/loop/event_loop.hpp"
#include "loop/posted_queue.hpp"

namespace cede {
namespace detail {

// In a forked child: the signals that the parent's loops watch do what they did before. Async-signal-safe.
void forget_signals_of_parent() noexcept;

// Which signals have arrived, in order. Noted by a handler on any thread, taken by the loop's thread. When it is full it says so,
// where asyncio's pipe loses what does not fit.
class SignalArrivals {
public:
    // False when it is full. Async-signal-safe, any thread.
    bool push(int signal) noexcept;
    // 0 when there is none, or the next one is just being noted: its handler rings the bell afterwards.
    int pop() noexcept;

private:
    static constexpr std::uint32_t size = 256;
    std::atomic<unsigned char> slots_[size] = {};
    std::atomic<std::uint32_t> head_{0};
    std::atomic<std::uint32_t> tail_{0};
};

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
    // Loop's thread: of this signal what has arrived and was not run is dropped, and whether there was any; that of others is
    // scheduled.
    bool take_back(EventLoop& loop, int signal);
    // A signal has arrived. Async-signal-safe, any thread.
    void arrived(int signal) noexcept;

private:
    struct Watched {
        Ref<HandleCore> handle;
        struct sigaction before;
    };
    void schedule(EventLoop& loop, int signal);

    PostedQueue& bell_;
    SignalArrivals arrivals_;
    std::atomic<bool> overflowed_{false};
    std::map<int, Watched> watched_;
    std::map<int, Watched> left_to_parent_;
};

}  // namespace detail
}  // namespace cede

#endif
