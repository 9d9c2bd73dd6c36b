// What it is: `WithoutSigpipe`, a scope in which a write to a pipe without readers is an error and never a SIGPIPE that ends
// the program. When to use it: around write(2) to a pipe. When not: for sockets, which have MSG_NOSIGNAL.
//
// A library must not change what SIGPIPE does in the whole program, which may live from it (`prog | head`). The signal goes
// to the thread that writes, so it is held back there, and taken away if it came: two system calls more for a write.
#ifndef CEDE_SRC_NET_SIGPIPE_HPP
#define CEDE_SRC_NET_SIGPIPE_HPP

#include <cerrno>

#include <signal.h>

#include "base/blocked_signals.hpp"

namespace cede {
namespace detail {

class WithoutSigpipe {
public:
    WithoutSigpipe() noexcept : pending_before_(blocked_.was_blocked(SIGPIPE) && is_pending()) {
        errno = 0;
    }
    // After a call that did less than it was asked to: sendfile(2) says how much it has sent before the signal came, not EPIPE.
    void may_have_come() noexcept { may_have_come_ = true; }
    // Keeps errno.
    ~WithoutSigpipe() {
        const int error = errno;
        if ((may_have_come_ || error == EPIPE) && !pending_before_ && is_pending()) {
            const sigset_t only = signal_set({SIGPIPE});
            int taken;
            sigwait(&only, &taken);
        }
        errno = error;
    }
    WithoutSigpipe(const WithoutSigpipe&) = delete;
    WithoutSigpipe& operator=(const WithoutSigpipe&) = delete;

private:
    static bool is_pending() noexcept {
        sigset_t pending;
        return sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
    }

    const BlockedSignals blocked_{signal_set({SIGPIPE})};
    const bool pending_before_;
    bool may_have_come_ = false;
};

}  // namespace detail
}  // namespace cede

#endif
