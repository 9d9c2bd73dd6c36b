// What it is: a scope in which this thread, and every thread and child that it makes, takes no signal.
#ifndef CEDE_SRC_NET_BLOCKED_SIGNALS_HPP
#define CEDE_SRC_NET_BLOCKED_SIGNALS_HPP

#include <signal.h>

namespace cede {
namespace detail {

class BlockedSignals {
public:
    BlockedSignals() noexcept {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    BlockedSignals(const BlockedSignals&) = delete;
    BlockedSignals& operator=(const BlockedSignals&) = delete;

private:
    sigset_t before_;
};

}  // namespace detail
}  // namespace cede

#endif
