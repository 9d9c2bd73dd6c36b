// What it is: a scope in which this thread, and every thread and child that it makes, takes none of the given signals. When
// not: to learn of a signal; add_signal_handler().
#ifndef CEDE_SRC_BASE_BLOCKED_SIGNALS_HPP
#define CEDE_SRC_BASE_BLOCKED_SIGNALS_HPP

#include <initializer_list>

#include <signal.h>

namespace cede {
namespace detail {

inline sigset_t signal_set(std::initializer_list<int> numbers) noexcept {
    sigset_t set;
    sigemptyset(&set);
    for (const int each : numbers) sigaddset(&set, each);
    return set;
}
inline sigset_t all_signals_but(std::initializer_list<int> numbers) noexcept {
    sigset_t set;
    sigfillset(&set);
    for (const int each : numbers) sigdelset(&set, each);
    return set;
}

class BlockedSignals {
public:
    explicit BlockedSignals(const sigset_t& set = all_signals_but({})) noexcept {
        pthread_sigmask(SIG_BLOCK, &set, &before_);
    }
    // Keeps errno.
    ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    BlockedSignals(const BlockedSignals&) = delete;
    BlockedSignals& operator=(const BlockedSignals&) = delete;

    // Whether that one was blocked before.
    bool was_blocked(int number) const noexcept { return sigismember(&before_, number) == 1; }

private:
    sigset_t before_;
};

}  // namespace detail
}  // namespace cede

#endif
