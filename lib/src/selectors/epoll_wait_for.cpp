#if defined(__linux__)

#include "selectors/epoll_wait_for.hpp"

#include <cerrno>

#include <linux/time_types.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "selectors/wait_retrying.hpp"

namespace cede {
namespace selectors {
namespace detail {

std::atomic<bool> epoll_pwait2_usable{true};

// epoll_pwait2 is called by number: glibc wraps it since 2.35 only, and a program linked against that symbol would not
// start with an older one. It is not used where milliseconds are enough, because ThreadSanitizer runs signal handlers
// in the blocking calls it knows, and it knows epoll_wait: a wait without end in a call it does not know would never
// run the handler that is to end it.
int epoll_wait_for(int epfd, epoll_event* events, int capacity, absl::optional<Duration> timeout) noexcept {
    if (!timeout) return ::epoll_wait(epfd, events, capacity, -1);
    if (*timeout <= Duration()) return ::epoll_wait(epfd, events, capacity, 0);
#if defined(SYS_epoll_pwait2)
    if (epoll_pwait2_usable.load(std::memory_order_relaxed)) {
        __kernel_timespec limit{};
        limit.tv_sec = timeout->count() / 1000000000;
        limit.tv_nsec = timeout->count() % 1000000000;
        const long count = ::syscall(SYS_epoll_pwait2, epfd, events, capacity, &limit, nullptr, 0);
        // ENOSYS: Linux before 5.11. EPERM: how older container runtimes refuse a call they have not heard of.
        if (count >= 0 || (errno != ENOSYS && errno != EPERM)) return static_cast<int>(count);
        epoll_pwait2_usable.store(false, std::memory_order_relaxed);
    }
#endif
    return ::epoll_wait(epfd, events, capacity, to_milliseconds(*timeout));
}

}  // namespace detail
}  // namespace selectors
}  // namespace cede

#endif
