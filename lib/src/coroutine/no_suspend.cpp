#include "cede/coroutine/no_suspend.hpp"

#include <string>

#include "base/thread_state.hpp"
#include "cede/base/exceptions.hpp"
#include "coroutine/suspended_below.hpp"

namespace cede {

// No guard survives a suspension of the frame it stands in, since it forbids just that; so those of a thread are a stack,
// and a frame tells by comparing two pointers whether one was put up since it was resumed.
NoSuspend::NoSuspend(absl::string_view library) noexcept : library_(library), below_(detail::thread_state.no_suspend) {
    detail::thread_state.no_suspend = this;
}

NoSuspend::~NoSuspend() { detail::thread_state.no_suspend = below_; }

namespace detail {

void throw_suspended_below(const NoSuspend& guard) {
    const std::string library(guard.library());
    throw RuntimeError("await below " + library + ": its frames are on the stack and must not be left in their middle "
                       "(NoSuspend). Let the callback of " + library + " return first: start a task there, or call a "
                       "Completion, and await where " + library + " was called");
}

}  // namespace detail
}  // namespace cede
