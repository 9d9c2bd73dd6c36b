#include "loop/after_fork.hpp"

#include <pthread.h>

#include "base/thread_state.hpp"
#include "loop/signal_watch.hpp"

namespace cede {
namespace detail {
namespace {

void in_child() noexcept {
    thread_state.running = nullptr;
    thread_state.installed = nullptr;
    thread_state.task = nullptr;
    thread_state.frame = nullptr;  // an await would go on with the parent's loop
    thread_state.debug = false;
    forget_signals_of_parent();
}

}  // namespace

void forget_parent_after_fork() {
    static const bool registered = pthread_atfork(nullptr, nullptr, &in_child) == 0;
    static_cast<void>(registered);  // it fails for want of memory alone, and a program that never forks need not care
}

}  // namespace detail
}  // namespace cede
