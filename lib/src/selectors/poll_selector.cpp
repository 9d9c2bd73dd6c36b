#include "cede/selectors/poll_selector.hpp"

#include <cstddef>

#include <poll.h>

#include "selectors/event_bits.hpp"
#include "selectors/fd_table.hpp"
#include "selectors/wait_retrying.hpp"

namespace cede {
namespace selectors {

namespace {

using Bits = detail::EventBits<POLLIN, POLLOUT>;

int wait_for(std::vector<pollfd>& polled, absl::optional<Duration> timeout) noexcept {
#if defined(__linux__)
    const timespec limit = detail::to_timespec(timeout.value_or(Duration()));
    return ::ppoll(polled.data(), polled.size(), timeout ? &limit : nullptr, nullptr);
#else
    // macOS has no ppoll.
    return ::poll(polled.data(), static_cast<nfds_t>(polled.size()), timeout ? detail::to_milliseconds(*timeout) : -1);
#endif
}

}  // namespace

struct PollSelector::Impl {
    std::vector<pollfd> polled;                // dense, as poll wants it
    detail::FdTable<std::size_t> position_of;  // where an fd is in `polled`
};

PollSelector::PollSelector() : impl_(std::make_shared<Impl>()) {}

PollSelector::~PollSelector() = default;

void PollSelector::on_register(int fd, EventMask events) {
    std::size_t& position = impl_->position_of.at(fd);
    pollfd entry{};
    entry.fd = fd;
    entry.events = static_cast<short>(Bits::from_mask(events));
    impl_->polled.push_back(entry);
    position = impl_->polled.size() - 1;
}

void PollSelector::on_modify(int fd, EventMask, EventMask events) {
    impl_->polled[*impl_->position_of.find(fd)].events = static_cast<short>(Bits::from_mask(events));
}

void PollSelector::on_unregister(int fd, EventMask) noexcept {
    const std::size_t position = *impl_->position_of.find(fd);
    impl_->polled[position] = impl_->polled.back();
    *impl_->position_of.find(impl_->polled[position].fd) = position;
    impl_->polled.pop_back();
}

void PollSelector::on_close() noexcept { impl_.reset(); }

void PollSelector::select_ready(absl::optional<Duration> timeout, std::vector<ReadyFd>& out) {
    check_open("select");
    out.clear();
    int left = detail::wait_retrying(timeout, "poll",
                                     [this](absl::optional<Duration> wait) { return wait_for(impl_->polled, wait); });
    for (const pollfd& entry : impl_->polled) {
        if (left == 0) break;
        if (entry.revents == 0) continue;
        --left;
        const EventMask events = Bits::to_mask(static_cast<unsigned short>(entry.revents)) &
                                 Bits::to_mask(static_cast<unsigned short>(entry.events));
        if (events != 0) out.push_back(ReadyFd{entry.fd, events});
    }
}

}  // namespace selectors
}  // namespace cede
