#include "cede/testing/fake_selector.hpp"

#include <poll.h>

#include "selectors/wait_retrying.hpp"

namespace cede {
namespace testing {

FakeSelector::FakeSelector() = default;
FakeSelector::~FakeSelector() = default;

void FakeSelector::set_ready(int fd, selectors::EventMask events) {
    if (events != 0) {
        ready_[fd] = events;
    } else {
        ready_.erase(fd);
    }
}

void FakeSelector::on_register(int fd, selectors::EventMask) {
    if (bell_ < 0) bell_ = fd;
}

void FakeSelector::select_ready(absl::optional<Duration> timeout, std::vector<selectors::ReadyFd>& out) {
    check_open("select");
    out.clear();
    ++waits_;
    last_timeout_ = timeout;
    for (const auto& each : ready_) {
        const selectors::EventMask events = each.second & registered_events(each.first);
        if (events != 0 && each.first != bell_) out.push_back({each.first, events});
    }
    if (registered_events(bell_) == 0) return;  // nothing to wait for: an event of the loop is not to be had by blocking
    if (bell_rings(out.empty() ? timeout : Duration())) out.push_back({bell_, selectors::EVENT_READ});
}

bool FakeSelector::bell_rings(absl::optional<Duration> timeout) const {
    return selectors::detail::wait_retrying(timeout, "poll", [this](absl::optional<Duration> left) {
               pollfd bell{bell_, POLLIN, 0};
               return poll(&bell, 1, left ? selectors::detail::to_milliseconds(*left) : -1);
           }) != 0;
}

}  // namespace testing
}  // namespace cede
