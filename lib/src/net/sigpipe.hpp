// What it is: `WithoutSigpipe`, a scope in which a write to a pipe without readers is an error and never a SIGPIPE that ends
// the program. When to use it: around write(2) to a pipe. When not: for sockets, which have MSG_NOSIGNAL.
//
// A library must not change what SIGPIPE does in the whole program, which may live from it (`prog | head`). The signal goes
// to the thread that writes, so it is held back there, and taken away if it came: two system calls more for a write.
#ifndef CEDE_SRC_NET_SIGPIPE_HPP
#define CEDE_SRC_NET_SIGPIPE_HPP

#include <cerrno>

#include <signal.h>

namespace cede {
namespace detail {

class WithoutSigpipe {
public:
    WithoutSigpipe() noexcept {
        sigset_t only;
        sigemptyset(&only);
        sigaddset(&only, SIGPIPE);
        pthread_sigmask(SIG_BLOCK, &only, &before_);
        pending_before_ = sigismember(&before_, SIGPIPE) == 1 && is_pending();
        errno = 0;
    }
    // After a call that did less than it was asked to: sendfile(2) says how much it has sent before the signal came, not EPIPE.
    void may_have_come() noexcept { may_have_come_ = true; }
    // Keeps errno.
    ~WithoutSigpipe() {
        const int error = errno;
        if ((may_have_come_ || error == EPIPE) && !pending_before_ && is_pending()) {
            sigset_t only;
            sigemptyset(&only);
            sigaddset(&only, SIGPIPE);
            int taken;
            sigwait(&only, &taken);
        }
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
        errno = error;
    }
    WithoutSigpipe(const WithoutSigpipe&) = delete;
    WithoutSigpipe& operator=(const WithoutSigpipe&) = delete;

private:
    static bool is_pending() noexcept {
        sigset_t pending;
        return sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
    }

    sigset_t before_;
    bool pending_before_;
    bool may_have_come_ = false;
};

}  // namespace detail
}  // namespace cede

#endif
