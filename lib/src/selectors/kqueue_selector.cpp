// On Linux this file is empty, unless the tests include it with CEDE_KQUEUE_HEADER naming a kqueue of theirs.
#include "cede/selectors/kqueue_selector.hpp"

#if defined(CEDE_SELECTORS_HAVE_KQUEUE)

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <system_error>

#if defined(CEDE_KQUEUE_HEADER)
#include CEDE_KQUEUE_HEADER
#else
#include <sys/types.h>

#include <sys/event.h>
#include <sys/time.h>
#endif

#include <fcntl.h>

#include "selectors/fd_table.hpp"
#include "selectors/owned_fd.hpp"
#include "selectors/wait_retrying.hpp"

namespace cede {
namespace selectors {

namespace {

// Reading and writing are two filters here, each registered and reported by itself.
std::size_t filters_in(EventMask events) noexcept {
    return ((events & EVENT_READ) != 0 ? 1u : 0u) + ((events & EVENT_WRITE) != 0 ? 1u : 0u);
}

}  // namespace

struct KqueueSelector::Impl {
    detail::OwnedFd queue{::kqueue(), "kqueue"};
    std::vector<struct kevent> buffer = std::vector<struct kevent>(64);
    std::size_t filters = 0;
    detail::FdTable<std::size_t> position_of;  // where an fd was last put into `out`, see select_ready

    // Applies `action` (EV_ADD or EV_DELETE) to the filters of `events`, all of them even when one fails. One call
    // each: the system stops at the first change that fails. Returns the first error, or 0.
    int change(int fd, EventMask events, unsigned short action) const noexcept {  // any thread
        int error = 0;
        for (const EventMask event : {EVENT_READ, EVENT_WRITE}) {
            if ((events & event) == 0) continue;
            struct kevent request {};
            request.ident = static_cast<std::uintptr_t>(fd);
            request.filter = event == EVENT_READ ? EVFILT_READ : EVFILT_WRITE;
            request.flags = action;
            if (::kevent(queue.get(), &request, 1, nullptr, 0, nullptr) < 0 && error == 0) error = errno;
        }
        return error;
    }

    // Adds all of `events`, or removes what it `added` and throws. Adding a filter again is harmless.
    void add(int fd, EventMask events, EventMask added) {
        const int error = change(fd, events, EV_ADD);
        if (error == 0) return;
        change(fd, added, EV_DELETE);
        throw std::system_error(error, std::generic_category(), "kevent(EV_ADD) of fd " + std::to_string(fd));
    }
};

KqueueSelector::KqueueSelector() : impl_(std::make_shared<Impl>()) {
    // kqueue() has no flag for it on macOS. A child made by fork gets no kqueue at all, so there is no race to lose.
    ::fcntl(impl_->queue.get(), F_SETFD, FD_CLOEXEC);
}

KqueueSelector::~KqueueSelector() = default;

int KqueueSelector::fileno() const noexcept { return impl_ ? impl_->queue.get() : -1; }

void KqueueSelector::on_register(int fd, EventMask events) {
    impl_->position_of.at(fd) = 0;
    // Room for both filters at once, so that modify needs none. Never 0: kevent ignores its timeout then.
    if (impl_->buffer.size() < impl_->filters + 2) impl_->buffer.resize(impl_->buffer.size() * 2);
    impl_->add(fd, events, events);
    impl_->filters += filters_in(events);
}

// All of `events` are added, also those that should be there: closing an fd removes its filters, and when the number
// has been reused the new file is to be watched for everything, as after Python's unregister and register.
void KqueueSelector::on_modify(int fd, EventMask old_events, EventMask events) {
    impl_->add(fd, events, events & ~old_events);
    impl_->change(fd, old_events & ~events, EV_DELETE);
    impl_->filters += filters_in(events);
    impl_->filters -= filters_in(old_events);
}

void KqueueSelector::on_unregister(int fd, EventMask events) noexcept {
    impl_->change(fd, events, EV_DELETE);
    impl_->filters -= filters_in(events);
}

void KqueueSelector::forget(int fd) noexcept {
    if (impl_) impl_->change(fd, EVENT_READ | EVENT_WRITE, EV_DELETE);
}

void KqueueSelector::on_close() noexcept { impl_.reset(); }

void KqueueSelector::select_ready(absl::optional<Duration> timeout, std::vector<ReadyFd>& out) {
    check_open("select");
    out.clear();
    std::vector<struct kevent>& buffer = impl_->buffer;
    const int count = detail::wait_retrying(timeout, "kevent", [&](absl::optional<Duration> wait) {
        const timespec limit = detail::to_timespec(wait.value_or(Duration()));
        return ::kevent(impl_->queue.get(), nullptr, 0, buffer.data(), static_cast<int>(buffer.size()),
                        wait ? &limit : nullptr);
    });
    for (int i = 0; i < count; ++i) {
        const struct kevent& event = buffer[static_cast<std::size_t>(i)];
        const int fd = static_cast<int>(event.ident);
        const EventMask events = (event.filter == EVFILT_READ ? EVENT_READ : EVENT_WRITE) & registered_events(fd);
        if (events == 0) continue;
        // The two filters of an fd become one entry. A position left over from an earlier wait does no harm: it counts
        // only if the entry there is this fd's, so nothing has to be reset.
        std::size_t& position = *impl_->position_of.find(fd);
        if (position < out.size() && out[position].fd == fd) {
            out[position].events |= events;
        } else {
            position = out.size();
            out.push_back(ReadyFd{fd, events});
        }
    }
}

}  // namespace selectors
}  // namespace cede

#endif
