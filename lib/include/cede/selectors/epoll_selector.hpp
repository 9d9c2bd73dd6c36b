// What it is: the selector on Linux's epoll, level-triggered; the DefaultSelector of Linux. Timeouts are exact to the
// nanosecond where the kernel has epoll_pwait2 (5.11), and rounded up to whole milliseconds before.
// When to use it: on Linux, always; other systems do not have the class.
// When not: for regular files: register_ throws std::system_error (EPERM), because they never wait.
//
// The interface and its contract are BaseSelector's.
#ifndef CEDE_SELECTORS_EPOLL_SELECTOR_HPP
#define CEDE_SELECTORS_EPOLL_SELECTOR_HPP

#include <memory>
#include <vector>

#include "cede/selectors/base_selector.hpp"

#if defined(__linux__)

namespace cede {
namespace selectors {

class EpollSelector : public BaseSelector {
public:
    // Throws std::system_error when the process has no fd left.
    EpollSelector();
    ~EpollSelector() override;

    // The epoll fd.
    int fileno() const noexcept override;
    void forget(int fd) noexcept override;
    void select_ready(absl::optional<Duration> timeout, std::vector<ReadyFd>& out) override;

private:
    void on_register(int fd, EventMask events) override;
    void on_modify(int fd, EventMask old_events, EventMask events) override;
    void on_unregister(int fd, EventMask events) noexcept override;
    void on_close() noexcept override;

    struct Impl;
    std::shared_ptr<Impl> impl_;  // not shared, but quicker to compile than a unique_ptr; empty once closed
};

}  // namespace selectors
}  // namespace cede

#endif

#endif
