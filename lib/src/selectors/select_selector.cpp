#include "cede/selectors/select_selector.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

#include <sys/select.h>

#include "selectors/wait_retrying.hpp"

namespace cede {
namespace selectors {

struct SelectSelector::Impl {
    fd_set readers;
    fd_set writers;
    int highest = -1;

    void set(int fd, EventMask events) noexcept {
        FD_CLR(fd, &readers);
        FD_CLR(fd, &writers);
        if ((events & EVENT_READ) != 0) FD_SET(fd, &readers);
        if ((events & EVENT_WRITE) != 0) FD_SET(fd, &writers);
        highest = std::max(highest, fd);
        while (highest >= 0 && !FD_ISSET(highest, &readers) && !FD_ISSET(highest, &writers)) --highest;
    }
};

SelectSelector::SelectSelector() : impl_(std::make_shared<Impl>()) {
    FD_ZERO(&impl_->readers);
    FD_ZERO(&impl_->writers);
}

SelectSelector::~SelectSelector() = default;

void SelectSelector::on_register(int fd, EventMask events) {
    // FD_SET beyond the set's end writes over whatever lies behind it.
    if (fd >= static_cast<int>(FD_SETSIZE)) {
        throw std::invalid_argument("register_: select() takes no fd from " + std::to_string(FD_SETSIZE) + " up, and " +
                                    std::to_string(fd) + " is one; use DefaultSelector");
    }
    impl_->set(fd, events);
}

void SelectSelector::on_modify(int fd, EventMask, EventMask events) { impl_->set(fd, events); }

void SelectSelector::on_unregister(int fd, EventMask) noexcept { impl_->set(fd, 0); }

void SelectSelector::on_close() noexcept { impl_.reset(); }

void SelectSelector::select_ready(absl::optional<Duration> timeout, std::vector<ReadyFd>& out) {
    check_open("select");
    out.clear();
    fd_set readers;
    fd_set writers;
    int left = detail::wait_retrying(timeout, "pselect", [&](absl::optional<Duration> wait) {
        // Copied for each try: a call that fails leaves the sets undefined.
        readers = impl_->readers;
        writers = impl_->writers;
        const timespec limit = detail::to_timespec(wait.value_or(Duration()));
        return ::pselect(impl_->highest + 1, &readers, &writers, nullptr, wait ? &limit : nullptr, nullptr);
    });
    // `left` counts bits, and two of them may belong to one fd.
    for (int fd = 0; left > 0 && fd <= impl_->highest; ++fd) {
        const bool readable = FD_ISSET(fd, &readers);
        const bool writable = FD_ISSET(fd, &writers);
        if (!readable && !writable) continue;
        out.push_back(ReadyFd{fd, (readable ? EVENT_READ : 0) | (writable ? EVENT_WRITE : 0)});
        left -= (readable ? 1 : 0) + (writable ? 1 : 0);
    }
}

}  // namespace selectors
}  // namespace cede
