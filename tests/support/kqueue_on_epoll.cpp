#if defined(__linux__)

#include "support/kqueue_on_epoll.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <map>
#include <mutex>
#include <vector>

#include <fcntl.h>
#include <sys/epoll.h>

namespace {

constexpr unsigned both = EPOLLIN | EPOLLOUT;

// The filters of each fd, as epoll bits. Indexed by fd, so that changes allocate nothing once it has grown.
struct Queue {
    std::vector<unsigned> filters;
    std::vector<epoll_event> buffer;
};

// A queue is an epoll fd, closed by plain close(), which this code does not see; kqueue() starts the number afresh.
Queue& queue_of(int fd) {
    static std::mutex mutex;
    static std::map<int, Queue> queues;
    const std::lock_guard<std::mutex> lock(mutex);
    return queues[fd];
}

// Makes `wanted` the filters of `fd`; 0, or the error. When the kernel does not know the fd any more it was closed, and
// its filters are forgotten, because on the BSDs they went with it.
int set_filters(int epfd, unsigned& current, int fd, unsigned wanted) {
    epoll_event event{};
    event.events = wanted;
    event.data.fd = fd;
    const int operation = wanted == 0 ? EPOLL_CTL_DEL : current == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    if (epoll_ctl(epfd, operation, fd, &event) == 0) {
        current = wanted;
        return 0;
    }
    if (errno == EBADF || errno == ENOENT) current = 0;
    return errno;
}

int apply(int epfd, Queue& queue, const struct kevent& change) {
    const int fd = static_cast<int>(change.ident);
    if (change.ident > INT_MAX || fcntl(fd, F_GETFD) < 0) return EBADF;
    if (queue.filters.size() <= change.ident) queue.filters.resize(change.ident + 1);
    unsigned& current = queue.filters[change.ident];
    const unsigned bit = change.filter == EVFILT_READ ? EPOLLIN : EPOLLOUT;
    if (change.flags == EV_DELETE)
        return (current & bit) != 0 ? set_filters(epfd, current, fd, current & ~bit) : ENOENT;
    const int error = set_filters(epfd, current, fd, current | bit);
    return error == ENOENT ? set_filters(epfd, current, fd, bit) : error;
}

int milliseconds(const timespec* timeout) {
    if (timeout == nullptr) return -1;
    const long long whole = timeout->tv_sec * 1000LL + (timeout->tv_nsec + 999999) / 1000000;
    return static_cast<int>(std::min<long long>(whole, INT_MAX));
}

struct kevent report(int fd, short filter, unsigned bits) {
    struct kevent event {};
    event.ident = static_cast<std::uintptr_t>(fd);
    event.filter = filter;
    event.flags = (bits & (EPOLLHUP | EPOLLERR)) != 0 ? EV_EOF : 0;
    return event;
}

}  // namespace

int kqueue() {
    const int fd = epoll_create1(0);
    if (fd >= 0) queue_of(fd) = Queue();
    return fd;
}

int kevent(int epfd, const struct kevent* changes, int change_count, struct kevent* events, int event_count,
           const timespec* timeout) {
    Queue& queue = queue_of(epfd);
    for (int i = 0; i < change_count; ++i) {
        const int error = apply(epfd, queue, changes[i]);
        if (error == 0) continue;
        errno = error;
        return -1;
    }
    if (event_count == 0) return 0;
    queue.buffer.resize(std::max(queue.buffer.size(), static_cast<std::size_t>(event_count)));
    const int ready = epoll_wait(epfd, queue.buffer.data(), event_count, milliseconds(timeout));
    if (ready < 0) return -1;
    int count = 0;
    for (int i = 0; i < ready; ++i) {
        const epoll_event& event = queue.buffer[static_cast<std::size_t>(i)];
        const unsigned filters = queue.filters[static_cast<std::size_t>(event.data.fd)];
        const bool ended = (event.events & ~both) != 0;
        const unsigned bits = filters & (ended ? both : unsigned{event.events});
        // What does not fit is still ready next time: the registration is level-triggered.
        if ((bits & EPOLLIN) != 0 && count < event_count) {
            events[count++] = report(event.data.fd, EVFILT_READ, event.events);
        }
        if ((bits & EPOLLOUT) != 0 && count < event_count) {
            events[count++] = report(event.data.fd, EVFILT_WRITE, event.events);
        }
    }
    return count;
}

#endif
