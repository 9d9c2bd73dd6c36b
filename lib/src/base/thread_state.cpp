#include "base/thread_state.hpp"

namespace cede {
namespace detail {

__thread ThreadState thread_state;

namespace {
bool forked = false;
}  // namespace

void note_fork() noexcept {
    forked = true;
    thread_state.frame = nullptr;
    thread_state.task = nullptr;
    thread_state.running = nullptr;
    thread_state.installed = nullptr;
    thread_state.debug = false;
}

const char* note_of_fork() noexcept {
    return forked ? " (this process was made by fork(): the parent's loop and tasks do not go on here; make a loop of your own)"
                  : "";
}

}  // namespace detail
}  // namespace cede
