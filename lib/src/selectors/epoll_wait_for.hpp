// What it is: epoll_wait with a timeout in nanoseconds, where the kernel can.
#ifndef CEDE_SRC_SELECTORS_EPOLL_WAIT_FOR_HPP
#define CEDE_SRC_SELECTORS_EPOLL_WAIT_FOR_HPP

#include <atomic>

#include "absl/types/optional.h"

#include "cede/base/duration.hpp"

struct epoll_event;

namespace cede {
namespace selectors {
namespace detail {

// Waits once; returns and sets errno as epoll_wait(2). nullopt waits for ever, zero or less only looks. Any thread.
int epoll_wait_for(int epfd, epoll_event* events, int capacity, absl::optional<Duration> timeout) noexcept;

// Whether epoll_pwait2 is still worth a try. The first call that finds it missing clears it for the process; a test
// clears it to see the other path.
extern std::atomic<bool> epoll_pwait2_usable;

}  // namespace detail
}  // namespace selectors
}  // namespace cede

#endif
