#if defined(__linux__)

#include "cede/selectors/epoll_selector.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>

#include <sys/epoll.h>

#include "selectors/epoll_wait_for.hpp"
#include "selectors/event_bits.hpp"
#include "selectors/fd_table.hpp"
#include "selectors/owned_fd.hpp"
#include "selectors/wait_retrying.hpp"

namespace cede {
namespace selectors {

namespace {

using Bits = detail::EventBits<EPOLLIN, EPOLLOUT>;

}  // namespace

// epoll watches open files, not fds: when an fd is closed while a duplicate lives (a dup, a child process), the old
// file stays in the set under the old number, cannot be removed by it any more, and goes on reporting. So each
// registration carries a generation through the kernel, and a report of an older one is dropped: it must not reach the
// stranger who has the number now. (Such a file still makes every wait return at once while it is ready, as in Python;
// there is no call to remove it. Unregister before closing.)
struct EpollSelector::Impl {
    detail::OwnedFd epoll{::epoll_create1(EPOLL_CLOEXEC), "epoll_create1"};
    detail::FdTable<std::uint32_t> generation_of;
    std::vector<epoll_event> buffer = std::vector<epoll_event>(64);
    std::size_t registered = 0;

    int control(int operation, int fd, EventMask events) noexcept {
        epoll_event event{};
        event.events = Bits::from_mask(events);
        event.data.u64 = std::uint64_t{*generation_of.find(fd)} << 32 | static_cast<std::uint32_t>(fd);
        return ::epoll_ctl(epoll.get(), operation, fd, &event);
    }
};

EpollSelector::EpollSelector() : impl_(std::make_shared<Impl>()) {}

EpollSelector::~EpollSelector() = default;

int EpollSelector::fileno() const noexcept { return impl_ ? impl_->epoll.get() : -1; }

void EpollSelector::on_register(int fd, EventMask events) {
    ++impl_->generation_of.at(fd);
    // As large as the set, so that one wait reports all that is ready; grown here, so that a wait does not allocate.
    if (impl_->buffer.size() <= impl_->registered) impl_->buffer.resize(impl_->buffer.size() * 2);
    if (impl_->control(EPOLL_CTL_ADD, fd, events) != 0) {
        const int error = errno;
        const char* advice =
            error == EPERM ? " (a regular file or directory never waits: read it without a selector)" : "";
        throw std::system_error(error, std::generic_category(), "epoll_ctl(ADD) of fd " + std::to_string(fd) + advice);
    }
    ++impl_->registered;
}

void EpollSelector::on_modify(int fd, EventMask, EventMask events) {
    if (impl_->control(EPOLL_CTL_MOD, fd, events) == 0) return;
    throw std::system_error(errno, std::generic_category(), "epoll_ctl(MOD) of fd " + std::to_string(fd));
}

void EpollSelector::on_unregister(int fd, EventMask) noexcept {
    // Fails when the fd was closed before, and then there is nothing to do.
    impl_->control(EPOLL_CTL_DEL, fd, 0);
    --impl_->registered;
}

// Not by control(): the generations are the selector's thread's.
void EpollSelector::forget(int fd) noexcept {
    epoll_event unused{};
    if (impl_) ::epoll_ctl(impl_->epoll.get(), EPOLL_CTL_DEL, fd, &unused);
}

void EpollSelector::on_close() noexcept { impl_.reset(); }

void EpollSelector::select_ready(absl::optional<Duration> timeout, std::vector<ReadyFd>& out) {
    check_open("select");
    out.clear();
    std::vector<epoll_event>& buffer = impl_->buffer;
    // The kernel goes round: what is ready and was reported is last in the line of the next wait.
    const int most = static_cast<int>(std::min(buffer.size(), most_at_once()));
    const int count = detail::wait_retrying(timeout, "epoll_wait", [&](absl::optional<Duration> wait) {
        return detail::epoll_wait_for(impl_->epoll.get(), buffer.data(), most, wait);
    });
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = buffer[static_cast<std::size_t>(i)];
        const int fd = static_cast<int>(event.data.u64 & 0xffffffff);
        if (event.data.u64 >> 32 != *impl_->generation_of.find(fd)) continue;
        const EventMask events = Bits::to_mask(event.events) & registered_events(fd);
        if (events != 0) out.push_back(ReadyFd{fd, events});
    }
}

}  // namespace selectors
}  // namespace cede

#endif
